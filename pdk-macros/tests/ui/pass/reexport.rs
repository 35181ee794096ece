//! The PDK by way of another crate, which only a path can name.

mod kit {
    pub use plugsmith_pdk as pdk;
}

use kit::pdk::{FnResult, Json, SharedFnResult, ToBytes, plugin_fn, shared_fn};
use serde::Serialize;

#[derive(Serialize, ToBytes)]
#[encoding(Json, crate = kit::pdk::convert)]
pub struct Label {
    text: String,
}

#[plugin_fn(crate = kit::pdk)]
pub fn label(text: String) -> FnResult<Label> {
    Ok(Label { text })
}

#[shared_fn(crate = crate::kit::pdk)]
pub fn nothing() -> SharedFnResult<()> {
    Ok(())
}

fn main() {
    assert!(nothing().is_ok());
}
