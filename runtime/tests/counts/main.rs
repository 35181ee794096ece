//! What a warm call costs, in counts that are the same on every machine: heap allocations of the host,
//! and fuel of the guest. Nothing is timed.
//!
//! A binary of its own, since counting takes the place of the program's allocator. The counts are the
//! thread's own: other tests do not disturb.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod allocations;
mod fuel;
mod guest;
