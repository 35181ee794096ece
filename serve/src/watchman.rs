//! A thread that sees to it that somebody listens while calls run on the threads that talk to clients.
//!
//! Of those threads one waits for all clients, and the others sleep until there is something to do. If a
//! call on the one that waited takes long, nobody listens, until something wakes another. That is what the
//! watchman does, once for each time that calls run and none of them has begun or ended for a while.
//!
//! Invariant: no more calls are watched than there are places, which must be fewer than threads. The
//! watchman sleeps while there is nothing to watch, and ends with its [`Watchman`].

use std::{
    io, mem,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, Thread},
    time::Duration,
};

/// How long nobody may listen, about.
const ROUND: Duration = Duration::from_millis(1);

/// For how many rounds the watchman stays awake with nothing to watch: going to sleep and being woken costs
/// more than a short call.
const N_IDLE_ROUNDS: u32 = 100;

/// Who watches.
pub(crate) struct Watchman {
    log: Arc<Log>,
    thread: Thread,
    n_places: u64,
}

/// A call that is watched, until this is dropped.
pub(crate) struct Watched(Arc<Log>);

/// What the watchman and the calls tell each other.
#[derive(Debug, Default)]
struct Log {
    n_begun: AtomicU64,
    n_ended: AtomicU64,
    /// Whether the watchman has to be woken.
    is_asleep: AtomicBool,
    is_over: AtomicBool,
}

/// How many calls have begun and ended so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counts {
    n_begun: u64,
    n_ended: u64,
}

/// What the watchman remembers from round to round.
#[derive(Debug, Default)]
struct Rounds {
    last: Counts,
    /// When somebody was last woken.
    woken: Counts,
    n_idle: u32,
}

/// What is to be done in a round.
#[derive(Debug, PartialEq, Eq)]
enum Order {
    Watch,
    Wake,
    Sleep,
}

impl Watchman {
    /// Starts to watch up to `n_places` calls; `wake` is to wake a thread that sleeps.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(crate) fn start(n_places: usize, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let log = Arc::new(Log::default());
        let watched = Arc::clone(&log);
        let watch = move || watch(&watched, &wake);
        let thread = thread::Builder::new().name("watchman".to_owned()).spawn(watch)?;
        let n_places = n_places as u64;
        Ok(Self { log, thread: thread.thread().clone(), n_places })
    }

    /// Has a call watched, from now on. Returns `None` if all places are taken.
    pub(crate) fn watch(&self) -> Option<Watched> {
        // What has ended meanwhile makes the number too large, never too small.
        let n_ended = self.log.n_ended.load(Ordering::SeqCst);
        let take = |n_begun: u64| (n_begun - n_ended < self.n_places).then_some(n_begun + 1);
        self.log.n_begun.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).ok()?;
        // Either this sees that the watchman sleeps, or the watchman saw the call before it slept.
        let is_asleep = &self.log.is_asleep;
        if is_asleep.load(Ordering::SeqCst) && is_asleep.swap(false, Ordering::SeqCst) {
            self.thread.unpark();
        }
        Some(Watched(Arc::clone(&self.log)))
    }
}

impl Drop for Watchman {
    fn drop(&mut self) {
        self.log.is_over.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.n_ended.fetch_add(1, Ordering::SeqCst);
    }
}

impl Log {
    fn counts(&self) -> Counts {
        // In this order, so that no call has ended before it began.
        let n_ended = self.n_ended.load(Ordering::SeqCst);
        Counts { n_begun: self.n_begun.load(Ordering::SeqCst), n_ended }
    }
}

impl Rounds {
    /// Takes down how many calls there were, and says what to do.
    fn take(&mut self, now: Counts) -> Order {
        let before = mem::replace(&mut self.last, now);
        if now.n_begun == now.n_ended {
            self.n_idle += 1;
            return if self.n_idle < N_IDLE_ROUNDS { Order::Watch } else { Order::Sleep };
        }
        self.n_idle = 0;
        if now == before && now != self.woken {
            self.woken = now;
            return Order::Wake;
        }
        Order::Watch
    }
}

/// Watches until there is no server any more.
fn watch(log: &Log, wake: &dyn Fn()) {
    let mut rounds = Rounds::default();
    while !log.is_over.load(Ordering::SeqCst) {
        match rounds.take(log.counts()) {
            Order::Watch => thread::sleep(ROUND),
            Order::Wake => wake(),
            Order::Sleep => {
                log.is_asleep.store(true, Ordering::SeqCst);
                let Counts { n_begun, n_ended } = log.counts();
                let is_over = log.is_over.load(Ordering::SeqCst);
                if n_begun == n_ended && !is_over {
                    thread::park();
                }
                log.is_asleep.store(false, Ordering::SeqCst);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn counts(n_begun: u64, n_ended: u64) -> Counts {
        Counts { n_begun, n_ended }
    }

    #[test]
    fn somebody_is_woken_once_for_each_standstill() {
        let mut rounds = Rounds::default();
        let rows = [
            (counts(1, 0), Order::Watch),
            (counts(1, 0), Order::Wake),
            (counts(1, 0), Order::Watch),
            // The one that was woken calls as well.
            (counts(2, 0), Order::Watch),
            (counts(2, 0), Order::Wake),
            (counts(2, 1), Order::Watch),
            (counts(2, 1), Order::Wake),
            // Calls begin and end: somebody is awake.
            (counts(7, 6), Order::Watch),
            (counts(9, 8), Order::Watch),
            (counts(9, 9), Order::Watch),
        ];
        for (step, (now, expected)) in rows.into_iter().enumerate() {
            assert_eq!(rounds.take(now), expected, "step {step}");
        }
    }

    #[test]
    fn the_watchman_sleeps_when_nothing_happens_for_long() {
        let mut rounds = Rounds::default();
        for _ in 1..N_IDLE_ROUNDS {
            assert_eq!(rounds.take(counts(3, 3)), Order::Watch);
        }
        assert_eq!(rounds.take(counts(3, 3)), Order::Sleep);
        assert_eq!(rounds.take(counts(4, 3)), Order::Watch);
        assert_eq!(rounds.take(counts(4, 4)), Order::Watch);
    }

    #[test]
    fn no_more_calls_are_watched_than_there_are_places() {
        let watchman = Watchman::start(2, || {}).expect("there are threads");
        let first = watchman.watch().expect("two are free");
        let second = watchman.watch().expect("one is free");
        assert!(watchman.watch().is_none());
        drop(first);
        let third = watchman.watch().expect("one is free again");
        assert!(watchman.watch().is_none());
        drop((second, third));
        assert!(watchman.watch().is_some());
    }

    #[test]
    fn a_long_call_wakes_somebody_even_after_a_long_sleep() {
        let (woken, wakes) = mpsc::channel();
        // Who has gone does not want to know.
        let wake = move || {
            let _ = woken.send(());
        };
        let watchman = Watchman::start(1, wake).expect("there are threads");
        for _ in 0..3 {
            while !watchman.log.is_asleep.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            let call = watchman.watch().expect("no call runs");
            wakes.recv().expect("the watchman lives");
            drop(call);
        }
        drop(watchman);
        // The thread ends, and its side of the channel with it.
        assert!(wakes.recv().is_err());
    }
}
