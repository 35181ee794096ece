//! `cargo xtask soak`: runs Plugsmith under load and faults for minutes or hours.
//!
//! The program that does it is the package in `soak`. It gets everything that follows `--`; what those
//! arguments mean is its own matter.

use std::{env::consts, process::Command};

use anyhow::Result;

use crate::{
    progress::Progress,
    workspace::{self, Workspace},
};

const PACKAGE: &str = "plugsmith-soak";

/// Builds the program and runs it.
///
/// # Errors
///
/// If it does not compile, or finds something wrong.
pub(crate) fn run(workspace: &Workspace, rest: &[String]) -> Result<()> {
    let mut progress = Progress::new(2);
    progress.step(
        "Building the soak",
        "the first build compiles the WebAssembly engine with all optimisations and takes some \
         minutes on two cores",
    );
    workspace::run(&mut workspace.cargo(&["build", "--release", "--package", PACKAGE]))?;
    progress.step("Soaking", "");
    let file = format!("{PACKAGE}{}", consts::EXE_SUFFIX);
    let mut command = Command::new(workspace.target.join("release").join(file));
    // Every fault would make a backtrace.
    for name in ["RUST_BACKTRACE", "RUST_LIB_BACKTRACE", "PLUGSMITH_CACHE", "EXTISM_CACHE_CONFIG"] {
        command.env_remove(name);
    }
    workspace::run(command.args(rest))?;
    progress.finish("Nothing was lost");
    Ok(())
}
