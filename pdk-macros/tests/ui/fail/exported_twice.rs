//! An export that is one already.

use plugsmith_pdk::{FnResult, plugin_fn};

#[plugin_fn]
#[unsafe(no_mangle)]
pub fn old() -> FnResult<()> {
    Ok(())
}

#[plugin_fn]
#[unsafe(export_name = "other")]
pub fn new() -> FnResult<()> {
    Ok(())
}

fn main() {}
