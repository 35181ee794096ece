//! Kinds of function that no host can call.

use plugsmith_pdk::{FnResult, plugin_fn};

#[plugin_fn]
pub const fn constant() -> FnResult<()> {
    Ok(())
}

#[plugin_fn]
pub async fn asynchronous() -> FnResult<()> {
    Ok(())
}

#[plugin_fn]
pub unsafe fn not_safe() -> FnResult<()> {
    Ok(())
}

#[plugin_fn]
pub extern "C" fn foreign() -> FnResult<()> {
    Ok(())
}

fn main() {}
