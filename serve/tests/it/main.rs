//! The server, with functions of Rust behind it that take as long as a test says.

#![expect(clippy::unwrap_used, reason = "in a test, that is how it fails")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use plugsmith_serve::{
    Backend, CallLimits, Client, ClientLimits, Metrics, Origins, Refusal, Server,
};
use tokio::{net::TcpListener, sync::oneshot};

/// How long to wait for what is sure to come.
const LONG: Duration = Duration::from_mins(2);

/// One function, which is quick, or waits to be released, as its input says.
struct Turnstile {
    /// Says that a call waits; it is released by what is sent back, or when its client goes.
    waiting: Mutex<Sender<Sender<()>>>,
}

impl Backend for Turnstile {
    fn require(&self, _function: &str) -> Result<(), Refusal> {
        Ok(())
    }

    fn call(&self, _function: &str, input: &[u8], client: &Client) -> Result<Vec<u8>, Refusal> {
        match input {
            b"panic" => panic!("a test wants this"),
            b"wait" => {}
            _ => return Ok(input.to_vec()),
        }
        let (release, released) = mpsc::channel();
        let gone = release.clone();
        if client.on_gone(move || gone.send(()).unwrap_or_default()) {
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).send(release).unwrap();
            released.recv().unwrap();
        }
        client.end();
        Ok(b"released".to_vec())
    }

    fn n_instances(&self) -> usize {
        0
    }
}

/// A server that runs until this is dropped.
struct Running {
    address: SocketAddr,
    waiting: Receiver<Sender<()>>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Running {
    fn start(n_running: usize) -> Self {
        let (waiting, received) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let backend = Arc::new(Turnstile { waiting: Mutex::new(waiting) });
        let thread = thread::spawn(move || {
            let calls = CallLimits { n_running, n_waiting: 10, waiting_time: LONG };
            let clients = ClientLimits {
                n_connections: 100,
                time: LONG,
                body: 100,
                origins: Origins::default(),
            };
            let runtime = plugsmith_serve::start_runtime(n_running, 0).unwrap();
            let server = Server::new(&runtime, backend, Arc::<Metrics>::default(), calls, clients);
            runtime.block_on(async {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                server.serve(listener, async { drop(ended.await) }).await;
                server.finish().await;
            });
        });
        let address = told.recv().unwrap();
        Self { address, waiting: received, end: Some(end), thread: Some(thread) }
    }

    fn connect(&self) -> Connected {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        Connected(BufReader::new(stream))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(Err(panic)) = self.thread.take().map(thread::JoinHandle::join)
            && !thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

/// A client with a connection that is kept.
struct Connected(BufReader<TcpStream>);

impl Connected {
    fn send(&mut self, method: &str, path: &str, body: &str) {
        let len = body.len();
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n{body}");
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
    }

    /// Returns the status and the body of the next answer.
    fn receive(&mut self) -> (u16, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.0.read_line(&mut head).unwrap(), 0, "the server hung up: {head:?}");
        }
        let len = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; len.parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, String::from_utf8(body).unwrap())
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, String) {
        self.send(method, path, body);
        self.receive()
    }
}

#[test]
fn calls_that_are_long_for_once_hold_nobody_up() {
    // As many calls as may take up the threads that talk to clients, and one more.
    let n_running = thread::available_parallelism().unwrap().get() + 1;
    let server = Running::start(n_running);
    let mut clients: Vec<_> = (0..n_running).map(|_| server.connect()).collect();
    for round in 0..20 {
        // Short calls, so that the long ones begin on those threads.
        for client in &mut clients {
            for _ in 0..3 {
                assert_eq!(client.ask("POST", "/f", "short"), (200, "short".to_owned()), "{round}");
            }
        }
        let mut releases = Vec::new();
        for client in &mut clients {
            client.send("POST", "/f", "wait");
            releases.push(server.waiting.recv_timeout(LONG).unwrap());
            // Who was there before is heard, and so is who comes now.
            assert_eq!(server.connect().ask("GET", "/healthz", ""), (200, "ok\n".to_owned()));
        }
        for release in releases {
            release.send(()).unwrap();
        }
        for client in &mut clients {
            assert_eq!(client.receive(), (200, "released".to_owned()), "{round}");
        }
    }
}

#[test]
fn a_call_that_is_long_for_once_ends_with_its_client() {
    let server = Running::start(1);
    for _ in 0..10 {
        let mut client = server.connect();
        for _ in 0..3 {
            assert_eq!(client.ask("POST", "/f", "short"), (200, "short".to_owned()));
        }
        client.send("POST", "/f", "wait");
        let _release = server.waiting.recv_timeout(LONG).unwrap();
        drop(client);
        // There is room for one call: this one is heard because the other was cancelled.
        assert_eq!(server.connect().ask("POST", "/f", "next"), (200, "next".to_owned()));
    }
}

#[test]
fn a_panic_of_a_call_is_its_own() {
    let server = Running::start(1);
    let mut client = server.connect();
    for _ in 0..10 {
        // On a thread of its own or not.
        assert_eq!(client.ask("POST", "/f", "short"), (200, "short".to_owned()));
        let (status, body) = client.ask("POST", "/f", "panic");
        assert_eq!(status, 500, "{body}");
    }
}
