//! `cargo xtask miri`: the tests of what is below the host, under an interpreter that finds undefined
//! behaviour.
//!
//! Not a part of `cargo xtask ci`: it takes some minutes, and a nightly toolchain.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::workspace::{self, Workspace};

/// What loads and stores by address, and what makes values of a guest's bytes.
const PACKAGES: [&str; 2] = ["plugsmith-kernel", "plugsmith-convert"];

/// Runs the tests; `rest` is for them.
///
/// # Errors
///
/// If there is no such toolchain, or something is found.
pub(crate) fn run(workspace: &Workspace, rest: &[String]) -> Result<()> {
    let miri = || {
        let mut miri = Command::new("rustup");
        miri.args(["run", "nightly", "cargo", "miri"]).current_dir(&workspace.root);
        miri
    };
    workspace::output(miri().arg("--version"))
        .context("to have it: rustup toolchain install nightly --component miri,rust-src")?;
    let mut test = miri();
    test.args(["test", "--locked", "--lib", "--tests", "--target-dir"]);
    test.arg(workspace.target.join("miri"));
    test.args(PACKAGES.iter().flat_map(|name| ["--package", name]));
    // Random cases are seeded by the system, and nothing else of it is asked for.
    test.env("MIRIFLAGS", "-Zmiri-disable-isolation");
    workspace::run(test.arg("--").args(rest))
}
