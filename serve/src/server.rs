//! Connections: how many there are, how slow their clients may be, and how they end; and the threads that
//! talk to clients.

use std::{io, pin::pin, sync::Arc, thread, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{self, Handle, Runtime},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time,
};

use crate::{
    answer::Service,
    backend::Backend,
    calls::{CallLimits, Calls},
    http::connection::{Connection, Patience},
    metrics::Metrics,
    origins::Origins,
    watchman::Watchman,
};

/// How long the server waits after a connection could not be accepted: until some file is closed.
const PAUSE: Duration = Duration::from_millis(20);

/// What clients may take.
#[derive(Debug, Clone)]
pub struct ClientLimits {
    /// How many may be connected at once; more wait until one leaves.
    pub n_connections: u32,
    /// For the head of a request, again for its body, and again for each piece of an answer.
    pub time: Duration,
    /// The most bytes of a request's body.
    pub body: usize,
    /// The origins of web pages that may call.
    pub origins: Origins,
}

/// A server, and its clients.
pub struct Server {
    service: Arc<Service>,
    limits: ClientLimits,
    /// What is left of those that may be connected.
    room: Arc<Semaphore>,
    /// Whether they are to go.
    ending: watch::Sender<bool>,
}

impl Server {
    /// Makes a server that calls `backend`, counts in `metrics`, and serves on `runtime`, which must be one
    /// that [`start_runtime`] made.
    pub fn new(
        runtime: &Runtime,
        backend: Arc<dyn Backend>,
        metrics: Arc<Metrics>,
        calls: CallLimits,
        clients: ClientLimits,
    ) -> Self {
        let calls =
            Calls::new(backend, calls, Arc::clone(&metrics), start_watchman(runtime.handle()));
        let n_connections = usize::try_from(clients.n_connections).unwrap_or(usize::MAX);
        Self {
            service: Arc::new(Service::new(calls, metrics, clients.origins.clone())),
            limits: clients,
            room: Arc::new(Semaphore::new(n_connections)),
            ending: watch::Sender::new(false),
        }
    }

    /// Answers requests until `until` is over. The listener is closed then, and clients without a request
    /// under way are sent away.
    pub async fn serve(&self, listener: TcpListener, until: impl Future<Output = ()>) {
        let (until, accepting) = (pin!(until), pin!(self.accept(&listener)));
        tokio::select! {
            () = accepting => {}
            () = until => {}
        }
        self.service.end();
        self.ending.send_replace(true);
    }

    /// Returns when all requests that were begun are answered, and all clients gone.
    pub async fn finish(&self) {
        // The semaphore is never closed.
        let _ = self.room.acquire_many(self.limits.n_connections).await;
    }

    /// Accepts connections as long as it is asked.
    async fn accept(&self, listener: &TcpListener) {
        // The semaphore is never closed.
        while let Ok(room) = Arc::clone(&self.room).acquire_owned().await {
            match listener.accept().await {
                Ok((stream, _)) => self.start(stream, room),
                Err(err) => {
                    tracing::warn!(error = %err, "cannot accept a connection");
                    time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Answers a client's requests, in a task of its own.
    fn start(&self, stream: TcpStream, room: OwnedSemaphorePermit) {
        // Answers are short, and clients wait for them.
        let _ = stream.set_nodelay(true);
        let (service, ending) = (Arc::clone(&self.service), self.ending.subscribe());
        let patience = Patience { time: self.limits.time, body_limit: self.limits.body };
        let connection = Connection::new(stream, service, patience, ending);
        tokio::spawn(async move {
            connection.run().await;
            drop(room);
        });
    }
}

/// How many of the threads that talk to clients may be taken up by calls at once: as many as the machine
/// runs at once.
fn n_places() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Starts who watches calls on the threads of a runtime. Without, all calls have threads of their own.
fn start_watchman(runtime: &Handle) -> Option<Watchman> {
    let runtime = runtime.clone();
    // To have a thread do nothing is to wake one.
    let watchman = Watchman::start(n_places(), move || drop(runtime.spawn(async {})));
    watchman.inspect_err(|err| tracing::warn!(error = %err, "calls cannot be watched")).ok()
}

/// Starts the threads that talk to clients, one more than may be taken up by calls; and room for threads
/// that call, of which `n_running` may at once, and for `n_others` that the program has blocked.
///
/// # Errors
///
/// If the system gives no threads.
pub fn start_runtime(n_running: usize, n_others: usize) -> io::Result<Runtime> {
    runtime::Builder::new_multi_thread()
        .worker_threads(n_places() + 1)
        .max_blocking_threads(n_running.saturating_add(n_others))
        .enable_all()
        .build()
}
