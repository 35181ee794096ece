//! `plugsmith bench`: how long calls of a function take, and what they use.
//!
//! Latencies are measured on instances that nothing is measured inside of; memory and fuel by one call
//! more, of an instance that counts them.

mod shown;

use std::{
    num::NonZeroU64,
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use hdrhistogram::Histogram;
use plugsmith::{CallReport, CompiledPlugin, Plugin};

use crate::{
    exit::Exit,
    failure::Failure,
    input::Input,
    output::{self, Output},
    plugin_options::{PluginOptions, duration},
};

/// How long plug-ins are called before anything is measured, of the time that measuring takes.
const WARM_UP_SHARE: u32 = 10;

/// Measures how long calls of a function take, and what they use.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    pub(crate) plugin: PluginOptions,
    /// The exported function to call.
    #[arg(value_name = "FUNCTION")]
    function: String,
    #[command(flatten)]
    input: Input,
    /// How long to measure: milliseconds, or `500ms`, `10s`.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = duration)]
    time: Duration,
    /// Measures this many calls of each thread, however long they take.
    #[arg(long, value_name = "N", conflicts_with = "time")]
    calls: Option<NonZeroU64>,
    /// How many threads call at once, each its own instance.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    threads: u16,
}

/// What was measured.
struct Measured {
    /// Of each call, in nanoseconds.
    latencies: Histogram<u64>,
    n_threads: u16,
    /// Calls of all threads in a second.
    calls_per_second: f64,
    /// From the bytes to something that instances are made of.
    compile_time: Duration,
    /// Of a fresh instance, its making included.
    first_call: Duration,
    /// What one call took of an instance that counts.
    report: Option<CallReport>,
}

impl Bench {
    /// Measures.
    ///
    /// # Errors
    ///
    /// If the plug-in cannot be loaded, or a call fails.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        let input = self.input.read()?;
        let start = Instant::now();
        let compiled = self.plugin.compile(output, |builder| builder)?;
        let compile_time = start.elapsed();

        let start = Instant::now();
        self.call(&mut Plugin::new_from_compiled(&compiled)?, &input)?;
        let first_call = start.elapsed();

        let spinner = output.spinner(format!("Calling {}", self.function));
        let (latencies, calls_per_second) = self.measure(&compiled, &input)?;
        spinner.set_message("Counting");
        let report = self.count(output, &input)?;
        spinner.finish_and_clear();
        let n_threads = self.threads;
        let measured =
            Measured { latencies, n_threads, calls_per_second, compile_time, first_call, report };
        if output.is_json() {
            output::print_json(&measured.to_json())?;
        } else {
            measured.page(&self.function).print()?;
        }
        Ok(Exit::Success)
    }

    fn call(&self, plugin: &mut Plugin, input: &[u8]) -> Result<(), Failure> {
        // Nobody looks at the output, so it is not copied either.
        plugin.call::<_, &[u8]>(&self.function, input).map(drop).map_err(Failure::from)
    }

    /// Has all threads call. Returns how long each call took, and how many there were in a second.
    fn measure(
        &self,
        compiled: &CompiledPlugin,
        input: &[u8],
    ) -> Result<(Histogram<u64>, f64), Failure> {
        let of_threads: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads)
                .map(|_| scope.spawn(|| self.measure_thread(compiled, input)))
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
        });
        let mut all = histogram();
        let mut calls_per_second = 0.0;
        for of_thread in of_threads {
            let (latencies, rate) = of_thread?;
            all += latencies;
            calls_per_second += rate;
        }
        Ok((all, calls_per_second))
    }

    fn measure_thread(
        &self,
        compiled: &CompiledPlugin,
        input: &[u8],
    ) -> Result<(Histogram<u64>, f64), Failure> {
        let mut plugin = Plugin::new_from_compiled(compiled)?;
        let warm_up = match self.calls {
            None => Until::Time(self.time / WARM_UP_SHARE),
            Some(n_calls) => Until::Calls(n_calls.get().div_ceil(WARM_UP_SHARE.into())),
        };
        self.call_until(warm_up, &mut plugin, input)?;
        let until =
            self.calls.map_or(Until::Time(self.time), |n_calls| Until::Calls(n_calls.get()));
        let start = Instant::now();
        let latencies = self.call_until(until, &mut plugin, input)?;
        let rate = float(latencies.len()) / start.elapsed().as_secs_f64();
        Ok((latencies, rate))
    }

    fn call_until(
        &self,
        until: Until,
        plugin: &mut Plugin,
        input: &[u8],
    ) -> Result<Histogram<u64>, Failure> {
        let mut latencies = histogram();
        let end = match until {
            Until::Time(time) => Some(Instant::now() + time),
            Until::Calls(_) => None,
        };
        let mut n_calls = 0_u64;
        loop {
            let start = Instant::now();
            self.call(plugin, input)?;
            let now = Instant::now();
            let nanoseconds = now.duration_since(start).as_nanos();
            latencies.saturating_record(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
            n_calls += 1;
            let is_over = match until {
                Until::Time(_) => end.is_some_and(|end| now >= end),
                Until::Calls(limit) => n_calls >= limit,
            };
            if is_over {
                return Ok(latencies);
            }
        }
    }

    /// Calls once more, an instance that counts memory and fuel.
    fn count(&self, output: &Output, input: &[u8]) -> Result<Option<CallReport>, Failure> {
        let counting = self
            .plugin
            .compile(output, |builder| builder.with_call_reports(true).with_fuel_limit(u64::MAX))?;
        let mut plugin = Plugin::new_from_compiled(&counting)?;
        // The first call has the initialisers in it.
        for _ in 0..2 {
            self.call(&mut plugin, input)?;
        }
        Ok(plugin.last_call().cloned())
    }
}

/// How long a thread calls.
#[derive(Clone, Copy, Debug)]
enum Until {
    Time(Duration),
    Calls(u64),
}

/// Longer than a call can take that anybody waits for, in nanoseconds: an hour. What takes longer counts
/// as this.
const LONGEST: u64 = 3_600_000_000_000;

/// Returns an empty histogram: three digits of any time, which takes a few hundred kilobytes.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("three digits are few enough")
}

/// Returns a number of things as one to calculate with.
#[expect(clippy::cast_precision_loss, reason = "what is told has few digits")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_three_digits() {
        for time in [1, 1_234, 5_000_000, 60_000_000_000, LONGEST] {
            let mut latencies = histogram();
            latencies.saturating_record(time);
            let error = latencies.max().abs_diff(time);
            assert!(error <= time / 1_000, "{time} became {}", latencies.max());
        }
    }
}
