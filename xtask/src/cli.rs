//! The command `plugsmith`, as the tests have it: what they compiled is not compiled once more.

use std::{env::consts, path::PathBuf};

use anyhow::Result;

use crate::{
    progress::Progress,
    workspace::{self, Workspace},
};

/// The name of the command.
pub(crate) const PROGRAM: &str = "plugsmith";

/// Compiles the command, as one step of the caller's progress. Returns where it is.
///
/// # Errors
///
/// If it does not compile.
pub(crate) fn build(workspace: &Workspace, progress: &mut Progress) -> Result<PathBuf> {
    progress.step(
        "Building the command",
        "the first build compiles the WebAssembly engine and takes some minutes on two cores",
    );
    // All of the workspace is named so that its features are those of the tests: see `examples.rs`.
    let build = ["build", "--workspace", "--examples", "--bin", PROGRAM];
    workspace::run(&mut workspace.cargo(&build))?;
    Ok(workspace.target.join("debug").join(format!("{PROGRAM}{}", consts::EXE_SUFFIX)))
}
