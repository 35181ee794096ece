//! Who may call when: so many calls run at once, so many wait, the rest are refused.
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
    refusal::Refusal,
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
    ) -> Self {
        Self {
            backend,
            admitted: semaphore(limits.n_running.saturating_add(limits.n_waiting)),
            running: semaphore(limits.n_running),
            waiting_time: limits.waiting_time,
            metrics,
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
    ) -> Result<Vec<u8>, CallRefusal> {
        let Ok(admitted) = Arc::clone(&self.admitted).try_acquire_owned() else {
            return Err(CallRefusal::Unheard(Refusal::queue_full()));
        };
        let arrived = Instant::now();
        let waiting = self.metrics.waiting();
        let running = Arc::clone(&self.running).acquire_owned();
        let running = time::timeout(self.waiting_time, running).await;
        drop(waiting);
        let Ok(Ok(running)) = running else {
            return Err(CallRefusal::Unheard(Refusal::waited()));
        };
        let leave = Leave { _admitted: admitted, _running: running, _span: self.metrics.running() };
        // The client's side is dropped with this future, when the client is gone.
        let (client, _waiting) = backend::begin();
        let (backend, metrics) = (Arc::clone(&self.backend), Arc::clone(&self.metrics));
        let ended = task::spawn_blocking(move || {
            let outcome = backend.call(&function, &input, &client);
            let kind = outcome.as_ref().map_or_else(|refusal| refusal.kind, |_| "ok");
            metrics.count_call(&function, kind, arrived.elapsed());
            drop(leave);
            outcome
        });
        let outcome = ended.await.unwrap_or_else(|err| {
            tracing::error!(error = %err, "a call panicked");
            Err(Refusal::internal())
        });
        outcome.map_err(CallRefusal::Counted)
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
