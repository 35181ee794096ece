//! A return type that fits no export is reported where it stands.

use plugsmith_pdk::plugin_fn;

#[plugin_fn]
pub fn text() -> String {
    String::new()
}

fn main() {}
