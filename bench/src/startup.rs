//! What a program that depends on the host waits for before it runs the first time: how many packages
//! there are, and how long they take to compile.
//!
//! Each build is one from scratch, in a folder of its own that is removed. It compiles the engine with all
//! optimisations, which takes minutes, so no other measure includes it.

use std::{
    collections::BTreeSet,
    env,
    ffi::OsString,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::setting::Scratch;

const PACKAGE: &str = "plugsmith";

/// A choice of the host's features.
struct Choice {
    name: &'static str,
    arguments: &'static [&'static str],
}

const CHOICES: [Choice; 2] = [
    Choice { name: "default features", arguments: &[] },
    Choice { name: "no features", arguments: &["--no-default-features"] },
];

/// What came of a choice.
struct Figures {
    name: &'static str,
    /// How many packages are compiled, the host's own and those for building it included.
    n_packages: usize,
    seconds: f64,
}

/// Counts and builds, and returns what came of it as text and as JSON.
///
/// # Errors
///
/// If something does not build.
pub(crate) fn measure() -> Result<(String, Value)> {
    let scratch = Scratch::new()?;
    let mut all = Vec::new();
    for (idx, choice) in CHOICES.iter().enumerate() {
        let n_packages = count(choice)?;
        eprintln!(
            "[{}/{}] building `{PACKAGE}` with {}: {n_packages} packages, some minutes",
            idx + 1,
            CHOICES.len(),
            choice.name
        );
        let seconds = build(choice, &scratch.join(&format!("build-{idx}")))?;
        all.push(Figures { name: choice.name, n_packages, seconds });
    }
    let value = all.iter().map(|Figures { name, n_packages, seconds }| {
        json!({ "features": name, "packages": n_packages, "seconds": seconds })
    });
    Ok((table(&all), value.collect()))
}

fn cargo() -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    command
}

fn count(choice: &Choice) -> Result<usize> {
    let mut command = cargo();
    command.args(["tree", "--locked", "--package", PACKAGE, "--edges", "normal,build"]);
    command.args(["--prefix", "none", "--format", "{p}"]).args(choice.arguments);
    let output = command.stderr(Stdio::inherit()).output().context("starting cargo")?;
    ensure!(output.status.success(), "`cargo tree` failed");
    Ok(packages(&String::from_utf8(output.stdout)?))
}

/// Counts the packages in a list that may name one several times, with remarks behind its version.
fn packages(list: &str) -> usize {
    let package = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    list.lines().filter_map(package).collect::<BTreeSet<_>>().len()
}

/// Builds in an empty folder, and returns how many seconds that took.
fn build(choice: &Choice, folder: &Path) -> Result<f64> {
    let mut command = cargo();
    command.args(["build", "--locked", "--release", "--package", PACKAGE]);
    command.args(choice.arguments).arg("--target-dir").arg(folder);
    let started = Instant::now();
    let status = command.status().context("starting cargo")?;
    ensure!(status.success(), "`{PACKAGE}` does not build with {}", choice.name);
    Ok(started.elapsed().as_secs_f64())
}

fn table(all: &[Figures]) -> String {
    let line = |Figures { name, n_packages, seconds }: &Figures| {
        format!("{name:<18}{n_packages:>10}{seconds:>12.0} s\n")
    };
    let head = format!("{:<18}{:>10}{:>14}\n", "the host with", "packages", "release build");
    head + &all.iter().map(line).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_counted_once() {
        let list =
            "a v1.0.0\nb v2.0.0 (*)\nb v2.0.0\nb v3.0.0 (/somewhere)\n\na v1.0.0 (proc-macro)\n";
        assert_eq!(packages(list), 3);
    }

    #[test]
    fn the_host_alone_has_fewer_packages() {
        let [all, fewest] = CHOICES.map(|choice| count(&choice).unwrap());
        assert!(fewest > 1 && fewest < all, "{fewest} and {all}");
    }

    #[test]
    fn figures_stand_in_columns() {
        let all = [
            Figures { name: "default features", n_packages: 210, seconds: 301.4 },
            Figures { name: "no features", n_packages: 90, seconds: 99.6 },
        ];
        let expected = "\
the host with       packages release build
default features         210         301 s
no features               90         100 s
";
        assert_eq!(table(&all), expected);
    }
}
