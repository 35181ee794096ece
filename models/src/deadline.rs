//! Models of time limits and cancellations: no call misses its ticks, no cancellation is lost.
//!
//! A guest is modelled as what the engine makes of one: it compares the epoch with a value at each turn
//! of its loop, and asks when that is reached. What it asks is what `Deadline` does in `arm` and
//! `interrupt`.

#[path = "../../runtime/src/deadline/cancel.rs"]
#[expect(dead_code, reason = "hosts ask whether a flag is raised, models take it")]
mod cancel;
#[path = "../../runtime/src/deadline/ticker.rs"]
mod ticker;

use std::sync::{Arc, Mutex, PoisonError};

use loom::thread::{self, JoinHandle};

use self::{
    cancel::CancelFlag,
    ticker::{Epoch, Ticker},
};
use crate::{
    Model,
    sync::{AtomicBool, AtomicU64, Ordering},
};

pub(crate) const MODELS: &[Model] = &[
    Model { name: "who_enters_gets_ticks", n_preemptions: 4, run: who_enters_gets_ticks },
    Model { name: "two_enter_at_once", n_preemptions: 3, run: two_enter_at_once },
    Model {
        name: "without_a_thread_nobody_is_counted",
        n_preemptions: 2,
        run: without_a_thread_nobody_is_counted,
    },
    Model {
        name: "who_relies_on_a_tick_gets_it",
        n_preemptions: 2,
        run: who_relies_on_a_tick_gets_it,
    },
    Model {
        name: "a_cancellation_ends_an_endless_call",
        n_preemptions: 4,
        run: a_cancellation_ends_an_endless_call,
    },
    Model {
        name: "a_cancellation_ends_one_call_or_stays",
        n_preemptions: 4,
        run: a_cancellation_ends_one_call_or_stays,
    },
    Model {
        name: "two_cancellations_end_one_call_or_two",
        n_preemptions: 2,
        run: two_cancellations_end_one_call_or_two,
    },
    Model {
        name: "an_engine_that_is_new_is_not_overlooked",
        n_preemptions: 4,
        run: an_engine_that_is_new_is_not_overlooked,
    },
    Model {
        name: "a_cancellation_behind_another_is_not_lost",
        n_preemptions: 1,
        run: a_cancellation_behind_another_is_not_lost,
    },
];

/// The engine's counter.
type Counter = Arc<AtomicU64>;

impl Epoch for Counter {
    fn advance(&self) -> bool {
        self.fetch_add(1, Ordering::Relaxed);
        true
    }
}

/// A process: its ticker, the thread of that, and one engine.
struct Process {
    ticker: Ticker<Counter, 2>,
    epoch: Counter,
    /// Of the checker, as it is no part of what is modelled.
    threads: Mutex<Vec<JoinHandle<()>>>,
    is_over: AtomicBool,
}

impl Process {
    /// Starts with a ticker that sleeps as soon as it can.
    fn start() -> Arc<Self> {
        Arc::new(Self {
            ticker: Ticker::new(1),
            epoch: Counter::default(),
            threads: Mutex::default(),
            is_over: AtomicBool::new(false),
        })
    }

    fn watched() -> Arc<Self> {
        let process = Self::start();
        process.ticker.watch(Arc::clone(&process.epoch));
        process
    }

    /// Counts a call in, and starts the ticker's thread if there is none.
    fn enter(self: &Arc<Self>, shard: usize) -> u64 {
        let process = Arc::clone(self);
        let start = || {
            let tick = move || {
                loop {
                    process.ticker.tick();
                    if process.is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    // The checker lets a thread that yields wait for the others: where none is to be
                    // waited for, it could not go to sleep between any two of their steps.
                    if !process.ticker.is_idle() {
                        thread::yield_now();
                    }
                }
            };
            self.threads().push(thread::spawn(tick));
            true
        };
        self.ticker.enter(shard, start).expect("there is a thread")
    }

