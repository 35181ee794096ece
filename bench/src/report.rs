//! What came of the measures, before it is written down in one form or another.

pub(crate) mod chart;
pub(crate) mod json;
pub(crate) mod table;

use crate::{machine::Machine, measures::Unit, sampling::Samples, statistics::Spread};

/// A finished run.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    /// Whether less was measured than for numbers to quote.
    pub(crate) is_quick: bool,
    pub(crate) rows: Vec<Row>,
}

/// What came of one measure.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) unit: Unit,
    pub(crate) against: Option<&'static str>,
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Measured(Figures),
    /// Something is not there that the measure needs.
    Skipped(String),
    /// It went wrong.
    Failed(String),
}

/// What an operation costs on each side, or why there is no such side; and the ratios.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figures {
    pub(crate) ours: Spread,
    pub(crate) peer: Result<Spread, String>,
    pub(crate) limit: Result<Spread, String>,
    /// How many times as much as Plugsmith the peer costs.
    pub(crate) ahead: Option<Spread>,
    /// How many times as much as the limit Plugsmith costs.
    pub(crate) behind: Option<Spread>,
}

impl Figures {
    /// Sums samples up; `None` if there are none. Ratios are of costs alone.
    pub(crate) fn of(samples: &Samples, unit: Unit) -> Option<Self> {
        let sum = |side: &Result<Vec<f64>, String>| match side {
            Ok(values) => Spread::of(values).map(Ok),
            Err(reason) => Some(Err(reason.clone())),
        };
        let ratio = |numerators: &[f64], denominators: &[f64]| match unit {
            Unit::Nanoseconds | Unit::Bytes => Spread::of_ratios(numerators, denominators),
            Unit::Times | Unit::Count => None,
        };
        Some(Self {
            ours: Spread::of(&samples.ours)?,
            peer: sum(&samples.peer)?,
            limit: sum(&samples.limit)?,
            ahead: samples.peer.as_ref().ok().and_then(|peer| ratio(peer, &samples.ours)),
            behind: samples.limit.as_ref().ok().and_then(|limit| ratio(&samples.ours, limit)),
        })
    }
}

impl Row {
    pub(crate) fn figures(&self) -> Option<&Figures> {
        match &self.outcome {
            Outcome::Measured(figures) => Some(figures),
            Outcome::Skipped(_) | Outcome::Failed(_) => None,
        }
    }
}

/// How many times as much as another measure one costs, on each side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) with: &'static str,
    pub(crate) ours: f64,
    pub(crate) peer: Option<f64>,
}

impl Report {
    /// Compares a row with the one that it is to be compared with, if both were measured.
    pub(crate) fn compare(&self, row: &Row) -> Option<Comparison> {
        let with = row.against?;
        let (figures, base) = (row.figures()?, self.rows.iter().find(|row| row.name == with)?);
        let base = base.figures()?;
        let peer = figures.peer.as_ref().ok().zip(base.peer.as_ref().ok());
        Some(Comparison {
            with,
            ours: figures.ours.median / base.ours.median,
            peer: peer.map(|(peer, base)| peer.median / base.median),
        })
    }

    /// What went wrong, if anything did: the names of the measures.
    pub(crate) fn failures(&self) -> Vec<&str> {
        let failed = |row: &&Row| matches!(row.outcome, Outcome::Failed(_));
        self.rows.iter().filter(failed).map(|row| row.name.as_str()).collect()
    }
}

/// A cost with three digits and a unit that fits.
pub(crate) fn cost(value: f64, unit: Unit) -> String {
    let scales: &[(f64, &str)] = match unit {
        Unit::Nanoseconds => &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")],
        Unit::Bytes => &[(1_048_576.0, "MiB"), (1024.0, "KiB"), (1.0, "B")],
        Unit::Times => return times(value),
        Unit::Count => return format!("{value:.0}"),
    };
    // A value that would be rounded up to the next unit is told in that.
    let fits = |(scale, _): &&(f64, &str)| value >= scale * 0.9995;
    let (scale, name) =
        scales.iter().find(fits).copied().unwrap_or((1.0, scales[scales.len() - 1].1));
    format!("{} {name}", digits(value / scale))
}

/// A ratio with as many digits as it is worth.
pub(crate) fn times(ratio: f64) -> String {
    if ratio >= 9.995 { format!("{ratio:.0}×") } else { format!("{}×", digits(ratio)) }
}

