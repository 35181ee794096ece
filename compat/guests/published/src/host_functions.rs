//! Functions that the host program adds.

use extism_pdk::{host_fn, plugin_fn, FnResult, Json};

#[host_fn]
extern "ExtismHost" {
    fn greet(name: String) -> String;
    fn note(text: &str);
}

#[host_fn("desk")]
extern "ExtismHost" {
    fn join(first: String, second: Json<Vec<u32>>, third: Vec<u8>) -> Vec<u8>;
    fn nothing() -> String;
}

/// Has the host greet.
#[plugin_fn]
pub fn greets(name: String) -> FnResult<String> {
    // SAFETY: the host declares this function with the same types.
    let greeting = unsafe { greet(name)? };
    Ok(greeting)
}

/// Has the host greet the greeting.
#[plugin_fn]
pub fn greets_twice(name: String) -> FnResult<String> {
    // SAFETY: the host declares this function with the same types.
    let greeting = unsafe { greet(name)? };
    // SAFETY: as above.
    let greeting = unsafe { greet(greeting)? };
    Ok(greeting)
}

/// Gives the host text to note.
#[plugin_fn]
pub fn notes(text: String) -> FnResult<()> {
    // SAFETY: the host declares this function with the same types.
    unsafe { note(&text)? };
    Ok(())
}

/// Gives the host of another namespace several arguments.
#[plugin_fn]
pub fn joins(text: String) -> FnResult<Vec<u8>> {
    // SAFETY: the host declares this function with the same types.
    let joined = unsafe { join(text.clone(), Json(vec![1, 2, 3]), text.into_bytes())? };
    Ok(joined)
}

/// Takes nothing from the host.
#[plugin_fn]
pub fn takes_nothing() -> FnResult<String> {
    // SAFETY: the host declares this function with the same types.
    let nothing = unsafe { nothing()? };
    Ok(format!("{} bytes", nothing.len()))
}
