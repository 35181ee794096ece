//! The command as a shell runs it: what it prints, where, and with which status it ends.
//!
//! Every row runs the real binary on plug-ins written as WebAssembly text.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cache;
mod call;
mod command;
mod grants;
mod guests;
mod inspect;
mod sources;
mod validate;
