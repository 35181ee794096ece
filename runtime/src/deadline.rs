//! When a call must end: its time limit, its cancellation, and the ticker that lets both interrupt
//! running WebAssembly.
//!
//! The engine can only stop code at an *epoch*: a counter that compiled code compares with a value
//! in its store. One [`Ticker`] thread for the process advances the epochs of all engines every
//! [`TICK`] while a call with a time limit is under way, or one that an epoch interrupted, and for some
//! ticks after; then it sleeps. Each store's epoch callback then asks its own [`Deadline`] whether this call,
//! and no other, must end.
//!
//! A warm call reads no clock. Its start is noted at the first moment anything slow happens (a
//! tick, a host function, an instantiation), which is at most one tick after the true start; a call
//! that ends before that took less than a tick and cannot have overrun. Clocks that can be set are
//! never asked.
//!
//! Code without [`Checks`] is ended by nothing here while it runs; no tick is waited for on its behalf.
//!
//! Invariant: an armed deadline of code that can be interrupted, with a time limit, is sure of the next
//! tick; and any call that an epoch has interrupted, of all ticks until it ends.

mod cancel;
mod ticker;

use std::{
    error::Error as StdError,
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use wasmtime::{Engine, EngineWeak};

pub(crate) use self::cancel::CancelFlag;
use self::ticker::{Epoch, Ticker};

/// How often the epoch advances while a time limit is armed.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// How many idle ticks the ticker goes on before it sleeps, so that a run of short calls does not
/// wake it for each.
const IDLE_TICKS: u64 = 200;

/// How many counters the armed calls are spread over, so that threads do not share a cache line.
const N_SHARDS: usize = 16;

/// Why a call was interrupted. Travels through the engine as its error and is taken out again by
/// `outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruption {
    TimedOut {
        limit: Duration,
    },
    Cancelled,
    /// The system gave us no thread to keep the time with, so nothing may run.
    NoTicker,
}

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut { limit } => write!(f, "call ran past its limit of {limit:?}"),
            Self::Cancelled => f.write_str("call was cancelled"),
            Self::NoTicker => f.write_str("no thread could be started to keep the time limit"),
        }
    }
}

impl StdError for Interruption {}

/// By what running code finds out that it must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Checks {
    /// On entry of each function and at each turn of a loop it looks at the epoch.
    #[default]
    Epochs,
    /// It does not.
    None,
}

/// The time limit and the cancellation of one store, looked at by its epoch callback.
#[derive(Debug)]
pub(crate) struct Deadline {
    limit: Option<Duration>,
    checks: Checks,
    cancel: Arc<CancelFlag>,
    shard: usize,
    /// When the call under way began, once anything made us look at the clock.
    started: Option<Instant>,
    /// What the ticker counted when the call began, if it ticks meanwhile.
    start_tick: Option<u64>,
    /// Whether the ticker ticks for the call under way.
    counted_in: bool,
    /// Why the call under way must end, once that is so: whatever swallows the first error meets
    /// it again.
    ended: Option<Interruption>,
}

impl Deadline {
    /// Makes the deadline of a store whose code is checked so. Where it is not, no tick is waited for, and calls
    /// begin when anything slow first happens.
    pub(crate) fn new(limit: Option<Duration>, checks: Checks, cancel: Arc<CancelFlag>) -> Self {
        static NEXT_SHARD: AtomicUsize = AtomicUsize::new(0);
        let shard = NEXT_SHARD.fetch_add(1, Ordering::Relaxed) % N_SHARDS;
        Self {
            limit,
            checks,
            cancel,
            shard,
            started: None,
            start_tick: None,
            counted_in: false,
            ended: None,
        }
    }

    /// Starts to watch a call. The caller has set the store's epoch deadline before.
    ///
    /// # Errors
    ///
    /// [`Interruption::Cancelled`] if a cancellation is pending, which is thereby spent; the
    /// deadline is then not armed. [`Interruption::NoTicker`] likewise.
    pub(crate) fn arm(&mut self) -> Result<(), Interruption> {
        if self.cancel.take() {
            return Err(Interruption::Cancelled);
        }
        self.ended = None;
        if self.limit.is_some() {
            self.started = None;
            if self.checks == Checks::Epochs {
                let tick = TICKER.rely().or_else(|| self.count_in());
                self.start_tick = Some(tick.ok_or(Interruption::NoTicker)?);
            }
        }
        Ok(())
    }

