//! Clients that ask a server as often as it answers.
//!
//! One thread has all of them, so that little of the machine is taken from the server.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime,
    task::JoinSet,
};

use super::{N_CONNECTIONS, Question, Turn};

/// Asks a server, on connections that are kept, each with one request under way.
///
/// # Errors
///
/// If one request is not answered, or not as it should be.
pub(super) fn ask(address: SocketAddr, question: Question, time: Duration) -> Result<Turn> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let started = Instant::now();
        let end = started + time;
        let mut clients = JoinSet::new();
        for _ in 0..N_CONNECTIONS {
            clients.spawn(ask_until(address, question, end));
        }
        let mut latencies = Vec::new();
        while let Some(ended) = clients.join_next().await {
            latencies.extend(ended.context("a client panicked")??);
        }
        Turn::of(latencies, started.elapsed())
    })
}

/// Asks on one connection, and returns how long each answer took.
async fn ask_until(address: SocketAddr, question: Question, end: Instant) -> Result<Vec<Duration>> {
    let Question { function, input, output, .. } = question;
    let request = format!(
        "POST /{function} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{input}",
        input.len()
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut latencies, mut received) = (Vec::new(), Vec::new());
    while Instant::now() < end {
        let asked = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        received.clear();
        let body = loop {
            let n_bytes = stream.read_buf(&mut received).await?;
            ensure!(n_bytes != 0, "the server hung up");
            if let Some(body) = body_of(&received)? {
                break body;
            }
        };
        latencies.push(asked.elapsed());
        ensure!(body == output.as_bytes(), "the answer was `{}`", String::from_utf8_lossy(body));
    }
    Ok(latencies)
}

/// Returns the body of an answer, if all of it has come.
fn body_of(received: &[u8]) -> Result<Option<&[u8]>> {
    let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = str::from_utf8(&received[..end]).context("a head that is no text")?;
    ensure!(head.starts_with("HTTP/1.1 200 "), "the server said `{head}`");
    let len = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let len: usize = len.context("an answer without a length")?.parse()?;
    Ok(Some(&received[end + 4..]).filter(|body| body.len() == len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx: y\r\n\r\nabc";
        for n_bytes in 0..answer.len() {
            assert_eq!(body_of(&answer[..n_bytes]).expect("it is the start of one"), None);
        }
        assert_eq!(body_of(answer).expect("it is one"), Some(b"abc".as_slice()));
        for refused in ["HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
            body_of(refused.as_bytes()).expect_err(refused);
        }
    }
}
