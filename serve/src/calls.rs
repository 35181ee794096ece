//! Who may call when, and on which thread: so many calls run at once, so many wait, the rest are refused.
//!
//! Handing a call to another thread, and its output back, costs many times what a short call does. So a
//! function whose last call was short is called on a thread that talks to clients; the others are called on
//! threads of their own. What takes long after all holds nobody up: see `watchman.rs`.
//!
//! A call whose client is gone is cancelled, if its backend can do that.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task, time,
};

use crate::{
    backend::{self, Backend},
    metrics::{Metrics, Span},
    output::Output,
    refusal::Refusal,
    short_functions::ShortFunctions,
    watchman::Watchman,
};

/// How many calls there may be.
#[derive(Debug, Clone, Copy)]
pub struct CallLimits {
    /// Those that run at once.
    pub n_running: usize,
    /// Those that wait.
    pub n_waiting: usize,
    /// How long they wait.
    pub waiting_time: Duration,
}

/// Whoever calls.
pub(crate) struct Calls {
    backend: Arc<dyn Backend>,
    /// To wait or to run.
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    waiting_time: Duration,
    metrics: Arc<Metrics>,
    short: Arc<ShortFunctions>,
    /// Of calls on threads that talk to clients; without it there are none.
    watchman: Option<Watchman>,
}

/// Why there is no output.
#[derive(Debug)]
pub(crate) enum CallRefusal {
    /// There was no call.
    Unheard(Refusal),
    /// The call failed, and was counted.
    Counted(Refusal),
}

impl Calls {
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        limits: CallLimits,
        metrics: Arc<Metrics>,
        watchman: Option<Watchman>,
    ) -> Self {
        Self {
            backend,
            admitted: semaphore(limits.n_running.saturating_add(limits.n_waiting)),
            running: semaphore(limits.n_running),
            waiting_time: limits.waiting_time,
            metrics,
            short: Arc::default(),
            watchman,
        }
    }

    /// Returns how many instances exist.
    pub(crate) fn n_instances(&self) -> usize {
        self.backend.n_instances()
    }

    /// Says whether there is a function of this name.
    ///
    /// # Errors
    ///
    /// The refusal that says that there is none.
    pub(crate) fn require(&self, function: &str) -> Result<(), Refusal> {
        self.backend.require(function)
    }

    /// Calls a function when it is its turn.
    ///
    /// # Errors
    ///
    /// Why there is no output.
    pub(crate) async fn call(
        &self,
        function: String,
        input: Vec<u8>,
    ) -> Result<Output, CallRefusal> {
        let Ok(admitted) = Arc::clone(&self.admitted).try_acquire_owned() else {
            return Err(CallRefusal::Unheard(Refusal::queue_full()));
        };
        let arrived = Instant::now();
        let Some(running) = self.wait_for_turn().await else {
            return Err(CallRefusal::Unheard(Refusal::waited()));
        };
        let leave = Leave { _admitted: admitted, _running: running, _span: self.metrics.running() };
        // The client's side is dropped with this future, when the client is gone.
        let (client, _waiting) = backend::begin();
        let (backend, metrics) = (Arc::clone(&self.backend), Arc::clone(&self.metrics));
        let short = Arc::clone(&self.short);
        let watchman = self.watchman.as_ref().filter(|_| short.contains(&function));
        let watched = watchman.and_then(Watchman::watch);
        let run = move || {
            let begun = Instant::now();
            let outcome = backend.call(&function, &input, &client).map(Output::of);
            let ended = Instant::now();
            short.note(&function, ended - begun);
            let kind = outcome.as_ref().map_or_else(|refusal| refusal.kind, |_| "ok");
            metrics.count_call(&function, kind, ended - arrived);
            drop(leave);
            outcome
        };
        let ended = match watched {
            // A task of its own: this one looks whether the client is still there.
            Some(watched) => task::spawn(async move {
                let outcome = run();
                drop(watched);
                outcome
            }),
            None => task::spawn_blocking(run),
        };
        let outcome = ended.await.unwrap_or_else(|err| {
            tracing::error!(error = %err, "a call panicked");
            Err(Refusal::internal())
        });
        outcome.map_err(CallRefusal::Counted)
    }

    /// Waits until there is room for a call to run. Returns `None` if that takes too long.
    async fn wait_for_turn(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(running) = Arc::clone(&self.running).try_acquire_owned() {
            return Some(running);
        }
        let _waiting = self.metrics.waiting();
        let running = Arc::clone(&self.running).acquire_owned();
        // The semaphore is never closed.
        time::timeout(self.waiting_time, running).await.ok()?.ok()
    }
}

/// What a call leaves free when it ends.
struct Leave {
    _admitted: OwnedSemaphorePermit,
    _running: OwnedSemaphorePermit,
    _span: Span,
}

fn semaphore(n_permits: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(n_permits.min(Semaphore::MAX_PERMITS)))
}
