//! Waits for what the system interface does in the background, on the thread of the call.
//!
//! The interface is written as futures that sleep and open files with the help of tokio. The usual
//! way to wait for one, `block_on`, panics on a thread that already runs inside a tokio runtime,
//! keeps no time limit and hears no cancellation. So futures are polled here: timers and blocking
//! file operations live on a runtime of our own, started at the first need, and the calling thread
//! sleeps until it is woken, its deadline passes, or it is time to look for a cancellation again.
//!
//! Invariant: no future is polled within the budget of the host's own tokio task, whose exhaustion
//! would make it wait for ever.

use std::{
    io,
    pin::pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use tokio::{
    runtime::{Builder, Runtime},
    task::unconstrained,
};

use crate::{deadline::Deadline, host::HostError};

/// How often a waiting call looks for a cancellation.
const CANCELLATION_PERIOD: Duration = Duration::from_millis(10);

static BACKGROUND: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("plugsmith-wasi")
        .enable_time()
        .build()
});

/// Runs `future` to its end.
///
/// # Errors
///
/// The interruption that ends the call, as soon as it comes; [`HostError::NoThread`].
pub(super) fn wait<F: Future>(future: F, deadline: &mut Deadline) -> wasmtime::Result<F::Output> {
    let background = BACKGROUND.as_ref().map_err(|_| HostError::NoThread)?;
    let _entered = background.enter();
    let waker = Waker::from(Arc::new(Sleeper(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(unconstrained(future));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Ok(output);
        }
        deadline.check()?;
        let left = deadline.remaining().unwrap_or(CANCELLATION_PERIOD);
        thread::park_timeout(left.min(CANCELLATION_PERIOD));
    }
}

/// Wakes the thread that waits.
struct Sleeper(Thread);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::future;

    use super::*;
    use crate::deadline::{CancelFlag, Checks, Interruption};

    fn armed(limit: Option<Duration>) -> (Deadline, Arc<CancelFlag>) {
        let cancel = Arc::new(CancelFlag::default());
        let mut deadline = Deadline::new(limit, Checks::Epochs, Arc::clone(&cancel));
        deadline.arm().unwrap();
        (deadline, cancel)
    }

    fn interruption(result: wasmtime::Result<()>) -> Interruption {
        result.unwrap_err().downcast().unwrap()
    }

    #[test]
    fn waiting_ends_at_the_deadline() {
        let limit = Duration::from_millis(20);
        let (mut deadline, _) = armed(Some(limit));
        let ended = interruption(wait(future::pending(), &mut deadline));
        assert_eq!(ended, Interruption::TimedOut { limit });
    }

    #[test]
    fn waiting_ends_by_a_cancellation() {
        let (mut deadline, cancel) = armed(None);
        cancel.raise();
        let ended = interruption(wait(future::pending(), &mut deadline));
        assert_eq!(ended, Interruption::Cancelled);
    }

    #[test]
    fn work_of_other_threads_is_waited_for_inside_a_task_whose_budget_is_spent() {
        let host = Builder::new_current_thread().build().unwrap();
        let n_done = host.block_on(async {
            let (mut deadline, _) = armed(None);
            (0..1000)
                .map(|_| wait(async { tokio::task::spawn_blocking(|| 1).await }, &mut deadline))
                .map(|done| done.unwrap().unwrap())
                .sum::<u32>()
        });
        assert_eq!(n_done, 1000);
    }
}
