//! An export that nobody could call.

use plugsmith_pdk::{FnResult, plugin_fn};

#[plugin_fn]
fn hidden() -> FnResult<()> {
    Ok(())
}

#[plugin_fn]
pub(crate) fn half_hidden() -> FnResult<()> {
    Ok(())
}

fn main() {}
