//! One client: its requests one after the other, and how long it may take for each.

use std::{
    future, io,
    sync::Arc,
    time::{Duration, Instant},
};

use http::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    time,
};

use super::{
    Ending, Response,
    body::BodyReader,
    head::{self, BodyLen, Head},
};
use crate::{
    answer::{Route, Service},
    refusal::Refusal,
    requests,
};
/// How much is read at once.
const PIECE: usize = 16 << 10;

/// How much of the next request is kept while the client waits for an answer.
const AHEAD: usize = 64 << 10;

/// What a client may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For the head of a request, again for its body, and again for each piece of an answer.
    pub(crate) time: Duration,
    pub(crate) body_limit: usize,
}

/// How many bytes of an answer a client takes in a second at least: who takes one now and then would hold
/// its connection, and the answer, for as long as it likes.
const SLOWEST: u64 = 16 << 10;

impl Patience {
    /// Returns how long a client may take to receive so many bytes, all pieces together.
    fn time_to_send(self, len: usize) -> Duration {
        self.time.saturating_add(Duration::from_secs(len as u64 / SLOWEST))
    }
}

/// A client.
pub(crate) struct Connection {
    stream: TcpStream,
    /// What was received and not used yet.
    received: Vec<u8>,
    service: Arc<Service>,
    patience: Patience,
    /// Becomes true when the server is to end.
    ending: watch::Receiver<bool>,
}

/// Why no more requests come of a client.
enum Gone {
    /// It is not there any more, or silent.
    Silently,
    /// It is to be told why.
    With(Refusal),
}

impl Connection {
    pub(crate) fn new(
        stream: TcpStream,
        service: Arc<Service>,
        patience: Patience,
        ending: watch::Receiver<bool>,
    ) -> Self {
        Self { stream, received: Vec::new(), service, patience, ending }
    }

    /// Answers the client's requests until it goes, the server is to end, or something makes no sense.
    pub(crate) async fn run(mut self) {
        loop {
            let head = match self.read_head().await {
                Ok(head) => head,
                Err(Gone::With(refusal)) => {
                    let response = self.service.refuse(&refusal);
                    // A client that makes no sense need not get it.
                    let _ = self.send(response, Ending::Closes, true).await;
                    return self.close().await;
                }
                Err(Gone::Silently) => return,
            };
            let started = Instant::now();
            let Some((response, ending)) = self.answer(&head).await else { return };
            requests::log(&head, response.status, started.elapsed());
            let sent = self.send(response, ending, head.method != Method::HEAD).await;
            match (sent, ending) {
                (Ok(()), Ending::Keeps) => {}
                (Ok(()), Ending::Closes) => return self.close().await,
                (Err(_), _) => return,
            }
        }
    }

    /// Answers one request. Returns `None` if the client is gone.
    async fn answer(&mut self, head: &Head) -> Option<(Response, Ending)> {
        let (response, is_read) = match self.service.route(head) {
            Route::Refuse(refusal) => {
                (self.service.refuse(&refusal), head.body == BodyLen::Known(0))
            }
            route => match (self.read_body(head).await, route) {
                (Ok(input), Route::Call(name)) => {
                    let service = Arc::clone(&self.service);
                    let response = tokio::select! {
                        response = service.call(name, input) => response,
                        () = self.gone() => return None,
                    };
                    (response, true)
                }
                (Ok(_), Route::Answer(response)) => (response, true),
                (Ok(_), Route::Refuse(refusal)) | (Err(refusal), _) => {
                    (self.service.refuse(&refusal), false)
                }
            },
        };
        let response = self.service.show(response, head);
        let keeps = head.keeps_alive && is_read && !*self.ending.borrow();
        Some((response, if keeps { Ending::Keeps } else { Ending::Closes }))
    }

