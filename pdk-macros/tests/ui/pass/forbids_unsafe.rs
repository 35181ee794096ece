//! A plug-in that allows itself no `unsafe` can use every macro.

#![forbid(unsafe_code)]

use plugsmith_pdk::{Error, FnResult, SharedFnResult, host_fn, plugin_fn, shared_fn};

#[plugin_fn]
pub fn echo(text: String) -> FnResult<String> {
    Ok(translate(text)?)
}

#[shared_fn]
pub fn join(left: String, right: String) -> SharedFnResult<String> {
    Ok(left + &right)
}

#[host_fn]
unsafe extern "ExtismHost" {
    safe fn translate(text: String) -> String;
}

fn main() {
    let missing: Result<String, Error> = translate(String::new());
    assert!(missing.is_err());
}
