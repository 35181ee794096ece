//! Connections: how many there are, how slow their clients may be, and how they end.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

#[cfg(unix)]
use tokio::signal::unix;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time,
};

use super::{
    answer::Service,
    http::connection::{Connection, Patience},
    reloads::Reloads,
};
use crate::{exit::Exit, failure::Failure};

/// How long the server waits after a connection could not be accepted: until some file is closed.
const PAUSE: Duration = Duration::from_millis(20);

/// What clients may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) n_connections: u32,
    pub(super) patience: Patience,
    /// From being told to end to the last answer.
    pub(super) grace: Duration,
}

/// Starts to listen.
///
/// # Errors
///
/// If the address is not to be had.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|err| {
        let help = match err.kind() {
            io::ErrorKind::AddrInUse => "name another port with `--port`; 0 is any that is free",
            io::ErrorKind::PermissionDenied => "ports below 1024 are the system's",
            _ => "`--listen` takes an address of this machine",
        };
        let message = format!("cannot listen on {address}");
        Failure::new(Exit::Input, message).with_help(help).with_cause(err)
    })
}

/// Returns where a listener is.
///
/// # Errors
///
/// If the system does not know.
pub(super) fn address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    let address = listener.local_addr();
    address.map_err(|err| Failure::new(Exit::Input, "the server has no address").with_cause(err))
}

/// Answers requests until a signal says to end, and then those that were begun.
pub(super) async fn serve(
    listener: TcpListener,
    service: Service,
    mut signals: Signals,
    reloads: &Reloads,
    limits: Limits,
) -> Exit {
    let service = Arc::new(service);
    let connections = Connections::new(Arc::clone(&service), limits);
    accept(listener, &connections, &mut signals, reloads).await;
    service.end();
    connections.ending.send_replace(true);
    tracing::info!(grace = ?limits.grace, "ending: requests that were begun are answered");
    tokio::select! {
        () = connections.end() => {
            tracing::info!("ended");
            Exit::Success
        }
        () = time::sleep(limits.grace) => {
            tracing::warn!("ended before all requests were answered");
            Exit::Time
        }
        () = signals.end() => {
            tracing::warn!("ended at once, before all requests were answered");
            Exit::Time
        }
    }
}

/// Accepts connections until a signal says to end, and then no more: the listener is closed.
async fn accept(
    listener: TcpListener,
    connections: &Connections,
    signals: &mut Signals,
    reloads: &Reloads,
) {
    let mut accepting = pin!(connections.accept(&listener));
    loop {
        let signal = tokio::select! {
            () = &mut accepting => return,
            signal = signals.next() => signal,
        };
        match signal {
            Signal::Reload => reloads.ask(),
            Signal::End => return,
        }
    }
}

/// The clients.
struct Connections {
    service: Arc<Service>,
    limits: Limits,
    /// What is left of those that may be connected.
    room: Arc<Semaphore>,
    /// Whether they are to go.
    ending: watch::Sender<bool>,
}

impl Connections {
    fn new(service: Arc<Service>, limits: Limits) -> Self {
        let n_connections = usize::try_from(limits.n_connections).unwrap_or(usize::MAX);
        let room = Arc::new(Semaphore::new(n_connections));
        Self { service, limits, room, ending: watch::Sender::new(false) }
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
        let connection = Connection::new(stream, service, self.limits.patience, ending);
        tokio::spawn(async move {
            connection.run().await;
            drop(room);
        });
    }

    /// Returns when all are gone.
    async fn end(&self) {
        // The semaphore is never closed.
        let _ = self.room.acquire_many(self.limits.n_connections).await;
    }
}

/// What the system tells the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// Look for a new version.
    Reload,
    End,
}

/// The signals that the server listens to.
#[cfg(unix)]
pub(super) struct Signals {
    hangup: unix::Signal,
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listens to signals from here on.
    ///
    /// # Errors
    ///
    /// If the system does not tell.
    pub(super) fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            let failed = |err| Failure::new(Exit::Input, "no signal can be heard").with_cause(err);
            unix::signal(kind).map_err(failed)
        };
        Ok(Self {
            hangup: listen(unix::SignalKind::hangup())?,
            interrupt: listen(unix::SignalKind::interrupt())?,
            terminate: listen(unix::SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.hangup.recv() => Signal::Reload,
            _ = self.interrupt.recv() => Signal::End,
            _ = self.terminate.recv() => Signal::End,
        }
    }

    async fn end(&mut self) {
        while self.next().await != Signal::End {}
    }
}

/// The signals that the server listens to.
#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Listens to Ctrl-C.
    ///
    /// # Errors
    ///
    /// None: it is asked for each time.
    pub(super) fn new() -> Result<Self, Failure> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        // Where nothing can be heard, the server ends by being killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::End
    }

    async fn end(&mut self) {
        self.next().await;
    }
}
