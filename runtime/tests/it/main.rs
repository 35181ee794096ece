//! What a host sees of Plugsmith: one module a subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod artifact;
mod builtins;
mod cache;
mod circles;
mod commands;
mod debug;
mod extensions;
#[cfg(feature = "fast-start")]
mod fast_start;
mod guest;
mod host_functions;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
mod http_bytes;
mod isolation;
mod kernel;
mod legacy;
mod life;
mod load;
mod log;
mod memory;
mod modules;
#[cfg(not(feature = "http"))]
mod no_http;
mod outcome;
mod pool;
#[cfg(feature = "register-filesystem")]
mod reload;
mod replace;
mod report;
mod seats;
#[cfg(any(feature = "http", feature = "register-http"))]
#[cfg_attr(
    not(feature = "http"),
    expect(dead_code, reason = "one answer is all that loading asks")
)]
mod server;
mod shared_vars;
mod time;
mod typed_functions;
#[cfg(feature = "wasi")]
mod wasi;
#[cfg(all(feature = "watch", feature = "register-filesystem"))]
mod watch;
