//! The command as a shell runs it: what it prints, where, and with which status it ends.
//!
//! Every row runs the real binary on plug-ins written as WebAssembly text.

mod call;
mod command;
mod guests;
mod sources;
