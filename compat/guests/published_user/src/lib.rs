//! A module of a plug-in that calls the functions of another module, on Extism's own PDK.

use extism_pdk::{host_fn, plugin_fn, var, FnResult, Json};

#[host_fn("library")]
extern "ExtismHost" {
    fn join(left: String, right: String) -> String;
    fn add(left: Json<u32>, right: Json<u32>) -> Json<u32>;
    fn keep(text: String);
}

/// Has the library put two texts together.
#[plugin_fn]
pub fn joins(Json((left, right)): Json<(String, String)>) -> FnResult<String> {
    // SAFETY: the library declares this function with the same types.
    let joined = unsafe { join(left, right)? };
    Ok(joined)
}

/// Has the library add up.
#[plugin_fn]
pub fn adds(Json((left, right)): Json<(u32, u32)>) -> FnResult<Json<u32>> {
    // SAFETY: the library declares this function with the same types.
    let sum = unsafe { add(Json(left), Json(right))? };
    Ok(sum)
}

/// Has the library keep a var, and gives it.
#[plugin_fn]
pub fn keeps(text: String) -> FnResult<String> {
    // SAFETY: the library declares this function with the same types.
    unsafe { keep(text)? };
    Ok(var::get("kept")?.unwrap_or_default())
}