    /// Has the thread end at its next tick.
    fn finish(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Waits for the thread, which gets to its next tick if any call is counted in.
    fn wait(&self) {
        let threads = std::mem::take(&mut *self.threads());
        assert!(threads.len() == 1, "one thread ticks");
        for thread in threads {
            thread.join().expect("it does not panic");
        }
    }

    fn threads(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a call whose guest turns `n_turns` times, or for ever, and says whether it was cancelled.
    fn call(self: &Arc<Self>, flag: &CancelFlag, n_turns: Option<u32>, ticks: Ticks) -> bool {
        let epoch = || self.epoch.load(Ordering::Relaxed);
        let mut deadline = epoch() + 1;
        if flag.take() {
            return true;
        }
        let mut counted_in = false;
        let mut turn = 0;
        let cancelled = loop {
            if epoch() >= deadline {
                if flag.take() {
                    break true;
                }
                if ticks == Ticks::OnceInterrupted && !counted_in {
                    self.enter(1);
                    counted_in = true;
                }
                deadline = epoch() + 1;
            }
            turn += 1;
            if n_turns == Some(turn) {
                break false;
            }
            thread::yield_now();
        };
        if counted_in {
            self.ticker.leave(1);
        }
        cancelled
    }
}

/// Whether the ticker ticks for a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ticks {
    /// No: the epoch advances by cancellations alone.
    Never,
    /// From when an epoch interrupted it and it went on.
    OnceInterrupted,
}

/// The thread may be about to sleep, or asleep, when the second call comes.
fn who_enters_gets_ticks() {
    let process = Process::start();
    process.enter(0);
    process.ticker.leave(0);
    process.finish();
    process.enter(0);
    process.wait();
}

/// One call is short, and its end no reason to sleep while the other is counted in.
fn two_enter_at_once() {
    let process = Process::start();
    let other = thread::spawn({
        let process = Arc::clone(&process);
        move || {
            process.finish();
            process.enter(1)
        }
    });
    process.enter(0);
    process.ticker.leave(0);
    other.join().expect("it does not panic");
    process.wait();
}

fn without_a_thread_nobody_is_counted() {
    let process = Process::start();
    let refused = thread::spawn({
        let process = Arc::clone(&process);
        move || process.ticker.enter(1, || false).is_none()
    });
    process.enter(0);
    process.ticker.leave(0);
    if !refused.join().expect("it does not panic") {
        // There was a thread by then, which did not rest until now.
        process.ticker.leave(1);
    }
    process.finish();
    process.enter(0);
    process.wait();
    process.ticker.leave(0);
    assert!(process.ticker.is_idle(), "nobody is left");
}

/// The call is not counted in, and may have begun just before the thread sleeps.
fn who_relies_on_a_tick_gets_it() {
    let process = Process::watched();
    process.enter(0);
    process.ticker.leave(0);
    let deadline = process.epoch.load(Ordering::Relaxed) + 1;
    CancelFlag::default().take();
    if process.ticker.rely().is_none() {
        process.enter(1);
    }
    while process.epoch.load(Ordering::Relaxed) < deadline {
        thread::yield_now();
    }
    process.finish();
    process.enter(0);
    process.wait();
}

fn a_cancellation_ends_an_endless_call() {
    let (process, flag) = (Process::watched(), Arc::new(CancelFlag::default()));
    let canceller = raise(&process, &flag);
    assert!(process.call(&flag, None, Ticks::Never));
    canceller.join().expect("it does not panic");
    assert!(!flag.take(), "it is spent");
}

fn a_cancellation_ends_one_call_or_stays() {
    let (process, flag) = (Process::watched(), Arc::new(CancelFlag::default()));
    let canceller = raise(&process, &flag);
    let ended = [(); 2].map(|()| process.call(&flag, Some(2), Ticks::Never));
    canceller.join().expect("it does not panic");
    let n_ended = ended.into_iter().filter(|ended| *ended).count();
    assert_eq!(n_ended + usize::from(flag.take()), 1);
}

fn two_cancellations_end_one_call_or_two() {
    let (process, flag) = (Process::watched(), Arc::new(CancelFlag::default()));
    let cancellers = [raise(&process, &flag), raise(&process, &flag)];
    assert!(process.call(&flag, None, Ticks::Never));
    let ended_next = process.call(&flag, Some(1), Ticks::Never);
    for canceller in cancellers {
        canceller.join().expect("it does not panic");
    }
    assert!(!(ended_next && flag.take()), "two cancellations end no three calls");
}

fn an_engine_that_is_new_is_not_overlooked() {
    let (process, flag) = (Process::start(), Arc::new(CancelFlag::default()));
    let canceller = raise(&process, &flag);
    process.ticker.watch(Arc::clone(&process.epoch));
    assert!(process.call(&flag, None, Ticks::Never));
    canceller.join().expect("it does not panic");
}

/// The first cancellation is another plug-in's. This call has looked at its own flag by then, and goes
/// on; the second one may come before the engine counts from the new epoch.
fn a_cancellation_behind_another_is_not_lost() {
    let (process, flag) = (Process::watched(), Arc::new(CancelFlag::default()));
    let canceller = thread::spawn({
        let (process, flag) = (Arc::clone(&process), Arc::clone(&flag));
        move || {
            CancelFlag::default().raise_at(&process.ticker);
            flag.raise_at(&process.ticker);
        }
    });
    assert!(process.call(&flag, None, Ticks::OnceInterrupted));
    canceller.join().expect("it does not panic");
    if !process.threads().is_empty() {
        process.finish();
        process.enter(0);
        process.wait();
    }
}

fn raise(process: &Arc<Process>, flag: &Arc<CancelFlag>) -> JoinHandle<()> {
    let (process, flag) = (Arc::clone(process), Arc::clone(flag));
    thread::spawn(move || flag.raise_at(&process.ticker))
}
