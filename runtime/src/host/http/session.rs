//! `http_request`, `http_status_code` and `http_headers`, and what the latter two remember of the
//! last request of a call.

use std::{sync::Arc, time::Duration};

use plugsmith_manifest::HttpRequest;
use wasmtime::Caller;

use super::{
    HttpError,
    exchange::{HttpAccess, Received},
    request::Outgoing,
};
use crate::{
    call_limits::CallLimits,
    host::{HostError, blocks::Blocks, give},
    state::State,
};

/// How long a request may take in a call without a time limit.
const TIME_LIMIT: Duration = Duration::from_mins(1);

/// The longest description of a request, in bytes; its body does not count.
const DESCRIPTION_LIMIT: u64 = 1 << 20;

/// HTTP as one instance sees it.
#[derive(Debug)]
pub(crate) struct HttpSession {
    access: Arc<HttpAccess>,
    limits: Traffic,
    last: Last,
    /// What the call under way has sent and received.
    traffic: Traffic,
}

/// Requests of one call.
#[derive(Debug, Clone, Copy, Default)]
struct Traffic {
    n_requests: u64,
    /// Of bodies, sent and received.
    n_bytes: u64,
}

/// The last request of the call under way.
#[derive(Debug, Default)]
struct Last {
    /// Zero before any.
    status: u16,
    /// In JSON; empty if there are none to tell.
    headers: Vec<u8>,
}

impl HttpSession {
    pub(crate) fn new(access: &Arc<HttpAccess>, limits: &CallLimits) -> Self {
        let limits = Traffic {
            n_requests: limits.http_requests.unwrap_or(u64::MAX),
            n_bytes: limits.http_bytes.unwrap_or(u64::MAX),
        };
        let access = Arc::clone(access);
        Self { access, limits, last: Last::default(), traffic: Traffic::default() }
    }

    /// Forgets the requests of earlier calls.
    pub(crate) fn begin_call(&mut self) {
        self.last = Last::default();
        self.traffic = Traffic::default();
    }

    /// Counts a request and the bytes of its body, and returns how many more bytes there may be.
    fn count(&mut self, body_len: u64) -> Result<u64, HttpError> {
        let Self { limits, traffic, .. } = self;
        if traffic.n_requests >= limits.n_requests {
            return Err(HttpError::TooManyRequests { limit: limits.n_requests });
        }
        traffic.n_requests += 1;
        traffic.n_bytes = traffic.n_bytes.saturating_add(body_len);
        let left = limits.n_bytes.checked_sub(traffic.n_bytes);
        left.ok_or(HttpError::TooManyBytes { limit: limits.n_bytes })
    }

    /// Sends a request of the guest's, and counts what comes back.
    fn exchange(
        &mut self,
        request: &HttpRequest,
        body: Option<&[u8]>,
        time: Duration,
    ) -> Result<Received, HttpError> {
        let left = self.count(body.map_or(0, <[u8]>::len) as u64)?;
        let request = Outgoing::new(request, body.map(<[u8]>::to_vec))?;
        let received = self.access.exchange(request, time, left).map_err(|err| match err {
            HttpError::ResponseTooLarge { limit, .. } if limit == left => {
                HttpError::TooManyBytes { limit: self.limits.n_bytes }
            }
            err => err,
        })?;
        self.traffic.n_bytes = self.traffic.n_bytes.saturating_add(received.body.len() as u64);
        Ok(received)
    }

    pub(super) fn status(&self) -> u16 {
        self.last.status
    }

    pub(super) fn headers(&self) -> Option<&[u8]> {
        Some(self.last.headers.as_slice()).filter(|headers| !headers.is_empty())
    }
}

pub(super) fn http_request(
    caller: &mut Caller<'_, State>,
    request: u64,
    body: u64,
) -> wasmtime::Result<u64> {
    let (blocks, state) = Blocks::of(caller);
    state.http.last = Last::default();
    let request = read_request(&blocks, request)?;
    let body = match body {
        0 => None,
        offset => Some(blocks.bytes(offset, "the body of an HTTP request")?),
    };
    // A call that must end sends nothing any more.
    state.deadline.check()?;
    let time = state.deadline.remaining();
    let outcome = state.http.exchange(&request, body, time.unwrap_or(TIME_LIMIT));
    // Whatever came of the request, a cancellation meanwhile is the reason why the call ends.
    state.deadline.check()?;
    if time.is_some() && matches!(outcome, Err(HttpError::TimedOut { .. })) {
        state.deadline.expire()?;
    }
    let received = outcome.map_err(HostError::from)?;
    let encode = |headers| serde_json::to_vec(&headers).expect("a map of texts is JSON");
    let headers = received.headers.map(encode).unwrap_or_default();
    state.http.last = Last { status: received.status, headers };
    give(caller, &received.body)
}

fn read_request(blocks: &Blocks<'_>, offset: u64) -> Result<HttpRequest, HostError> {
    let what = "an HTTP request";
    let len = blocks.bytes(offset, what)?.len() as u64;
    if len > DESCRIPTION_LIMIT {
        let what = "the length of the description in bytes";
        let err = HttpError::RequestTooLarge { what, found: len, limit: DESCRIPTION_LIMIT };
        return Err(err.into());
    }
    let malformed = |source| HttpError::Malformed { source };
    Ok(HttpRequest::from_json(blocks.text(offset, what)?).map_err(malformed)?)
}
