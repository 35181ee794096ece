//! What fuzzers try: one function of bytes for each target, which panics if something does not hold.
//!
//! libFuzzer calls them from the folder around this one, with bytes that it makes for their coverage. The
//! ordinary tests call them with the committed corpus and some changes of it, so that they need no
//! instrumented build. Each returns whether the bytes were of use.

#![forbid(unsafe_code)]

mod choices;
pub mod convert;
#[cfg(feature = "engine")]
pub mod hostile_guest;
pub mod kernel;
pub mod manifest;
#[cfg(feature = "engine")]
pub mod rewriter;
pub mod signature;
