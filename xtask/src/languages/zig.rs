//! Zig, from `PATH` or from Python's registry.

use std::{ffi::OsString, process::Command};

use anyhow::Result;

use super::{Recipe, Site};
use crate::{
    tools::{self, program_in, python, search_path, version::Version},
    workspace::Workspace,
};

pub(super) const ADVICE: &str =
    "install Zig 0.17, or Python 3.9 or later and a network to get it from its registry";

/// The language changes with the second number, so that no other will do.
const WANTED: Version = Version { major: 0, minor: 17 };
const PACKAGE: &str = "ziglang==0.17.0";

/// Finds Zig, or installs it.
pub(super) fn find(site: &Site) -> Result<Recipe> {
    let zig = Zig::find(site.workspace)?;
    let built = site.scratch.join("plugin.wasm");
    let mut command = site.command(&zig.program);
    // What `build.zig` says, without `zig build`, which would compile itself first, for minutes.
    command.args(&zig.arguments).args(["build-exe", "src/plugin.zig", "-fno-entry", "-rdynamic"]);
    command.args(["-target", "wasm32-freestanding", "-O", "ReleaseSmall"]);
    command.arg(format!("-femit-bin={}", built.display())).envs(zig.environment);
    Ok(Recipe { compiler: format!("Zig {}", zig.version), command, built })
}

/// A Zig that works.
pub(super) struct Zig {
    pub(super) program: OsString,
    /// What comes before the arguments of Zig.
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(&'static str, OsString)>,
    pub(super) version: Version,
}

impl Zig {
    /// Finds Zig, or installs it.
    pub(super) fn find(workspace: &Workspace) -> Result<Self> {
        let folder = tools::folder(workspace, "zig");
        let environment = [
            ("ZIG_GLOBAL_CACHE_DIR", "global-cache"),
            ("ZIG_LOCAL_CACHE_DIR", "local-cache"),
            ("ZIG_LOCAL_PKG_DIR", "packages"),
        ];
        let environment =
            environment.map(|(name, child)| (name, folder.join(child).into_os_string())).to_vec();
        if let Some(program) = program_in(&search_path(), "zig") {
            let version = Version::ask(Command::new(&program).arg("version"));
            if version.is_ok_and(|version| version == WANTED) {
                let program = program.into_os_string();
                return Ok(Self { program, arguments: Vec::new(), environment, version: WANTED });
            }
        }
        let program = python::package(workspace, &[PACKAGE])?.into_os_string();
        let arguments = vec!["-m".into(), "ziglang".into()];
        Ok(Self { program, arguments, environment, version: WANTED })
    }
}
