//! Requests to a registry, and to where it points.
//!
//! Invariant: what says who the user is goes to the registry's own origin, and to nobody else, whatever
//! the registry points to; and nothing goes over a line without encryption unless the registry itself is
//! spoken to like that, and then only to the same machine. All of a request, with the body of its answer,
//! ends within the time given. No connection is kept: a server may close a kept one at any moment.

use std::{
    io::{self, Read as _},
    time::Duration,
};

use indicatif::ProgressBar;
use ureq::{
    Agent, Body, Proxy, SendBody,
    http::{HeaderName, HeaderValue, Method, Response, StatusCode, header, request},
};
use url::{Host, Url};

use super::error::{RegistryError, shown, shown_url};

/// How many times a request is sent on to another address.
const REDIRECT_LIMIT: usize = 5;

/// How long a connection may take to come about.
const CONNECT_TIME: Duration = Duration::from_secs(20);

/// How much is read of an answer that says why not, in bytes.
const REFUSAL_LIMIT: u64 = 64 << 10;

/// What requests are sent with.
const USER_AGENT: &str = concat!("plugsmith/", env!("CARGO_PKG_VERSION"));

/// What is asked.
#[derive(Clone)]
pub(super) struct Question<'q> {
    pub(super) method: Method,
    pub(super) url: Url,
    /// The media types that are taken, if it matters.
    pub(super) accept: Option<String>,
    pub(super) content: Option<Content<'q>>,
}

/// What is sent.
#[derive(Clone)]
pub(super) struct Content<'q> {
    pub(super) media_type: &'static str,
    pub(super) bytes: &'q [u8],
    /// Where it shows how much is sent.
    pub(super) progress: ProgressBar,
}

impl<'q> Content<'q> {
    /// Makes content that is sent unseen.
    pub(super) fn new(media_type: &'static str, bytes: &'q [u8]) -> Self {
        Self { media_type, bytes, progress: ProgressBar::hidden() }
    }
}

/// What came back, and from where.
pub(super) struct Answer {
    pub(super) url: Url,
    response: Response<Body>,
    time: Duration,
}

/// What sends requests on behalf of one registry.
pub(super) struct Transport {
    agent: Agent,
    /// The registry itself.
    base: Url,
    time: Duration,
}

