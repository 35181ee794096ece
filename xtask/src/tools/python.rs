//! Packages of Python's registry, in a virtual environment of the workspace's own.
//!
//! There is one environment for all of them, `target/tools/python`. A requirement names one version
//! exactly, so what is there is used without asking the network.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    progress::{self, Paint},
    tools::{self, debian, program_in, search_path},
    workspace::{self, Workspace},
};

/// Fails unless each argument, `NAME==VERSION`, is installed.
const IS_INSTALLED: &str = "\
import importlib.metadata, sys
for requirement in sys.argv[1:]:
    name, version = requirement.split('==')
    if importlib.metadata.version(name) != version:
        sys.exit(f'another version of {name} is installed')
";

/// Fails where a system has split from Python what makes virtual environments.
const MAKES_ENVIRONMENTS: &str = "\
import sys, venv, ensurepip
if sys.version_info < (3, 9):
    sys.exit('too old')
";

/// Returns the interpreter of an environment in which these packages are installed.
///
/// A requirement is `NAME==VERSION`. Programs that a package brings lie beside the interpreter.
///
/// # Errors
///
/// If there is no Python, or a package is neither installed nor to be had.
pub(crate) fn package(workspace: &Workspace, requirements: &[&str]) -> Result<PathBuf> {
    let _lock = tools::lock(workspace)?;
    let folder = tools::folder(workspace, "python");
    let interpreter = interpreter(&folder);
    if are_installed(&interpreter, requirements) {
        return Ok(interpreter);
    }
    if workspace::output(Command::new(&interpreter).args(["-m", "pip", "--version"])).is_err() {
        make_environment(&folder)?;
    }
    progress::note(
        Paint::for_stderr(),
        &format!("installing {} from the Python registry", requirements.join(", ")),
    );
    let mut install = Command::new(&interpreter);
    install.args(["-m", "pip", "install", "--quiet", "--retries=2"]).args(requirements);
    workspace::output(&mut install)?;
    ensure!(
        are_installed(&interpreter, requirements),
        "pip did not install {}",
        requirements.join(", ")
    );
    Ok(interpreter)
}

/// Makes a virtual environment in place of whatever is in the folder.
fn make_environment(folder: &Path) -> Result<()> {
    let found = find_python();
    if found.is_none() {
        debian::install(&[&["python3", "python3-venv"]])
            .context("there is no Python 3.9 or later that makes virtual environments")?;
    }
    let python = found.or_else(find_python).context("Debian's Python makes no environments")?;
    let mut command = Command::new(python);
    workspace::output(command.args(["-m", "venv", "--clear"]).arg(folder))?;
    Ok(())
}

fn find_python() -> Option<PathBuf> {
    let folders = search_path();
    let mut programs = ["python3", "python"].iter().filter_map(|name| program_in(&folders, name));
    programs.find(|python| {
        workspace::output(Command::new(python).args(["-c", MAKES_ENVIRONMENTS])).is_ok()
    })
}

fn are_installed(interpreter: &Path, requirements: &[&str]) -> bool {
    let mut command = Command::new(interpreter);
    workspace::output(command.args(["-c", IS_INSTALLED]).args(requirements)).is_ok()
}

fn interpreter(environment: &Path) -> PathBuf {
    environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python3" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_installed() {
        let nowhere = interpreter(Path::new("nowhere"));
        assert!(!are_installed(&nowhere, &["pip==1.0"]));
        if let Some(python) = find_python() {
            assert!(are_installed(&python, &[]));
            assert!(!are_installed(&python, &["pip==0.0.0"]));
            assert!(!are_installed(&python, &["no-such-package==1.0"]));
        }
    }
}
