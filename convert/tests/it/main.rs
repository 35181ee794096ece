//! The encodings from outside: round trips, exact bytes, and bytes that no decoder may take.

mod bad_input;
#[cfg(feature = "derive")]
mod derived;
mod exact_bytes;
mod round_trip;
