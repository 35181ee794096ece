//! The same functions, called by threads without a server in between.

use std::{
    ffi::CString,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use plugsmith::{Plugin, PoolBuilder};

use super::{Question, SERVED, Turn};
use crate::{peer::Peer, setting::Setting};

/// Nobody waits so long for a plug-in: there is one for each thread.
const PATIENCE: Duration = Duration::from_mins(1);

/// Threads that call as often as they can.
pub(super) struct Callers {
    n_threads: usize,
    /// Makes what one thread calls, on that thread.
    make: Box<dyn Fn() -> Result<Caller> + Sync>,
}

/// Calls a question's function, and hands its output on.
type Caller = Box<dyn FnMut(Question, &mut dyn FnMut(&[u8])) -> Result<()>>;

impl Callers {
    /// Threads that share a pool, as the server's do.
    pub(super) fn of_pool(setting: &Setting, n_threads: usize) -> Result<Self> {
        let compiled = setting.compile(SERVED)?;
        let pool = PoolBuilder::new()
            .with_max_instances(n_threads)
            .build(move || Plugin::new_from_compiled(&compiled));
        let make = move || -> Result<Caller> {
            let pool = pool.clone();
            Ok(Box::new(move |question, use_output| {
                let mut plugin = pool.get(PATIENCE)?.context("the pool has nothing left")?;
                use_output(plugin.call(question.function, question.input)?);
                Ok(())
            }))
        };
        Ok(Self { n_threads, make: Box::new(make) })
    }

    /// Threads with a plug-in of the published library each.
    pub(super) fn of_peer(peer: Peer, setting: &Setting, n_threads: usize) -> Self {
        let manifest = setting.manifest(SERVED);
        Peer::use_cache(None);
        let make = move || -> Result<Caller> {
            let mut plugin = peer.compile(&manifest, false)?.instantiate()?;
            Ok(Box::new(move |question, use_output| {
                let name = CString::new(question.function)?;
                use_output(plugin.call(&name, question.input.as_bytes())?);
                Ok(())
            }))
        };
        Self { n_threads, make: Box::new(make) }
    }

    /// Calls for a while, from all threads at once.
    ///
    /// # Errors
    ///
    /// If a call fails, or its output is wrong.
    pub(super) fn call(&self, question: Question, time: Duration) -> Result<Turn> {
        let ready = Barrier::new(self.n_threads);
        let latencies = thread::scope(|scope| {
            let run = || {
                let caller = (self.make)();
                // Whether it was made or not: the others wait.
                ready.wait();
                call_until(Instant::now() + time, &mut caller?, question)
            };
            let threads: Vec<_> = (0..self.n_threads).map(|_| scope.spawn(run)).collect();
            let mut latencies = Vec::new();
            for thread in threads {
                latencies.extend(thread.join().map_err(|_| anyhow!("a thread panicked"))??);
            }
            anyhow::Ok(latencies)
        })?;
        Turn::of(latencies, time)
    }
}

fn call_until(end: Instant, caller: &mut Caller, question: Question) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut now = Instant::now();
    while now < end {
        let begun = now;
        let mut is_right = false;
        caller(question, &mut |output| is_right = output == question.output.as_bytes())?;
        ensure!(is_right, "an output is wrong");
        now = Instant::now();
        latencies.push(now - begun);
    }
    Ok(latencies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serving::QUESTIONS;

    fn callers(make: impl Fn() -> Result<Caller> + Sync + 'static) -> Callers {
        Callers { n_threads: 2, make: Box::new(make) }
    }

    #[test]
    fn every_call_counts_and_is_looked_at() {
        let answering = callers(|| {
            Ok(Box::new(|question, use_output| {
                use_output(question.output.as_bytes());
                Ok(())
            }))
        });
        let turn = answering.call(QUESTIONS[0], Duration::from_millis(1));
        assert!(turn.expect("all is well").per_second > 0.0);
        let wrong = callers(|| {
            Ok(Box::new(|_, use_output| {
                use_output(b"something else");
                Ok(())
            }))
        });
        let refused = wrong.call(QUESTIONS[0], Duration::from_millis(1)).expect_err("it is wrong");
        assert_eq!(refused.to_string(), "an output is wrong");
        let none = callers(|| Err(anyhow!("no plug-in")));
        let refused = none.call(QUESTIONS[0], Duration::from_millis(1)).expect_err("there is none");
        assert_eq!(refused.to_string(), "no plug-in");
    }
}
