//! `cargo xtask test`: every test of the workspace, with the plug-ins that some of them load.
//!
//! Prints nothing after cargo, so that the output ends with the summaries of the tests.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{
    curl, examples, guests, peer,
    progress::Progress,
    registry,
    skips::{self, Skips},
    workspace::{self, Workspace},
};

/// Builds the plug-ins and runs the tests.
///
/// # Errors
///
/// If something does not compile, a test fails, or something is skipped where nothing may be.
pub(crate) fn run(workspace: &Workspace, rest: &[String]) -> Result<()> {
    let mut progress = Progress::new(N_STEPS_BEFORE + 1);
    let needs = prepare(workspace, &mut progress)?;
    all(workspace, &mut progress, &needs, rest)
}

/// What the tests need beside their own code.
pub(crate) struct Needs {
    skips: Skips,
    /// The Python that has the library to compare with, unless that is skipped.
    peer: Option<PathBuf>,
}

/// How many steps [`prepare`] takes.
pub(crate) const N_STEPS_BEFORE: usize = guests::N_ALL_STEPS + peer::N_STEPS + registry::N_STEPS;

/// Builds the plug-ins and finds what else the tests need, in [`N_STEPS_BEFORE`] steps of the
/// caller's progress.
///
/// # Errors
///
/// If something does not compile, or something is skipped where nothing may be.
pub(crate) fn prepare(workspace: &Workspace, progress: &mut Progress) -> Result<Needs> {
    let mut skips = Skips::default();
    guests::build_all(workspace, progress, &mut skips)?;
    let peer = peer::find(workspace, progress, &mut skips);
    curl::find(&mut skips);
    registry::find(workspace, progress, &mut skips);
    skips.report()?;
    Ok(Needs { skips, peer })
}

/// Runs the tests of the whole workspace as the last step of the caller's progress.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn all(
    workspace: &Workspace,
    progress: &mut Progress,
    needs: &Needs,
    rest: &[String],
) -> Result<()> {
    progress.step(
        "Running the tests",
        "the first build compiles the WebAssembly engine and takes some minutes on two cores",
    );
    workspace::run(command(workspace, needs).arg("--workspace").args(rest))
}

/// `cargo test` with what the tests need at hand, and with the names of what was skipped.
pub(crate) fn command(workspace: &Workspace, needs: &Needs) -> Command {
    let mut command = workspace.cargo(&["test"]);
    command.env(examples::GUESTS_VARIABLE, workspace.guests());
    command.env(skips::VARIABLE, needs.skips.names());
    command.envs(needs.peer.iter().map(|python| (peer::VARIABLE, python)));
    command
}
