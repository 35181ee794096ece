//! Tries every order in which few threads can meet in the host's state machines, and every value that
//! the memory model lets each of their loads see.
//!
//! A model is a function of few threads and few steps, which the checker runs again and again. What is
//! modelled is the host's own code: its files are compiled here with another `sync.rs`. A model fails by
//! an assertion, or because all threads wait: so whoever must not wait for ever is simply waited for.
//!
//! Names on the command line select models.

#![forbid(unsafe_code)]

mod deadline;
mod pool;
mod sync;

use std::{env, time::Instant};

use loom::model::Builder;

/// One thing that holds whatever the order.
struct Model {
    name: &'static str,
    /// How often the checker takes the processor from a thread that could go on, in one run. Most
    /// mistakes need one or two; more multiplies the runs.
    n_preemptions: usize,
    run: fn(),
}

fn main() {
    let wanted: Vec<String> = env::args().skip(1).collect();
    for model in deadline::MODELS.iter().chain(pool::MODELS) {
        if wanted.is_empty() || wanted.iter().any(|name| name == model.name) {
            let started = Instant::now();
            let mut builder = Builder::new();
            builder.preemption_bound = Some(model.n_preemptions);
            builder.max_branches = 10_000;
            builder.check(model.run);
            println!("{} holds ({:.1} s)", model.name, started.elapsed().as_secs_f64());
        }
    }
}