    /// Ends the watch.
    ///
    /// # Errors
    ///
    /// What [`Deadline::check`] said, and [`Interruption::TimedOut`] if the limit has passed although
    /// nothing interrupted the call, as when a host function overran at its very end.
    pub(crate) fn disarm(&mut self) -> Result<(), Interruption> {
        if self.limit.is_some()
            && self.ended.is_none()
            && (self.started.is_some()
                || self.start_tick.is_some_and(|start_tick| TICKER.now() != start_tick))
        {
            self.ended = self.overrun();
        }
        self.count_out();
        self.ended.map_or(Ok(()), Err)
    }

    /// Says whether the call under way must end now. Reads the clock if there is a time limit.
    ///
    /// # Errors
    ///
    /// The [`Interruption`] that ends the call. A pending cancellation is thereby spent.
    pub(crate) fn check(&mut self) -> Result<(), Interruption> {
        if self.ended.is_none() {
            self.ended =
                if self.cancel.take() { Some(Interruption::Cancelled) } else { self.overrun() };
        }
        self.ended.map_or(Ok(()), Err)
    }

    /// Says for how many epochs the call is left alone, which an epoch has interrupted; or that it must
    /// end now.
    ///
    /// The engine counts from the epoch that it finds afterwards. A cancellation that was raised in
    /// between has spent its epoch on that, so the ticker ticks from here to the end of the call, whatever
    /// its limit, and the next tick finds it. Without a ticker the call asks again at its next
    /// opportunity.
    ///
    /// # Errors
    ///
    /// As [`Deadline::check`].
    pub(crate) fn interrupt(&mut self) -> Result<u64, Interruption> {
        self.check()?;
        Ok(u64::from(self.counted_in || self.count_in().is_some()))
    }

    /// Notes that the time limit has passed, as something found that was given what
    /// [`Deadline::remaining`] said.
    ///
    /// # Errors
    ///
    /// The [`Interruption`] that ends the call.
    #[cfg(feature = "http")]
    pub(crate) fn expire(&mut self) -> Result<(), Interruption> {
        if let Some(limit) = self.limit {
            self.ended.get_or_insert(Interruption::TimedOut { limit });
        }
        self.ended.map_or(Ok(()), Err)
    }

    /// Notes when the call began, if that is still open: something slow is about to happen.
    pub(crate) fn note_start(&mut self) {
        if self.limit.is_some() {
            self.start();
        }
    }

    /// Returns how much of the time limit is left, or `None` if there is no limit.
    pub(crate) fn remaining(&mut self) -> Option<Duration> {
        let limit = self.limit?;
        Some(limit.saturating_sub(self.start().elapsed()))
    }

    /// Returns when the call began. Where no clock was read then, ticks since tell: they are never
    /// shorter than [`TICK`], and the first may have come at once.
    fn start(&mut self) -> Instant {
        let start_tick = self.start_tick;
        *self.started.get_or_insert_with(|| {
            let now = Instant::now();
            let n_ticks = start_tick.map_or(0, |tick| TICKER.now().saturating_sub(tick + 1));
            let passed = TICK.saturating_mul(u32::try_from(n_ticks).unwrap_or(u32::MAX));
            now.checked_sub(passed).unwrap_or(now)
        })
    }

    /// Has the ticker tick for this call, and returns the current tick.
    fn count_in(&mut self) -> Option<u64> {
        let tick = TICKER.enter(self.shard, start_ticker);
        self.counted_in = tick.is_some();
        tick
    }

    fn count_out(&mut self) {
        if std::mem::take(&mut self.counted_in) {
            TICKER.leave(self.shard);
        }
    }

    fn overrun(&mut self) -> Option<Interruption> {
        let limit = self.limit?;
        (self.remaining()? == Duration::ZERO).then_some(Interruption::TimedOut { limit })
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.count_out();
    }
}

/// Has the ticker advance the epoch of `engine` from now on.
pub(crate) fn watch(engine: &Engine) {
    TICKER.watch(engine.weak());
}

static TICKER: LazyLock<Ticker<EngineWeak, N_SHARDS>> = LazyLock::new(|| Ticker::new(IDLE_TICKS));

/// Starts the ticker's thread, unless the system gives us none.
fn start_ticker() -> bool {
    let run = || {
        loop {
            thread::sleep(TICK);
            TICKER.tick();
        }
    };
    thread::Builder::new().name("plugsmith-ticker".into()).spawn(run).is_ok()
}

impl Epoch for EngineWeak {
    fn advance(&self) -> bool {
        let engine = self.upgrade();
        engine.inspect(Engine::increment_epoch).is_some()
    }
}

