//! Runs the same plug-ins, inputs and manifests on Plugsmith and on the published Extism library, and
//! compares what comes of it.
//!
//! The modules up to `probe` are the machinery: a case is plain data, which `here` runs on Plugsmith
//! and `peer` in a process of its own, and `compare` holds one report to the other. The modules from
//! `kernel` on are the cases, one module a subject. What differs by intention is in `differences`,
//! asserted on both sides.

#![forbid(unsafe_code)]
#![expect(clippy::needless_pass_by_value, reason = "rows of cases are read, not borrowed")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod case;
mod compare;
mod guest;
mod here;
mod outcome;
mod peer;
mod probe;
mod server;

mod builtins;
mod differences;
mod exports;
mod generated;
mod host_functions;
mod http;
mod kernel;
mod manifests;
mod modules;
mod ours;
mod published;
mod wasi;

use crate::guest::guest;
