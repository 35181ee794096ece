//! The command as a shell runs it: what it prints, where, and with which status it ends.
//!
//! Every row runs the real binary on plug-ins written as WebAssembly text.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;
mod build;
mod cache;
mod call;
mod cases;
mod cases_refused;
mod command;
mod doctor;
mod grants;
mod guests;
mod guide;
mod inspect;
mod journey;
mod new;
mod precompile;
mod registry;
mod repl;
mod serve;
mod shell;
mod sign;
mod sources;
#[cfg(target_os = "linux")]
mod terminal;
mod tools;
mod validate;
mod watch;
