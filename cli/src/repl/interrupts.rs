//! Ctrl-C while a call runs: it ends the call, and not the session.
//!
//! While a line is typed, the terminal hands Ctrl-C on as a key; at all other times nothing happens.

use std::{
    future, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use plugsmith::CancelHandle;
use tokio::{runtime, signal};

/// What Ctrl-C ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupts {
    running: Arc<Mutex<Option<CancelHandle>>>,
}

impl Interrupts {
    /// Listens from here on, for as long as the process lives.
    ///
    /// # Errors
    ///
    /// If the system does not tell.
    pub(super) fn listen() -> io::Result<Self> {
        let interrupts = Self::default();
        let of_thread = interrupts.clone();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        // Who has listened once is told from then on, and not ended.
        runtime.block_on(async {
            tokio::select! {
                biased;
                _ = signal::ctrl_c() => {}
                () = future::ready(()) => {}
            }
        });
        thread::Builder::new().spawn(move || {
            runtime.block_on(async {
                while signal::ctrl_c().await.is_ok() {
                    of_thread.cancel();
                }
            });
        })?;
        Ok(interrupts)
    }

    /// Makes a call that Ctrl-C ends.
    pub(super) fn during<T>(&self, handle: CancelHandle, call: impl FnOnce() -> T) -> T {
        *self.running() = Some(handle);
        let outcome = call();
        if let Some(handle) = self.running().take() {
            // A key that came too late must not end the next call.
            handle.clear();
        }
        outcome
    }

    fn cancel(&self) {
        if let Some(handle) = &*self.running() {
            // A call that cannot be ended has ended.
            let _ = handle.cancel();
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<CancelHandle>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
