//! The head of a request: read once, and all that is odd refused.

use http::{Method, StatusCode};

use crate::refusal::Refusal;

/// The most bytes that a head has.
pub(crate) const HEAD_LIMIT: usize = 16 << 10;

/// The most headers that a head has.
const HEADERS_LIMIT: usize = 64;

/// A request without its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) method: Method,
    /// As it was sent, without what follows a `?`.
    pub(crate) path: String,
    /// Of the web page that a browser sent it for.
    pub(crate) origin: Option<String>,
    pub(crate) body: BodyLen,
    /// Whether the client wants to send more requests on this connection.
    pub(crate) keeps_alive: bool,
    /// Whether the client waits to be told to send its body.
    pub(crate) expects_continue: bool,
}

/// How long a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyLen {
    Known(u64),
    /// Each piece says its own length.
    Chunked,
}

/// Reads a head, and how many bytes it has. Returns `None` if more of it is to come.
///
/// # Errors
///
/// The refusal, after which nothing on this connection makes sense.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_LIMIT];
    let mut request = httparse::Request::new(&mut headers);
    let len = match request.parse(bytes) {
        Ok(httparse::Status::Complete(len)) if len <= HEAD_LIMIT => len,
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_LIMIT => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Refusal::large_head()),
        Err(err) => return Err(Refusal::bad_head(&err.to_string())),
    };
    if has_bare_newline(&bytes[..len]) {
        return Err(Refusal::bad_head("a line ends without a carriage return"));
    }
    let (Some(method), Some(target), Some(version)) =
        (request.method, request.path, request.version)
    else {
        return Err(Refusal::bad_head("it has no first line"));
    };
    let method = method.parse::<Method>().map_err(|_| Refusal::bad_head("odd method"))?;
    let path = path_of(target).ok_or_else(|| Refusal::bad_head("odd target"))?;
    let is_new = version == 1;
    let mut fields = Fields::read(request.headers, is_new)?;
    let head = Head {
        method,
        path: path.to_owned(),
        origin: fields.origin.take(),
        body: fields.body_len(is_new)?,
        keeps_alive: fields.keeps_alive.unwrap_or(is_new),
        expects_continue: fields.expects_continue && is_new,
    };
    Ok(Some((head, len)))
}

/// Says whether a line ends as others may not see it; the parser takes either end for one.
fn has_bare_newline(head: &[u8]) -> bool {
    let is_bare = |idx: usize| idx == 0 || head[idx - 1] != b'\r';
    head.iter().enumerate().any(|(idx, byte)| *byte == b'\n' && is_bare(idx))
}

/// Returns the path of a target, which may be a whole URL, or `*` for the server itself.
fn path_of(target: &str) -> Option<&str> {
    let target = target.split(['?', '#']).next().unwrap_or(target);
    if target.starts_with('/') || target == "*" {
        return Some(target);
    }
    let (scheme, rest) = target.split_once("://")?;
    let is_web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    is_web.then(|| rest.find('/').map_or("/", |start| &rest[start..]))
}

/// What the headers say that this server listens to.
#[derive(Default)]
struct Fields {
    n_hosts: usize,
    origin: Option<String>,
    content_len: Option<u64>,
    is_chunked: bool,
    keeps_alive: Option<bool>,
    expects_continue: bool,
}

impl Fields {
    fn read(headers: &[httparse::Header<'_>], is_new: bool) -> Result<Self, Refusal> {
        let mut fields = Self::default();
        for header in headers {
            fields.note(header.name, header.value)?;
        }
        if is_new && fields.n_hosts != 1 {
            return Err(Refusal::bad_head("it must have one `Host`"));
        }
        Ok(fields)
    }

    fn note(&mut self, name: &str, value: &[u8]) -> Result<(), Refusal> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        let value = value.trim_ascii();
        if is("host") {
            self.n_hosts += 1;
        } else if is("origin") {
            if self.origin.replace(String::from_utf8_lossy(value).into_owned()).is_some() {
                return Err(Refusal::bad_head("it has more than one `Origin`"));
            }
        } else if is("content-length") {
            let len = content_len(value)
                .filter(|len| self.content_len.is_none_or(|other| other == *len))
                .ok_or_else(|| Refusal::bad_head("odd `Content-Length`"))?;
            self.content_len = Some(len);
        } else if is("transfer-encoding") {
            if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Refusal::unknown_encoding());
            }
            self.is_chunked = true;
        } else if is("connection") {
            for word in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                if word.eq_ignore_ascii_case(b"close") {
                    self.keeps_alive = Some(false);
                } else if word.eq_ignore_ascii_case(b"keep-alive") {
                    self.keeps_alive.get_or_insert(true);
                }
            }
        } else if is("expect") {
            if !value.eq_ignore_ascii_case(b"100-continue") {
                return Err(Refusal::unknown_expectation());
            }
            self.expects_continue = true;
        }
        Ok(())
    }

    fn body_len(&self, is_new: bool) -> Result<BodyLen, Refusal> {
        match (self.is_chunked, self.content_len) {
            (true, None) if is_new => Ok(BodyLen::Chunked),
            (true, _) => Err(Refusal::bad_head("odd `Transfer-Encoding`")),
            (false, len) => Ok(BodyLen::Known(len.unwrap_or(0))),
        }
    }
}

