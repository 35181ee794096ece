//! `cargo xtask book`: makes a book of the guide.
//!
//! The chapters hold without it: what they say is tested by the package in `docs/guide`. So neither the
//! tests nor CI need mdBook.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::{
    progress::Progress,
    tools::{self, program_in, search_path},
    workspace::{self, Workspace},
};

/// The program that makes the book, and the version that is installed where there is none.
const PROGRAM: &str = "mdbook";
const VERSION: &str = "VERSION_HERE";

/// Makes the book.
///
/// # Errors
///
/// If there is no mdBook and none can be installed, or it finds something wrong.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut progress = Progress::new(2);
    let program = find(workspace, &mut progress)?;
    progress.step("Making the book", "");
    let guide = workspace.root.join("docs/guide");
    workspace::run(Command::new(program).arg("build").arg(guide))?;
    let first = workspace.target.join("book/index.html");
    progress.finish(&format!("The book begins at `{}`: made", first.display()));
    Ok(())
}

/// Finds the program, or has cargo compile it into `target/tools`, as one step of the caller's progress.
fn find(workspace: &Workspace, progress: &mut Progress) -> Result<PathBuf> {
    let root = tools::folder(workspace, PROGRAM);
    let folders = [vec![root.join("bin")], search_path()].concat();
    progress.step("Looking for mdBook", "");
    if let Some(program) = program_in(&folders, PROGRAM) {
        return Ok(program);
    }
    progress.note("compiling it, which takes some minutes on two cores");
    let mut install = workspace.cargo(&["install", "--locked", "--quiet", "--version", VERSION]);
    // Serving books, and making them anew on a change, is left out.
    install.args(["--no-default-features", "--features=search", "--root"]).arg(&root).arg(PROGRAM);
    workspace::run(&mut install).with_context(|| {
        format!(
            "mdBook is not there and cannot be installed from the registry: install version {VERSION} \
             or later so that it is in PATH"
        )
    })?;
    program_in(&folders, PROGRAM).context("cargo did not install mdBook")
}
