//! A server on this machine that answers right, or dies while it answers, as the path says.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use anyhow::Result;

/// Below what `/large` answers with, this refuses it.
pub(crate) const ANSWER_LIMIT: u64 = 64 * 1024;

/// Whoever sends nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Starts the server, which lasts as long as the process, and returns its address.
///
/// # Errors
///
/// If the system gives no port or no thread.
pub(crate) fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("server".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that went away is no matter of ours.
            let _ = serve(stream);
        }
    })?;
    Ok(address)
}

fn serve(stream: TcpStream) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut len = 0;
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            len = value.trim().parse()?;
        }
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body)?;
    let mut stream = reader.into_inner();
    let head =
        |len| format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n");
    match path.as_str() {
        "/dies" => write!(stream, "{}half of", head(1000))?,
        "/garbage" => stream.write_all(b"\x00\xffno answer at all\r\n\r\n")?,
        "/large" => {
            stream.write_all(head(4 * ANSWER_LIMIT).as_bytes())?;
            stream.write_all(&vec![b'x'; 4 << 16])?;
        }
        _ => write!(stream, "{}{path}", head(path.len() as u64))?,
    }
    Ok(())
}
