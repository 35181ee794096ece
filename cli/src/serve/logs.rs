//! What the server logs: lines for people on a terminal, and JSON for everyone else.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use http::StatusCode;
use plugsmith::{LogLevel, LogRecord};
use tracing_subscriber::{
    Layer as _, filter, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use super::http::head::Head;
use crate::output::Output;

/// What the log of requests is known as.
const REQUESTS: &str = "plugsmith::requests";

/// Has everything from here on logged to standard error.
pub(super) fn start(output: &Output, has_requests: bool) {
    let requests = if has_requests { filter::LevelFilter::INFO } else { filter::LevelFilter::OFF };
    let filter = filter::Targets::new()
        .with_default(filter::LevelFilter::INFO)
        .with_target(GUEST, filter::LevelFilter::TRACE)
        .with_target(REQUESTS, requests);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
    let lines = if output.is_json() || !io::stderr().is_terminal() {
        lines.json().flatten_event(true).with_filter(filter).boxed()
    } else {
        lines.with_filter(filter).boxed()
    };
    // Nobody else has started a log in this process.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

/// Logs a request, where that is wanted.
pub(super) fn request(head: &Head, status: StatusCode, time: Duration) {
    tracing::info!(
        target: REQUESTS,
        method = head.method.as_str(),
        path = head.path,
        status = status.as_u16(),
        time_us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
}

/// What the plug-in's own log is known as.
const GUEST: &str = "plugsmith::guest";

/// Logs what the plug-in logs.
pub(super) fn guest(record: &LogRecord<'_>) {
    let message = record.message;
    match record.level {
        LogLevel::Error => tracing::error!(target: GUEST, "{message}"),
        LogLevel::Warn => tracing::warn!(target: GUEST, "{message}"),
        LogLevel::Info => tracing::info!(target: GUEST, "{message}"),
        LogLevel::Debug => tracing::debug!(target: GUEST, "{message}"),
        LogLevel::Trace => tracing::trace!(target: GUEST, "{message}"),
    }
}
