//! `cargo xtask kernel`: compiles the kernel into the bytes that the host carries.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::{
    setup,
    workspace::{self, Workspace},
};

/// Where the host finds the kernel.
const FILE: &str = "runtime/src/kernel.wasm";

/// Builds the kernel and writes it, or compares it with the committed bytes.
///
/// # Errors
///
/// If it does not compile, or the committed bytes are others.
pub(crate) fn run(check: bool) -> Result<()> {
    let workspace = Workspace::find()?;
    let toolchain = setup::find(&workspace)?;
    let mut command = toolchain.cargo("rustc");
    command.args(["--package=plugsmith-kernel", "--lib", "--crate-type=cdylib"]);
    workspace::run(command.arg("--profile=kernel"))?;
    let built = toolchain.artifacts("kernel").join("plugsmith_kernel.wasm");
    let path = workspace.root.join(FILE);
    if check {
        let same = fs::read(&path)? == fs::read(&built)?;
        ensure!(same, "`{FILE}` is stale: run `cargo xtask kernel`");
    } else {
        fs::copy(&built, &path).with_context(|| format!("writing `{FILE}`"))?;
    }
    Ok(())
}
