//! A report as a table for the terminal: ratios first.

use std::fmt::Write as _;

use super::{Comparison, Outcome, Report, Row, cost, times};
use crate::{measures::Unit, statistics::Spread};

const HEADS: [&str; 6] =
    ["measure", "Extism ÷ Plugsmith", "Plugsmith ÷ limit", "Plugsmith", "Extism", "limit"];

/// Writes the table, what its signs mean, and the machine.
pub(crate) fn write(report: &Report) -> String {
    let mut reasons = Reasons::default();
    let mut lines: Vec<Line> = vec![Line::Cells(HEADS.map(str::to_owned))];
    for row in &report.rows {
        lines.push(line(row, &mut reasons));
        lines.extend(report.compare(row).map(|comparison| Line::Text(compared(comparison))));
    }
    let mut text = align(&lines);
    text.push_str(
        "\n± is half of what the middle half of the rounds spans. Ratios are medians of the rounds'.\n",
    );
    for (idx, reason) in reasons.0.iter().enumerate() {
        writeln!(text, "{}  {reason}", mark(idx)).expect("writing to a string cannot fail");
    }
    let quick = if report.is_quick { "\nA quick run: not for quoting." } else { "" };
    let machine = &report.machine;
    write!(text, "\n{}\n{}{quick}\n", machine.versions(), machine.place())
        .expect("writing to a string cannot fail");
    text
}

enum Line {
    Cells([String; HEADS.len()]),
    Text(String),
}

fn line(row: &Row, reasons: &mut Reasons) -> Line {
    let figures = match &row.outcome {
        Outcome::Measured(figures) => figures,
        Outcome::Skipped(reason) => return Line::Text(format!("{}  skipped: {reason}", row.name)),
        Outcome::Failed(reason) => return Line::Text(format!("{}  FAILED: {reason}", row.name)),
    };
    let mut side = |side: &Result<Spread, String>| match side {
        Ok(spread) => with_spread(spread, &cost(spread.median, row.unit)),
        Err(reason) => reasons.mark(reason),
    };
    let (peer, limit) = (side(&figures.peer), side(&figures.limit));
    Line::Cells([
        row.name.clone(),
        ratio(figures.ahead.as_ref()),
        ratio(figures.behind.as_ref()),
        with_spread(&figures.ours, &cost(figures.ours.median, row.unit)),
        peer,
        limit,
    ])
}

fn ratio(spread: Option<&Spread>) -> String {
    spread.map_or_else(|| "—".to_owned(), |spread| with_spread(spread, &times(spread.median)))
}

fn with_spread(spread: &Spread, text: &str) -> String {
    format!("{text} ±{:>2.0}%", spread.percent())
}

fn compared(comparison: Comparison) -> String {
    let Comparison { with, ours, peer } = comparison;
    let peer = peer.map_or_else(String::new, |peer| format!(", Extism {}", times(peer)));
    format!("    compared with `{with}`: Plugsmith {}{peer}", times(ours))
}

/// What progress says about a row.
pub(crate) fn brief(row: &Row) -> String {
    match &row.outcome {
        Outcome::Skipped(reason) => format!("skipped: {reason}"),
        Outcome::Failed(reason) => format!("failed: {reason}"),
        Outcome::Measured(figures) => {
            let ours = cost(figures.ours.median, row.unit);
            let (peer, what) = match row.unit {
                Unit::Nanoseconds => (figures.ahead.as_ref(), " the time"),
                Unit::Bytes => (figures.ahead.as_ref(), " the memory"),
                Unit::Times | Unit::Count => (figures.peer.as_ref().ok(), ""),
            };
            let unit = if row.unit == Unit::Count { Unit::Count } else { Unit::Times };
            let peer = peer.map_or_else(String::new, |peer| {
                format!("; Extism {}{what}", cost(peer.median, unit))
            });
            format!("{ours}{peer}")
        }
    }
}

/// Why sides are missing, each reason once.
#[derive(Default)]
struct Reasons(Vec<String>);

impl Reasons {
    /// A cell that refers to the reason.
    fn mark(&mut self, reason: &str) -> String {
        let found = self.0.iter().position(|known| known == reason);
        let idx = found.unwrap_or_else(|| {
            self.0.push(reason.to_owned());
            self.0.len() - 1
        });
        mark(idx)
    }
}

fn mark(idx: usize) -> String {
    format!("[{}]", idx + 1)
}

/// Puts cells below each other: the first to the left, numbers to the right.
fn align(lines: &[Line]) -> String {
    let cells = lines.iter().filter_map(|line| match line {
        Line::Cells(cells) => Some(cells),
        Line::Text(_) => None,
    });
    let mut widths = [0; HEADS.len()];
    for cells in cells {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in lines {
        let line = match line {
            Line::Text(line) => line.clone(),
            Line::Cells(cells) => {
                let mut line = format!("{:<1$}", cells[0], widths[0]);
                for (cell, width) in cells.iter().zip(widths).skip(1) {
                    write!(line, "  {cell:>width$}").expect("writing to a string cannot fail");
                }
                line
            }
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{super::tests::report, *};

    #[test]
    fn a_table_has_ratios_first() {
        let expected = "\
measure  Extism ÷ Plugsmith  Plugsmith ÷ limit     Plugsmith         Extism         limit
empty              62× ± 0%         2.00× ± 0%  40.0 ns ± 0%   2.48 µs ± 0%  20.0 ns ± 0%
pool-2            124× ± 0%                  —  20.0 ns ± 0%   2.48 µs ± 0%           [1]
    compared with `empty`: Plugsmith 0.50×, Extism 1.00×
fuse                      —         1.00× ± 0%  2.00 ms ± 0%            [2]  2.00 ms ± 0%
idle                      —                  —   0.00 B ± 0%  4.00 KiB ± 0%           [1]
scaling                   —                  —    1.88× ± 0%     1.00× ± 0%           [1]
zig  skipped: `zig.wasm` was not built
echo  FAILED: it trapped

± is half of what the middle half of the rounds spans. Ratios are medians of the rounds'.
[1]  no pool
[2]  no such step

Plugsmith 0.1.0, Extism 1.41.0, wasmtime 48.0.0
Some CPU 7, 2 cores, linux 6.1, load 0.2 at the start
A quick run: not for quoting.
";
        assert_eq!(write(&report()), expected);
    }

    #[test]
    fn progress_is_brief() {
        let briefs: Vec<_> = report().rows.iter().map(brief).collect();
        let expected = [
            "40.0 ns; Extism 62× the time",
            "20.0 ns; Extism 124× the time",
            "2.00 ms",
            "0.00 B",
            "1.88×; Extism 1.00×",
            "skipped: `zig.wasm` was not built",
            "failed: it trapped",
        ];
        assert_eq!(briefs, expected);
    }
}
