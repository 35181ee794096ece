//! A request on its way out: what the guest asked for, checked, and what redirects make of it.
//!
//! Invariant: the URL is `http` or `https`, has a host, and no user, password or fragment; no header
//! speaks of the connection, which is the host's affair. Whether the URL is granted is not asked
//! here.

use plugsmith_manifest::HttpRequest;
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use url::Url;

use super::HttpError;

/// The longest URL, in bytes.
const URL_LIMIT: u64 = 8 << 10;

/// The most headers a guest may send, and the most bytes of names and values.
const HEADER_LIMIT: u64 = 100;
const HEADER_BYTES_LIMIT: u64 = 64 << 10;

/// How much of a guest's text an error shows, in characters.
const N_SHOWN: usize = 100;

/// Headers of guests that are left out: the host computes the length and keeps the connection, and
/// plug-ins that set these mean nothing else.
const OF_CONNECTION: [HeaderName; 8] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    HeaderName::from_static("keep-alive"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Headers that describe a body.
const OF_BODY: [HeaderName; 4] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LOCATION,
    header::CONTENT_TYPE,
];

/// Headers that are for one origin only.
const OF_ORIGIN: [HeaderName; 3] =
    [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];

/// A request that can be sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
}

impl Outgoing {
    /// Checks what a guest asks for.
    pub(super) fn new(request: &HttpRequest, body: Option<Vec<u8>>) -> Result<Self, HttpError> {
        let url = parse(&request.url)?;
        let headers = headers(request, &url)?;
        Ok(Self { method: method(request.method.as_deref().unwrap_or("GET"))?, url, headers, body })
    }

    /// Returns the URL as the client takes it.
    pub(super) fn uri(&self) -> Result<Uri, HttpError> {
        let uri: Uri = self.url.as_str().parse().map_err(|err| bad_url(&self.url, err))?;
        // The grant is asked about the host that one parser found, the connection goes to the host
        // that another did.
        if uri.host() != self.url.host_str() {
            return Err(bad_url(&self.url, "its host is ambiguous"));
        }
        Ok(uri)
    }

    /// Returns the URL as errors show it.
    pub(super) fn shown_url(&self) -> String {
        shown_url(&self.url)
    }

    /// Returns the request that follows when this one is answered by a redirect to `location`.
    pub(super) fn redirected(
        mut self,
        status: StatusCode,
        location: &HeaderValue,
    ) -> Result<Self, HttpError> {
        let url = str::from_utf8(location.as_bytes())
            .map_err(|err| bad_url(&self.url, err))
            .and_then(|text| self.url.join(text).map_err(|err| bad_text(text, err)))
            .and_then(check)?;
        if url.origin() != self.url.origin() {
            for name in OF_ORIGIN {
                self.headers.remove(name);
            }
        }
        let becomes_get = match status {
            StatusCode::SEE_OTHER => self.method != Method::HEAD,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            _ => false,
        };
        if becomes_get {
            self.method = Method::GET;
            self.body = None;
            for name in OF_BODY {
                self.headers.remove(name);
            }
        }
        Ok(Self { url, ..self })
    }
}

/// Says whether a response of this status sends the client on.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    )
}

fn parse(text: &str) -> Result<Url, HttpError> {
    within("the length of the URL in bytes", text.len(), URL_LIMIT)?;
    check(Url::parse(text).map_err(|err| bad_text(text, err))?)
}

fn check(mut url: Url) -> Result<Url, HttpError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(HttpError::Scheme { url: shown_url(&url), scheme: url.scheme().to_owned() });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(HttpError::Credentials { url: shown_url(&url) });
    }
    // Once more, for a redirect may be to a longer one.
    within("the length of the URL in bytes", url.as_str().len(), URL_LIMIT)?;
    url.set_fragment(None);
    Ok(url)
}

fn method(text: &str) -> Result<Method, HttpError> {
    match Method::from_bytes(text.to_ascii_uppercase().as_bytes()) {
        Ok(method) if method != Method::CONNECT => Ok(method),
        _ => Err(HttpError::Method { method: shown(text) }),
    }
}

fn headers(request: &HttpRequest, url: &Url) -> Result<HeaderMap, HttpError> {
    let n_bytes = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    within("the number of headers", request.headers.len(), HEADER_LIMIT)?;
    within("the length of the headers in bytes", n_bytes, HEADER_BYTES_LIMIT)?;
    let mut headers = HeaderMap::with_capacity(request.headers.len());
    for (name, value) in &request.headers {
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| HttpError::HeaderName { name: shown(name) })?;
        // No control character passes, and so no line break.
        let content = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| HttpError::HeaderValue { name: shown(name) })?;
        if header == header::HOST {
            check_host(value, url)?;
        } else if !OF_CONNECTION.contains(&header) {
            headers.append(header, content);
        }
    }
    Ok(headers)
}

