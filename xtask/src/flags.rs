//! The command line: what of it makes sense, and the help.
//!
//! Which commands there are is told by the table [`COMMANDS`] alone. Nothing here runs a command.

use std::fmt::Write as _;

use crate::commands::{COMMANDS, Command, CommandSpec};

/// A command line that makes sense.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Invocation {
    /// Print this text.
    Help(String),
    /// Run a command.
    Run(Flags),
}

/// One command with the flags that were given to it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) command: Command,
    /// Everything after `--`, which another program gets.
    pub(crate) rest: Vec<String>,
    /// What stands by itself.
    pub(crate) operands: Vec<String>,
    given: Vec<(&'static str, Option<String>)>,
}

impl Flags {
    /// Whether the flag was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == name)
    }

    /// The value of a flag, if it was given.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(given, _)| *given == name)?.1.as_deref()
    }
}

/// Reads the arguments that follow `cargo xtask`.
///
/// # Errors
///
/// A sentence for the person at the terminal, with the nearest name where there is one.
pub(crate) fn parse(arguments: &[String]) -> Result<Invocation, String> {
    let Some((name, rest)) = arguments.split_first() else {
        return Ok(Invocation::Help(overview()));
    };
    match name.as_str() {
        "-h" | "--help" => return Ok(Invocation::Help(overview())),
        "help" => {
            return match rest {
                [] => Ok(Invocation::Help(overview())),
                [command, ..] => Ok(Invocation::Help(help(spec(command)?))),
            };
        }
        _ => {}
    }
    parse_flags(spec(name)?, rest)
}

fn spec(name: &str) -> Result<&'static CommandSpec, String> {
    COMMANDS.iter().find(|spec| spec.name == name).ok_or_else(|| {
        let names = COMMANDS.iter().map(|spec| spec.name).chain(["help"]);
        format!("no command `{name}`{}; `cargo xtask help` lists them", suggestion(name, names))
    })
}

fn parse_flags(spec: &'static CommandSpec, arguments: &[String]) -> Result<Invocation, String> {
    let mut flags =
        Flags { command: spec.command, rest: Vec::new(), operands: Vec::new(), given: Vec::new() };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "-h" || argument == "--help" {
            return Ok(Invocation::Help(help(spec)));
        }
        if argument == "--" && spec.rest.is_some() {
            flags.rest = arguments.cloned().collect();
            break;
        }
        if let Some((_, known)) = spec.operands
            && !argument.starts_with('-')
        {
            if !known.contains(&argument.as_str()) {
                let names = known.iter().copied();
                return Err(unknown_argument(spec, argument, suggestion(argument, names)));
            }
            flags.operands.push(argument.clone());
            continue;
        }
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let flag = spec
            .flags
            .iter()
            .find(|flag| flag.name == name)
            .ok_or_else(|| unknown_argument(spec, argument, hint(spec, argument)))?;
        let value = match (flag.value, inline) {
            (None, None) => None,
            (None, Some(_)) => return Err(format!("`{name}` takes no value")),
            (Some(_), Some(value)) => Some(value),
            (Some(placeholder), None) => Some(
                arguments
                    .next()
                    .cloned()
                    .ok_or_else(|| format!("`{name}` needs a value: `{name} {placeholder}`"))?,
            ),
        };
        flags.given.push((flag.name, value));
    }
    Ok(Invocation::Run(flags))
}

fn unknown_argument(spec: &CommandSpec, argument: &str, hint: impl std::fmt::Display) -> String {
    format!("`cargo xtask {}` takes no `{argument}`{hint}", spec.name)
}

/// What a person may have meant by an argument.
fn hint(spec: &CommandSpec, argument: &str) -> String {
    let names = spec.flags.iter().map(|flag| flag.name).chain(["--help"]);
    if spec.rest.is_some() && !argument.starts_with("--h") {
        format!(
            "; put `--` before what is to be passed on: `cargo xtask {} -- {argument}`",
            spec.name
        )
    } else {
        suggestion(argument, names)
    }
}

fn overview() -> String {
    let mut text = String::from(
        "Builds, tests and checks Plugsmith.\n\nUsage: cargo xtask COMMAND [FLAGS]\n\nCommands:\n",
    );
    for spec in COMMANDS {
        line(&mut text, spec.name, spec.summary);
    }
    line(&mut text, "help", "Print this, or the help of one command");
    text.push_str(
        "\nNew here? `cargo xtask demo` runs the main job, `cargo xtask test` passes the tests.\n\
         `cargo xtask COMMAND --help` says more. NO_COLOR=1 switches colour off.\n",
    );
    text
}

