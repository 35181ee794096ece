//! The log of requests.

use std::time::Duration;

use http::StatusCode;

use crate::http::head::Head;

/// What the log of requests is known as; whoever wants none of it filters it out by this.
pub const REQUESTS: &str = "plugsmith::requests";

/// Logs a request, where that is wanted.
pub(crate) fn log(head: &Head, status: StatusCode, time: Duration) {
    tracing::info!(
        target: REQUESTS,
        method = head.method.as_str(),
        path = head.path,
        status = status.as_u16(),
        time_us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
}
