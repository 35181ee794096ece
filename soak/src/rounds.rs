//! Rounds of threads: what runs them, watches them, and compares what the process holds between them.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use fastrand::Rng;

use crate::{
    actions::{ACTIONS, Worker},
    flags::Flags,
    process::Held,
    tally::{Report, Tally},
    world::World,
};

/// How many rounds pass before what the process holds is taken for normal.
const N_WARM_UP: u32 = 3;

/// A thread that does one thing for so long is stuck.
const PATIENCE: Duration = Duration::from_mins(2);

/// Runs all rounds.
///
/// # Errors
///
/// If the soak itself cannot work: no folder, no port, no thread.
pub(crate) fn run(flags: &Flags) -> Result<Report> {
    let Flags { n_threads, seed, .. } = *flags;
    eprintln!(
        "Soaking for {:.1} minutes with {n_threads} threads, seed {seed}",
        flags.time.as_secs_f64() / 60.0
    );
    let world = World::new()?;
    let start = Instant::now();
    let mut tally = Tally::default();
    let mut warm = None;
    let n_rounds = flags.n_rounds();
    for round in 0..n_rounds {
        let end = start + flags.round() * (round + 1);
        tally.add(run_round(&world, flags, round, end)?);
        if round + 1 == N_WARM_UP {
            warm = Held::look();
        }
        show_progress(round + 1, n_rounds, &tally);
        if !tally.wrong.is_empty() {
            break;
        }
    }
    if io::stderr().is_terminal() {
        eprintln!();
    }
    Ok(Report { tally, time: start.elapsed(), seed, held: warm.zip(Held::look()) })
}

/// Lets the threads work until `end`.
fn run_round(world: &World, flags: &Flags, round: u32, end: Instant) -> Result<Tally> {
    let pool = world.pool();
    // When each thread began what it does, in milliseconds of the round, and what that is.
    let posts: Vec<_> =
        (0..flags.n_threads).map(|_| [AtomicU64::new(0), AtomicU64::new(0)]).collect();
    let begin = Instant::now();
    thread::scope(|scope| {
        let threads: Vec<_> = posts
            .iter()
            .enumerate()
            .map(|(idx, [since, doing])| {
                let rng = Rng::with_seed(flags.seed ^ (u64::from(round) << 32) ^ idx as u64);
                let mut worker = Worker::new(world, &pool, rng);
                scope.spawn(move || {
                    while Instant::now() < end && worker.tally.wrong.is_empty() {
                        let action = worker.choose();
                        doing.store(action as u64, Ordering::Relaxed);
                        since.store(millis(begin), Ordering::Relaxed);
                        worker.act(action);
                    }
                    since.store(u64::MAX, Ordering::Relaxed);
                    worker.tally
                })
            })
            .collect();
        while !threads.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(20));
            if let Some([_, doing]) = posts.iter().find(|[since, _]| is_stuck(since, begin)) {
                give_up(doing);
            }
        }
        let mut tally = Tally::default();
        for thread in threads {
            match thread.join() {
                Ok(done) => tally.add(done),
                Err(_) => tally.wrong.push("a thread panicked".into()),
            }
        }
        Ok(tally)
    })
}

fn millis(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn is_stuck(since: &AtomicU64, begin: Instant) -> bool {
    let since = since.load(Ordering::Relaxed);
    millis(begin).saturating_sub(since) > PATIENCE.as_secs() * 1000
}

/// Ends the process: a thread that is stuck cannot be joined.
fn give_up(doing: &AtomicU64) -> ! {
    let idx = usize::try_from(doing.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
    let name = ACTIONS.get(idx).map_or("?", |action| action.name);
    eprintln!("\nerror: a thread does `{name}` for more than {PATIENCE:?}: it is stuck");
    process::exit(1)
}

fn show_progress(round: u32, n_rounds: u32, tally: &Tally) {
    let held =
        Held::look().map(|held| format!(", {} MiB", held.resident / 1024)).unwrap_or_default();
    let line = format!(
        "round {round} of {n_rounds}: {} calls, {} faults, {} wrong{held}",
        tally.n_calls,
        tally.n_faults,
        tally.wrong.len()
    );
    if io::stderr().is_terminal() {
        eprint!("\r{line}   ");
        let _ = io::stderr().flush();
    } else if round.is_power_of_two() || round.is_multiple_of(10) {
        eprintln!("{line}");
    }
}
