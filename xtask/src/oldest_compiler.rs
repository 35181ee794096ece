//! The oldest compiler that is promised to do, `rust-version`: whether it does.
//!
//! Where the compiler at hand is that one, everything else that `cargo xtask ci` does tells. A newer one
//! asks rustup for it, and has it check what users compile.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{
    progress::Progress,
    skips::Skips,
    toml_file,
    tools::version::Version,
    workspace::{self, Workspace},
};

/// What users compile: the host and the guest.
const PACKAGES: [&str; 2] = ["plugsmith", "plugsmith-pdk"];

/// Has the oldest compiler check the packages, unless it is the one that is used anyway.
///
/// # Errors
///
/// If it does not do; or if it cannot be had, where nothing may be skipped.
pub(crate) fn run(workspace: &Workspace, progress: &Progress) -> Result<()> {
    let manifest = toml_file::read(&workspace.root.join("Cargo.toml"))?;
    let promised = manifest["workspace"]["package"]["rust-version"].as_str();
    let promised = promised.and_then(Version::find).context("no `rust-version` in `Cargo.toml`")?;
    let used = Version::ask(Command::new("rustc").arg("--version").current_dir(&workspace.root))?;
    if used == promised {
        progress.note(&format!("rustc {promised} compiles everything here"));
        return Ok(());
    }
    let toolchain = promised.to_string();
    let rustup = || {
        let mut rustup = Command::new("rustup");
        rustup.args(["run", &toolchain, "cargo"]).current_dir(&workspace.root);
        rustup
    };
    if let Err(err) = workspace::output(rustup().arg("--version")) {
        let mut skips = Skips::default();
        skips.add("oldest-compiler", &err, "rustup toolchain install, with the number above");
        return skips.report();
    }
    // What it compiles is of no use to another one.
    let folder = workspace.target.join("oldest-compiler");
    let mut check = rustup();
    check.args(["check", "--quiet", "--locked", "--target-dir"]).arg(folder);
    workspace::run(check.args(PACKAGES.iter().flat_map(|name| ["--package", name])))
}
