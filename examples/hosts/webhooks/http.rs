//! HTTP/1.1 on one connection, as far as webhooks need it: one request with a body, one answer.
//!
//! Nothing that a client sends, leaves out or sends slowly takes more than a fixed amount of memory
//! and time. There is no keep-alive, no TLS and no chunked body: a proxy in front has those.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

/// The most bytes of a request line and headers.
const HEAD_LIMIT: usize = 8 << 10;

/// The most bytes of a body.
const BODY_LIMIT: usize = 64 << 10;

const HEADERS_LIMIT: usize = 32;

/// How long a client has to send its request.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// What a client asks for.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

/// Why a request was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("the request is not HTTP")]
    Malformed,
    #[error("request line and headers have more than {HEAD_LIMIT} bytes")]
    HeadTooLarge,
    #[error("the body has no `content-length`")]
    NoLength,
    #[error("the body has {len} bytes, the limit is {BODY_LIMIT}")]
    BodyTooLarge { len: u64 },
    #[error("the request did not arrive whole")]
    Io(#[from] io::Error),
}

impl HttpError {
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Io(_) => 408,
            Self::NoLength => 411,
            Self::BodyTooLarge { .. } => 413,
            Self::HeadTooLarge => 431,
        }
    }
}

/// A client, with a limit on how long it may keep us.
pub(crate) struct Client {
    stream: TcpStream,
    deadline: Instant,
}

impl Client {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, deadline: Instant::now() + TIME_LIMIT }
    }

    /// Reads the request.
    ///
    /// # Errors
    ///
    /// What has to be answered instead.
    pub(crate) fn read_request(&mut self) -> Result<Request, HttpError> {
        let mut bytes = Vec::new();
        let (mut request, head_len, body_len) = loop {
            let mut chunk = [0; 1 << 10];
            let len = self.read(&mut chunk)?;
            bytes.extend_from_slice(&chunk[..len]);
            match parse_head(&bytes)? {
                Some(head) => break head,
                None if len == 0 => return Err(HttpError::Malformed),
                None if bytes.len() > HEAD_LIMIT => return Err(HttpError::HeadTooLarge),
                None => {}
            }
        };
        request.body = bytes.split_off(head_len);
        request.body.truncate(body_len);
        let n_missing = body_len - request.body.len();
        let received = self.take(n_missing as u64).read_to_end(&mut request.body)?;
        if received < n_missing {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(request)
    }

    /// Answers, and closes the connection.
    ///
    /// # Errors
    ///
    /// If the client is gone.
    pub(crate) fn answer(mut self, status: u16, body: &str) -> io::Result<()> {
        let reason = match status {
            200 => "OK",
            400..500 => "Client Error",
            _ => "Server Error",
        };
        let head = format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        self.stream.set_write_timeout(Some(TIME_LIMIT))?;
        self.stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
        self.stream.shutdown(Shutdown::Write)?;
        // Closing on a client that is still sending would take the answer away from it.
        io::copy(&mut self.take(1 << 20), &mut io::sink()).map(drop)
    }
}

impl Read for Client {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(buffer)
    }
}

/// Reads the head, if it is whole: the request without its body, the head's length and the body's.
fn parse_head(bytes: &[u8]) -> Result<Option<(Request, usize, usize)>, HttpError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_LIMIT];
    let mut head = httparse::Request::new(&mut headers);
    let head_len = match head.parse(bytes) {
        Ok(httparse::Status::Complete(len)) if len <= HEAD_LIMIT => len,
        Ok(httparse::Status::Complete(_)) | Err(httparse::Error::TooManyHeaders) => {
            return Err(HttpError::HeadTooLarge);
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(HttpError::Malformed),
    };
    let (Some(method), Some(path)) = (head.method, head.path) else {
        return Err(HttpError::Malformed);
    };
    let body_len = body_len(method, head.headers)?;
    let request = Request { method: method.to_owned(), path: path.to_owned(), body: Vec::new() };
    Ok(Some((request, head_len, body_len)))
}

/// The length of the body. A request that could be read in two ways is refused.
fn body_len(method: &str, headers: &[httparse::Header<'_>]) -> Result<usize, HttpError> {
    let all = |name: &'static str| {
        headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name))
    };
    if all("transfer-encoding").next().is_some() {
        return Err(HttpError::NoLength);
    }
    let mut lengths = all("content-length");
    let len = match (lengths.next(), lengths.next()) {
        (Some(header), None) => str::from_utf8(header.value).ok(),
        (None, _) if method == "POST" => return Err(HttpError::NoLength),
        (None, _) => Some("0"),
        (Some(_), Some(_)) => None,
    };
    let digits = len.filter(|len| len.bytes().all(|byte| byte.is_ascii_digit()));
    let len: u64 = digits.and_then(|len| len.parse().ok()).ok_or(HttpError::Malformed)?;
    match usize::try_from(len) {
        Ok(len) if len <= BODY_LIMIT => Ok(len),
        _ => Err(HttpError::BodyTooLarge { len }),
    }
}
