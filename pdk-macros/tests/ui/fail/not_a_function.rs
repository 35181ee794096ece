//! Attributes on what they cannot be on.

use plugsmith_pdk::{host_fn, plugin_fn, shared_fn};

#[plugin_fn]
pub struct Exported;

#[shared_fn]
pub static SHARED: u8 = 0;

#[host_fn]
pub fn imported() {}

fn main() {}
