//! What was measured, for people and for scripts.

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use super::{Measured, float};
use crate::{
    output::style::{DIM, GOOD},
    page::{Column, Page, counted},
    printable::{bytes_in_words, printable},
};

/// How many bars there are up to the slowest of a hundred calls.
const N_BARS: u64 = 12;

/// Width of the longest bar.
const BAR_WIDTH: u64 = 40;

/// The percentiles that are told, and their names.
const PERCENTILES: [(&str, f64); 4] =
    [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9)];

impl Measured {
    /// Returns everything for people.
    pub(super) fn page(&self, function: &str) -> Page {
        let mut page = Page::new();
        page.heading(format_args!(
            "{}: {} by {}",
            printable(function),
            counted(usize::try_from(self.latencies.len()).unwrap_or(usize::MAX), "call"),
            counted(usize::from(self.n_threads), "thread"),
        ));
        let percentiles = PERCENTILES.iter().map(|(name, percent)| {
            row(name, in_words(self.latencies.value_at_percentile(*percent)))
        });
        let mut rows = vec![row("fastest", in_words(self.latencies.min()))];
        rows.extend(percentiles);
        rows.push(row("slowest", in_words(self.latencies.max())));
        rows.push(row("calls a second", format!("{:.0}", self.calls_per_second)));
        page.table([Column::Dim, Column::Right], &rows);

        page.heading("How often which time");
        for bar in bars(&self.latencies) {
            page.line(bar);
        }

        page.heading("Use");
        let mut rows = vec![
            row("compiling, or loading from the cache", format!("{:.2?}", self.compile_time)),
            row("fresh instance and its first call", format!("{:.2?}", self.first_call)),
        ];
        if let Some(report) = &self.report {
            rows.push(row("guest memory", bytes_in_words(report.guest_memory)));
            rows.push(row("exchange memory", bytes_in_words(report.exchange_memory)));
            rows.push(row("input", bytes_in_words(report.input_len)));
            rows.push(row("output", bytes_in_words(report.output_len)));
            rows.extend(report.fuel.map(|fuel| row("fuel of a call", fuel.to_string())));
        }
        page.table([Column::Dim, Column::Right], &rows);
        page
    }

    /// Returns everything for scripts.
    pub(super) fn to_json(&self) -> Value {
        let percentiles = PERCENTILES.iter().map(|(name, percent)| {
            ((*name).to_owned(), json!(self.latencies.value_at_percentile(*percent)))
        });
        let report = self.report.as_ref();
        json!({
            "calls": self.latencies.len(),
            "threads": self.n_threads,
            "calls_per_second": self.calls_per_second,
            "latency_ns": {
                "min": self.latencies.min(),
                "mean": self.latencies.mean(),
                "max": self.latencies.max(),
                "percentiles": percentiles.collect::<serde_json::Map<_, _>>(),
            },
            "compile_ns": u64::try_from(self.compile_time.as_nanos()).unwrap_or(u64::MAX),
            "first_call_ns": u64::try_from(self.first_call.as_nanos()).unwrap_or(u64::MAX),
            "guest_memory_bytes": report.map(|report| report.guest_memory),
            "exchange_memory_bytes": report.map(|report| report.exchange_memory),
            "fuel": report.and_then(|report| report.fuel),
            "input_bytes": report.map(|report| report.input_len),
            "output_bytes": report.map(|report| report.output_len),
        })
    }
}

fn row(name: &str, value: String) -> [String; 2] {
    [name.to_owned(), value]
}

/// Returns a bar for each step from the fastest call to the slowest of a hundred, and one for the calls
/// beyond.
fn bars(latencies: &Histogram<u64>) -> Vec<String> {
    let start = latencies.min();
    let end = latencies.value_at_percentile(99.0);
    let step = end.saturating_sub(start) / N_BARS + 1;
    let n_steps = (end.saturating_sub(start) / step).saturating_add(1).min(N_BARS);
    let mut counts = vec![0_u64; usize::try_from(n_steps + 1).expect("there are few")];
    for found in latencies.iter_recorded() {
        let step_idx = found.value_iterated_to().saturating_sub(start) / step;
        let idx = usize::try_from(step_idx.min(n_steps)).expect("there are few");
        counts[idx] += found.count_since_last_iteration();
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let mut lines = Vec::new();
    for ((idx, count), number) in counts.iter().enumerate().zip(0_u64..) {
        let bar = "█".repeat(usize::try_from(count.saturating_mul(BAR_WIDTH) / most).unwrap_or(0));
        let sign = if idx + 1 == counts.len() { "≥" } else { " " };
        let share = float(*count) * 100.0 / float(latencies.len().max(1));
        let from = in_words(start + step * number);
        lines.push(format!("  {sign}{from:>9} {GOOD}{bar}{GOOD:#} {DIM}{share:.1} %{DIM:#}"));
    }
    lines
}

/// Returns a time as a person says it.
fn in_words(nanoseconds: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")];
    match UNITS.iter().find(|(unit, _)| nanoseconds >= *unit) {
        Some((unit, name)) => {
            let hundredths = u128::from(nanoseconds) * 100 / u128::from(*unit);
            format!("{}.{:02} {name}", hundredths / 100, hundredths % 100)
        }
        None => format!("{nanoseconds} ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::histogram;

    #[test]
    fn times_have_the_largest_unit_that_fits() {
        let rows = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (1_239, "1.23 µs"),
            (5_000_000, "5.00 ms"),
            (61_500_000_000, "61.50 s"),
        ];
        for (nanoseconds, words) in rows {
            assert_eq!(in_words(nanoseconds), words);
        }
    }

    #[test]
    fn every_call_is_in_a_bar() {
        let rows: [(&str, &[u64]); 3] =
            [("one", &[5]), ("equal", &[7; 50]), ("spread", &[100, 200, 300, 400, 1_000_000])];
        for (name, times) in rows {
            let mut latencies = histogram();
            for time in times {
                latencies.saturating_record(*time);
            }
            let lines: Vec<_> = bars(&latencies)
                .iter()
                .map(|line| anstream::adapter::strip_str(line).to_string())
                .collect();
            let share = |line: &String| {
                let words: Vec<_> = line.split_whitespace().collect();
                words[words.len() - 2].parse::<f64>().expect("it is a number")
            };
            let sum: f64 = lines.iter().map(share).sum();
            assert!((sum - 100.0).abs() < 0.5, "{name}: {lines:#?}");
            assert!(lines.iter().any(|line| line.contains(&"█".repeat(40))), "{name}: {lines:#?}");
            assert!(lines.last().is_some_and(|line| line.contains('≥')), "{name}: {lines:#?}");
        }
    }
}
