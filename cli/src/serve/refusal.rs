//! Why a request gets no output: the status, and the JSON that says so.

use http::StatusCode;
use plugsmith::CallError;
use serde_json::json;

use super::{answer::JSON, http::Response};

/// Why a request got no output.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// For programs, and for the metrics.
    pub(super) kind: &'static str,
    pub(super) message: String,
    /// The methods that there are instead.
    allowed: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), allowed: None }
    }

    /// The path is not one that names an export.
    pub(super) fn bad_path() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", "the path is not UTF-8")
    }

    pub(super) fn bad_body() -> Self {
        let message = "the body of the request breaks off, or its pieces make no sense";
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// What is at this path takes other methods.
    pub(super) fn method(allowed: &'static str) -> Self {
        let message = format!("this path takes {allowed} only");
        let refusal = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method", message);
        Self { allowed: Some(allowed), ..refusal }
    }

    pub(super) fn slow() -> Self {
        let message = "the request did not come in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, "slow_client", message)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("the body of a request has at most {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub(super) fn queue_full() -> Self {
        let message = "as many requests wait as may";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "queue_full", message)
    }

    pub(super) fn waited() -> Self {
        let message = "other requests did not end in time";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "queue_time", message)
    }

    /// The server itself failed.
    pub(super) fn internal() -> Self {
        let message = "the server failed; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// Returns what the client is told.
    pub(super) fn to_response(&self) -> Response {
        let error = json!({ "kind": self.kind, "message": self.message });
        let response = Response::new(self.status, JSON, json!({ "error": error }).to_string());
        match self.allowed {
            Some(methods) => response.with_header("allow", methods),
            None => response,
        }
    }
}

impl From<&CallError> for Refusal {
    fn from(err: &CallError) -> Self {
        let (status, kind) = match err {
            CallError::NoExport { .. } | CallError::ExportType { .. } => {
                (StatusCode::NOT_FOUND, "no_export")
            }
            CallError::InputTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            CallError::TimedOut { .. } => (StatusCode::GATEWAY_TIMEOUT, "time_limit"),
            CallError::Cancelled => (StatusCode::SERVICE_UNAVAILABLE, "cancelled"),
            CallError::Guest { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "guest"),
            CallError::Status { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "status"),
            CallError::Trap { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "trap"),
            CallError::Exit { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "exit"),
            CallError::Host { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "host_function"),
            CallError::MemoryLimit { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "memory_limit"),
            _ => return Self::internal(),
        };
        Self::new(status, kind, err.to_string())
    }
}
