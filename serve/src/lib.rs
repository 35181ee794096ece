//! The server behind `plugsmith serve`: HTTP/1.1, who may call when, and counts.
//!
//! What is called is a [`Backend`]'s matter: a pool of plug-ins in the command, another library's plug-ins
//! or a fixed answer in the benchmark. So what is compared there is served in the same way. Signals, options
//! and new versions are the program's matter.

#![forbid(unsafe_code)]

mod answer;
mod backend;
mod calls;
mod http;
mod metrics;
mod origins;
mod output;
mod refusal;
mod requests;
mod server;
mod short_functions;
mod watchman;

pub use self::{
    backend::{Backend, Client},
    calls::CallLimits,
    metrics::Metrics,
    origins::Origins,
    refusal::Refusal,
    requests::REQUESTS,
    server::{ClientLimits, Server, start_runtime},
};
