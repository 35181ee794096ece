//! The command line.

use std::path::PathBuf;

use crate::{
    crowd::{self, Crowd},
    first::{self, FirstLoad},
    serving::{self, Served},
};

/// What the help says before the list of measures.
pub(crate) const HELP: &str = "\
Measures Plugsmith, the published Extism library and the limit on the same work.

Usage: cargo xtask bench [-- FLAGS]

The limit is wasmtime by itself, with nothing of a plug-in system around it, or the copies that an
interface of two memories cannot do without. Subjects take turns, round by round, in one process; what is
printed are medians.

Flags:
  --quick         end within two minutes; for a first look, not for quoting
  --only NAME...  measure these alone; a name may end in * for all that begin so
  --list          print the names of all measures
  --json FILE     write every number as JSON, too
  --svg FILE      write a bar chart of the ratios, too
  --draw RUN      draw the chart of an earlier run from its JSON, and measure nothing; with --svg
  --serve         load `plugsmith serve` with requests instead, and Extism's library behind the same server;
                  with --quick and --json
  --startup       count the host's packages and time their build instead; takes many minutes; with --json,
                  in a file of its own
  --help          print this
";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Invocation {
    Help,
    List,
    /// Draw an earlier run.
    Draw {
        run: PathBuf,
        svg: PathBuf,
    },
    /// Count and build the host's packages.
    Startup {
        json: Option<PathBuf>,
    },
    /// Load servers with requests.
    Serving {
        is_quick: bool,
        json: Option<PathBuf>,
    },
    /// What the benchmark asks of itself, in a process of its own.
    Crowd(Crowd),
    First(FirstLoad),
    Server(Served),
    Measure(Flags),
}

/// What to measure, and where to write it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) quick: bool,
    /// Names or beginnings of names; empty for everything.
    pub(crate) only: Vec<String>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) svg: Option<PathBuf>,
}

impl Flags {
    /// Says whether a measure is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|pattern| matches(pattern, name))
    }

    /// The first pattern that no measure matches.
    pub(crate) fn unmatched(&self, names: &[&str]) -> Option<&str> {
        let is_unmatched = |pattern: &&String| !names.iter().any(|name| matches(pattern, name));
        self.only.iter().find(is_unmatched).map(String::as_str)
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

/// Reads the arguments.
///
/// # Errors
///
/// A sentence for the person at the terminal.
pub(crate) fn parse(arguments: &[String]) -> Result<Invocation, String> {
    let (mut flags, mut run) = (Flags::default(), None);
    let (mut is_startup, mut is_serving) = (false, false);
    let mut arguments = arguments.iter().map(String::as_str).peekable();
    while let Some(argument) = arguments.next() {
        let file = |value: Option<&str>| {
            value.map(|path| Some(PathBuf::from(path))).ok_or(format!("`{argument}` needs a file"))
        };
        match argument {
            "-h" | "--help" => return Ok(Invocation::Help),
            "--list" => return Ok(Invocation::List),
            crowd::FLAG => return Crowd::parse(arguments).map(Invocation::Crowd),
            first::FLAG => return FirstLoad::parse(arguments).map(Invocation::First),
            serving::FLAG => return Served::parse(arguments).map(Invocation::Server),
            "--quick" => flags.quick = true,
            "--json" => flags.json = file(arguments.next())?,
            "--svg" => flags.svg = file(arguments.next())?,
            "--draw" => run = file(arguments.next())?,
            "--startup" => is_startup = true,
            "--serve" => is_serving = true,
            "--only" => {
                let n_before = flags.only.len();
                while let Some(name) = arguments.next_if(|next| !next.starts_with('-')) {
                    flags.only.push(name.to_owned());
                }
                if flags.only.len() == n_before {
                    return Err("`--only` needs names of measures; `--list` prints them".to_owned());
                }
            }
            other => return Err(format!("the benchmark takes no `{other}`; `--help` says more")),
        }
    }
    match (run, flags.svg.take()) {
        (Some(run), Some(svg)) => Ok(Invocation::Draw { run, svg }),
        (Some(_), None) => Err("`--draw` needs `--svg` and a file to write".to_owned()),
        (None, _) if is_startup => Ok(Invocation::Startup { json: flags.json }),
        (None, _) if is_serving => {
            Ok(Invocation::Serving { is_quick: flags.quick, json: flags.json })
        }
        (None, svg) => Ok(Invocation::Measure(Flags { svg, ..flags })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Invocation, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    fn flags(line: &str) -> Flags {
        match parse_line(line) {
            Ok(Invocation::Measure(flags)) => flags,
            other => panic!("`{line}` should measure, but is {other:?}"),
        }
    }

    #[test]
    fn flags_are_read() {
        assert_eq!(flags(""), Flags::default());
        let expected = Flags {
            quick: true,
            only: vec!["echo-64".to_owned(), "fib".to_owned()],
            json: Some("a.json".into()),
            svg: Some("b.svg".into()),
        };
        assert_eq!(flags("--only echo-64 fib --quick --json a.json --svg b.svg"), expected);
        assert_eq!(parse_line("--quick --help"), Ok(Invocation::Help));
        assert_eq!(parse_line("--list"), Ok(Invocation::List));
        let draw = Invocation::Draw { run: "a.json".into(), svg: "b.svg".into() };
        assert_eq!(parse_line("--draw a.json --svg b.svg"), Ok(draw));
        let startup = Invocation::Startup { json: Some("a.json".into()) };
        assert_eq!(parse_line("--startup --json a.json"), Ok(startup));
        let serving = Invocation::Serving { is_quick: true, json: Some("a.json".into()) };
        assert_eq!(parse_line("--serve --json a.json --quick"), Ok(serving));
    }

    #[test]
    fn mistakes_are_named() {
        let rows = [
            ("--fast", "the benchmark takes no `--fast`; `--help` says more"),
            ("echo", "the benchmark takes no `echo`; `--help` says more"),
            ("--json", "`--json` needs a file"),
            ("--draw a.json", "`--draw` needs `--svg` and a file to write"),
            ("--only --quick", "`--only` needs names of measures; `--list` prints them"),
        ];
        for (line, message) in rows {
            assert_eq!(parse_line(line), Err(message.to_owned()), "`{line}`");
        }
    }

    #[test]
    fn names_may_be_beginnings() {
        let flags = flags("--only echo-* fib");
        let wanted = ["echo-64", "own-echo-64", "fib", "fib-2"].map(|name| flags.wants(name));
        assert_eq!(wanted, [true, false, true, false]);
        assert_eq!(flags.unmatched(&["echo-64", "empty"]), Some("fib"));
        assert_eq!(flags.unmatched(&["echo-64", "fib"]), None);
        assert!(Flags::default().wants("anything"));
    }
}