impl Transport {
    pub(super) fn new(base: Url, time: Duration) -> Self {
        // A proxy sees all that is not encrypted, so it gets nothing of that.
        let proxy = if base.scheme() == "https" { Proxy::try_from_env() } else { None };
        let config = Agent::config_builder()
            // Modules hardly shrink, and bytes are counted and hashed as they come.
            .accept_encoding("identity")
            .http_status_as_error(false)
            .max_idle_connections(0)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy)
            .timeout_connect(Some(CONNECT_TIME.min(time)))
            .timeout_global(Some(time))
            .user_agent(USER_AGENT);
        Self { agent: config.build().into(), base, time }
    }

    /// Returns the address of something in the registry. The path is part of a reference, or made here.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    /// Says whether it is the registry itself that is at an address.
    pub(super) fn is_registry(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// Asks the registry, and follows where it points, unless something is sent.
    ///
    /// # Errors
    ///
    /// If there is no answer, or the registry points to where nothing may be sent.
    pub(super) fn ask(
        &self,
        question: &Question<'_>,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, RegistryError> {
        let mut question = question.clone();
        for _ in 0..=REDIRECT_LIMIT {
            let opens = authorization.filter(|_| self.is_registry(&question.url));
            let answer = self.ask_once(&question, opens)?;
            if question.content.is_some() || !is_redirect(answer.status()) {
                return Ok(answer);
            }
            question.url = answer.location()?;
        }
        Err(RegistryError::TooManyRedirects {
            url: shown_url(&question.url),
            limit: REDIRECT_LIMIT,
        })
    }

    /// Asks whoever is at the address, with these credentials, whoever that is.
    ///
    /// # Errors
    ///
    /// If there is no answer, or nothing may be sent there.
    pub(super) fn ask_once(
        &self,
        question: &Question<'_>,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, RegistryError> {
        self.check(&question.url)?;
        let failed = |err| RegistryError::of_client(err, &question.url, self.time);
        let mut request =
            request::Builder::new().method(question.method.clone()).uri(question.url.as_str());
        if let Some(accept) = &question.accept {
            request = request.header(header::ACCEPT, accept);
        }
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let response = match &question.content {
            None => self.agent.run(request.body(()).map_err(|err| failed(err.into()))?),
            Some(content) => {
                let mut reader = content.progress.wrap_read(content.bytes);
                let request = request
                    .header(header::CONTENT_TYPE, content.media_type)
                    .header(header::CONTENT_LENGTH, content.bytes.len())
                    .body(SendBody::from_reader(&mut reader));
                self.agent.run(request.map_err(|err| failed(err.into()))?)
            }
        };
        let response = response.map_err(failed)?;
        Ok(Answer { url: question.url.clone(), response, time: self.time })
    }

    /// Checks that something may be sent to an address.
    fn check(&self, url: &Url) -> Result<(), RegistryError> {
        let is_allowed = match url.scheme() {
            "https" => true,
            "http" => self.base.scheme() == "http" && is_same_machine(url, &self.base),
            _ => return Err(RegistryError::NoLocation { url: shown_url(url) }),
        };
        // Who the user is, is nothing that a registry can say.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RegistryError::NoLocation { url: shown_url(url) });
        }
        if is_allowed { Ok(()) } else { Err(RegistryError::PlainHttp { url: shown_url(url) }) }
    }
}

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Returns a header's value, if it is there and text.
    pub(super) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers(name).next()
    }

    /// Returns all values of a header that are text.
    pub(super) fn headers(&self, name: HeaderName) -> impl Iterator<Item = &str> {
        self.response.headers().get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// Returns the address to which the answer points.
    ///
    /// # Errors
    ///
    /// [`RegistryError::NoLocation`].
    pub(super) fn location(&self) -> Result<Url, RegistryError> {
        let location = self.header(header::LOCATION).and_then(|to| self.url.join(to).ok());
        location.ok_or_else(|| RegistryError::NoLocation { url: shown_url(&self.url) })
    }

    /// Returns how long the body is, if the answer says so.
    pub(super) fn len(&self) -> Option<u64> {
        self.response.body().content_length()
    }

    /// Reads a body that is small.
    ///
    /// # Errors
    ///
    /// If there are more than `limit` bytes of it, or not all of it comes.
    pub(super) fn read(self, part: &'static str, limit: u64) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        let mut reader = self.response.into_body().into_reader().take(limit + 1);
        let read = reader.read_to_end(&mut bytes);
        read.map_err(|err| RegistryError::of_body(err, &self.url, self.time))?;
        if bytes.len() as u64 > limit {
            return Err(RegistryError::TooLarge { part, limit });
        }
        Ok(bytes)
    }

    /// Hands the body on piece by piece, `limit` bytes of it at most.
    ///
    /// # Errors
    ///
    /// If not all of it comes, or the error of `take`.
    pub(super) fn read_pieces(
        self,
        limit: u64,
        mut take: impl FnMut(&[u8]) -> Result<(), RegistryError>,
    ) -> Result<(), RegistryError> {
        let mut reader = self.response.into_body().into_reader().take(limit);
        let mut piece = vec![0; 64 << 10];
        loop {
            match reader.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(n_read) => take(&piece[..n_read])?,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(RegistryError::of_body(err, &self.url, self.time)),
            }
        }
    }

    /// Returns what the answer says of why not, to be put behind a message.
    pub(super) fn said(self) -> String {
        let body = self.read("answer", REFUSAL_LIMIT).unwrap_or_default();
        let body = serde_json::from_slice::<serde_json::Value>(&body).unwrap_or_default();
        let text = |value: &serde_json::Value| value.as_str().map(shown);
        // Registries say it in one way, what gives tokens in another.
        let said = text(&body["errors"][0]["message"])
            .or_else(|| text(&body["errors"][0]["code"]))
            .or_else(|| text(&body["details"]));
        said.map(|said| format!(": {said}")).unwrap_or_default()
    }

    /// Makes an error of an answer that has no use.
    pub(super) fn into_refusal(self) -> RegistryError {
        let (url, status) = (shown_url(&self.url), self.status().as_u16());
        RegistryError::Status { url, status, said: self.said() }
    }
}

/// Says whether a host is this machine, by its name or address.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn is_same_machine(left: &Url, right: &Url) -> bool {
    left.host() == right.host() || is_loopback(left) && is_loopback(right)
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_encrypted_stays_on_the_registrys_machine() {
        let rows = [
            ("https://a.b", "https://c.d/x", "allowed"),
            ("https://a.b", "http://a.b/x", "plain"),
            ("https://a.b", "http://localhost/x", "plain"),
            ("http://a.b", "http://a.b:81/x", "allowed"),
            ("http://a.b", "http://c.d/x", "plain"),
            ("http://a.b", "http://127.0.0.1/x", "plain"),
            ("http://a.b", "https://c.d/x", "allowed"),
            ("http://localhost:1", "http://127.0.0.9:2/x", "allowed"),
            ("http://[::1]:1", "http://localhost:2/x", "allowed"),
            ("http://localhost:1", "http://localhost.evil.com/x", "plain"),
            ("https://a.b", "file:///etc/passwd", "none"),
            ("https://a.b", "https://me:pass@a.b/x", "none"),
        ];
        for (base, url, expected) in rows {
            let [base, url] = [base, url].map(|url| Url::parse(url).expect("it is one"));
            let found = match Transport::new(base, Duration::from_secs(1)).check(&url) {
                Ok(()) => "allowed",
                Err(RegistryError::PlainHttp { .. }) => "plain",
                Err(RegistryError::NoLocation { .. }) => "none",
                Err(err) => panic!("{url}: {err}"),
            };
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn the_registry_is_one_origin() {
        let base = Url::parse("https://a.b").expect("it is one");
        let transport = Transport::new(base, Duration::from_secs(1));
        let rows = [
            ("https://a.b:443/x", true),
            ("https://a.b:444/x", false),
            ("http://a.b/x", false),
            ("https://c.a.b/x", false),
            ("https://a.b.c/x", false),
        ];
        for (url, expected) in rows {
            let url = Url::parse(url).expect("it is one");
            assert_eq!(transport.is_registry(&url), expected, "{url}");
        }
    }
}
