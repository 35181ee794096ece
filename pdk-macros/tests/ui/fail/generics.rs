//! Exports that leave a type open.

use plugsmith_pdk::{FnResult, plugin_fn};

#[plugin_fn]
pub fn parameters<'a, T>(_: T) -> FnResult<()> {
    Ok(())
}

#[plugin_fn]
pub fn clause() -> FnResult<()>
where
    String: Clone,
{
    Ok(())
}

#[plugin_fn]
pub fn anonymous(_: impl ToString) -> FnResult<()> {
    Ok(())
}

#[plugin_fn]
pub fn inside(_: Option<impl ToString>) -> FnResult<()> {
    Ok(())
}

fn main() {}
