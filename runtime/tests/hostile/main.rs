//! What hostile plug-ins try, one row an attack: each ends as its row says, within its limits, and
//! everybody is served right afterwards: the same plug-in, another of the same compilation, the next
//! user of a pool, and a plug-in that has nothing to do with it.
//!
//! The rows are the table of attacks in `SECURITY.md`, which a test compares.

#![expect(clippy::too_many_lines, reason = "a table is as long as it has rows")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod attack;
mod capabilities;
mod code;
mod compile;
mod guest;
mod kernel;
mod modules;
mod outcomes;
#[cfg(all(feature = "http", feature = "wasi"))]
mod promises;
mod resources;
mod run;
#[cfg(feature = "wasi")]
mod wasi;
#[cfg(feature = "http")]
mod web;
