//! Go, by Go itself: the package in the project's folder, compiled for WASI.

use super::{
    Profile, Site,
    recipe::{Recipe, Work},
    tool::{self, Version},
};
use crate::failure::Failure;

const ADVICE: &str = "install Go 1.24 or later: https://go.dev/dl";

/// The first that exports functions of a library for WebAssembly.
const OLDEST: Version = Version { major: 1, minor: 24 };

/// Finds Go.
pub(super) fn find(site: &Site<'_>) -> Result<Recipe, Failure> {
    let go = tool::find("go").ok_or_else(|| tool::missing("there is no Go", ADVICE))?;
    let version = Version::ask(site.command(&go).arg("version"))
        .ok_or_else(|| tool::missing("`go version` failed", ADVICE))?;
    if version < OLDEST {
        return Err(tool::missing(format!("Go is {version}, plug-ins need {OLDEST}"), ADVICE));
    }
    let mut command = site.command(go);
    command.args(["build", "-buildmode=c-shared"]);
    command.args(match site.profile {
        // Without debug information, which is half of the file.
        Profile::Release => ["-trimpath", "-ldflags=-w"],
        Profile::Debug => ["-gcflags=all=-N -l", "-ldflags="],
    });
    command.arg("-o").arg(site.plugin);
    command.envs([("GOOS", "wasip1"), ("GOARCH", "wasm")]);
    Ok(Recipe { compiler: format!("Go {version}"), work: Work::Run(command) })
}