    /// Waits for the head of the next request.
    async fn read_head(&mut self) -> Result<Head, Gone> {
        let deadline = time::Instant::now() + self.patience.time;
        loop {
            if let Some((head, len)) = head::parse(&self.received).map_err(Gone::With)? {
                self.received.drain(..len);
                return Ok(head);
            }
            let is_idle = self.received.is_empty();
            let mut ending = self.ending.clone();
            let received = tokio::select! {
                // What has arrived is looked at first: it may be the start of a request.
                biased;
                received = time::timeout_at(deadline, self.receive()) => received,
                // A request that has begun is still answered.
                () = end(&mut ending), if is_idle => return Err(Gone::Silently),
            };
            match received {
                Ok(Ok(0) | Err(_)) => return Err(Gone::Silently),
                Ok(Ok(_)) => {}
                Err(_) if is_idle => return Err(Gone::Silently),
                Err(_) => return Err(Gone::With(Refusal::slow())),
            }
        }
    }

    async fn read_body(&mut self, head: &Head) -> Result<Vec<u8>, Refusal> {
        let mut reader = BodyReader::new(head.body, self.patience.body_limit)?;
        let deadline = time::Instant::now() + self.patience.time;
        let mut is_awaited = head.expects_continue;
        while !reader.take(&mut self.received)? {
            let receive = async {
                if is_awaited {
                    self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
                }
                self.receive().await
            };
            match time::timeout_at(deadline, receive).await {
                Ok(Ok(0) | Err(_)) => return Err(Refusal::bad_body()),
                Ok(Ok(_)) => is_awaited = false,
                Err(_) => return Err(Refusal::slow()),
            }
        }
        Ok(reader.into_bytes())
    }

    /// Receives something. Returns how many bytes, 0 if there will be no more.
    async fn receive(&mut self) -> io::Result<usize> {
        self.received.reserve(PIECE);
        self.stream.read_buf(&mut self.received).await
    }

    /// Returns when the client is gone. What it sends meanwhile is its next request.
    async fn gone(&mut self) {
        while self.received.len() < AHEAD {
            match self.receive().await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        future::pending::<()>().await;
    }

    /// Sends a response, as long as the client takes some of it now and then, and all of it in the end.
    async fn send(
        &mut self,
        response: Response,
        ending: Ending,
        with_body: bool,
    ) -> io::Result<()> {
        let bytes = response.into_bytes(ending, with_body);
        let patience = self.patience;
        let sent = async {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                match time::timeout(patience.time, self.stream.write(rest)).await?? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    n_bytes => rest = &rest[n_bytes..],
                }
            }
            Ok(())
        };
        time::timeout(patience.time_to_send(bytes.len()), sent).await?
    }

    /// Ends the connection so that the client gets the last answer: what it still sends is read for a
    /// while and thrown away, since a system that has unread bytes closes by a reset.
    async fn close(mut self) {
        let limit = self.patience.time.min(LINGER);
        let mut ending = self.ending.clone();
        let thrown_away = async {
            self.stream.shutdown().await?;
            loop {
                self.received.clear();
                if self.receive().await? == 0 {
                    return io::Result::Ok(());
                }
            }
        };
        tokio::select! {
            _ = time::timeout(limit, thrown_away) => {}
            // Nobody waits for the end of the server for it.
            () = end(&mut ending) => {}
        }
    }
}

/// Returns when the server is to end.
async fn end(ending: &mut watch::Receiver<bool>) {
    // Without a server there is nobody to say so.
    let _ = ending.wait_for(|is_ending| *is_ending).await;
}

/// How long a client that is refused may go on sending.
const LINGER: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_answers_have_more_time_but_not_all_the_time() {
        let patience = Patience { time: Duration::from_secs(10), body_limit: 0 };
        for (len, seconds) in [(0, 10), (16_383, 10), (16_384, 11), (1 << 30, 65_546)] {
            assert_eq!(patience.time_to_send(len), Duration::from_secs(seconds), "{len}");
        }
    }
}
