//! The server: a few threads that accept connections on loopback, till it is stopped.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use serde_json::json;

use crate::{http::Client, service::Service};

/// How many requests are answered at once; others wait in the system's queue.
const N_WORKERS: usize = 4;

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stopping: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// If the system gives no port or no threads.
    pub(crate) fn start(service: Service) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stopping = Arc::new(AtomicBool::new(false));
        let shared = Arc::new((listener, service));
        let mut server = Self { address, stopping, workers: Vec::new() };
        for idx in 0..N_WORKERS {
            let (shared, stopping) = (Arc::clone(&shared), Arc::clone(&server.stopping));
            let worker = thread::Builder::new().name(format!("webhooks {idx}"));
            server.workers.push(worker.spawn(move || work(&shared.0, &shared.1, &stopping))?);
        }
        Ok(server)
    }

    /// Stops: requests under way are answered, and no thread is left.
    pub(crate) fn stop(self) {
        self.stopping.store(true, Ordering::SeqCst);
        for _ in &self.workers {
            // Whoever waits for a connection gets one, and finds that it is over.
            let _ = TcpStream::connect(self.address);
        }
        for worker in self.workers {
            // A worker that panicked has said so already.
            let _ = worker.join();
        }
    }
}

fn work(listener: &TcpListener, service: &Service, stopping: &AtomicBool) {
    loop {
        let connection = listener.accept();
        if stopping.load(Ordering::SeqCst) {
            return;
        }
        if let Ok((stream, _)) = connection {
            // A client that is gone needs no answer.
            let _ = serve(Client::new(stream), service);
        }
    }
}

fn serve(mut client: Client, service: &Service) -> io::Result<()> {
    match client.read_request() {
        Ok(request) => {
            let (status, body) = service.answer(&request);
            client.answer(status, &body.to_string())
        }
        Err(err) => client.answer(err.status(), &json!({ "error": err.to_string() }).to_string()),
    }
}
