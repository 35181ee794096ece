//! `cargo xtask man`: manual pages and shell completions of the command `plugsmith`.
//!
//! The command writes them itself, from the same table as its `--help`.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{
    cli,
    progress::Progress,
    workspace::{self, Workspace},
};

/// The folder of what is written, in that of what is built.
const FOLDER: &str = "plugsmith-cli";

/// How many steps [`write`] takes.
pub(crate) const N_STEPS: usize = 2;

/// Runs the command.
///
/// # Errors
///
/// As [`write`].
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut progress = Progress::new(N_STEPS);
    let folder = write(workspace, &mut progress)?;
    progress.finish(&format!("They are in `{}`", folder.display()));
    Ok(())
}

/// Builds the command and has it write, in [`N_STEPS`] steps of the caller's progress. Returns the folder.
///
/// # Errors
///
/// If it does not compile, or a file cannot be written.
pub(crate) fn write(workspace: &Workspace, progress: &mut Progress) -> Result<PathBuf> {
    let program = cli::build(workspace, progress)?;
    progress.step("Writing manual pages and completions", "");
    let folder = workspace.target.join(FOLDER);
    workspace::run(Command::new(program).arg("man").arg(&folder))?;
    Ok(folder)
}
