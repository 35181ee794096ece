//! What came of the turns: medians for people and for programs, ratios first taken round by round.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use serde_json::{Value, json};

use super::{N_CONNECTIONS, Question, Subject, Turn};
use crate::statistics::Spread;

/// The turns of one question.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) question: Question,
    pub(super) n_running: usize,
    pub(super) taken: Taken,
}

/// Each subject's turns, in the order of the rounds.
#[derive(Debug, Default)]
pub(super) struct Taken(BTreeMap<&'static str, Vec<Turn>>);

impl Taken {
    pub(super) fn add(&mut self, subject: Subject, turn: Turn) {
        self.0.entry(subject.name()).or_default().push(turn);
    }

    /// A subject's turns as numbers; empty if it had none.
    fn values(&self, subject: Subject, value: impl Fn(&Turn) -> f64) -> Vec<f64> {
        self.0.get(subject.name()).into_iter().flatten().map(value).collect()
    }

    fn median(&self, subject: Subject, value: impl Fn(&Turn) -> f64) -> Option<f64> {
        Spread::of(&self.values(subject, value)).map(|spread| spread.median)
    }

    /// How many times as often the first subject answers as the second.
    fn ratio(&self, subject: Subject, other: Subject) -> Option<Spread> {
        let per_second = |turn: &Turn| turn.per_second;
        Spread::of_ratios(&self.values(subject, per_second), &self.values(other, per_second))
    }
}

/// What is compared with what.
const RATIOS: [(&str, Subject, Subject, &str); 4] = [
    ("serve_to_limit", Subject::Serve, Subject::Limit, "of the server's own limit"),
    (
        "peer_to_limit",
        Subject::PeerServed,
        Subject::Limit,
        "of it by Extism behind the same server",
    ),
    ("serve_to_peer", Subject::Serve, Subject::PeerServed, "as many requests as Extism behind it"),
    (
        "in_process_to_peer",
        Subject::InProcess,
        Subject::PeerInProcess,
        "as many calls as Extism, without a server",
    ),
];

impl Summary {
    /// Returns the lines for people.
    pub(super) fn table(&self) -> String {
        let Self { question, n_running, taken } = self;
        let mut text = format!(
            "`{}`: {}; {N_CONNECTIONS} connections, {n_running} calls at once\n",
            question.function, question.about
        );
        let mut line = |line: std::fmt::Arguments<'_>| {
            writeln!(text, "{line}").expect("a string takes any text");
        };
        line(format_args!("{:<32}{:>12}{:>12}{:>12}", "", "a second", "p50", "p99"));
        for subject in Subject::ALL {
            let micros = |value: fn(&Turn) -> Duration| {
                taken.median(subject, |turn| value(turn).as_secs_f64() * 1e6)
            };
            let per_second = taken.median(subject, |turn| turn.per_second);
            let (p50, p99) = (micros(|turn| turn.p50), micros(|turn| turn.p99));
            let (Some(per_second), Some(p50), Some(p99)) = (per_second, p50, p99) else { continue };
            line(format_args!(
                "  {:<30}{per_second:>12.0}{p50:>9.1} µs{p99:>9.1} µs",
                subject.name()
            ));
        }
        for (_, subject, other, about) in RATIOS {
            if let Some(ratio) = taken.ratio(subject, other) {
                let percent = ratio.percent();
                line(format_args!("  {:>6.2} ×  {about}  (±{percent:.0} %)", ratio.median));
            }
        }
        text.push('\n');
        text
    }

    /// Returns the same for programs.
    pub(super) fn json(&self) -> Value {
        let turns = |turns: &Vec<Turn>| {
            let turn = |turn: &Turn| {
                json!({
                    "per_second": turn.per_second,
                    "p50_us": turn.p50.as_secs_f64() * 1e6,
                    "p99_us": turn.p99.as_secs_f64() * 1e6,
                })
            };
            turns.iter().map(turn).collect::<Vec<_>>()
        };
        let rounds: BTreeMap<_, _> =
            self.taken.0.iter().map(|(name, taken)| (*name, turns(taken))).collect();
        let ratio = |(name, subject, other, _): (&'static str, _, _, _)| {
            self.taken.ratio(subject, other).map(|ratio| (name, ratio.median))
        };
        let ratios: BTreeMap<_, _> = RATIOS.into_iter().filter_map(ratio).collect();
        json!({ "function": self.question.function, "rounds": rounds, "ratios": ratios })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serving::QUESTIONS;

    fn summary(turns: &[(Subject, f64)]) -> Summary {
        let mut taken = Taken::default();
        for (subject, per_second) in turns {
            let (p50, p99) = (Duration::from_micros(250), Duration::from_millis(1));
            taken.add(*subject, Turn { per_second: *per_second, p50, p99 });
        }
        Summary { question: QUESTIONS[0], n_running: 2, taken }
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let (serve, limit) = (Subject::Serve, Subject::Limit);
        // Everything was slow in the second round.
        let rows = [(serve, 80.0), (limit, 100.0), (serve, 8.0), (limit, 10.0)];
        let json = summary(&rows).json();
        assert_eq!(json["ratios"], json!({ "serve_to_limit": 0.8 }));
        assert_eq!(json["rounds"]["plugsmith serve"][1]["p99_us"], 1_000.0);
    }

    #[test]
    fn who_was_not_asked_is_not_in_the_table() {
        let table = summary(&[(Subject::Serve, 12_345.0), (Subject::Limit, 20_000.0)]).table();
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(
            lines[2..],
            [
                "  plugsmith serve                      12345    250.0 µs   1000.0 µs",
                "  the server with no plug-in           20000    250.0 µs   1000.0 µs",
                "    0.62 ×  of the server's own limit  (±0 %)",
                "",
            ]
        );
    }
}
