//! The published Extism library, with which the package `plugsmith-compat` compares this one.
//!
//! It comes from Python's registry, as native code with an interface in C. Nothing but tests and the
//! benchmark loads it.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{
    progress::Progress,
    skips::Skips,
    tools::python,
    workspace::{self, Workspace},
};

/// Tells the tests which Python has the library.
pub(crate) const VARIABLE: &str = "PLUGSMITH_PEER";

/// How many steps [`find`] takes.
pub(crate) const N_STEPS: usize = 1;

/// What tests know the library by where it is skipped.
const NAME: &str = "peer";
/// The version that the tests were written against: another may differ in other ways.
const REQUIREMENTS: [&str; 1] = ["extism-sys==1.41.0"];
const ADVICE: &str = "install Python 3.9 or later with its module `venv`, and let pip reach its \
                      registry; there are builds of the library for Linux, macOS and Windows";

/// Prints the path of the library, which lies beside the package's Python code. The package is not
/// imported: that would load the library.
const PRINT_PATH: &str = "\
import importlib.util, pathlib, sys
folder = pathlib.Path(importlib.util.find_spec('extism_sys').origin).parent
found = [path for path in folder.iterdir() if path.suffix in ('.so', '.dylib', '.dll')]
if not found:
    sys.exit(f'there is no library in {folder}')
print(found[0])
";

/// Finds the library or installs it, as one step of the caller's progress. Returns the Python that
/// has it, or skips it.
pub(crate) fn find(
    workspace: &Workspace,
    progress: &mut Progress,
    skips: &mut Skips,
) -> Option<PathBuf> {
    find_by(workspace, progress, skips, Ok)
}

/// Does the same, and returns the file that is the library.
pub(crate) fn find_library(
    workspace: &Workspace,
    progress: &mut Progress,
    skips: &mut Skips,
) -> Option<PathBuf> {
    find_by(workspace, progress, skips, |python| {
        let path = workspace::output(Command::new(python).args(["-c", PRINT_PATH]))?;
        Ok(PathBuf::from(path.trim_end()))
    })
}

fn find_by(
    workspace: &Workspace,
    progress: &mut Progress,
    skips: &mut Skips,
    look: impl FnOnce(PathBuf) -> Result<PathBuf>,
) -> Option<PathBuf> {
    progress.step("Finding the Extism library to compare with", "");
    match python::package(workspace, &REQUIREMENTS).and_then(look) {
        Ok(path) => Some(path),
        Err(err) => {
            progress.note("skipped");
            skips.add(NAME, &err, ADVICE);
            None
        }
    }
}