/// Refuses a header `host` that names another host than the URL.
fn check_host(found: &str, url: &Url) -> Result<(), HttpError> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let with_port = format!("{host}:{port}");
    let is_own = found.eq_ignore_ascii_case(&with_port)
        || (url.port().is_none() && found.eq_ignore_ascii_case(host));
    if is_own {
        return Ok(());
    }
    Err(HttpError::ForeignHost { found: shown(found), accepted: with_port })
}

fn within(what: &'static str, found: usize, limit: u64) -> Result<(), HttpError> {
    let found = found as u64;
    if found <= limit {
        return Ok(());
    }
    Err(HttpError::RequestTooLarge { what, found, limit })
}

fn bad_url(url: &Url, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> HttpError {
    HttpError::Url { url: shown_url(url), source: source.into() }
}

/// Says that a text is no URL. What is no URL has no parts to choose from, so all that could be a
/// secret is cut off: up to the last `@`, and from the first `?` or `#`.
fn bad_text(text: &str, source: url::ParseError) -> HttpError {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let visible = &text[..end];
    let start = visible.rfind('@').map_or(0, |idx| idx + 1);
    HttpError::Url { url: shown(&visible[start..]), source: source.into() }
}

/// Returns a URL without user, password, query and fragment.
fn shown_url(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    shown(&format!("{}://{host}{port}{}", url.scheme(), url.path()))
}

/// Returns the beginning of a guest's text, escaped.
fn shown(text: &str) -> String {
    let end = text.char_indices().nth(N_SHOWN).map_or(text.len(), |(idx, _)| idx);
    let dots = if end < text.len() { "…" } else { "" };
    format!("{}{dots}", text[..end].escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(request: &HttpRequest) -> Result<Outgoing, HttpError> {
        Outgoing::new(request, Some(b"body".to_vec()))
    }

    fn refused(request: &HttpRequest) -> String {
        outgoing(request).unwrap_err().to_string()
    }

    fn to(url: &str) -> HttpRequest {
        HttpRequest::new(url)
    }

    fn redirect(request: &HttpRequest, status: u16, location: &str) -> Result<Outgoing, HttpError> {
        let location = HeaderValue::from_bytes(location.as_bytes()).unwrap();
        outgoing(request)
            .unwrap()
            .redirected(StatusCode::from_u16(status).unwrap(), &location)
            .and_then(|next| next.uri().map(|_| next))
    }

    #[test]
    fn urls_are_checked_and_their_secrets_not_told() {
        for (url, expected) in [
            ("", "`` is not a URL"),
            ("/path", "`/path` is not a URL"),
            ("http://", "`http://` is not a URL"),
            ("http://u:secret@a b/?key=secret", "`a b/` is not a URL"),
            (
                "file:///etc/passwd",
                "`file:///etc/passwd` has scheme `file`, accepted are `http` and `https`",
            ),
            (
                "http://u:secret@a.org/p?key=secret",
                "`http://a.org/p` carries a user or a password: send the header `authorization` \
                 instead",
            ),
            (
                "http://u@a.org/",
                "`http://a.org/` carries a user or a password: send the header `authorization` \
                 instead",
            ),
        ] {
            assert_eq!(refused(&to(url)), expected, "{url}");
        }
        let long = to(&format!("http://a.org/{}", "x".repeat(9000)));
        assert_eq!(
            refused(&long),
            "the length of the URL in bytes of an HTTP request is 9013, the limit is 8192"
        );
    }

    #[test]
    fn both_parsers_agree_on_the_host() {
        for url in [
            "http://[::1]:81/",
            "http://BÜCHER.de/ä?ö=\"|{}#x",
            "http:a.org",
            "http:\\\\a.org\\p",
            "http://0x7f.1/",
            "https://a.org.:8443/[|]^`{}<>\"'",
        ] {
            let request = outgoing(&to(url)).unwrap();
            assert_eq!(request.uri().unwrap().host(), request.url.host_str(), "{url}");
        }
    }

    #[test]
    fn methods_are_upper_case_and_connect_is_refused() {
        let url = "http://a.org";
        assert_eq!(outgoing(&to(url)).unwrap().method, Method::GET);
        assert_eq!(outgoing(&to(url).with_method("patch")).unwrap().method, Method::PATCH);
        assert_eq!(outgoing(&to(url).with_method("purge")).unwrap().method.as_str(), "PURGE");
        for method in ["", "connect", "GET /\r\nX: y", "ü"] {
            assert!(refused(&to(url).with_method(method)).contains("not a method"), "{method:?}");
        }
    }

    #[test]
    fn headers_cannot_break_out_of_their_line() {
        let with = |name: &str, value: &str| to("http://a.org:81").with_header(name, value);
        for value in ["a\r\nx: y", "a\nx: y", "a\0", "\u{7f}"] {
            assert_eq!(
                refused(&with("x-a", value)),
                "header `x-a` has a value with a control character"
            );
        }
        for name in ["", "x y", "x:y", "x\r\ny", "ü"] {
            assert!(refused(&with(name, "v")).ends_with("cannot be the name of a header"));
        }
        assert_eq!(
            outgoing(&with("x-a", "ü\t1")).unwrap().headers["x-a"].as_bytes(),
            "ü\t1".as_bytes()
        );
    }

    #[test]
    fn headers_of_the_connection_are_the_hosts_own() {
        let with = |name: &str, value: &str| to("http://a.org:81").with_header(name, value);
        for name in ["Content-Length", "Transfer-Encoding", "connection", "Keep-Alive", "Expect"] {
            assert!(outgoing(&with(name, "7")).unwrap().headers.is_empty(), "{name}");
        }
        assert!(outgoing(&with("Host", "A.org:81")).unwrap().headers.is_empty());
        assert_eq!(
            refused(&with("host", "b.org")),
            "header `host` names `b.org`, but the request goes to `a.org:81`"
        );
        for (url, host) in [("http://a.org", "a.org"), ("https://a.org", "a.org:443")] {
            assert!(outgoing(&to(url).with_header("host", host)).is_ok(), "{url} {host}");
        }
    }

    #[test]
    fn headers_have_limits_of_number_and_length() {
        let many = |n| {
            (0..n).fold(to("http://a.org"), |request, idx| {
                request.with_header(format!("x-{idx}"), "")
            })
        };
        assert!(outgoing(&many(100)).is_ok());
        assert!(refused(&many(101)).contains("is 101, the limit is 100"));
        let long = |len| to("http://a.org").with_header("x", "v".repeat(len));
        assert!(outgoing(&long(65_535)).is_ok());
        assert!(refused(&long(65_536)).contains("is 65537, the limit is 65536"));
    }

    #[test]
    fn redirects_keep_or_change_the_method() {
        for (status, method, expected) in [
            (301, "POST", "GET"),
            (302, "POST", "GET"),
            (303, "POST", "GET"),
            (303, "PUT", "GET"),
            (303, "HEAD", "HEAD"),
            (301, "PUT", "PUT"),
            (302, "GET", "GET"),
            (307, "POST", "POST"),
            (308, "DELETE", "DELETE"),
        ] {
            let request =
                to("http://a.org/").with_method(method).with_header("content-type", "text/plain");
            let next = redirect(&request, status, "/next").unwrap();
            assert_eq!(next.method.as_str(), expected, "{status} {method}");
            assert_eq!(next.url.as_str(), "http://a.org/next");
            assert_eq!(next.body.is_some(), method == expected, "{status} {method}");
            assert_eq!(next.headers.is_empty(), method != expected, "{status} {method}");
        }
    }

    #[test]
    fn secrets_stay_with_their_origin() {
        let request = OF_ORIGIN
            .iter()
            .fold(to("http://a.org/"), |request, name| request.with_header(name.as_str(), "s"))
            .with_header("x-other", "o");
        for (location, n_headers) in [
            ("/next", 4),
            ("http://a.org:80/next", 4),
            ("https://a.org/next", 1),
            ("http://a.org:81/next", 1),
            ("//b.org", 1),
        ] {
            assert_eq!(redirect(&request, 302, location).unwrap().headers.len(), n_headers);
        }
    }

    #[test]
    fn redirects_are_checked_like_requests() {
        for (location, expected) in [
            ("ftp://a.org/", "`ftp://a.org/` has scheme `ftp`, accepted are `http` and `https`"),
            ("http://", "`http://` is not a URL"),
            (
                "http://u:p@b.org/",
                "`http://b.org/` carries a user or a password: send the header `authorization` \
                 instead",
            ),
        ] {
            let err = redirect(&to("http://a.org/"), 302, location).unwrap_err();
            assert_eq!(err.to_string(), expected);
        }
    }
}
