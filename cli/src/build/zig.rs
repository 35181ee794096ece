//! Zig: `src/plugin.zig`, and what it imports.

use std::{path::PathBuf, process::Command};

use super::{
    Profile, Site,
    recipe::{Recipe, Work},
    tool::{self, Version},
};
use crate::failure::Failure;

const ADVICE: &str = "install Zig 0.17: https://ziglang.org/download, or `pip install ziglang` and have it in `PATH`";

/// The first whose language the interface file is written in.
const OLDEST: Version = Version { major: 0, minor: 17 };

/// Finds Zig.
pub(super) fn find(site: &Site<'_>) -> Result<Recipe, Failure> {
    let zig = Zig::find(site)?;
    let mut command = site.command(zig.program);
    // `zig build` would compile itself first, for minutes.
    command.args(["build-exe", "-fno-entry", "-rdynamic"]);
    command.args(["-target", "wasm32-freestanding", "-O"]);
    command.arg(if site.profile == Profile::Release { "ReleaseSmall" } else { "Debug" });
    command.args(["--color", if site.has_colour { "on" } else { "off" }]);
    let mut emit = std::ffi::OsString::from("-femit-bin=");
    emit.push(site.plugin);
    command.arg(emit);
    Ok(Recipe { compiler: format!("Zig {}", zig.version), work: Work::Run(command) })
}

/// A Zig that knows the language of today.
pub(super) struct Zig {
    pub(super) program: PathBuf,
    pub(super) version: Version,
}

impl Zig {
    /// Finds it in `PATH`.
    pub(super) fn find(site: &Site<'_>) -> Result<Self, Failure> {
        let program = tool::find("zig").ok_or_else(|| tool::missing("there is no Zig", ADVICE))?;
        let mut command: Command = site.command(&program);
        let version = Version::ask(command.arg("version"))
            .ok_or_else(|| tool::missing("`zig version` failed", ADVICE))?;
        if version < OLDEST {
            let message = format!("Zig is {version}, plug-ins need {OLDEST}");
            return Err(tool::missing(message, ADVICE));
        }
        Ok(Self { program, version })
    }
}
