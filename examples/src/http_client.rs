//! The smallest HTTP client: one request on a connection of its own, to a server on this machine.
//!
//! For examples that talk to themselves and for their tests. It understands answers that end with
//! the connection, and nothing else.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpReply {
    /// The number that says how it went.
    pub status: u16,
    /// What came after the headers.
    pub body: String,
}

/// Sends a request and reads the answer.
///
/// # Errors
///
/// If there is no answer within ten seconds, or none that is HTTP.
pub fn http(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> io::Result<HttpReply> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    http_raw(address, &[head.as_bytes(), body].concat())
}

/// Sends bytes, whatever they are, and reads the answer.
///
/// # Errors
///
/// As [`http`].
pub fn http_raw(address: SocketAddr, request: &[u8]) -> io::Result<HttpReply> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    // A server may answer before it has read everything.
    let sent = stream.write_all(request).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    let received = stream.read_to_end(&mut answer);
    parse(&String::from_utf8_lossy(&answer))
        .map_or_else(|| sent.and(received).and(Err(io::Error::other("the answer is not HTTP"))), Ok)
}

fn parse(answer: &str) -> Option<HttpReply> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.split(' ').next()?.parse().ok()?;
    Some(HttpReply { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_a_status_and_a_body() {
        let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(parse(answer), Some(HttpReply { status: 404, body: "{}".to_owned() }));
        for answer in ["", "HTTP/1.1 200 OK\r\n", "SSH-2.0\r\n\r\n", "HTTP/1.1 x\r\n\r\n"] {
            assert_eq!(parse(answer), None, "{answer}");
        }
    }
}