impl CancelFlag {
    /// Asks the running call that watches this flag, or else the next one, to end.
    pub(crate) fn raise(&self) {
        self.raise_at(&TICKER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline(limit: Option<Duration>) -> (Deadline, Arc<CancelFlag>) {
        let cancel = Arc::new(CancelFlag::default());
        (Deadline::new(limit, Checks::Epochs, Arc::clone(&cancel)), cancel)
    }

    #[test]
    fn without_a_limit_only_a_cancellation_ends_a_call() {
        let (mut deadline, cancel) = deadline(None);
        deadline.arm().unwrap();
        assert_eq!(deadline.check(), Ok(()));
        assert_eq!(deadline.remaining(), None);
        cancel.raise();
        for _ in 0..2 {
            assert_eq!(deadline.check(), Err(Interruption::Cancelled));
        }
        assert_eq!(deadline.disarm(), Err(Interruption::Cancelled));
        deadline.arm().unwrap();
        assert_eq!(deadline.disarm(), Ok(()));
    }

    #[test]
    fn a_cancellation_waits_for_the_next_call_and_ends_one() {
        let (mut deadline, cancel) = deadline(None);
        cancel.raise();
        assert_eq!(deadline.arm(), Err(Interruption::Cancelled));
        assert_eq!(deadline.arm(), Ok(()));
        assert_eq!(deadline.disarm(), Ok(()));
    }

    #[test]
    fn a_cancellation_can_be_taken_back() {
        let (mut deadline, cancel) = deadline(None);
        cancel.raise();
        cancel.lower();
        assert_eq!(deadline.arm(), Ok(()));
    }

    #[test]
    fn a_limit_of_zero_has_passed_at_once() {
        let (mut deadline, _) = deadline(Some(Duration::ZERO));
        deadline.arm().unwrap();
        assert_eq!(deadline.check(), Err(Interruption::TimedOut { limit: Duration::ZERO }));
        assert_eq!(deadline.disarm(), Err(Interruption::TimedOut { limit: Duration::ZERO }));
    }

    #[test]
    fn what_no_epoch_interrupts_begins_when_it_is_asked() {
        let limit = Duration::from_millis(1);
        let mut deadline = Deadline::new(Some(limit), Checks::None, Arc::default());
        deadline.arm().unwrap();
        assert_eq!((deadline.start_tick, deadline.started), (None, None));
        assert_eq!(deadline.disarm(), Ok(()));
        deadline.arm().unwrap();
        deadline.note_start();
        while deadline.remaining() != Some(Duration::ZERO) {
            thread::yield_now();
        }
        assert_eq!(deadline.disarm(), Err(Interruption::TimedOut { limit }));
        deadline.arm().unwrap();
        assert_eq!(deadline.disarm(), Ok(()));
    }

    #[test]
    fn a_distant_limit_has_not_passed() {
        let (mut deadline, _) = deadline(Some(Duration::from_hours(1)));
        deadline.arm().unwrap();
        assert_eq!(deadline.check(), Ok(()));
        assert!(deadline.remaining().unwrap() > Duration::from_mins(50));
        assert_eq!(deadline.disarm(), Ok(()));
    }

    #[test]
    fn the_epoch_advances_while_a_limit_is_armed() {
        let engine = Engine::default();
        watch(&engine);
        let (mut deadline, _) = deadline(Some(Duration::from_hours(1)));
        deadline.arm().unwrap();
        let start = TICKER.now();
        while TICKER.now() < start + 3 {
            thread::yield_now();
        }
        deadline.disarm().unwrap();
    }

    #[test]
    fn a_call_that_an_epoch_interrupted_is_ticked_for_until_it_ends() {
        let (mut deadline, _) = deadline(None);
        deadline.arm().unwrap();
        assert!(!deadline.counted_in);
        for _ in 0..2 {
            assert_eq!(deadline.interrupt(), Ok(1));
            assert!(deadline.counted_in);
        }
        let start = TICKER.now();
        while TICKER.now() < start + 3 {
            thread::yield_now();
        }
        deadline.disarm().unwrap();
        assert!(!deadline.counted_in);
    }

    #[test]
    fn a_deadline_dropped_while_counted_in_is_counted_out() {
        let (mut counted_in, _) = deadline(Some(Duration::from_hours(1)));
        counted_in.count_in().unwrap();
        let (shard, before) = (counted_in.shard, TICKER.n_armed(counted_in.shard));
        drop(counted_in);
        assert!(TICKER.n_armed(shard) < before);
    }
}
