//! `cargo xtask test`: every test of the workspace, with the plug-ins that some of them load.
//!
//! Prints nothing after cargo, so that the output ends with the summaries of the tests.

use std::process::Command;

use anyhow::Result;

use crate::{
    examples, guests,
    progress::Progress,
    skips::{self, Skips},
    workspace::{self, Workspace},
};

/// Builds the plug-ins and runs the tests.
///
/// # Errors
///
/// If something does not compile, a test fails, or something is skipped where nothing may be.
pub(crate) fn run(workspace: &Workspace, rest: &[String]) -> Result<()> {
    let mut progress = Progress::new(guests::N_ALL_STEPS + 1);
    let mut skips = Skips::default();
    guests::build_all(workspace, &mut progress, &mut skips)?;
    skips.report()?;
    all(workspace, &mut progress, &skips, rest)
}

/// Runs the tests of the whole workspace as the last step of the caller's progress.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn all(
    workspace: &Workspace,
    progress: &mut Progress,
    skips: &Skips,
    rest: &[String],
) -> Result<()> {
    progress.step(
        "Running the tests",
        "the first build compiles the WebAssembly engine and takes some minutes on two cores",
    );
    workspace::run(command(workspace, skips).arg("--workspace").args(rest))
}

/// `cargo test` with the built plug-ins at hand, and with the names of those that were skipped.
pub(crate) fn command(workspace: &Workspace, skips: &Skips) -> Command {
    let mut command = workspace.cargo(&["test"]);
    command.env(examples::GUESTS_VARIABLE, workspace.guests());
    command.env(skips::VARIABLE, skips.names());
    command
}
