//! The encodings from outside: round trips, exact bytes, and bytes that no decoder may take.

mod bad_input;
mod exact_bytes;
mod round_trip;
