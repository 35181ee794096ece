//! Manifests as text, from outside: every mistake with its message, and the way there and back.

mod accepted;
mod mistakes;
mod round_trip;
