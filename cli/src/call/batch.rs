//! A call for each line of an input: some at once, results in order, failures among them.
//!
//! A thread reads lines and puts each, with a way back for its result, into a short queue, from which
//! the workers take; the ways back go to the printer in the order of the lines. Both queues are short,
//! so an input may be as long as it likes, and results of a slow stream come as soon as they can.

use std::{
    sync::{
        Mutex, PoisonError,
        mpsc::{self, Receiver, Sender, SyncSender},
    },
    thread,
    time::Duration,
};

use indicatif::ProgressBar;
use plugsmith::{CompiledPlugin, Plugin, Pool, PoolBuilder};
use serde_json::{Value, json};

use super::shown;
use crate::{
    exit::Exit,
    failure::Failure,
    input::Lines,
    output::{self, Output},
};

/// How many lines wait for each worker.
const QUEUE_PER_JOB: usize = 16;

/// What is called, and how.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) compiled: CompiledPlugin,
    pub(super) function: String,
    pub(super) n_jobs: u16,
    pub(super) has_report: bool,
}

/// A line to be worked on.
struct Job {
    line: Vec<u8>,
    back: Sender<Done>,
}

/// The line of JSON that came of a line.
struct Done {
    object: Value,
    is_failure: bool,
    /// Length of the input's line.
    len: u64,
}

impl Batch {
    /// Calls the function for each line, and prints what came of it.
    ///
    /// # Errors
    ///
    /// If the lines cannot be read. That calls fail is no error, but a status.
    pub(super) fn run(self, lines: Lines, output: &Output) -> Result<Exit, Failure> {
        let n_jobs = usize::from(self.n_jobs);
        let compiled = self.compiled.clone();
        let pool = PoolBuilder::new()
            .with_max_instances(n_jobs)
            .build(move || Plugin::new_from_compiled(&compiled));
        let queue_len = n_jobs * QUEUE_PER_JOB;
        let (jobs, queue) = mpsc::sync_channel(n_jobs);
        let (order, results) = mpsc::sync_channel(queue_len);
        let queue = Mutex::new(queue);
        let progress = output.batch_progress(lines.len);
        let counts = thread::scope(|scope| {
            for _ in 0..n_jobs {
                scope.spawn(|| self.work(&pool, &queue));
            }
            // On a thread of its own, since this one reads.
            let bar = &progress;
            let printer = scope.spawn(move || print_all(results, bar));
            let fed = feed(lines, &jobs, &order);
            // With these, workers and printer would wait for more.
            drop((jobs, order));
            let counts = printer.join().expect("the printer has no way to panic");
            fed.and(counts)
        });
        progress.finish_and_clear();
        let (n_failed, n_calls) = counts?;
        if n_failed > 0 {
            output.warn(&format!("{n_failed} of {n_calls} calls failed"));
            return Ok(Exit::Call);
        }
        Ok(Exit::Success)
    }

    /// Works on lines till there are no more.
    fn work(&self, pool: &Pool, queue: &Mutex<Receiver<Job>>) {
        loop {
            let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = job else { return };
            let done = self.call(pool, &job.line);
            // Nobody waits for it once standard output is closed.
            let _ = job.back.send(done);
        }
    }

    fn call(&self, pool: &Pool, line: &[u8]) -> Done {
        // There is one for each worker, so none ever waits.
        let called = pool.with_plugin(Duration::MAX, |plugin| {
            let called = plugin.call::<_, Vec<u8>>(&self.function, line);
            let report = plugin.last_call().filter(|_| self.has_report);
            Ok((called.map_err(Failure::from), report.map(shown::report_json)))
        });
        let (called, report) = match called {
            Ok(called) => called.expect("there is a plug-in for each worker"),
            Err(err) => (Err(Failure::from(err)), None),
        };
        let is_failure = called.is_err();
        let mut object = match called {
            Ok(bytes) => shown::json_of(&bytes),
            Err(failure) => failure.to_json(),
        };
        if let Some(report) = report {
            object["report"] = report;
        }
        Done { object, is_failure, len: line.len() as u64 + 1 }
    }
}

/// Reads the lines, and hands each to the workers and its way back to the printer.
fn feed(
    mut lines: Lines,
    jobs: &SyncSender<Job>,
    order: &SyncSender<Receiver<Done>>,
) -> Result<(), Failure> {
    while let Some(line) = lines.next_line()? {
        let (back, result) = mpsc::channel();
        // The printer is gone when standard output is closed: then nobody wants more.
        if order.send(result).is_err() || jobs.send(Job { line, back }).is_err() {
            break;
        }
    }
    Ok(())
}

/// Prints what came of the lines, in their order, and counts: how many failed, and how many there were.
fn print_all(
    results: Receiver<Receiver<Done>>,
    progress: &ProgressBar,
) -> Result<(u64, u64), Failure> {
    let (mut n_failed, mut n_calls) = (0, 0);
    for result in results {
        let Ok(mut done) = result.recv() else { continue };
        n_calls += 1;
        n_failed += u64::from(done.is_failure);
        done.object["line"] = json!(n_calls);
        output::print_json(&done.object)?;
        progress.inc(if progress.length().is_some() { done.len } else { 1 });
    }
    Ok((n_failed, n_calls))
}
