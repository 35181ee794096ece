//! Attributes with the wrong things in parentheses.

use plugsmith_pdk::{FnResult, SharedFnResult, host_fn, plugin_fn, shared_fn};

#[plugin_fn("namespace")]
pub fn namespace() -> FnResult<()> {
    Ok(())
}

#[shared_fn(name = "other")]
pub fn unknown() -> SharedFnResult<()> {
    Ok(())
}

#[host_fn("once", "twice")]
extern "ExtismHost" {}

#[host_fn("")]
extern "ExtismHost" {}

fn main() {}
