//! Exports that fail at once.

use plugsmith_pdk::{Error, FnResult, Json, WithReturnCode, plugin_fn};
use serde::{Deserialize, Serialize};

/// What `decodes` wants and gives.
#[derive(Debug, Deserialize, Serialize)]
pub struct Point {
    x: i32,
    y: i32,
}

/// Panics with the input as message.
///
/// # Errors
///
/// None.
///
/// # Panics
///
/// Always.
#[plugin_fn]
pub fn panics(message: String) -> FnResult<()> {
    panic!("{message}")
}

/// Fails with the input as message.
///
/// # Errors
///
/// Always.
#[plugin_fn]
pub fn fails(message: String) -> FnResult<()> {
    Err(Error::msg(message).into())
}

/// Fails with a message, a cause and the cause's cause.
///
/// # Errors
///
/// Always.
#[plugin_fn]
pub fn fails_with_causes() -> FnResult<()> {
    Err(Error::msg("no such shelf").context("cannot find the cart").context("cannot decide").into())
}

/// Fails with the input as status.
///
/// # Errors
///
/// Always.
#[plugin_fn]
pub fn fails_with_status(Json(status): Json<i32>) -> FnResult<()> {
    Err(WithReturnCode::new(Error::msg("failed as asked"), status))
}

/// Gives an output along with the input as status.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn succeeds_with_status(Json(status): Json<i32>) -> FnResult<WithReturnCode<String>> {
    Ok(WithReturnCode::new("an output".to_owned(), status))
}

/// Gives bytes that are neither JSON nor text.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn gives_no_json() -> FnResult<Vec<u8>> {
    Ok(vec![b'{', 0xff, 0x00])
}

/// Decodes a point, and gives it back.
///
/// # Errors
///
/// If the input is no point.
#[plugin_fn]
pub fn decodes(point: Json<Point>) -> FnResult<Json<Point>> {
    Ok(point)
}

/// Traps, without a word.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn traps() -> FnResult<()> {
    std::process::abort()
}
