//! The command line.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

pub(crate) const HELP: &str = "\
Runs Plugsmith under load and faults, and checks every answer and what the process holds.

Usage: cargo xtask soak [-- FLAGS]

Flags:
  --minutes N   how long to run; 30 unless said, fractions allowed
  --threads N   how many threads call at once; 8 unless said
  --seed N      what the threads' choices follow from; told by each run
  --help        print this

Ends with status 1 if an answer was wrong, a thread got stuck, or the process holds ever more memory,
files, maps or threads.
";

/// How long a round takes, if there is time for many.
const ROUND: Duration = Duration::from_secs(15);

/// How many rounds there are at least: those that warm up, and some to compare.
const LEAST_ROUNDS: u32 = 6;

#[derive(Debug, PartialEq)]
pub(crate) struct Flags {
    pub(crate) time: Duration,
    pub(crate) n_threads: usize,
    pub(crate) seed: u64,
}

impl Flags {
    /// Reads the arguments, or returns `None` if they ask for help.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let mut flags =
            Self { time: Duration::from_mins(30), n_threads: 8, seed: fastrand::u64(..) };
        let mut arguments = arguments;
        while let Some(flag) = arguments.next() {
            if flag == "--help" || flag == "-h" {
                return Ok(None);
            }
            let mut value = || arguments.next().with_context(|| format!("`{flag}` needs a value"));
            match flag.as_str() {
                "--minutes" => flags.time = minutes(&value()?)?,
                "--threads" => flags.n_threads = number(&flag, &value()?)?,
                "--seed" => flags.seed = number(&flag, &value()?)?,
                _ => bail!("unknown flag `{flag}`; `--help` lists them"),
            }
        }
        ensure!((1..=1000).contains(&flags.n_threads), "`--threads` takes 1 to 1000");
        Ok(Some(flags))
    }

    /// How long each round takes.
    pub(crate) fn round(&self) -> Duration {
        ROUND.min(self.time / LEAST_ROUNDS)
    }

    pub(crate) fn n_rounds(&self) -> u32 {
        let n_rounds = self.time.as_millis() / self.round().as_millis().max(1);
        u32::try_from(n_rounds).unwrap_or(u32::MAX).max(LEAST_ROUNDS)
    }
}

fn minutes(value: &str) -> Result<Duration> {
    let minutes: f64 = number("--minutes", value)?;
    ensure!((0.01..=100_000.0).contains(&minutes), "`--minutes` takes 0.01 to 100000");
    Ok(Duration::from_secs_f64(minutes * 60.0))
}

fn number<T: std::str::FromStr>(flag: &str, value: &str) -> Result<T> {
    value.parse().ok().with_context(|| format!("`{flag}` takes a number, not `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Flags>> {
        Flags::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn flags_are_read() {
        let flags = parse("--minutes 0.5 --threads 3 --seed 7").unwrap().unwrap();
        assert_eq!(flags, Flags { time: Duration::from_secs(30), n_threads: 3, seed: 7 });
        assert_eq!((flags.round(), flags.n_rounds()), (Duration::from_secs(5), 6));
        let flags = parse("--minutes 30").unwrap().unwrap();
        assert_eq!((flags.round(), flags.n_rounds()), (ROUND, 120));
        assert_eq!(parse("--help --nonsense").unwrap(), None);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (line, told) in [
            ("--minutes", "`--minutes` needs a value"),
            ("--minutes soon", "`--minutes` takes a number, not `soon`"),
            ("--minutes 0", "`--minutes` takes 0.01 to 100000"),
            ("--threads 0", "`--threads` takes 1 to 1000"),
            ("--speed 9", "unknown flag `--speed`; `--help` lists them"),
        ] {
            assert_eq!(parse(line).unwrap_err().to_string(), told, "{line}");
        }
    }
}
