//! Samples of several subjects that do the same work, taken in turns.
//!
//! A subject repeats an operation as often as it is told. How often makes a sample is found out for
//! each subject by itself, so that samples take about as long whatever the operation costs; and rounds
//! go from subject to subject, so that no subject has the machine's good minute to itself.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::subject::{Run, Side, Subjects};

/// How long to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effort {
    /// What one sample should take.
    pub(crate) sample: Duration,
    /// What all samples of one measure should take together.
    pub(crate) measure: Duration,
    pub(crate) most_rounds: usize,
}

impl Effort {
    /// Enough for numbers to quote.
    pub(crate) const FULL: Self = Self {
        sample: Duration::from_millis(15),
        measure: Duration::from_secs(6),
        most_rounds: 61,
    };

    /// Enough to see where things stand.
    pub(crate) const QUICK: Self = Self {
        sample: Duration::from_millis(5),
        measure: Duration::from_millis(800),
        most_rounds: 21,
    };

    /// For what is no matter of time: each round does the operation once.
    pub(crate) const ONCE: Self =
        Self { sample: Duration::ZERO, measure: Duration::ZERO, most_rounds: LEAST_ROUNDS };
}

/// A median of fewer says nothing.
const LEAST_ROUNDS: usize = 3;

/// What the subjects' operations cost, in each round.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Samples {
    pub(crate) ours: Vec<f64>,
    pub(crate) peer: Result<Vec<f64>, String>,
    pub(crate) limit: Result<Vec<f64>, String>,
}

/// Samples a measure's subjects.
///
/// # Errors
///
/// The first failure of a subject.
pub(crate) fn sample(subjects: Subjects, effort: Effort) -> Result<Samples> {
    let Subjects { ours, peer, limit } = subjects;
    let mut ours = Calibrated::new(ours, effort.sample)?;
    let mut peer = calibrate(peer, effort.sample)?;
    let mut limit = calibrate(limit, effort.sample)?;

    let (started, mut n_rounds) = (Instant::now(), 0);
    while n_rounds < LEAST_ROUNDS
        || n_rounds < effort.most_rounds && started.elapsed() < effort.measure
    {
        ours.sample()?;
        for side in [&mut peer, &mut limit] {
            side.as_mut().map_or(Ok(()), Calibrated::sample)?;
        }
        n_rounds += 1;
    }
    Ok(Samples {
        ours: ours.samples,
        peer: peer.map(|subject| subject.samples),
        limit: limit.map(|subject| subject.samples),
    })
}

fn calibrate(side: Side, sample: Duration) -> Result<Result<Calibrated, String>> {
    match side {
        Side::Runs(run) => Ok(Ok(Calibrated::new(run, sample)?)),
        Side::Absent(reason) => Ok(Err(reason)),
    }
}

/// A subject that knows how often to repeat its operation.
struct Calibrated {
    run: Run,
    n_operations: u64,
    samples: Vec<f64>,
}

impl Calibrated {
    /// Repeats the operation more and more often, until that takes long enough twice: once may be due
    /// to another program that had the processor meanwhile. The subject is warm then.
    fn new(mut run: Run, sample: Duration) -> Result<Self> {
        let (mut n_operations, mut n_long) = (1, 0);
        while n_long < 2 {
            let started = Instant::now();
            black_box(run(n_operations)?);
            let taken = started.elapsed();
            if taken >= sample / 2 {
                n_long += 1;
            } else {
                n_operations = more(n_operations, taken, sample);
                n_long = 0;
            }
            if sample.is_zero() {
                break;
            }
        }
        Ok(Self { run, n_operations, samples: Vec::new() })
    }

    fn sample(&mut self) -> Result<()> {
        let cost = (self.run)(self.n_operations)?;
        self.samples.push(cost / as_float(self.n_operations));
        Ok(())
    }
}

/// How often to try next, after so many operations took too short a time: at most ten times as often,
/// since a short time is not a sure one.
fn more(n_operations: u64, taken: Duration, sample: Duration) -> u64 {
    let share = sample.as_secs_f64() / taken.as_secs_f64().max(1e-9);
    let wanted = as_float(n_operations) * share.clamp(2.0, 10.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is positive and small, and need not be exact"
    )]
    let wanted = wanted as u64;
    wanted
}

/// A count in a division.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
pub(crate) fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use super::*;

    #[test]
    fn subjects_take_turns() {
        let turns = Rc::new(RefCell::new(String::new()));
        let subject = |name: char, cost: f64| -> Run {
            let turns = Rc::clone(&turns);
            Box::new(move |_| {
                turns.borrow_mut().push(name);
                Ok(cost)
            })
        };
        let subjects = Subjects {
            ours: subject('a', 1.0),
            peer: Side::Runs(subject('b', 2.0)),
            limit: Side::Absent("there is none".to_owned()),
        };
        let samples = sample(subjects, Effort::ONCE).unwrap();
        assert_eq!(*turns.borrow(), "abababab");
        let expected = Samples {
            ours: vec![1.0; 3],
            peer: Ok(vec![2.0; 3]),
            limit: Err("there is none".to_owned()),
        };
        assert_eq!(samples, expected);
    }

    #[test]
    fn a_failing_subject_fails_the_measure() {
        let subjects = Subjects {
            ours: Box::new(|_| Ok(1.0)),
            peer: Side::Runs(Box::new(|_| anyhow::bail!("it broke"))),
            limit: Side::Absent(String::new()),
        };
        assert_eq!(sample(subjects, Effort::ONCE).unwrap_err().to_string(), "it broke");
    }

    #[test]
    fn a_sample_is_what_one_operation_costs() {
        let run: Run = Box::new(|n_operations| Ok(as_float(n_operations) * 3.0));
        let mut subject = Calibrated { run, n_operations: 7, samples: Vec::new() };
        subject.sample().unwrap();
        assert_eq!(subject.samples, [3.0]);
    }

    #[test]
    fn operations_are_repeated_two_to_ten_times_as_often() {
        let sample = Duration::from_millis(10);
        let rows = [
            (Duration::ZERO, 1_000),
            (Duration::from_micros(1), 1_000),
            (Duration::from_millis(2), 500),
            (Duration::from_millis(9), 200),
        ];
        for (taken, n_operations) in rows {
            assert_eq!(more(100, taken, sample), n_operations, "{taken:?}");
        }
    }
}