/// Reads digits, and nothing but digits.
fn content_len(value: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(value).ok()?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

impl Refusal {
    fn bad_head(what: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", format!("not HTTP/1.1: {what}"))
    }

    fn large_head() -> Self {
        let message = format!(
            "the head of a request has at most {HEADERS_LIMIT} headers and {HEAD_LIMIT} bytes"
        );
        Self::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "bad_request", message)
    }

    fn unknown_encoding() -> Self {
        let message = "`Transfer-Encoding` can be `chunked` only";
        Self::new(StatusCode::NOT_IMPLEMENTED, "bad_request", message)
    }

    fn unknown_expectation() -> Self {
        let message = "`Expect` can be `100-continue` only";
        Self::new(StatusCode::EXPECTATION_FAILED, "bad_request", message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a head comes to: method, path, body and whether the connection is kept; or the status.
    fn check(text: &str) -> Result<Option<(String, BodyLen, bool)>, u16> {
        match parse(text.as_bytes()) {
            Ok(None) => Ok(None),
            Ok(Some((head, len))) => {
                assert_eq!(len, text.len());
                let line = format!("{} {}", head.method, head.path);
                Ok(Some((line, head.body, head.keeps_alive)))
            }
            Err(refusal) => Err(refusal.status.as_u16()),
        }
    }

    #[test]
    fn heads_are_read_in_one_way_or_not_at_all() {
        let known =
            |line: &str, len, keeps| Ok(Some((line.to_owned(), BodyLen::Known(len), keeps)));
        let chunked = Ok(Some(("POST /f".to_owned(), BodyLen::Chunked, true)));
        let many = "x: 1\r\n".repeat(HEADERS_LIMIT);
        let rows = [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", known("GET /", 0, true)),
            ("GET /a?b#c HTTP/1.1\r\nHost: a\r\n\r\n", known("GET /a", 0, true)),
            ("GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", known("GET /b", 0, true)),
            ("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", known("GET /", 0, true)),
            ("GET /http://a HTTP/1.1\r\nHost: a\r\n\r\n", known("GET /http://a", 0, true)),
            ("GET / HTTP/1.0\r\n\r\n", known("GET /", 0, false)),
            ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", known("GET /", 0, true)),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, close\r\n\r\n", known("GET /", 0, false)),
            (
                "POST /f HTTP/1.1\r\nHost: a\r\ncontent-length:  7 \r\n\r\n",
                known("POST /f", 7, true),
            ),
            (
                "POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nContent-Length: 7\r\n\r\n",
                known("POST /f", 7, true),
            ),
            ("POST /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", chunked),
            ("GET / HTTP/1.1\r\nHost: a\r\n", Ok(None)),
            ("GE", Ok(None)),
            ("", Ok(None)),
            ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", known("OPTIONS *", 0, true)),
            ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", Err(400)),
            ("GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n", Err(400)),
            ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", Err(400)),
            // Others may see one header here, or one line.
            ("GET / HTTP/1.1\nHost: a\n\n", Err(400)),
            ("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Err(400)),
            ("POST /f HTTP/1.1\r\nHost: a\nContent-Length: 7\r\n\r\n", Err(400)),
            ("POST /f HTTP/1.1\r\nHost: a\r\nx: 1\r\n Content-Length: 7\r\n\r\n", Err(400)),
            ("POST /f HTTP/1.1\r\nHost: a\r\nContent-Length : 7\r\n\r\n", Err(400)),
            ("POST /f HTTP/1.1\r\nHost: a\r\nx: 1\rContent-Length: 7\r\n\r\n", Err(400)),
            ("POST  /f HTTP/1.1\r\nHost: a\r\n\r\n", Err(400)),
            ("GET / HTTP/1.1\r\n\r\n", Err(400)),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Err(400)),
            ("GET / HTTP/1.1\r\nHost: a\r\nOrigin: null\r\norigin: x\r\n\r\n", Err(400)),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", Err(400)),
            ("\u{1}\r\n\r\n", Err(400)),
            ("POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: +7\r\n\r\n", Err(400)),
            ("POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", Err(400)),
            ("POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 7, 7\r\n\r\n", Err(400)),
            (
                "POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nContent-Length: 8\r\n\r\n",
                Err(400),
            ),
            (
                "POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
                Err(400),
            ),
            (
                "POST /f HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n",
                Err(400),
            ),
            ("POST /f HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Err(400)),
            ("POST /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Err(501)),
            (
                "POST /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\
                 Transfer-Encoding: chunked\r\n\r\n",
                Err(501),
            ),
            ("POST /f HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", Err(417)),
            (&format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"), Err(431)),
            (&format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(HEAD_LIMIT)), Err(431)),
            (&"a".repeat(HEAD_LIMIT), Err(431)),
        ];
        for (text, expected) in rows {
            assert_eq!(check(text), expected, "{}", &text[..text.len().min(100)]);
        }
    }
}
