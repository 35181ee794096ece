//! The committed corpus of each target, and inputs near it, in an ordinary build.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod changes;
mod corpus;
