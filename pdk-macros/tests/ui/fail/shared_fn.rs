//! The rules of exports hold for shared functions as well.

use plugsmith_pdk::{SharedFnResult, shared_fn};

#[shared_fn]
fn hidden(_: &str) -> SharedFnResult<()> {
    Ok(())
}

#[shared_fn]
pub async fn silent<T>(_: T) {}

fn main() {}
