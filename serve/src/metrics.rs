//! What the server counts, in the text format of Prometheus.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The upper ends of the histogram's buckets, in microseconds, and as text in seconds.
const BUCKETS: [(u64, &str); 16] = [
    (50, "0.00005"),
    (100, "0.0001"),
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (5_000_000, "5"),
    (30_000_000, "30"),
];

/// The counts.
#[derive(Debug, Default)]
pub struct Metrics {
    calls: Mutex<Calls>,
    /// Requests that came to no call, by what was wrong.
    refused: Mutex<BTreeMap<&'static str, u64>>,
    n_waiting: Arc<AtomicUsize>,
    n_running: Arc<AtomicUsize>,
    n_reloads: AtomicU64,
    n_refused_reloads: AtomicU64,
}

/// Calls that ended.
#[derive(Debug, Default)]
struct Calls {
    /// By function and outcome. Only functions that exist are called, so there are not many.
    by_outcome: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// How many took no longer than each bucket's end, and longer than the one's before.
    buckets: [u64; BUCKETS.len()],
    n_ended: u64,
    total: Duration,
}

/// Something that goes on, counted as long as this lives.
#[derive(Debug)]
pub(crate) struct Span(Arc<AtomicUsize>);

impl Drop for Span {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Counts a call that waits.
    pub(crate) fn waiting(&self) -> Span {
        span(&self.n_waiting)
    }

    /// Counts a call that runs.
    pub(crate) fn running(&self) -> Span {
        span(&self.n_running)
    }

    /// Counts a call that ended, and the time from its arrival.
    pub(crate) fn count_call(&self, function: &str, outcome: &'static str, time: Duration) {
        let mut calls = lock(&self.calls);
        if !calls.by_outcome.contains_key(function) {
            calls.by_outcome.insert(function.to_owned(), BTreeMap::new());
        }
        let outcomes = calls.by_outcome.get_mut(function).expect("it was just put there");
        *outcomes.entry(outcome).or_default() += 1;
        let bucket_idx = BUCKETS.partition_point(|(end, _)| u128::from(*end) < time.as_micros());
        if let Some(bucket) = calls.buckets.get_mut(bucket_idx) {
            *bucket += 1;
        }
        calls.n_ended += 1;
        calls.total += time;
    }

    /// Counts a request that came to no call.
    pub(crate) fn count_refusal(&self, kind: &'static str) {
        *lock(&self.refused).entry(kind).or_default() += 1;
    }

    /// Counts a new version that was put to service.
    pub fn count_reload(&self) {
        self.n_reloads.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a new version that could not be loaded.
    pub fn count_refused_reload(&self) {
        self.n_refused_reloads.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns all counts as text.
    pub(crate) fn to_text(&self, n_instances: usize) -> String {
        let mut text = String::new();
        self.write(&mut text, n_instances).expect("a string takes any text");
        text
    }

    fn write(&self, text: &mut String, n_instances: usize) -> fmt::Result {
        self.write_calls(text)?;
        head(
            text,
            "plugsmith_refused_requests_total",
            "counter",
            "Requests that came to no call.",
        )?;
        for (kind, n_requests) in &*lock(&self.refused) {
            writeln!(text, "plugsmith_refused_requests_total{{kind=\"{kind}\"}} {n_requests}")?;
        }
        let loads = |count: &AtomicUsize| count.load(Ordering::Relaxed) as u64;
        let rows = [
            ("calls_running", "gauge", "Calls that run now.", loads(&self.n_running)),
            (
                "calls_waiting",
                "gauge",
                "Calls that wait for others to end.",
                loads(&self.n_waiting),
            ),
            ("instances", "gauge", "Plug-ins that exist, idle or busy.", n_instances as u64),
            (
                "reloads_total",
                "counter",
                "New versions of the plug-in that were put to service.",
                self.n_reloads.load(Ordering::Relaxed),
            ),
            (
                "refused_reloads_total",
                "counter",
                "New versions of the plug-in that could not be loaded.",
                self.n_refused_reloads.load(Ordering::Relaxed),
            ),
        ];
        for (name, kind, help, value) in rows {
            let name = format!("plugsmith_{name}");
            head(text, &name, kind, help)?;
            writeln!(text, "{name} {value}")?;
        }
        head(text, "plugsmith_build_info", "gauge", "The version of the server.")?;
        let version = env!("CARGO_PKG_VERSION");
        writeln!(text, "plugsmith_build_info{{version=\"{version}\"}} 1")
    }

    fn write_calls(&self, text: &mut String) -> fmt::Result {
        let calls = lock(&self.calls);
        let name = "plugsmith_calls_total";
        head(text, name, "counter", "Calls that ended, by export and outcome.")?;
        for (function, outcomes) in &calls.by_outcome {
            let function = Label(function);
            for (outcome, n_calls) in outcomes {
                writeln!(
                    text,
                    "{name}{{function=\"{function}\",outcome=\"{outcome}\"}} {n_calls}"
                )?;
            }
        }
        let name = "plugsmith_call_duration_seconds";
        head(text, name, "histogram", "Time from a call's arrival to its end, waiting included.")?;
        let mut n_so_far = 0;
        for ((_, end), n_calls) in BUCKETS.iter().zip(calls.buckets) {
            n_so_far += n_calls;
            writeln!(text, "{name}_bucket{{le=\"{end}\"}} {n_so_far}")?;
        }
        writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {}", calls.n_ended)?;
        writeln!(text, "{name}_sum {}", calls.total.as_secs_f64())?;
        writeln!(text, "{name}_count {}", calls.n_ended)
    }
}

/// A label's value, in which the format has three characters escaped.
struct Label<'a>(&'a str);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

fn span(count: &Arc<AtomicUsize>) -> Span {
    count.fetch_add(1, Ordering::Relaxed);
    Span(Arc::clone(count))
}

/// Locks what no panic can leave half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up() {
        let metrics = Metrics::default();
        for micros in [0, 50, 51, 100, 1_000_000, 30_000_000, 30_000_001] {
            metrics.count_call("f", "ok", Duration::from_micros(micros));
        }
        let text = metrics.to_text(0);
        for line in [
            "plugsmith_call_duration_seconds_bucket{le=\"0.00005\"} 2",
            "plugsmith_call_duration_seconds_bucket{le=\"0.0001\"} 4",
            "plugsmith_call_duration_seconds_bucket{le=\"0.5\"} 4",
            "plugsmith_call_duration_seconds_bucket{le=\"1\"} 5",
            "plugsmith_call_duration_seconds_bucket{le=\"30\"} 6",
            "plugsmith_call_duration_seconds_bucket{le=\"+Inf\"} 7",
            "plugsmith_call_duration_seconds_count 7",
            "plugsmith_calls_total{function=\"f\",outcome=\"ok\"} 7",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn names_of_exports_are_escaped() {
        let metrics = Metrics::default();
        metrics.count_call("a\"b\\c\nd", "ok", Duration::ZERO);
        let line = r#"plugsmith_calls_total{function="a\"b\\c\nd",outcome="ok"} 1"#;
        assert!(metrics.to_text(0).lines().any(|found| found == line));
    }
}
