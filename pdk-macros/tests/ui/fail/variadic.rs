//! An export with any number of arguments.

use plugsmith_pdk::{FnResult, plugin_fn};

#[plugin_fn]
pub fn variadic(_: ...) -> FnResult<()> {
    Ok(())
}

fn main() {}
