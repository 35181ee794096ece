//! What is served: a pool of plug-ins, whose version may change between calls.
//!
//! Invariant: whoever may run finds a plug-in in the pool, since there are no more calls at once than
//! plug-ins.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;
use plugsmith::{CallError, CompiledPlugin, Error, Plugin, Pool, PoolBuilder};
use plugsmith_serve::{Backend, Client, Refusal};

/// How long a call waits for a plug-in: for an old version to be dropped at most.
const HANDOVER: Duration = Duration::from_secs(10);

/// The plug-in, as often as calls run at once.
pub(super) struct Plugins {
    pool: Pool,
    /// What serves now.
    compiled: Mutex<CompiledPlugin>,
}

impl Plugins {
    pub(super) fn new(compiled: CompiledPlugin, n_instances: usize) -> Self {
        let source = compiled.clone();
        let pool = PoolBuilder::new()
            .with_max_instances(n_instances)
            .build(move || Plugin::new_from_compiled(&source));
        Self { pool, compiled: Mutex::new(compiled) }
    }

    /// Serves another version from now on. Calls that run end on the old one.
    pub(super) fn replace(&self, compiled: CompiledPlugin) {
        let source = compiled.clone();
        self.pool.replace(move || Plugin::new_from_compiled(&source));
        *self.compiled() = compiled;
    }

    fn compiled(&self) -> MutexGuard<'_, CompiledPlugin> {
        // No panic can leave it half done.
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, function: &str, input: &[u8], client: &Client) -> Result<Vec<u8>, Error> {
        let Some(mut plugin) = self.pool.get(HANDOVER)? else {
            return Err(Error::msg("no plug-in was given back in time"));
        };
        let handle = plugin.cancel_handle();
        let canceller = handle.clone();
        if !client.on_gone(move || drop(canceller.cancel())) {
            return Err(CallError::Cancelled.into());
        }
        let outcome = plugin.call::<&[u8], Vec<u8>>(function, input);
        client.end();
        // A cancellation that came too late must not end the next call.
        handle.clear();
        outcome
    }
}

impl Backend for Plugins {
    fn require(&self, function: &str) -> Result<(), Refusal> {
        let found = self.compiled().function::<(), ()>(function);
        found.map(drop).map_err(|err| refusal(&err))
    }

    fn call(&self, function: &str, input: &[u8], client: &Client) -> Result<Vec<u8>, Refusal> {
        self.run(function, input, client).map_err(|err| {
            let refusal = refusal(&err);
            if refusal.is_servers_fault() {
                tracing::warn!(function, error = format!("{err:#}"), "a call failed");
            }
            refusal
        })
    }

    fn n_instances(&self) -> usize {
        self.pool.count()
    }
}

/// Returns what the client is told.
fn refusal(err: &Error) -> Refusal {
    let Some(err) = err.downcast_ref::<CallError>() else { return Refusal::internal() };
    let (status, kind) = match err {
        CallError::NoExport { .. } | CallError::ExportType { .. } => {
            (StatusCode::NOT_FOUND, "no_export")
        }
        CallError::InputTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        CallError::TimedOut { .. } => (StatusCode::GATEWAY_TIMEOUT, "time_limit"),
        CallError::Cancelled => (StatusCode::SERVICE_UNAVAILABLE, "cancelled"),
        CallError::Guest { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "guest"),
        CallError::Status { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "status"),
        CallError::Trap { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "trap"),
        CallError::Exit { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "exit"),
        CallError::Host { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "host_function"),
        CallError::MemoryLimit { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "memory_limit"),
        _ => return Refusal::internal(),
    };
    Refusal::new(status, kind, err.to_string())
}
