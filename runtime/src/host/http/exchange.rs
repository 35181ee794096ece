//! One request of a guest, over as many connections as its redirects take.
//!
//! Invariant: before anything is sent to a place, the grant was asked about that place; and all of
//! it, from the first look-up to the last byte of the body, ends within the time given.
//!
//! The client is told nothing by the environment: no proxy that a variable names, no cookies, no
//! credentials. It follows no redirect by itself. It keeps no connection for later: a server may close
//! a kept one at any moment, and only some requests could then be sent again.

use std::{
    collections::BTreeMap,
    io::Read,
    sync::OnceLock,
    time::{Duration, Instant},
};

use plugsmith_manifest::Manifest;
use ureq::{
    Agent, Body, Error,
    http::{HeaderMap, Method, Request, Response, header},
    unversioned::transport::DefaultConnector,
};

use super::{
    HttpError, HttpOptions,
    address::{NoPublicAddress, PublicResolver},
    grant::HostGrant,
    request::{Outgoing, is_redirect},
    resolver::NameResolver,
    traffic::Traffic,
};
use crate::limits::PAGE_BYTES;

/// The largest body of a response unless the manifest says otherwise, in bytes.
const DEFAULT_RESPONSE_LIMIT: u64 = 50 << 20;

/// How many redirects are followed.
const REDIRECT_LIMIT: usize = 10;

/// What a request is sent with, unless the guest names itself.
const USER_AGENT: &str = concat!("plugsmith/", env!("CARGO_PKG_VERSION"));

/// The longest time that the client is told of; it adds times to instants, which must not overflow.
const LONGEST: Duration = Duration::from_hours(24 * 365);

/// What a plug-in may do with HTTP, and the client it does it with. By default nothing.
#[derive(Debug, Default)]
pub(crate) struct HttpAccess {
    grant: HostGrant,
    options: HttpOptions,
    response_limit: u64,
    /// Made by the first request: most plug-ins send none.
    agent: OnceLock<Agent>,
}

/// What came back.
pub(super) struct Received {
    pub(super) status: u16,
    /// By name in lower case, if the host wants them kept.
    pub(super) headers: Option<BTreeMap<String, String>>,
    pub(super) body: Vec<u8>,
}

impl HttpAccess {
    /// Reads the grant and the limits of a manifest. No body is larger than the exchange memory,
    /// which has `exchange_pages`.
    pub(crate) fn new(manifest: &Manifest, options: HttpOptions, exchange_pages: u32) -> Self {
        let limit = manifest.memory.max_http_response_bytes.unwrap_or(DEFAULT_RESPONSE_LIMIT);
        Self {
            grant: HostGrant::new(manifest.allowed_hosts.iter().flatten()),
            options,
            response_limit: limit.min(u64::from(exchange_pages) * PAGE_BYTES),
            agent: OnceLock::new(),
        }
    }

    /// Sends a request, follows redirects, and receives the response, all within `time` and in no more
    /// bytes than `traffic` has left.
    pub(super) fn exchange(
        &self,
        mut request: Outgoing,
        time: Duration,
        traffic: &mut Traffic,
    ) -> Result<Received, HttpError> {
        let clock = Clock { start: Instant::now(), time: time.min(LONGEST) };
        self.check(&request)?;
        for _ in 0..=REDIRECT_LIMIT {
            traffic.send(request.body.as_ref().map_or(0, Vec::len) as u64)?;
            let response = self.send(&request, &clock)?;
            let location = response.headers().get(header::LOCATION);
            let Some(location) = location.filter(|_| is_redirect(response.status())) else {
                return self.receive(&request, response, traffic, &clock);
            };
            let url = request.shown_url();
            request = request
                .redirected(response.status(), location)
                .and_then(|next| self.check(&next).map(|()| next))
                .map_err(|source| HttpError::Redirect { url, source: Box::new(source) })?;
        }
        Err(HttpError::TooManyRedirects { url: request.shown_url(), limit: REDIRECT_LIMIT })
    }

    fn check(&self, request: &Outgoing) -> Result<(), HttpError> {
        if self.grant.allows(&request.url) {
            return Ok(());
        }
        Err(HttpError::NotAllowed { url: request.shown_url() })
    }

    fn send(&self, request: &Outgoing, clock: &Clock) -> Result<Response<Body>, HttpError> {
        let mut head = Request::new(());
        *head.method_mut() = request.method.clone();
        *head.uri_mut() = request.uri()?;
        *head.headers_mut() = request.headers.clone();
        let agent = self.agent.get_or_init(|| self.new_agent());
        let head = agent.configure_request(head).timeout_global(Some(clock.remaining())).build();
        // Without a body these methods still say that it has no bytes.
        let has_length = matches!(request.method, Method::POST | Method::PUT | Method::PATCH);
        match &request.body {
            Some(body) => agent.run(head.map(|()| body.as_slice())),
            None if has_length => agent.run(head.map(|()| &b""[..])),
            None => agent.run(head),
        }
        .map_err(|err| failed(request, err, clock))
    }

    fn receive(
        &self,
        request: &Outgoing,
        response: Response<Body>,
        traffic: &mut Traffic,
        clock: &Clock,
    ) -> Result<Received, HttpError> {
        let left = traffic.bytes_left();
        let limit = self.response_limit.min(left);
        let too_large = |traffic: &Traffic| {
            if limit == left {
                return traffic.too_many_bytes();
            }
            HttpError::ResponseTooLarge { url: request.shown_url(), limit }
        };
        let (head, body) = response.into_parts();
        if body.content_length().is_some_and(|len| request.method != Method::HEAD && len > limit) {
            return Err(too_large(traffic));
        }
        let mut bytes = Vec::new();
        let read = body.into_reader().take(limit.saturating_add(1)).read_to_end(&mut bytes);
        // Also where it fails: what came before that is there.
        traffic.count(bytes.len() as u64);
        read.map_err(|err| failed(request, err.into(), clock))?;
        if bytes.len() as u64 > limit {
            return Err(too_large(traffic));
        }
        let headers = self.options.response_headers.then(|| texts(&head.headers));
        Ok(Received { status: head.status.as_u16(), headers, body: bytes })
    }

    fn new_agent(&self) -> Agent {
        let config = Agent::config_builder()
            .allow_non_standard_methods(true)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(USER_AGENT)
            .build();
        let connector = DefaultConnector::new();
        if self.options.private_addresses_blocked {
            Agent::with_parts(config, connector, PublicResolver::default())
        } else {
            Agent::with_parts(config, connector, NameResolver::default())
        }
    }
}

/// How long an exchange may take.
struct Clock {
    start: Instant,
    time: Duration,
}

impl Clock {
    fn remaining(&self) -> Duration {
        self.time.saturating_sub(self.start.elapsed())
    }
}

/// Returns headers as guests get them: names in lower case, of equal names the last.
fn texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}

fn failed(request: &Outgoing, err: Error, clock: &Clock) -> HttpError {
    let url = request.shown_url();
    match err {
        Error::Timeout(_) => HttpError::TimedOut { url, limit: clock.time },
        Error::Other(source) => match source.downcast::<NoPublicAddress>() {
            Ok(refusal) => HttpError::PrivateAddress { url, address: refusal.found },
            Err(source) => HttpError::Failed { url, source },
        },
        err => HttpError::Failed { url, source: err.into() },
    }
}
