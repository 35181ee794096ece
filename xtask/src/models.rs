//! `cargo xtask models`: every order in which threads can meet in the host's state machines.
//!
//! The models are a workspace of their own, so that they are compiled without the engine.

use std::process::Command;

use anyhow::Result;

use crate::workspace::{self, Workspace};

const MANIFEST: &str = "--manifest-path=models/Cargo.toml";

/// Runs the models with the names in `rest`, or all.
///
/// # Errors
///
/// If one does not hold; what the checker found is printed.
pub(crate) fn run(workspace: &Workspace, rest: &[String]) -> Result<()> {
    let mut run = cargo(workspace, &["run", "--quiet", "--locked", MANIFEST, "--"]);
    workspace::run(run.args(rest))
}

/// Checks format and lints, for which the other packages have theirs.
///
/// # Errors
///
/// If something is to be changed.
pub(crate) fn lint(workspace: &Workspace) -> Result<()> {
    workspace::run(&mut cargo(workspace, &["fmt", MANIFEST, "--check"]))?;
    let lint = ["clippy", "--quiet", "--locked", MANIFEST, "--", "--deny=warnings"];
    workspace::run(&mut cargo(workspace, &lint))
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = workspace.cargo(arguments);
    command.env("CARGO_TARGET_DIR", workspace.target.join("models"));
    command
}
