//! Why a request gets no output: the status, and the JSON that says so.

use http::StatusCode;
use serde_json::json;

use crate::{http::Response, output::JSON};

/// Why a request got no output.
#[derive(Debug)]
pub struct Refusal {
    pub(crate) status: StatusCode,
    /// For programs, and for the metrics.
    pub(crate) kind: &'static str,
    message: String,
    /// The methods that there are instead.
    allowed: Option<&'static str>,
}

impl Refusal {
    /// Refuses with a status and a message; `kind` says to programs what the status leaves open.
    pub fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), allowed: None }
    }

    /// The path is not one that names a function.
    pub(crate) fn bad_path() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", "the path is not UTF-8")
    }

    pub(crate) fn bad_body() -> Self {
        let message = "the body of the request breaks off, or its pieces make no sense";
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// A web page asks that is not from where pages may come.
    pub(crate) fn origin() -> Self {
        let message = "web pages of this origin may not call; `--allow-origin` lets them";
        Self::new(StatusCode::FORBIDDEN, "origin", message)
    }

    /// What is at this path takes other methods.
    pub(crate) fn method(allowed: &'static str) -> Self {
        let message = format!("this path takes {allowed} only");
        let refusal = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method", message);
        Self { allowed: Some(allowed), ..refusal }
    }

    pub(crate) fn slow() -> Self {
        let message = "the request did not come in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, "slow_client", message)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("the body of a request has at most {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub(crate) fn queue_full() -> Self {
        let message = "as many requests wait as may";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "queue_full", message)
    }

    pub(crate) fn waited() -> Self {
        let message = "other requests did not end in time";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "queue_time", message)
    }

    /// The server itself failed: what the client is told, the log being another matter.
    pub fn internal() -> Self {
        let message = "the server failed; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// Says whether neither the client nor a function is to blame.
    pub fn is_servers_fault(&self) -> bool {
        self.status.is_server_error()
    }

    /// Returns what the client is told.
    pub(crate) fn to_response(&self) -> Response {
        let error = json!({ "kind": self.kind, "message": self.message });
        let response = Response::new(self.status, JSON, json!({ "error": error }).to_string());
        match self.allowed {
            Some(methods) => response.with_header("allow", methods),
            None => response,
        }
    }
}
