//! A web server on loopback that both sides ask, and that remembers what it was asked.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// Runs until the test program ends.
pub(crate) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that has had enough may close first.
                let _ = serve(&stream.unwrap(), address, &noted);
            }
        });
        Self { address, asked }
    }

    /// The address of a path on this server, by the name of the host.
    pub(crate) fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.address.port())
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What the server was asked since the last time: the first line, what plug-ins set, the body.
    pub(crate) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn serve(
    stream: &TcpStream,
    address: SocketAddr,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let (mut noted, mut length, mut chunked) = (vec![first.trim_end().to_owned()], 0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        let Some((name, value)) = line.split_once(':') else { break };
        let (name, value) = (name.to_ascii_lowercase(), value.trim());
        match name.as_str() {
            "content-length" => length = value.parse().unwrap(),
            "transfer-encoding" => chunked = true,
            _ if name.starts_with("x-") => noted.push(format!("{name}: {value}")),
            _ => {}
        }
    }
    let body = if chunked { read_chunks(&mut reader)? } else { read(&mut reader, length)? };
    noted.push(String::from_utf8_lossy(&body).into_owned());
    asked.lock().unwrap().push(noted.join("\n"));
    let path = first.split(' ').nth(1).unwrap_or_default();
    let mut stream = stream;
    stream.write_all(&response(path, &body, address.port()))
}

fn read(reader: &mut impl std::io::Read, len: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_chunks(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let len = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
        body.extend(read(reader, len)?);
        read(reader, 2)?;
        if len == 0 {
            return Ok(body);
        }
    }
}

/// What is under a path.
fn response(path: &str, body: &[u8], port: u16) -> Vec<u8> {
    let (status, headers, body) = match path {
        "/text" => ("200 OK", "Content-Type: text/plain\r\n".to_owned(), b"some text".to_vec()),
        "/json" => {
            ("200 OK", "Content-Type: application/json\r\n".to_owned(), b"{\"n\":[1,2]}".to_vec())
        }
        "/empty" => ("204 No Content", String::new(), Vec::new()),
        "/headers" => {
            ("200 OK", "X-One: 1\r\nX-Two: a\r\nX-Two: b\r\n".to_owned(), b"headers".to_vec())
        }
        "/echo" => ("200 OK", String::new(), body.to_vec()),
        "/large" => ("200 OK", String::new(), vec![b'x'; 100_000]),
        "/to_text" => ("302 Found", "Location: /text\r\n".to_owned(), Vec::new()),
        "/to_localhost" => {
            ("302 Found", format!("Location: http://localhost:{port}/text\r\n"), Vec::new())
        }
        "/broken" => ("500 Internal Server Error", String::new(), b"it broke".to_vec()),
        _ => ("404 Not Found", String::new(), b"nothing here".to_vec()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    [head.into_bytes(), body].concat()
}
