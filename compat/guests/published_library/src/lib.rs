//! A module of a plug-in whose functions another module of it calls, on Extism's own PDK.

use extism_pdk::{shared_fn, var, Error, Json, SharedFnResult};

/// Puts two texts together.
#[shared_fn]
pub fn join(left: String, right: String) -> SharedFnResult<String> {
    Ok(format!("{left} and {right}"))
}

/// Adds up.
#[shared_fn]
pub fn add(left: Json<u32>, right: Json<u32>) -> SharedFnResult<Json<u32>> {
    let sum = left.0.checked_add(right.0);
    sum.map(Json).ok_or_else(|| Error::msg("the sum does not fit"))
}

/// Keeps text in a var that both modules see.
#[shared_fn]
pub fn keep(text: String) -> SharedFnResult<()> {
    var::set("kept", text)
}
