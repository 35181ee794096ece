//! `cargo xtask man`: manual pages and shell completions of the command `plugsmith`.
//!
//! The command writes them itself, from the same table as its `--help`.

use std::{env::consts, process::Command};

use anyhow::Result;

use crate::{
    progress::Progress,
    workspace::{self, Workspace},
};

const PACKAGE: &str = "plugsmith-cli";

/// The folder of what is written, in that of what is built.
const FOLDER: &str = "plugsmith-cli";

/// Builds the command and has it write.
///
/// # Errors
///
/// If it does not compile, or a file cannot be written.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut progress = Progress::new(2);
    progress.step(
        "Building the command",
        "the first build compiles the WebAssembly engine with all optimisations and takes some \
         minutes on two cores",
    );
    workspace::run(&mut workspace.cargo(&["build", "--release", "--package", PACKAGE]))?;
    progress.step("Writing manual pages and completions", "");
    let file = format!("plugsmith{}", consts::EXE_SUFFIX);
    let folder = workspace.target.join(FOLDER);
    let mut command = Command::new(workspace.target.join("release").join(file));
    workspace::run(command.arg("man").arg(&folder))?;
    progress.finish(&format!("They are in `{}`", folder.display()));
    Ok(())
}
