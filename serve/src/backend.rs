//! What is served: something with functions that have names, each of which makes bytes of bytes.
//!
//! Invariant: what a call said that cancels it is used only while that call runs.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::refusal::Refusal;

/// What answers calls, from several threads at once.
pub trait Backend: Send + Sync + 'static {
    /// Says whether there is a function of this name.
    ///
    /// # Errors
    ///
    /// What the client is told if there is none.
    fn require(&self, function: &str) -> Result<(), Refusal>;

    /// Calls a function, on a thread that may be blocked by it. What takes long should tell `client` how to
    /// cancel it.
    ///
    /// # Errors
    ///
    /// What the client is told.
    fn call(&self, function: &str, input: &[u8], client: &Client) -> Result<Vec<u8>, Refusal>;

    /// Returns how many instances exist, for the metrics.
    fn n_instances(&self) -> usize;
}

/// The client that waits for a call, as the call sees it.
pub struct Client(Arc<Mutex<Progress>>);

/// The same as the connection sees it: without it, the call ends.
pub(crate) struct Waiting(Arc<Mutex<Progress>>);

/// How far a call is, between its thread and its client.
enum Progress {
    Begun,
    Running(Box<dyn FnOnce() + Send>),
    Over,
    /// The client is gone.
    Abandoned,
}

/// Makes the two sides of a call that has begun.
pub(crate) fn begin() -> (Client, Waiting) {
    let progress = Arc::new(Mutex::new(Progress::Begun));
    (Client(Arc::clone(&progress)), Waiting(progress))
}

impl Client {
    /// Says how to cancel the call, should the client go. Returns false if it is gone, and the call is not to
    /// begin.
    #[must_use]
    pub fn on_gone(&self, cancel: impl FnOnce() + Send + 'static) -> bool {
        let mut progress = lock(&self.0);
        if matches!(*progress, Progress::Abandoned) {
            return false;
        }
        *progress = Progress::Running(Box::new(cancel));
        true
    }

    /// Says that the call is over. It is not cancelled after this has returned.
    pub fn end(&self) {
        *lock(&self.0) = Progress::Over;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut progress = lock(&self.0);
        // Under the lock, so before the call's thread says that it is over.
        if let Progress::Running(cancel) = mem::replace(&mut *progress, Progress::Abandoned) {
            cancel();
        }
    }
}

/// Locks what no panic can leave half done.
fn lock(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Returns whether the call was told to begin, and how often it was cancelled.
    fn check(steps: impl FnOnce(Client, Waiting, &dyn Fn(&Client) -> bool) -> bool) -> (bool, u32) {
        let n_cancelled = Arc::new(AtomicU32::new(0));
        let (client, waiting) = begin();
        let say = |client: &Client| {
            let n_cancelled = Arc::clone(&n_cancelled);
            client.on_gone(move || {
                n_cancelled.fetch_add(1, Ordering::Relaxed);
            })
        };
        let began = steps(client, waiting, &say);
        (began, n_cancelled.load(Ordering::Relaxed))
    }

    #[test]
    fn a_call_is_cancelled_only_while_it_runs() {
        let early = check(|client, waiting, say| {
            drop(waiting);
            say(&client)
        });
        assert_eq!(early, (false, 0));
        let meanwhile = check(|client, waiting, say| {
            let began = say(&client);
            drop(waiting);
            began
        });
        assert_eq!(meanwhile, (true, 1));
        let late = check(|client, waiting, say| {
            let began = say(&client);
            client.end();
            drop(waiting);
            began
        });
        assert_eq!(late, (true, 0));
    }
}
