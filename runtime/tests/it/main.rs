//! What a host sees of Plugsmith: one module a subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod builtins;
mod guest;
mod host_functions;
mod kernel;
mod life;
mod load;
mod memory;
mod modules;
mod outcome;
mod pool;
#[cfg(feature = "register-http")]
mod server;
mod time;
