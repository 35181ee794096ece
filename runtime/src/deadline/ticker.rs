//! Who advances the epochs, and when: a thread that ticks while any call wants it, and sleeps
//! otherwise.
//!
//! Owns what callers and that thread tell each other. How long a tick is, and how the thread is started,
//! is not known here.
//!
//! Invariant: while any call is counted in, the thread ticks. `models` tries every order in which a call
//! and a thread that is about to sleep can meet.

use std::{array, sync::PoisonError};

use crate::sync::{AtomicU32, AtomicU64, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering};

/// Something with an epoch, at which running code can be interrupted.
pub(crate) trait Epoch {
    /// Advances the epoch, and says whether there still is one.
    fn advance(&self) -> bool;
}

/// What callers and the thread tell each other.
pub(crate) struct Ticker<E, const N_SHARDS: usize> {
    /// How many idle ticks the thread goes on before it sleeps.
    idle_limit: u32,
    /// Ticks since the process began, none while asleep.
    ticks: AtomicU64,
    /// Calls under way that want ticks.
    armed: [Shard; N_SHARDS],
    /// [`ASLEEP`] or [`AWAKE`].
    mode: AtomicU32,
    work: Mutex<Work<E>>,
    wake: Condvar,
}

/// What the thread works on.
struct Work<E> {
    has_thread: bool,
    /// Ticks since a call wanted one.
    n_idle: u32,
    epochs: Vec<E>,
}

const ASLEEP: u32 = 0;
const AWAKE: u32 = 1;

/// A counter with a cache line of its own.
#[derive(Default)]
#[repr(align(64))]
struct Shard(AtomicUsize);

impl<E: Epoch, const N_SHARDS: usize> Ticker<E, N_SHARDS> {
    pub(crate) fn new(idle_limit: u32) -> Self {
        Self {
            idle_limit,
            ticks: AtomicU64::new(0),
            armed: array::from_fn(|_| Shard::default()),
            mode: AtomicU32::new(ASLEEP),
            work: Mutex::new(Work { has_thread: false, n_idle: 0, epochs: Vec::new() }),
            wake: Condvar::new(),
        }
    }

    /// Advances this epoch, too, from now on.
    pub(crate) fn watch(&self, epoch: E) {
        self.lock().epochs.push(epoch);
    }

    pub(crate) fn advance_epochs(&self) {
        self.lock().advance_epochs();
    }

    pub(crate) fn now(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// Counts a call in, wakes the thread if it sleeps, and returns the current tick. If there is no
    /// thread and `start` cannot make one, counts nothing and returns `None`.
    #[inline]
    pub(crate) fn enter(&self, shard: usize, start: impl FnOnce() -> bool) -> Option<u64> {
        // The thread says that it sleeps and then changes this counter, too (`is_idle_for_certain`). The
        // second of the two changes comes after whatever preceded the first: either the thread sees
        // this call, or this call sees that the thread sleeps.
        self.armed[shard].0.fetch_add(1, Ordering::AcqRel);
        if self.mode.load(Ordering::Relaxed) == ASLEEP && !self.rouse(start) {
            self.leave(shard);
            return None;
        }
        Some(self.now())
    }

    /// Counts a call out.
    pub(crate) fn leave(&self, shard: usize) {
        self.armed[shard].0.fetch_sub(1, Ordering::Release);
    }

    #[cold]
    fn rouse(&self, start: impl FnOnce() -> bool) -> bool {
        let mut work = self.lock();
        work.has_thread = work.has_thread || start();
        if work.has_thread {
            self.mode.store(AWAKE, Ordering::Relaxed);
            self.wake.notify_one();
        }
        work.has_thread
    }

    /// Does what the thread does once a tick: advances all epochs, and sleeps if nobody has wanted that
    /// for long.
    pub(crate) fn tick(&self) {
        self.ticks.fetch_add(1, Ordering::Relaxed);
        let mut work = self.lock();
        work.advance_epochs();
        work.n_idle = if self.is_idle() { work.n_idle + 1 } else { 0 };
        if work.n_idle < self.idle_limit {
            return;
        }
        work.n_idle = 0;
        self.mode.store(ASLEEP, Ordering::Relaxed);
        if self.is_idle_for_certain() {
            while self.mode.load(Ordering::Relaxed) == ASLEEP {
                work = self.wake.wait(work).unwrap_or_else(PoisonError::into_inner);
            }
        } else {
            self.mode.store(AWAKE, Ordering::Relaxed);
        }
    }

    /// Says whether no call is counted in.
    pub(crate) fn is_idle(&self) -> bool {
        self.armed.iter().all(|shard| shard.0.load(Ordering::Relaxed) == 0)
    }

    /// As [`Ticker::is_idle`], and misses no call that has not seen what this thread wrote before.
    fn is_idle_for_certain(&self) -> bool {
        self.armed.iter().all(|shard| shard.0.fetch_add(0, Ordering::AcqRel) == 0)
    }

    fn lock(&self) -> MutexGuard<'_, Work<E>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how many calls are counted in.
    #[cfg(test)]
    pub(crate) fn n_armed(&self, shard: usize) -> usize {
        self.armed[shard].0.load(Ordering::Relaxed)
    }
}

impl<E: Epoch> Work<E> {
    fn advance_epochs(&mut self) {
        self.epochs.retain(E::advance);
    }
}
