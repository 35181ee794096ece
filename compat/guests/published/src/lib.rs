//! A plug-in on Extism's own PDK that uses all of it, one module for each part of its interface.

pub mod capabilities;
pub mod failures;
pub mod host_functions;
pub mod low_level;
pub mod memory;
pub mod values;
