//! `cargo xtask bench`: measures Plugsmith beside the published Extism library.
//!
//! The program that measures is the package in `bench`. It is told where plug-ins and library are, and
//! gets everything that follows `--`; what those arguments mean is its own matter.

use std::{env::consts, process::Command};

use anyhow::Result;

use crate::{
    examples, guests, peer,
    progress::Progress,
    skips::Skips,
    workspace::{self, Workspace},
};

const PACKAGE: &str = "plugsmith-bench";

/// What `--serve` loads, which the benchmark finds beside itself.
const COMMAND_PACKAGE: &str = "plugsmith-cli";

/// Tells the benchmark which file is the library.
const PEER_VARIABLE: &str = "PLUGSMITH_PEER_LIBRARY";

/// What would have the library make backtraces that nobody sees, or cache what is to be compiled.
const DISTURBING: [&str; 4] =
    ["RUST_BACKTRACE", "RUST_LIB_BACKTRACE", "PLUGSMITH_CACHE", "EXTISM_CACHE_CONFIG"];

/// Builds plug-ins and benchmark, finds the library, and measures.
///
/// # Errors
///
/// If something does not compile, a measure fails, or something is skipped where nothing may be.
pub(crate) fn run(workspace: &Workspace, rest: &[String]) -> Result<()> {
    // What measures no plug-in.
    const ALONE: [&str; 5] = ["-h", "--help", "--list", "--draw", "--startup"];
    if rest.iter().any(|argument| ALONE.contains(&argument.as_str())) {
        let mut progress = Progress::new(1);
        return workspace::run(build(workspace, &mut progress)?.args(rest));
    }
    let serves = rest.iter().any(|argument| argument == "--serve");
    let mut progress = Progress::new(guests::N_ALL_STEPS + peer::N_STEPS + 2 + usize::from(serves));
    let mut skips = Skips::default();
    guests::build_all(workspace, &mut progress, &mut skips)?;
    let library = peer::find_library(workspace, &mut progress, &mut skips);
    skips.report()?;
    if serves {
        // By itself, as it ships: cargo unites the features of what is compiled together.
        progress.step("Building the command `plugsmith`", "");
        workspace::run(&mut workspace.cargo(&[
            "build",
            "--release",
            "--package",
            COMMAND_PACKAGE,
        ]))?;
    }
    let mut command = build(workspace, &mut progress)?;

    progress.step("Measuring", "");
    command.args(rest).env(examples::GUESTS_VARIABLE, workspace.guests());
    command.envs(library.iter().map(|path| (PEER_VARIABLE, path)));
    for name in DISTURBING {
        command.env_remove(name);
    }
    workspace::run(&mut command)?;
    progress.finish("Everything is measured");
    Ok(())
}

/// Compiles the benchmark, as one step of the caller's progress. Returns a command that runs it.
fn build(workspace: &Workspace, progress: &mut Progress) -> Result<Command> {
    progress.step(
        "Building the benchmark",
        "the first build compiles the WebAssembly engine with all optimisations and takes some \
         minutes on two cores",
    );
    workspace::run(&mut workspace.cargo(&["build", "--release", "--package", PACKAGE]))?;
    let file = format!("{PACKAGE}{}", consts::EXE_SUFFIX);
    Ok(Command::new(workspace.target.join("release").join(file)))
}
