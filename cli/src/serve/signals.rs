//! What the system tells the server.

#[cfg(unix)]
use tokio::signal::unix;

use crate::{exit::Exit, failure::Failure};

/// What the system tells the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// Look for a new version.
    Reload,
    End,
}

impl Signals {
    /// Waits for the signal to end. What it hears before that is to look for a new version, and `reload`'s
    /// to do.
    pub(super) async fn end(&mut self, reload: impl Fn()) {
        while self.next().await == Signal::Reload {
            reload();
        }
    }
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
}