fn help(spec: &CommandSpec) -> String {
    let flags = if spec.flags.is_empty() { "" } else { " [FLAGS]" };
    let operands = spec.operands.map_or_else(String::new, |(name, _)| format!(" [{name}...]"));
    let rest = if spec.rest.is_some() { " [-- ARGUMENTS]" } else { "" };
    let mut text = format!(
        "{}.\n\nUsage: cargo xtask {}{flags}{operands}{rest}\n\n{}\n\nFlags:\n",
        spec.summary, spec.name, spec.details
    );
    for flag in spec.flags {
        let name = match flag.value {
            Some(value) => format!("{} {value}", flag.name),
            None => flag.name.to_owned(),
        };
        line(&mut text, &name, flag.summary);
    }
    line(&mut text, "--help", "print this");
    if let Some(rest) = spec.rest {
        line(&mut text, "-- ARGUMENTS", rest);
    }
    text
}

fn line(text: &mut String, name: &str, summary: &str) {
    writeln!(text, "  {name:<16}{summary}").expect("writing to a string cannot fail");
}

/// `, did you mean …?` if a name is near enough to be meant.
fn suggestion<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|name| (distance(wrong, name), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .map_or_else(String::new, |(_, name)| format!(", did you mean `{name}`?"))
}

/// Counts the letters to insert, remove or replace to make one word of the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (left_idx, left_char) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = left_idx + 1;
        for (right_idx, right_char) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(left_char != *right_char);
            diagonal = row[right_idx + 1];
            row[right_idx + 1] = replaced.min(diagonal + 1).min(row[right_idx] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_line(line: &str) -> Result<Invocation, String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&arguments)
    }

    fn flags(line: &str) -> Flags {
        match parse_line(line) {
            Ok(Invocation::Run(flags)) => flags,
            other => panic!("`{line}` should run, but is {other:?}"),
        }
    }

    #[test]
    fn every_command_runs_and_has_help() {
        for spec in COMMANDS {
            assert_eq!(flags(spec.name).command, spec.command);
            for line in [format!("{} --help", spec.name), format!("help {}", spec.name)] {
                let Ok(Invocation::Help(text)) = parse_line(&line) else {
                    panic!("`{line}` should print help");
                };
                assert!(text.contains(&format!("Usage: cargo xtask {}", spec.name)), "{text}");
                assert!(spec.flags.iter().all(|flag| text.contains(flag.summary)), "{text}");
            }
        }
    }

    #[test]
    fn no_command_prints_the_overview() {
        for line in ["", "help", "--help", "-h"] {
            assert_eq!(parse_line(line), Ok(Invocation::Help(overview())), "`{line}`");
        }
        assert!(COMMANDS.iter().all(|spec| overview().contains(spec.summary)));
    }

    #[test]
    fn values_stand_behind_a_space_or_an_equals_sign() {
        assert_eq!(flags("setup --route rustup").value("--route"), Some("rustup"));
        assert_eq!(flags("setup --route=rustup").value("--route"), Some("rustup"));
        assert_eq!(flags("setup").value("--route"), None);
        assert!(flags("kernel --check").has("--check"));
        assert!(!flags("kernel").has("--check"));
    }

    #[test]
    fn operands_stand_anywhere_before_the_rest() {
        let flags = flags("fuzz kernel --seconds 5 convert -- manifest");
        assert_eq!(flags.operands, ["kernel", "convert"]);
        assert_eq!(flags.value("--seconds"), Some("5"));
        assert_eq!(flags.rest, ["manifest"]);
    }

    #[test]
    fn the_rest_is_passed_on() {
        assert_eq!(flags("test -- --nocapture discount").rest, ["--nocapture", "discount"]);
        assert_eq!(flags("test").rest, [""; 0]);
    }

    #[test]
    fn mistakes_are_named_with_the_nearest_name() {
        let rows = [
            ("tets", "no command `tets`, did you mean `test`?; `cargo xtask help` lists them"),
            ("frobnicate", "no command `frobnicate`; `cargo xtask help` lists them"),
            ("kernel --chek", "`cargo xtask kernel` takes no `--chek`, did you mean `--check`?"),
            ("guests --fast", "`cargo xtask guests` takes no `--fast`"),
            ("guests fast", "`cargo xtask guests` takes no `fast`"),
            ("fuzz kernle", "`cargo xtask fuzz` takes no `kernle`, did you mean `kernel`?"),
            ("setup --route", "`--route` needs a value: `--route ROUTE`"),
            ("kernel --check=yes", "`--check` takes no value"),
            (
                "test discount",
                "`cargo xtask test` takes no `discount`; put `--` before what is to be passed on: \
                 `cargo xtask test -- discount`",
            ),
        ];
        for (line, message) in rows {
            assert_eq!(parse_line(line), Err(message.to_owned()), "`{line}`");
        }
    }

    #[test]
    fn distance_counts_edits() {
        let rows = [("", "", 0), ("a", "", 1), ("test", "tets", 2), ("demo", "demo", 0)];
        for (left, right, edits) in rows {
            assert_eq!(distance(left, right), edits, "{left} {right}");
            assert_eq!(distance(right, left), edits, "{right} {left}");
        }
    }
}
