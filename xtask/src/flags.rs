//! The command line: which commands exist, what each takes, and their help.
//!
//! The table [`COMMANDS`] is the one source: parsing, help and the suggestion for a mistyped name
//! all read it. Nothing here runs a command.

use std::fmt::Write as _;

use crate::fuzz;

/// What `cargo xtask` can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Setup,
    Guests,
    Kernel,
    Demo,
    Test,
    Bench,
    Soak,
    Fuzz,
    Examples,
    Carts,
    Miri,
    Models,
    Supply,
    Sbom,
    Tidy,
    Ci,
}

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

struct CommandSpec {
    command: Command,
    name: &'static str,
    summary: &'static str,
    flags: &'static [FlagSpec],
    /// What the arguments after `--` are for, if they are allowed.
    rest: Option<&'static str>,
    /// What may stand by itself, any number of times: the placeholder and the names that are known.
    operands: Option<(&'static str, &'static [&'static str])>,
    details: &'static str,
}

struct FlagSpec {
    name: &'static str,
    /// The placeholder of its value, if it takes one.
    value: Option<&'static str>,
    summary: &'static str,
}

const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        command: Command::Demo,
        name: "demo",
        summary: "Build the example plug-ins and run the discount shop on them",
        flags: &[],
        rest: Some("passed to the example host: --carts FILE, --plugin FILE"),
        operands: None,
        details: "Reads more than a thousand carts from examples/data/carts.jsonl, asks the merchant's\n\
                  plug-in for a discount on each, and prints what came of it. The first build\n\
                  compiles the WebAssembly engine and takes some minutes.",
    },
    CommandSpec {
        command: Command::Test,
        name: "test",
        summary: "Build the example plug-ins and run every test",
        flags: &[],
        rest: Some("passed to `cargo test`, such as a test's name"),
        operands: None,
        details: "Unit tests, documentation tests, the end-to-end tests that load the built plug-ins,\n\
                  and the comparison with the published Extism library, which is installed from\n\
                  Python's registry into target/tools. The output ends with cargo's own summary of\n\
                  each test binary. What had to be skipped for want of a tool is listed before the\n\
                  tests run, and is an error if CI is set in the environment.",
    },
    CommandSpec {
        command: Command::Bench,
        name: "bench",
        summary: "Measure Plugsmith beside Extism's library and the limit",
        flags: &[],
        rest: Some("passed to the benchmark, such as --quick; `-- --help` lists them"),
        operands: None,
        details: "Builds the plug-ins and the benchmark, installs the published Extism library from\n\
                  Python's registry, and measures the same work on each, and on the WebAssembly\n\
                  engine by itself. The first build takes some minutes, a run some more; `--quick`\n\
                  ends within two. Where the library cannot be had, Plugsmith is measured alone.",
    },
    CommandSpec {
        command: Command::Soak,
        name: "soak",
        summary: "Run Plugsmith under load and faults, and check all it does",
        flags: &[],
        rest: Some("passed to the soak, such as --minutes 5; `-- --help` lists them"),
        operands: None,
        details: "Builds the soak, and runs it for thirty minutes unless told otherwise: threads load\n\
                  plug-ins and call them in every way while faults happen at random. Every answer is\n\
                  checked, and so is what the process holds of memory, files, maps and threads.",
    },
    CommandSpec {
        command: Command::Fuzz,
        name: "fuzz",
        summary: "Have libFuzzer look for what breaks a promise",
        flags: &[FlagSpec {
            name: "--seconds",
            value: Some("N"),
            summary: "how long each target runs: 60 unless said",
        }],
        rest: Some("passed to libFuzzer, such as -jobs=2; `-- -help=1` lists them"),
        operands: Some(("TARGET", fuzz::TARGETS)),
        details: "Without targets, all of them, one after another:\n\
                  \n\
                  \x20 kernel         the heap against its model\n\
                  \x20 manifest       the parsers of manifests\n\
                  \x20 convert        the encodings\n\
                  \x20 rewriter       guests that the fuzzer makes, fused and linked\n\
                  \x20 smith          modules of wasm-smith, fused and linked\n\
                  \x20 hostile_guest  guests that call whatever they can, however they like\n\
                  \n\
                  The first build of one of the last three compiles the WebAssembly engine with all\n\
                  optimisations and takes some minutes. Needs a C++ compiler, for libFuzzer. Begins with\n\
                  the inputs in fuzz/corpus and those that earlier runs put into target/fuzz/corpus. What\n\
                  breaks a promise is put into target/fuzz/found; a test by its name should follow.",
    },
    CommandSpec {
        command: Command::Setup,
        name: "setup",
        summary: "Find or install what compiles plug-ins to WebAssembly",
        flags: &[FlagSpec {
            name: "--route",
            value: Some("ROUTE"),
            summary: "use only this route: std, rustup, build-std",
        }],
        rest: None,
        operands: None,
        details: "Every command that needs a plug-in does this by itself. The first route that works\n\
                  is taken:\n\
                  \n\
                  \x20 std        the standard library for wasm32-unknown-unknown is installed beside\n\
                  \x20            the current rustc\n\
                  \x20 rustup     `rustup target add wasm32-unknown-unknown` installs it\n\
                  \x20 build-std  a rustc that has its library sources compiles the standard library:\n\
                  \x20            the current one (component rust-src), or the system's; on Debian\n\
                  \x20            and as root, its packages are installed with apt-get\n\
                  \n\
                  PLUGSMITH_ROUTE=ROUTE in the environment does what --route does, for every\n\
                  command.",
    },
    CommandSpec {
        command: Command::Guests,
        name: "guests",
        summary: "Build the example plug-ins into target/guests",
        flags: &[],
        rest: None,
        operands: None,
        details: "Compiles each crate in examples/guests/rust and compat/guests with the profile\n\
                  `guest`, and the plug-in that is written in C, Zig, AssemblyScript, Go and\n\
                  WebAssembly text, and prints the size of each. What compiles them is looked for in\n\
                  PATH, then installed: clang and lld by apt-get (as root, on Debian), Zig and Go from\n\
                  Python's registry, AssemblyScript from npm's, into target/tools. A language whose\n\
                  compiler cannot be had is skipped, which is told, and is an error if CI is set in\n\
                  the environment.",
    },
    CommandSpec {
        command: Command::Examples,
        name: "examples",
        summary: "Run each example host and compare what it prints",
        flags: &[FlagSpec {
            name: "--write",
            value: None,
            summary: "write the expected output instead of comparing",
        }],
        rest: None,
        operands: None,
        details: "The expected output of examples/hosts/NAME.rs is examples/hosts/NAME/expected.txt.",
    },
    CommandSpec {
        command: Command::Carts,
        name: "carts",
        summary: "Generate the carts of the demo",
        flags: &[FlagSpec {
            name: "--check",
            value: None,
            summary: "compare with the committed file instead of writing it",
        }],
        rest: None,
        operands: None,
        details: "Writes examples/data/carts.jsonl: the same carts on every machine.",
    },
    CommandSpec {
        command: Command::Kernel,
        name: "kernel",
        summary: "Build the kernel into runtime/src/kernel.wasm",
        flags: &[FlagSpec {
            name: "--check",
            value: None,
            summary: "compare with the committed file instead of writing it",
        }],
        rest: None,
        operands: None,
        details: "The host carries these bytes, so that its users need no WebAssembly toolchain.",
    },
    CommandSpec {
        command: Command::Miri,
        name: "miri",
        summary: "Look for undefined behaviour in the kernel and in conversions",
        flags: &[],
        rest: Some("passed to the tests, such as a test's name"),
        operands: None,
        details: "Runs their tests under an interpreter, with few random cases, which takes some\n\
                  minutes, and wants the component miri of a nightly toolchain.",
    },
    CommandSpec {
        command: Command::Models,
        name: "models",
        summary: "Try every order in which threads can meet in the host",
        flags: &[],
        rest: Some("the names of models, if not all are to be run"),
        operands: None,
        details: "Compiles the state machines of time limits, cancellations and pools with locks and\n\
                  atomics that a checker controls (loom), and runs each model in models/src once for\n\
                  each order of its threads' steps.",
    },
    CommandSpec {
        command: Command::Supply,
        name: "supply",
        summary: "Check that what comes from outside is what deny.toml lets in",
        flags: &[],
        rest: None,
        operands: None,
        details: "Licences, sources, duplicate versions, and the oldest compiler that each dependency\n\
                  can do with, for each lock file. Known weaknesses are not looked up, as that takes\n\
                  the network: `cargo deny check advisories` does, with the same file.",
    },
    CommandSpec {
        command: Command::Sbom,
        name: "sbom",
        summary: "Print the host library's bill of materials",
        flags: &[],
        rest: Some("passed to `cargo tree`, such as --no-default-features"),
        operands: None,
        details: "All that a host program gets with the package `plugsmith`, on any platform, as\n\
                  CycloneDX 1.5 in JSON: name, version, licence, checksum, and who needs whom.",
    },
    CommandSpec {
        command: Command::Tidy,
        name: "tidy",
        summary: "Check what compilers do not: file shapes, crate directions, stray paths",
        flags: &[],
        rest: None,
        operands: None,
        details: "Prints each complaint with file and line, and fails if there is one.",
    },
    CommandSpec {
        command: Command::Ci,
        name: "ci",
        summary: "Everything that must pass before a change is merged",
        flags: &[],
        rest: None,
        operands: None,
        details: "Format, tidy, lints and documentation without warnings, the kernel's bytes, the\n\
                  examples, and the tests with no, all and default features.",
    },
];

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
