//! Names that hosts and linkers keep for themselves.

use plugsmith_pdk::{FnResult, plugin_fn};

#[plugin_fn]
pub fn _initialize() -> FnResult<()> {
    Ok(())
}

#[plugin_fn]
pub fn memory() -> FnResult<()> {
    Ok(())
}

mod inner {
    use super::*;

    #[plugin_fn]
    pub fn main() -> FnResult<()> {
        Ok(())
    }
}

fn main() {}
