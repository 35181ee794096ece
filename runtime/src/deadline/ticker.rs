//! Who advances the epochs, and when: a thread that ticks while any call wants it, and sleeps
//! otherwise.
//!
//! Owns what callers and that thread tell each other. How long a tick is, and how the thread is started,
//! is not known here.
//!
//! Counting a call in and out costs more than many a call, so most are not: after a call that wanted
//! ticks the thread goes on for some, and a call that begins meanwhile relies on the next of them. It
//! interrupts the call, should that still run, which is then counted in.
//!
//! Invariant: while any call is counted in, the thread ticks; and whoever relies on a tick gets one.
//! `models` tries every order in which a call and a thread that is about to sleep can meet.

use std::{array, sync::PoisonError};

use crate::sync::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, fence,
};

/// Something with an epoch, at which running code can be interrupted.
pub(crate) trait Epoch {
    /// Advances the epoch, and says whether there still is one.
    fn advance(&self) -> bool;
}

/// What callers and the thread tell each other.
pub(crate) struct Ticker<E, const N_SHARDS: usize> {
    /// How many idle ticks the thread goes on before it sleeps.
    idle_limit: u64,
    /// Ticks since the process began, none while asleep.
    ticks: AtomicU64,
    /// The thread does not sleep before this tick.
    awake_until: AtomicU64,
    /// A call relied on a tick since the last one.
    wanted: AtomicBool,
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
    epochs: Vec<E>,
}

const ASLEEP: u32 = 0;
const AWAKE: u32 = 1;

/// A counter with a cache line of its own.
#[derive(Default)]
#[repr(align(64))]
struct Shard(AtomicUsize);

impl<E: Epoch, const N_SHARDS: usize> Ticker<E, N_SHARDS> {
    pub(crate) fn new(idle_limit: u64) -> Self {
        Self {
            idle_limit,
            ticks: AtomicU64::new(0),
            awake_until: AtomicU64::new(0),
            wanted: AtomicBool::new(false),
            armed: array::from_fn(|_| Shard::default()),
            mode: AtomicU32::new(ASLEEP),
            work: Mutex::new(Work { has_thread: false, epochs: Vec::new() }),
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

    /// Returns the current tick, if another will follow, which advances an epoch that the caller has read
    /// before and not seen advanced since.
    ///
    /// The caller has fenced behind that, as `CancelFlag::take` does.
    #[inline]
    pub(crate) fn rely(&self) -> Option<u64> {
        // Who has read the epoch of the tick at which the thread went to sleep finds that tick here, or a
        // later one, for of the two fences one came before the other; and until then another follows.
        let now = self.now();
        if self.awake_until.load(Ordering::Relaxed) <= now {
            return None;
        }
        if !self.wanted.load(Ordering::Relaxed) {
            self.wanted.store(true, Ordering::Relaxed);
        }
        Some(now)
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
        let now = self.ticks.fetch_add(1, Ordering::Relaxed) + 1;
        if self.wanted.swap(false, Ordering::Relaxed) || !self.is_idle() {
            self.awake_until.store(now + self.idle_limit, Ordering::Relaxed);
        }
        let mut work = self.lock();
        work.advance_epochs();
        if now < self.awake_until.load(Ordering::Relaxed) {
            return;
        }
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
        // Pairs with the fence in `CancelFlag::take`: who reads an epoch also reads what came before it.
        fence(Ordering::Release);
        self.epochs.retain(E::advance);
    }
}
