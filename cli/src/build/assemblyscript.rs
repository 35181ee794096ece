//! AssemblyScript: `assembly/index.ts`, by the compiler that npm installed for the project, or the one in
//! `PATH`. Both run in Node.js.

use std::process::Command;

use super::{
    Profile, Site,
    recipe::{Recipe, Work},
    tool::{self, Version},
};
use crate::failure::Failure;

const NODE_ADVICE: &str = "install Node.js 20 or later with npm: https://nodejs.org";

/// The first Node.js that the compiler runs in.
const OLDEST_NODE: Version = Version { major: 20, minor: 0 };

/// Finds Node.js and the compiler.
pub(super) fn find(site: &Site<'_>) -> Result<Recipe, Failure> {
    let node =
        tool::find("node").ok_or_else(|| tool::missing("there is no Node.js", NODE_ADVICE))?;
    let version = Version::ask(Command::new(&node).arg("--version"))
        .ok_or_else(|| tool::missing("`node --version` failed", NODE_ADVICE))?;
    if version < OLDEST_NODE {
        let message = format!("Node.js is {version}, AssemblyScript needs {OLDEST_NODE}");
        return Err(tool::missing(message, NODE_ADVICE));
    }

    let script = "node_modules/assemblyscript/bin/asc.js";
    let installed = site.folder.ancestors().map(|above| above.join(script)).find(|at| at.is_file());
    let mut command = if let Some(script) = installed {
        let mut command = site.command(node);
        command.arg(script);
        command
    } else if let Some(asc) = tool::find("asc") {
        site.command(asc)
    } else {
        return Err(tool::missing(
            "AssemblyScript's compiler is not installed",
            "`npm install` in the project's folder",
        ));
    };
    command.arg("--outFile").arg(site.plugin);
    if site.profile == Profile::Debug {
        command.args(["--debug", "--optimizeLevel", "0", "--shrinkLevel", "0"]);
    }
    if !site.has_colour {
        command.arg("--noColors");
    }
    Ok(Recipe { compiler: format!("asc in Node.js {version}"), work: Work::Run(command) })
}
