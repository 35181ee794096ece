//! `http_request`, `http_status_code` and `http_headers`, and what the latter two remember of the
//! last request of a call.

use std::{sync::Arc, time::Duration};

use plugsmith_manifest::HttpRequest;
use wasmtime::Caller;

use super::{
    HttpError,
    exchange::{HttpAccess, Received},
    request::Outgoing,
    traffic::Traffic,
};
use crate::{
    call_limits::CallLimits,
    caught::caught,
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
    last: Last,
    traffic: Traffic,
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
        let access = Arc::clone(access);
        Self { access, last: Last::default(), traffic: Traffic::new(limits) }
    }

    /// Forgets the requests of earlier calls.
    pub(crate) fn begin_call(&mut self) {
        self.last = Last::default();
        self.traffic.begin_call();
    }

    /// Sends a request of the guest's.
    fn exchange(
        &mut self,
        request: &HttpRequest,
        body: Option<&[u8]>,
        time: Duration,
    ) -> Result<Received, HttpError> {
        self.traffic.request()?;
        let request = Outgoing::new(request, body.map(<[u8]>::to_vec))?;
        let url = request.shown_url();
        let Self { access, traffic, .. } = self;
        caught("the HTTP client", || access.exchange(request, time, traffic))
            .unwrap_or_else(|err| Err(HttpError::Failed { url, source: err.into() }))
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
