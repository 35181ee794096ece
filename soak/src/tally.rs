//! What was done, counted, and what of it was wrong.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::process::Held;

/// How many wrong answers are told in full.
const N_TOLD: usize = 20;

/// What one thread did, or all of them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// By name: how often each action was done.
    pub(crate) actions: BTreeMap<&'static str, u64>,
    /// Calls of exports, all told.
    pub(crate) n_calls: u64,
    pub(crate) n_faults: u64,
    /// What an action found that must not be.
    pub(crate) wrong: Vec<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        for (name, n) in other.actions {
            *self.actions.entry(name).or_default() += n;
        }
        self.n_calls += other.n_calls;
        self.n_faults += other.n_faults;
        self.wrong.extend(other.wrong);
    }
}

/// What came of a soak.
pub(crate) struct Report {
    pub(crate) tally: Tally,
    pub(crate) time: Duration,
    pub(crate) seed: u64,
    /// After the rounds that warm up, and after the last; `None` where the system does not tell.
    pub(crate) held: Option<(Held, Held)>,
}

impl Report {
    pub(crate) fn is_good(&self) -> bool {
        self.tally.wrong.is_empty() && self.growths().iter().all(Growth::is_small)
    }

    fn growths(&self) -> Vec<Growth> {
        let Some((first, last)) = self.held else { return Vec::new() };
        let pairs = first.rows().into_iter().zip(last.rows());
        pairs
            .map(|((name, before, allowed), (_, after, _))| Growth { name, before, after, allowed })
            .collect()
    }
}

struct Growth {
    name: &'static str,
    before: u64,
    after: u64,
    allowed: u64,
}

impl Growth {
    fn is_small(&self) -> bool {
        self.after <= self.before + self.allowed
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tally, time, seed, held } = self;
        for (name, n) in &tally.actions {
            writeln!(f, "{n:>12}  {name}")?;
        }
        writeln!(
            f,
            "{:>12}  calls in all, in {:.1} minutes",
            tally.n_calls,
            time.as_secs_f64() / 60.0
        )?;
        writeln!(f, "{:>12}  faults injected", tally.n_faults)?;
        writeln!(f, "{:>12}  wrong answers", tally.wrong.len())?;
        for wrong in tally.wrong.iter().take(N_TOLD) {
            writeln!(f, "              {wrong}")?;
        }
        for Growth { name, before, after, allowed } in self.growths() {
            let limit = before + allowed;
            writeln!(f, "{after:>12}  {name} at the end, {before} when warm, {limit} allowed")?;
        }
        if held.is_none() && tally.wrong.is_empty() {
            writeln!(f, "              this system does not tell what a process holds")?;
        }
        let verdict = if self.is_good() { "all is well" } else { "something is wrong" };
        writeln!(f, "{verdict} (seed {seed})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(wrong: Vec<String>, after: u64) -> Report {
        let held = |files| Held { resident: 1000, files, maps: 10, threads: 3 };
        let tally = Tally { actions: [("echo", 3)].into(), n_calls: 9, n_faults: 1, wrong };
        Report {
            tally,
            time: Duration::from_secs(90),
            seed: 5,
            held: Some((held(10), held(after))),
        }
    }

    #[test]
    fn reports_tell_what_was_wrong() {
        let good = report(Vec::new(), 18);
        assert!(good.is_good());
        assert!(good.to_string().ends_with("all is well (seed 5)\n"));
        let leaking = report(Vec::new(), 19);
        assert!(!leaking.is_good());
        assert!(
            leaking.to_string().contains("19  open files at the end, 10 when warm, 18 allowed")
        );
        let wrong = report(vec!["echo: got 3".into()], 10);
        assert!(!wrong.is_good() && wrong.to_string().contains("echo: got 3"));
    }
}
