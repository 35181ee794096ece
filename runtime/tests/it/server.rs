//! A web server for one answer, on loopback.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
};

/// Answers the next request with `status` and `body`, and returns the URL to ask.
pub(crate) fn serve_once(status: &'static str, body: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/plugin.wasm", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let request = BufReader::new(stream.try_clone().unwrap());
        for line in request.lines() {
            if line.unwrap().is_empty() {
                break;
            }
        }
        let len = body.len();
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n")
            .unwrap();
        stream.write_all(&body).unwrap();
    });
    url
}
