//! `cargo xtask guests`: compiles the example plug-ins and puts them where hosts look for them.
//!
//! A plug-in is a package in `examples/guests/rust`; its file is named for its library.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::{
    progress::Progress,
    setup::{self, GuestToolchain},
    workspace::{self, Workspace},
};

/// How many steps [`build`] takes.
pub(crate) const N_STEPS: usize = 2;

const FOLDER: &str = "examples/guests/rust/";

/// Runs the command.
///
/// # Errors
///
/// If there is no toolchain, a plug-in does not compile, or a file cannot be copied.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut progress = Progress::new(N_STEPS);
    let guests = build(workspace, &mut progress)?;
    for guest in &guests {
        println!("{:>9} bytes  {}", guest.len, guest.path.display());
    }
    progress.finish("Plug-ins are built");
    Ok(())
}

/// A built plug-in.
pub(crate) struct Guest {
    pub(crate) path: PathBuf,
    /// Size of the file.
    len: u64,
}

/// Finds a toolchain and compiles every plug-in, in [`N_STEPS`] steps of the caller's progress.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn build(workspace: &Workspace, progress: &mut Progress) -> Result<Vec<Guest>> {
    progress.step("Finding what compiles plug-ins to WebAssembly", "");
    let toolchain = setup::find(workspace)?;
    progress.step(
        "Building the example plug-ins",
        "the first build compiles what they depend on and takes about a minute",
    );
    compile(workspace, &toolchain)
}

fn compile(workspace: &Workspace, toolchain: &GuestToolchain) -> Result<Vec<Guest>> {
    let mut command = toolchain.cargo("build");
    command.args(["--profile", "guest"]);
    let packages = workspace.packages.iter().filter(|package| package.folder.starts_with(FOLDER));
    let mut names = Vec::new();
    for package in packages {
        command.args(["--package", &package.name]);
        let cdylib = |kinds: &[String]| kinds.iter().any(|kind| kind == "cdylib");
        let targets = package.targets.iter().filter(|target| cdylib(&target.kinds));
        names.extend(targets.map(|target| target.name.replace('-', "_")));
    }
    ensure!(!names.is_empty(), "`{FOLDER}` holds no plug-in");
    workspace::run(&mut command)?;

    let folder = workspace.guests();
    fs::create_dir_all(&folder).with_context(|| format!("creating `{}`", folder.display()))?;
    let artifacts = toolchain.artifacts("guest");
    let copy = |name: &String| {
        let file = format!("{name}.wasm");
        let (from, path) = (artifacts.join(&file), folder.join(&file));
        let len = fs::copy(&from, &path)
            .with_context(|| format!("copying `{}` to `{}`", from.display(), path.display()))?;
        Ok(Guest { path, len })
    };
    names.iter().map(copy).collect()
}
