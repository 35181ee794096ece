//! The published Extism library, with which the package `plugsmith-compat` compares this one.
//!
//! It comes from Python's registry, as native code with an interface in C. Nothing but tests loads it.

use std::path::PathBuf;

use crate::{progress::Progress, skips::Skips, tools::python, workspace::Workspace};

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

/// Finds the library or installs it, as one step of the caller's progress. Returns the Python that
/// has it, or skips it.
pub(crate) fn find(
    workspace: &Workspace,
    progress: &mut Progress,
    skips: &mut Skips,
) -> Option<PathBuf> {
    progress.step("Finding the Extism library to compare with", "");
    match python::package(workspace, &REQUIREMENTS) {
        Ok(python) => Some(python),
        Err(err) => {
            progress.note("skipped");
            skips.add(NAME, &err, ADVICE);
            None
        }
    }
}
