//! What happens when something breaks: the answers stay right or an error says what it is, the next call
//! is served, and nothing is left behind.
//!
//! Faults are made, not waited for: files are damaged, resources limited in processes of the tests' own,
//! servers break off at each byte. Single faults of other subjects are tested with these, in `tests/it`:
//! folders and keys that others could write to (`cache.rs`), servers that stall or send nonsense
//! (`http.rs`), errors and panics of host functions (`host_functions.rs`), slots whose plug-in cannot be
//! made (`pool.rs`), limits of memory (`memory.rs`, `kernel.rs`) and of time (`time.rs`). What many faults
//! do together in minutes is up to `soak`.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cache_entries;
mod cache_writing;
mod child;
mod clocks;
mod folder;
mod guest;
mod host_functions;
#[cfg(feature = "http")]
mod http;
#[cfg(target_os = "linux")]
mod memory;
mod pool;
#[cfg(target_os = "linux")]
mod threads;
