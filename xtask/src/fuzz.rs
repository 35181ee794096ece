//! `cargo xtask fuzz`: libFuzzer, on what is in `fuzz`.
//!
//! The fuzzers are built by the compiler that builds everything else, which can count coverage as libFuzzer
//! wants it. Only our own packages are: coverage of the engine would tell nothing of what we promise, and
//! an engine that counts takes an hour to compile. So neither another compiler nor another tool is needed;
//! whoever has `cargo fuzz` can use it on the folder all the same.

mod coverage;

use std::{
    env::{self, consts},
    fs,
    path::PathBuf,
    process::Command,
};

use anyhow::{Context as _, Result};

pub(crate) use self::coverage::compile_if_asked;
use crate::{
    flags::Flags,
    progress::Progress,
    skips::Skips,
    tools,
    workspace::{self, Workspace},
};

/// All targets, in the order in which they run.
pub(crate) const TARGETS: &[&str] =
    &["kernel", "manifest", "convert", "signature", "rewriter", "smith", "hostile_guest"];

/// Those of them that are built without the engine.
const WITHOUT_ENGINE: &[&str] = &["kernel", "manifest", "convert", "signature"];

/// How long a target runs, in seconds.
const SECONDS: u32 = 60;

/// How long a target runs before a change is merged, in seconds.
const SHORT_SECONDS: u32 = 5;

/// How many steps [`shortly`] takes.
pub(crate) const N_SHORT_STEPS: usize = 2;

/// Runs the targets that are named, or all.
///
/// # Errors
///
/// If one does not compile, or finds something.
pub(crate) fn run(workspace: &Workspace, flags: &Flags) -> Result<()> {
    let seconds = match flags.value("--seconds") {
        Some(number) => number.parse().with_context(|| format!("`{number}` seconds"))?,
        None => SECONDS,
    };
    let targets: Vec<&str> = match &flags.operands[..] {
        [] => TARGETS.to_vec(),
        operands => operands.iter().map(String::as_str).collect(),
    };
    find_compiler()?;
    let mut progress = Progress::new(1 + targets.len());
    build(workspace, &mut progress, &targets)?;
    for target in targets {
        progress.step(&format!("Fuzzing `{target}` for {seconds} seconds"), "");
        workspace::run(fuzzer(workspace, target, seconds)?.args(&flags.rest))?;
    }
    progress.finish("Nothing was found");
    Ok(())
}

/// Runs the targets without the engine for some seconds, in [`N_SHORT_STEPS`] steps of the caller's progress.
///
/// # Errors
///
/// As [`run`], and if there is no C++ compiler where nothing may be skipped.
pub(crate) fn shortly(workspace: &Workspace, progress: &mut Progress) -> Result<()> {
    if let Err(err) = find_compiler() {
        let mut skips = Skips::default();
        skips.add("fuzzing", &err, "install clang or gcc with their C++ parts");
        return skips.report();
    }
    build(workspace, progress, WITHOUT_ENGINE)?;
    progress.step("Fuzzing what needs no engine", "");
    for target in WITHOUT_ENGINE {
        let mut fuzzer = fuzzer(workspace, target, SHORT_SECONDS)?;
        // It says a lot, which matters if it fails.
        workspace::output(&mut fuzzer)?;
    }
    Ok(())
}

/// Finds what compiles libFuzzer.
fn find_compiler() -> Result<()> {
    let is_there = |name| tools::program_in(&tools::search_path(), name).is_some();
    if env::var_os("CXX").is_some() || ["c++", "clang++", "g++", "cl"].into_iter().any(is_there) {
        return Ok(());
    }
    anyhow::bail!("libFuzzer is compiled by a C++ compiler, and none is in PATH")
}

/// Compiles fuzzers, as one step of the caller's progress.
fn build(workspace: &Workspace, progress: &mut Progress, targets: &[&str]) -> Result<()> {
    let needs_engine = targets.iter().any(|target| !WITHOUT_ENGINE.contains(target));
    let normal = if needs_engine {
        "the first build compiles the WebAssembly engine with all optimisations and takes some \
         minutes on two cores"
    } else {
        ""
    };
    progress.step("Building the fuzzers", normal);
    let manifest = ["--locked", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target-dir"];
    let mut command = workspace.cargo(&["build"]);
    command.args(manifest).arg(folder(workspace));
    for target in targets {
        command.args(["--bin", target]);
    }
    if needs_engine {
        // One build for all of these, so that the engine is compiled once.
        command.args(["--features", "engine,smith"]);
    }
    coverage::count(&mut command)?;
    workspace::run(&mut command)
}

/// The command that runs a fuzzer. What it learns goes to a folder beside the committed corpus.
fn fuzzer(workspace: &Workspace, target: &str, seconds: u32) -> Result<Command> {
    let folder = folder(workspace);
    let program = folder.join("release").join(format!("{target}{}", consts::EXE_SUFFIX));
    let (learnt, found) = (folder.join("corpus").join(target), folder.join("found"));
    for folder in [&learnt, &found] {
        fs::create_dir_all(folder).with_context(|| format!("making `{}`", folder.display()))?;
    }
    let mut command = Command::new(program);
    command
        .current_dir(&workspace.root)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/{target}-", found.display()))
        .args(["-timeout=60", "-rss_limit_mb=4096", "-print_final_stats=1"])
        .arg(learnt)
        .arg(format!("fuzz/corpus/{target}"));
    Ok(command)
}

/// Where everything is that fuzzing makes.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("fuzz")
}
