//! Web servers on loopback that answer as they are told, right or wrong.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{self, Receiver},
    thread,
};

/// What a server does with one connection once it has read the request.
pub(crate) type Answer = Box<dyn FnOnce(&mut TcpStream) + Send>;

/// A server that accepts as many connections as it has answers, one after the other.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Receiver<String>,
}

impl Server {
    pub(crate) fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = mpsc::channel();
        let answers: Vec<Answer> = answers.into_iter().collect();
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                // The test may have ended, and its interest with it.
                let _ = sender.send(read_request(&mut stream));
                answer(&mut stream);
            }
        });
        Self { address, requests }
    }

    /// Returns the URL of a path on this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the next request that arrived, head and body.
    pub(crate) fn request(&self) -> String {
        self.requests.recv().unwrap()
    }
}

/// Sends `bytes`, which are a whole response or not, and closes the connection.
pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Answer {
    let bytes = bytes.into();
    // A client that has had enough closes first.
    Box::new(move |stream| drop(stream.write_all(&bytes)))
}

/// Sends `bytes`, then nothing until the client closes the connection.
pub(crate) fn stalling(bytes: &'static str) -> Answer {
    Box::new(move |stream| {
        stream.write_all(bytes.as_bytes()).unwrap();
        let _ = stream.read(&mut [0; 64]);
    })
}

/// Sends a response with a status line, headers and a body of known length.
pub(crate) fn response(status: &str, headers: &str, body: &[u8]) -> Answer {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    raw(bytes)
}

/// Answers the next request with `status` and `body`, and returns the URL to ask.
#[cfg(feature = "register-http")]
pub(crate) fn serve_once(status: &'static str, body: &[u8]) -> String {
    Server::start([response(status, "", body)]).url("/plugin.wasm")
}

/// Reads a request, whose body has a length if there is one.
fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        request.push(byte[0]);
    }
    let head = String::from_utf8(request).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    head + str::from_utf8(&body).unwrap()
}
