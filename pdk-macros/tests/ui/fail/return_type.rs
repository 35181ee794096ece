//! Results that are none.

use plugsmith_pdk::plugin_fn;

#[plugin_fn]
pub fn nothing() {}

#[plugin_fn]
pub fn unit() -> () {}

#[plugin_fn]
pub fn reference() -> &'static str {
    ""
}

fn main() {}
