//! End-to-end tests: plug-ins compiled from `examples/guests`, run by the host.
//!
//! They load what `cargo xtask guests` builds; `cargo xtask test` builds first, then runs them.

mod capabilities;
mod catching;
mod count_vowels;
mod discount;
mod dungeon;
mod forms;
mod hosts;
mod languages;
mod notes;
mod program;
mod readme;
mod site;
mod sql_functions;
mod text_guest;
mod trouble;
mod wasip1;
mod webhooks;

use std::env;

use plugsmith::{Manifest, Plugin, Wasm};
use plugsmith_examples::guest;

/// What a host that grants nothing and limits nothing says of the example plug-in.
fn manifest(name: &str) -> Manifest {
    let path = guest(name).unwrap_or_else(|err| panic!("{err}; `cargo xtask test` does both"));
    Manifest::new([Wasm::file(path)])
}

/// The example plug-in, loaded without limits.
fn plugin(name: &str) -> Plugin {
    Plugin::new(manifest(name), [], false).expect("the example plug-in loads")
}

/// Whether `cargo xtask` has said that it could not build what has this name, for want of a tool.
fn is_skipped(name: &str) -> bool {
    env::var("PLUGSMITH_SKIPPED").is_ok_and(|names| names.split(',').any(|skipped| skipped == name))
}