/// A number with three digits.
fn digits(value: f64) -> String {
    if value >= 99.95 {
        format!("{value:.0}")
    } else if value >= 9.995 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A report with a row of each kind.
    pub(crate) fn report() -> Report {
        let row = |name: &str, unit, against, outcome| Row {
            name: name.to_owned(),
            about: format!("about <{name}>"),
            unit,
            against,
            outcome,
        };
        let figures = |unit, ours: f64, peer: Result<f64, &str>, limit: Result<f64, &str>| {
            let side =
                |value: Result<f64, &str>| value.map(|value| vec![value; 3]).map_err(str::to_owned);
            let samples = Samples { ours: vec![ours; 3], peer: side(peer), limit: side(limit) };
            Outcome::Measured(Figures::of(&samples, unit).expect("there are samples"))
        };
        let (ns, times) = (Unit::Nanoseconds, Unit::Times);
        let rows = vec![
            row("empty", ns, None, figures(ns, 40.0, Ok(2_480.0), Ok(20.0))),
            row("pool-2", ns, Some("empty"), figures(ns, 20.0, Ok(2_480.0), Err("no pool"))),
            row("fuse", ns, Some("missing"), figures(ns, 2e6, Err("no such step"), Ok(2e6))),
            row("idle", Unit::Bytes, None, figures(Unit::Bytes, 0.0, Ok(4_096.0), Err("no pool"))),
            row("scaling", times, None, figures(times, 1.875, Ok(1.0), Err("no pool"))),
            row("zig", ns, None, Outcome::Skipped("`zig.wasm` was not built".to_owned())),
            row("echo", ns, None, Outcome::Failed("it trapped".to_owned())),
        ];
        let machine = Machine {
            plugsmith: "0.1.0".to_owned(),
            extism: Ok("1.41.0".to_owned()),
            wasmtime: "48.0.0".to_owned(),
            processor: "Some CPU 7".to_owned(),
            n_cores: 2,
            system: "linux 6.1".to_owned(),
            load: Some(0.25),
        };
        Report { machine, is_quick: true, rows }
    }

    #[test]
    fn figures_have_ratios_of_what_is_there() {
        let report = report();
        let ratios: Vec<_> = report.rows.iter().filter_map(Row::figures).collect();
        let median = |spread: Option<Spread>| spread.map(|spread| spread.median);
        let ratios: Vec<_> =
            ratios.iter().map(|row| (median(row.ahead), median(row.behind))).collect();
        let expected = [
            (Some(62.0), Some(2.0)),
            (Some(124.0), None),
            (None, Some(1.0)),
            (None, None),
            (None, None),
        ];
        assert_eq!(ratios, expected);
    }

    #[test]
    fn rows_are_compared_on_their_own_side() {
        let report = report();
        let compared: Vec<_> = report.rows.iter().map(|row| report.compare(row)).collect();
        let expected = Comparison { with: "empty", ours: 0.5, peer: Some(1.0) };
        assert_eq!(compared, [None, Some(expected), None, None, None, None, None]);
    }

    #[test]
    fn failures_are_named() {
        assert_eq!(report().failures(), ["echo"]);
    }

    #[test]
    fn costs_have_three_digits_and_a_unit() {
        let rows = [
            (0.0, Unit::Nanoseconds, "0.00 ns"),
            (5.678, Unit::Nanoseconds, "5.68 ns"),
            (36.04, Unit::Nanoseconds, "36.0 ns"),
            (999.4, Unit::Nanoseconds, "999 ns"),
            (999.9, Unit::Nanoseconds, "1.00 µs"),
            (143_000.0, Unit::Nanoseconds, "143 µs"),
            (6.8e6, Unit::Nanoseconds, "6.80 ms"),
            (2.5e9, Unit::Nanoseconds, "2.50 s"),
            (4_096.0, Unit::Bytes, "4.00 KiB"),
            (104_857_600.0, Unit::Bytes, "100 MiB"),
            (1.884, Unit::Times, "1.88×"),
            (16_384.0, Unit::Count, "16384"),
        ];
        for (value, unit, text) in rows {
            assert_eq!(cost(value, unit), text);
        }
    }

    #[test]
    fn ratios_have_the_digits_they_are_worth() {
        let rows =
            [(0.987, "0.99×"), (1.0, "1.00×"), (9.99, "9.99×"), (9.999, "10×"), (64.4, "64×")];
        for (ratio, text) in rows {
            assert_eq!(times(ratio), text);
        }
    }
}
