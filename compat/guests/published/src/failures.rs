//! Everything that goes wrong in a plug-in, on purpose.

use extism_pdk::{plugin_fn, Error, FnResult, Json, WithReturnCode};

/// Fails with the input as message.
#[plugin_fn]
pub fn fails(message: String) -> FnResult<()> {
    Err(Error::msg(message).into())
}

/// Fails with a message and a status.
#[plugin_fn]
pub fn fails_with_status(Json(status): Json<i32>) -> FnResult<()> {
    Err(WithReturnCode::new(Error::msg("failed as asked"), status))
}

/// Fails with a message and its causes.
#[plugin_fn]
pub fn fails_with_causes() -> FnResult<()> {
    Err(Error::msg("no such shelf").context("cannot find the cart").context("cannot decide").into())
}

/// Fails where a number cannot be read.
#[plugin_fn]
pub fn fails_in_std(text: String) -> FnResult<String> {
    let number: i32 = text.parse()?;
    Ok(number.to_string())
}

/// Panics.
#[plugin_fn]
pub fn panics(message: String) -> FnResult<()> {
    panic!("{message}")
}

/// Asks an array for what it has not.
#[plugin_fn]
pub fn indexes(bytes: Vec<u8>) -> FnResult<String> {
    Ok(bytes[3].to_string())
}

/// Ends the process that it thinks it is.
#[plugin_fn]
pub fn aborts() -> FnResult<()> {
    std::process::abort()
}
