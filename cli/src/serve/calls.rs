//! Who may call the plug-in when: so many calls run at once, so many wait, the rest are refused.
//!
//! Invariant: whoever has a permit to run finds a plug-in in the pool, since there are no more permits
//! than plug-ins. A call whose client is gone is cancelled.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use plugsmith::{CallError, CancelHandle, CompiledPlugin, Error, Plugin, Pool, PoolBuilder};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task, time,
};

use super::{
    metrics::{Metrics, Span},
    refusal::Refusal,
};

/// How long a call waits for the plug-in whose permit it has: for an old version to be dropped at most.
const HANDOVER: Duration = Duration::from_secs(10);

/// How many calls there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Those that run at once.
    pub(super) n_instances: usize,
    /// Those that wait.
    pub(super) n_waiting: usize,
    pub(super) waiting_time: Duration,
}

/// The plug-in, and whoever calls it.
pub(super) struct Calls {
    pool: Pool,
    /// What serves now.
    compiled: Mutex<CompiledPlugin>,
    /// To wait or to run.
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    waiting_time: Duration,
    metrics: Arc<Metrics>,
}

impl Calls {
    pub(super) fn new(compiled: CompiledPlugin, limits: Limits, metrics: Arc<Metrics>) -> Self {
        let n_admitted = limits.n_instances.saturating_add(limits.n_waiting);
        let source = compiled.clone();
        Self {
            pool: PoolBuilder::new()
                .with_max_instances(limits.n_instances)
                .build(move || Plugin::new_from_compiled(&source)),
            compiled: Mutex::new(compiled),
            admitted: semaphore(n_admitted),
            running: semaphore(limits.n_instances),
            waiting_time: limits.waiting_time,
            metrics,
        }
    }

    /// Serves another version from now on. Calls that run end on the old one.
    pub(super) fn replace(&self, compiled: CompiledPlugin) {
        let source = compiled.clone();
        self.pool.replace(move || Plugin::new_from_compiled(&source));
        *self.compiled() = compiled;
    }

    /// Returns how many plug-ins exist.
    pub(super) fn n_instances(&self) -> usize {
        self.pool.count()
    }

    /// Says whether what serves now has an export of this name.
    ///
    /// # Errors
    ///
    /// The refusal that says that it has none.
    pub(super) fn require_export(&self, name: &str) -> Result<(), Refusal> {
        let found = self.compiled().function::<(), ()>(name);
        found
            .map(drop)
            .map_err(|err| err.downcast_ref().map_or_else(Refusal::internal, Refusal::from))
    }

    /// Calls an export when it is its turn.
    ///
    /// # Errors
    ///
    /// Why there is no output.
    pub(super) async fn call(
        self: &Arc<Self>,
        name: &str,
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
        let call = Arc::new(Mutex::new(Progress::Begun));
        // Dropped with this future, when the client is gone.
        let _client = Client(Arc::clone(&call));
        let (calls, owned_name) = (Arc::clone(self), name.to_owned());
        let ended = task::spawn_blocking(move || {
            let outcome = calls.run(&owned_name, &input, &call);
            calls.metrics.count_call(&owned_name, kind_of(&outcome), arrived.elapsed());
            drop(leave);
            outcome
        });
        let refusal = match ended.await {
            Ok(Ok(output)) => return Ok(output),
            Ok(Err(err)) => refusal_of(name, &err),
            Err(err) => {
                tracing::error!(function = name, error = %err, "a call panicked");
                Refusal::internal()
            }
        };
        Err(CallRefusal::Counted(refusal))
    }

    fn run(&self, name: &str, input: &[u8], call: &Mutex<Progress>) -> Result<Vec<u8>, Error> {
        let Some(mut plugin) = self.pool.get(HANDOVER)? else {
            return Err(Error::msg("no plug-in was given back in time"));
        };
        let handle = plugin.cancel_handle();
        match &mut *lock(call) {
            Progress::Abandoned => return Err(CallError::Cancelled.into()),
            progress => *progress = Progress::Running(handle.clone()),
        }
        let outcome = plugin.call::<&[u8], Vec<u8>>(name, input);
        *lock(call) = Progress::Over;
        // A cancellation that came too late must not end the next call.
        handle.clear();
        outcome
    }

    fn compiled(&self) -> MutexGuard<'_, CompiledPlugin> {
        lock(&self.compiled)
    }
}

/// Why there is no output.
#[derive(Debug)]
pub(super) enum CallRefusal {
    /// There was no call.
    Unheard(Refusal),
    /// The call failed, and was counted.
    Counted(Refusal),
}

/// What a call leaves free when it ends.
struct Leave {
    _admitted: OwnedSemaphorePermit,
    _running: OwnedSemaphorePermit,
    _span: Span,
}

/// How far a call is, between its thread and its client.
enum Progress {
    Begun,
    Running(CancelHandle),
    Over,
    /// The client is gone.
    Abandoned,
}

/// The client that waits for a call; without it, the call ends.
struct Client(Arc<Mutex<Progress>>);

impl Drop for Client {
    fn drop(&mut self) {
        let mut progress = lock(&self.0);
        match &*progress {
            Progress::Begun => *progress = Progress::Abandoned,
            // Under the lock, so before the call's thread takes back what came too late.
            Progress::Running(handle) => drop(handle.cancel()),
            Progress::Over | Progress::Abandoned => {}
        }
    }
}

/// Returns what the metrics call an outcome.
fn kind_of(outcome: &Result<Vec<u8>, Error>) -> &'static str {
    match outcome {
        Ok(_) => "ok",
        Err(err) => {
            err.downcast_ref().map_or("internal", |err: &CallError| Refusal::from(err).kind)
        }
    }
}

fn refusal_of(name: &str, err: &Error) -> Refusal {
    let refusal = err.downcast_ref().map_or_else(Refusal::internal, Refusal::from);
    if refusal.status.is_server_error() {
        tracing::warn!(function = name, error = format!("{err:#}"), "a call failed");
    }
    refusal
}

fn semaphore(n_permits: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(n_permits.min(Semaphore::MAX_PERMITS)))
}

/// Locks what no panic can leave half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
