//! Builds, tests and checks Plugsmith.

fn main() {}
