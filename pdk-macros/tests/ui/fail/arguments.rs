//! Inputs that no export can have.

use plugsmith_pdk::{FnResult, plugin_fn};

#[plugin_fn]
pub fn several(_: String, _: String, _: String) -> FnResult<()> {
    Ok(())
}

#[plugin_fn]
pub fn reference(_: &str) -> FnResult<()> {
    Ok(())
}

struct Shop;

impl Shop {
    #[plugin_fn]
    pub fn method(&self) -> FnResult<()> {
        Ok(())
    }
}

fn main() {}
