//! HTTP/1.1 as far as a server of small requests needs it: requests with a body of known or chunked
//! length, on connections that are kept.
//!
//! What could be read in two ways is refused, and the connection closed: no proxy in front of this server
//! and the server itself can take one request for two. Every wait for a client has a limit.

pub(crate) mod body;
pub(crate) mod connection;
pub(crate) mod head;

use std::{borrow::Cow, time::SystemTime};

use http::StatusCode;

/// What is sent back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    /// Headers besides those that every response has.
    pub(crate) headers: Vec<(&'static str, Cow<'static, str>)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(
        status: StatusCode,
        content_type: &'static str,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn with_header(
        mut self,
        name: &'static str,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Returns the response as bytes, its body included unless only the head was asked for.
    fn into_bytes(self, ending: Ending, with_body: bool) -> Vec<u8> {
        let Self { status, content_type, headers, body } = self;
        let reason = status.canonical_reason().unwrap_or_default();
        let date = httpdate::fmt_http_date(SystemTime::now());
        let connection = match ending {
            Ending::Keeps => "keep-alive",
            Ending::Closes => "close",
        };
        let mut head = format!(
            "HTTP/1.1 {} {reason}\r\ndate: {date}\r\nconnection: {connection}\r\n\
             content-type: {content_type}\r\ncontent-length: {}\r\n\
             x-content-type-options: nosniff\r\n",
            status.as_str(),
            body.len(),
        );
        for (name, value) in headers {
            head.extend([name, ": ", &*value, "\r\n"]);
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if with_body {
            bytes.extend_from_slice(&body);
        }
        bytes
    }
}

/// What becomes of the connection after a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Keeps,
    Closes,
}
