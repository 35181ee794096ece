//! A plug-in on Extism's own PDK that uses all of it, one module for each part of its interface.

#![expect(
    missing_docs,
    clippy::unnecessary_wraps,
    reason = "what the published macros write is neither documented nor linted"
)]

pub mod capabilities;
pub mod failures;
pub mod host_functions;
pub mod low_level;
pub mod memory;
pub mod values;
