//! Misbehaves on purpose: each export goes wrong in one way, so that tests of a host can ask for it.
//!
//! A few behave, and show that the plug-in is still usable, or what the host keeps for it.

#![deny(unsafe_code)]

pub mod capabilities;
pub mod endless;
pub mod failures;
pub mod signatures;
pub mod state;
