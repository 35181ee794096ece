//! Everything wrong with one function is said at once.

use plugsmith_pdk::plugin_fn;

#[plugin_fn(crate)]
fn hidden() {}

#[plugin_fn]
async unsafe fn _start<T>(_: &T, _: impl Clone) {}

fn main() {}
