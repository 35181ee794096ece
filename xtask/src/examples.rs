//! `cargo xtask examples`: runs each example host and compares what it prints.
//!
//! The hosts are the binaries of the package in `examples`; the expected output of
//! `hosts/NAME.rs` is `hosts/NAME/expected.txt`. Every host must have one.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    guests,
    progress::Progress,
    workspace::{self, Workspace},
};

/// Names the folder of the built plug-ins, for hosts and tests.
pub(crate) const GUESTS_VARIABLE: &str = "PLUGSMITH_GUESTS";

const FOLDER: &str = "examples";

/// Runs the command.
///
/// # Errors
///
/// If something does not compile, or a host fails or prints something else.
pub(crate) fn run(workspace: &Workspace, write: bool) -> Result<()> {
    let mut progress = Progress::new(guests::N_STEPS + 2);
    guests::build(workspace, &mut progress)?;
    build(workspace, &mut progress)?;
    compare(workspace, &mut progress, write)?;
    progress.finish("The examples print what they should");
    Ok(())
}

/// Compiles the example hosts, as one step of the caller's progress.
///
/// # Errors
///
/// If one does not compile.
pub(crate) fn build(workspace: &Workspace, progress: &mut Progress) -> Result<()> {
    progress.step(
        "Building the example hosts",
        "the first build compiles the WebAssembly engine and takes some minutes on two cores",
    );
    // The whole workspace and its examples in cargo's sense, of which there are none, are named so
    // that cargo resolves the features of dependencies as for the tests: the engine compiles once.
    let mut command = workspace.cargo(&["build", "--workspace", "--examples"]);
    for name in hosts(workspace)? {
        command.args(["--bin", &name]);
    }
    workspace::run(&mut command)
}

/// Runs the built hosts and compares, as one step of the caller's progress.
///
/// # Errors
///
/// If a host fails or prints something else.
pub(crate) fn compare(workspace: &Workspace, progress: &mut Progress, write: bool) -> Result<()> {
    progress.step("Running the example hosts", "");
    let names = hosts(workspace)?;
    for name in &names {
        let printed = workspace::output(&mut host(workspace, name))?;
        let path = expected_path(workspace, name);
        if write {
            let folder = path.parent().expect("the file has a folder");
            fs::create_dir_all(folder)?;
            fs::write(&path, &printed).with_context(|| format!("writing `{}`", path.display()))?;
            continue;
        }
        let expected = fs::read_to_string(&path)
            .with_context(|| format!("reading what `{name}` should print: `{}`", path.display()))?;
        if let Some(difference) = difference(&expected, &printed) {
            bail!("`{name}` does not print what `{}` says: {difference}", path.display());
        }
        progress.note(&format!("{name}: {} lines as expected", printed.lines().count()));
    }
    Ok(())
}

/// A command that runs a built host among the plug-ins.
pub(crate) fn host(workspace: &Workspace, name: &str) -> Command {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(workspace.target.join("debug").join(file));
    command.current_dir(workspace.guests()).env(GUESTS_VARIABLE, workspace.guests());
    command
}

fn hosts(workspace: &Workspace) -> Result<Vec<String>> {
    let package = workspace
        .packages
        .iter()
        .find(|package| package.folder == FOLDER)
        .with_context(|| format!("no package in `{FOLDER}`"))?;
    let bin = |kinds: &[String]| kinds.iter().any(|kind| kind == "bin");
    let targets = package.targets.iter().filter(|target| bin(&target.kinds));
    let names: Vec<_> = targets.map(|target| target.name.clone()).collect();
    ensure!(!names.is_empty(), "the package in `{FOLDER}` has no hosts");
    Ok(names)
}

fn expected_path(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.root.join(FOLDER).join("hosts").join(name).join("expected.txt")
}

/// The first line at which two texts part.
fn difference(expected: &str, printed: &str) -> Option<String> {
    if expected == printed {
        return None;
    }
    let (mut expected, mut printed) = (expected.split('\n'), printed.split('\n'));
    for line in 1.. {
        let (wanted, got) = (expected.next(), printed.next());
        if wanted != got {
            let show = |line: Option<&str>| {
                line.map_or_else(|| "the end".to_owned(), |line| format!("`{line}`"))
            };
            return Some(format!("line {line} is {}, not {}", show(got), show(wanted)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_do_not_differ() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
    }

    #[test]
    fn a_difference_names_its_line() {
        let rows = [
            ("a\nb\n", "a\nc\n", "line 2 is `c`, not `b`"),
            ("a\n", "a", "line 2 is the end, not ``"),
            ("", "a", "line 1 is `a`, not ``"),
            ("a", "a\nb", "line 2 is `b`, not the end"),
        ];
        for (expected, printed, text) in rows {
            assert_eq!(difference(expected, printed).as_deref(), Some(text));
        }
    }
}
