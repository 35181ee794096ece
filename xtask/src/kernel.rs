//! `cargo xtask kernel`: compiles the kernel into the bytes that the host carries.
//!
//! Owns `runtime/src/kernel.wasm`, and the record beside it of what built it. Another compiler makes
//! other bytes, so `--check` compares bytes only if the compiler is the recorded one; with another it
//! runs the tests that hold a kernel to its model on what that compiler made.

mod module;
mod record;

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::{
    kernel::record::Record,
    progress::{self, Paint},
    setup,
    workspace::{self, Workspace},
};

/// Where the host finds the kernel.
const FILE: &str = "runtime/src/kernel.wasm";

/// What built it.
const RECORD: &str = "runtime/src/kernel.toml";

/// The variable that tells the kernel's tests which file to test.
const KERNEL_VARIABLE: &str = "PLUGSMITH_KERNEL";

/// Builds the kernel and writes it, or compares it with the committed one.
///
/// # Errors
///
/// If it does not compile, is not what a kernel must be, or the committed one is another.
pub(crate) fn run(check: bool) -> Result<()> {
    let workspace = Workspace::find()?;
    let linked = link(&workspace)?;
    let bytes = module::strip(&linked).context("the compiled kernel is not what it must be")?;
    let record = Record::new(module::compiler(&linked)?, &bytes);
    if check {
        return compare(&workspace, &bytes, &record);
    }
    fs::write(workspace.root.join(FILE), &bytes).with_context(|| format!("writing `{FILE}`"))?;
    let text = record.to_text();
    fs::write(workspace.root.join(RECORD), text).with_context(|| format!("writing `{RECORD}`"))?;
    println!("{:>9} bytes  {FILE}", bytes.len());
    Ok(())
}

/// Compiles and links the kernel, and returns the module as the linker wrote it.
fn link(workspace: &Workspace) -> Result<Vec<u8>> {
    let toolchain = setup::find(workspace)?;
    let mut command = toolchain.cargo("rustc");
    command.args(["--package=plugsmith-kernel", "--lib", "--crate-type=cdylib"]);
    command.args(["--profile=kernel", "--", "-Ctarget-feature=+bulk-memory"]);
    workspace::run(command.arg("-Clink-arg=--no-entry"))?;
    let path = toolchain.artifacts("kernel").join("plugsmith_kernel.wasm");
    fs::read(&path).with_context(|| format!("reading `{}`", path.display()))
}

fn compare(workspace: &Workspace, bytes: &[u8], record: &Record) -> Result<()> {
    let committed = fs::read(workspace.root.join(FILE)).with_context(|| format!("no `{FILE}`"))?;
    let text = fs::read_to_string(workspace.root.join(RECORD))
        .with_context(|| format!("no `{RECORD}`"))?;
    let recorded = Record::parse(&text).with_context(|| format!("reading `{RECORD}`"))?;
    ensure!(
        recorded.describes(&committed),
        "`{RECORD}` is not about `{FILE}`: run `cargo xtask kernel`"
    );
    if recorded.has_compiler_of(record) {
        ensure!(committed == bytes, "`{FILE}` is stale: run `cargo xtask kernel`");
        return Ok(());
    }
    let built = workspace.target.join("kernel.wasm");
    fs::write(&built, bytes).with_context(|| format!("writing `{}`", built.display()))?;
    let note = format!("{record} is not {recorded}, so that bytes differ: testing both kernels");
    progress::note(Paint::for_stderr(), &note);
    for path in [workspace.root.join(FILE), built] {
        let mut command = workspace.cargo(&["test", "--package=plugsmith", "--test=it"]);
        workspace::run(command.args(["--", "kernel::"]).env(KERNEL_VARIABLE, path))?;
    }
    Ok(())
}
