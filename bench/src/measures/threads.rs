//! The same call from several threads at once.
//!
//! Plugsmith's threads share a pool. The peer's interface in C has none, so each of its threads has a
//! plug-in of its own, which is less work than sharing some.

use std::{
    hint::black_box,
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use plugsmith::{Plugin, PoolBuilder};

use super::{Measure, warm::Warm};
use crate::{
    peer::Peer,
    sampling::as_float,
    setting::{Guest, MOVED, PUBLISHED, Setting},
    subject::{Run, Side, Subjects, check},
};

/// Nobody waits so long for a plug-in: there is one for each thread.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) fn all() -> Vec<Measure> {
    let cost = |name, about, guest, n_threads| {
        Measure::new(name, about, guest, move |setting| {
            subjects(setting, guest, n_threads, |crew| {
                Box::new(move |n_times| crew.run(crew.members.len(), n_times))
            })
        })
    };
    let scaling = Measure::new(
        "pool-scaling",
        "how many times as much two threads get done as one",
        PUBLISHED,
        |setting| subjects(setting, PUBLISHED, 2, scaling),
    );
    vec![
        cost(
            "pool-1",
            "echo of 64 bytes on a plug-in borrowed from a pool, one thread",
            PUBLISHED,
            1,
        ),
        cost("pool-2", "the same from two threads at once, each call's share", PUBLISHED, 2),
        cost("own-pool-2", "the same with Plugsmith's Rust PDK", MOVED, 2),
        scaling.in_times(),
    ]
}

/// Has one thread work, and then all: throughput then against throughput before.
fn scaling(crew: Crew) -> Run {
    Box::new(move |n_times| {
        let (one, all) = (crew.run(1, n_times)?, crew.run(crew.members.len(), n_times)?);
        Ok(one / all * as_float(n_times))
    })
}

/// Makes subjects of threads that do the same work, as `make_run` says.
fn subjects(
    setting: &Setting,
    guest: Guest,
    n_threads: usize,
    make_run: impl Fn(Crew) -> Run,
) -> Result<Subjects> {
    let Warm { input, output, .. } = Warm::echo(guest, 64);
    let compiled = setting.compile(guest)?;
    let pool = PoolBuilder::new()
        .with_max_instances(n_threads)
        .build(move || Plugin::new_from_compiled(&compiled));
    let bytes = input.clone();
    let ours = Crew::new(n_threads, move || {
        let (pool, input) = (pool.clone(), bytes.clone());
        Ok(Box::new(move |n_calls| {
            for _ in 0..n_calls {
                let mut plugin = pool.get(PATIENCE)?.context("the pool has nothing left")?;
                black_box(plugin.call::<&[u8], &[u8]>("echo", &input)?);
            }
            Ok(())
        }))
    })?;
    let peer = match &setting.peer {
        Ok(peer) => {
            let (peer, manifest) = (*peer, setting.manifest(guest));
            Peer::use_cache(None);
            let crew = Crew::new(n_threads, move || {
                let mut plugin = peer.compile(&manifest, false)?.instantiate()?;
                check("Extism", "echo", plugin.call(c"echo", &input)?, &output)?;
                let input = input.clone();
                Ok(Box::new(move |n_calls| {
                    for _ in 0..n_calls {
                        black_box(plugin.call(c"echo", &input)?);
                    }
                    Ok(())
                }))
            })?;
            Side::Runs(make_run(crew))
        }
        Err(reason) => Side::absent(reason),
    };
    let limit = Side::absent("a pool is none of the engine's");
    Ok(Subjects { ours: make_run(ours), peer, limit })
}

/// What a thread does as often as it is told.
type Work = Box<dyn FnMut(u64) -> Result<()>>;

/// Threads that do the same work at the same time, and wait in between.
struct Crew {
    members: Vec<Member>,
}

struct Member {
    /// Tells the thread how often to do its work; it ends when this is dropped.
    orders: Sender<u64>,
    done: Receiver<Result<()>>,
}

impl Crew {
    /// Starts threads, each of which makes its work for itself.
    ///
    /// # Errors
    ///
    /// If one cannot make its work.
    fn new(
        n_threads: usize,
        make: impl Fn() -> Result<Work> + Send + Clone + 'static,
    ) -> Result<Self> {
        let start = |_| {
            let make = make.clone();
            let (orders, received) = mpsc::channel();
            let (reports, done) = mpsc::channel();
            thread::spawn(move || serve(make, &received, &reports));
            Member { orders, done }
        };
        let members: Vec<Member> = (0..n_threads).map(start).collect();
        members.iter().try_for_each(Member::wait)?;
        Ok(Self { members })
    }

    /// Has the first of the threads do their work so many times each. Returns how long that took,
    /// divided by their number.
    fn run(&self, n_threads: usize, n_times: u64) -> Result<f64> {
        let members = &self.members[..n_threads];
        let started = Instant::now();
        for member in members {
            member.orders.send(n_times).context("a thread has ended")?;
        }
        members.iter().try_for_each(Member::wait)?;
        Ok(started.elapsed().as_secs_f64() * 1e9 / as_float(n_threads as u64))
    }
}

impl Member {
    fn wait(&self) -> Result<()> {
        self.done.recv().context("a thread has ended")?
    }
}

/// What each thread runs: reports when its work is made, and each time that it is done.
fn serve(make: impl Fn() -> Result<Work>, orders: &Receiver<u64>, reports: &Sender<Result<()>>) {
    let mut work = match make() {
        Ok(work) => work,
        Err(err) => {
            // Who does not wait for it does not want to know.
            let _ = reports.send(Err(err));
            return;
        }
    };
    let mut report = reports.send(Ok(()));
    while let (Ok(()), Ok(n_times)) = (&report, orders.recv()) {
        report = reports.send(work(n_times));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc, Barrier,
        atomic::{AtomicU64, Ordering},
    };

    use super::*;

    #[test]
    fn threads_work_at_the_same_time() {
        let (barrier, count) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU64::new(0)));
        let counter = Arc::clone(&count);
        let crew = Crew::new(2, move || {
            let (barrier, counter) = (Arc::clone(&barrier), Arc::clone(&counter));
            Ok(Box::new(move |n_times| {
                // Passes only if the other thread is there, too.
                barrier.wait();
                counter.fetch_add(n_times, Ordering::Relaxed);
                Ok(())
            }))
        });
        assert!(crew.unwrap().run(2, 5).unwrap() > 0.0);
        assert_eq!(count.load(Ordering::Relaxed), 10);
    }

    #[test]
    fn scaling_compares_one_thread_with_all() {
        let count = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&count);
        let crew = Crew::new(3, move || {
            let counter = Arc::clone(&counter);
            Ok(Box::new(move |n_times| {
                counter.fetch_add(n_times, Ordering::Relaxed);
                Ok(())
            }))
        });
        assert!(scaling(crew.unwrap())(5).unwrap() > 0.0);
        assert_eq!(count.load(Ordering::Relaxed), 5 + 3 * 5);
    }

    #[test]
    fn a_thread_without_work_is_an_error() {
        let crew = Crew::new(2, || anyhow::bail!("no plug-in"));
        assert_eq!(crew.err().unwrap().to_string(), "no plug-in");
    }

    #[test]
    fn failing_work_is_an_error() {
        let crew = Crew::new(1, || Ok(Box::new(|_| anyhow::bail!("it trapped"))));
        assert_eq!(crew.unwrap().run(1, 1).unwrap_err().to_string(), "it trapped");
    }
}
