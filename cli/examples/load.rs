//! Asks a server as often as it answers, and says how often that was and how long the answers took.
//!
//! ```text
//! plugsmith serve plugin.wasm &
//! rustc --edition 2024 -O -o target/load cli/examples/load.rs
//! target/load 127.0.0.1:8080 /echo 16 10 64
//! ```
//!
//! The arguments: address, path, connections, seconds, bytes of each body. Each connection is kept, and has
//! one request under way. A status other than 200 ends everything.

use std::{
    env,
    error::Error,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, path, n_connections, seconds, n_bytes] = &arguments[..] else {
        return Err("expected: ADDRESS PATH CONNECTIONS SECONDS BYTES".into());
    };
    let (n_connections, n_bytes): (usize, usize) = (n_connections.parse()?, n_bytes.parse()?);
    let time = Duration::from_secs(seconds.parse()?);
    let head = format!("POST {path} HTTP/1.1\r\nHost: load\r\nContent-Length: {n_bytes}\r\n\r\n");
    let request = [head.as_bytes(), &vec![b'x'; n_bytes]].concat();
    let end = Instant::now() + time;
    let mut latencies = thread::scope(|scope| {
        let connections: Vec<_> =
            (0..n_connections).map(|_| scope.spawn(|| ask_until(end, address, &request))).collect();
        let mut latencies = Vec::new();
        for connection in connections {
            latencies.extend(connection.join().map_err(|_| "a connection panicked")??);
        }
        Ok::<_, Box<dyn Error + Send + Sync>>(latencies)
    })?;
    latencies.sort_unstable();
    let rank = |percent: usize| latencies.get(latencies.len() * percent / 100).copied();
    println!(
        "{} requests a second; p50 {:?}, p99 {:?}, longest {:?}",
        latencies.len() as u128 * 1_000 / time.as_millis(),
        rank(50).unwrap_or_default(),
        rank(99).unwrap_or_default(),
        latencies.last().copied().unwrap_or_default(),
    );
    Ok(())
}

/// Asks on one connection, and returns how long each answer took.
fn ask_until(
    end: Instant,
    address: &str,
    request: &[u8],
) -> Result<Vec<Duration>, Box<dyn Error + Send + Sync>> {
    let mut stream = BufReader::new(TcpStream::connect(address)?);
    stream.get_ref().set_nodelay(true)?;
    let mut latencies = Vec::new();
    let (mut line, mut body) = (String::new(), Vec::new());
    while Instant::now() < end {
        let asked = Instant::now();
        stream.get_mut().write_all(request)?;
        let mut n_bytes = 0;
        let mut is_first = true;
        loop {
            line.clear();
            stream.read_line(&mut line)?;
            let text = line.trim_end();
            if is_first && !text.starts_with("HTTP/1.1 200") {
                return Err(format!("the server said `{text}`").into());
            }
            is_first = false;
            if let Some(len) = text.strip_prefix("content-length: ") {
                n_bytes = len.parse()?;
            }
            if text.is_empty() {
                break;
            }
        }
        body.resize(n_bytes, 0);
        stream.read_exact(&mut body)?;
        latencies.push(asked.elapsed());
    }
    Ok(latencies)
}
