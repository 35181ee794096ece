//! AssemblyScript, from `PATH` or from npm. Its compiler runs in Node.js, which has to be there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{Recipe, Site};
use crate::{
    progress::{self, Paint},
    tools::{program_in, search_path, version::Version},
    workspace,
};

pub(super) const ADVICE: &str = "install Node.js 20 or later with npm, and have a network to get AssemblyScript from its registry";

/// The first Node.js that its compiler runs in.
const OLDEST_NODE: Version = Version { major: 20, minor: 0 };

/// Finds the compiler, or installs it.
pub(super) fn find(site: &Site) -> Result<Recipe> {
    let path = search_path();
    let node = program_in(&path, "node").context("there is no Node.js")?;
    let version = Version::ask(Command::new(&node).arg("--version"))?;
    ensure!(version >= OLDEST_NODE, "Node.js is {version}, AssemblyScript needs {OLDEST_NODE}");
    let wanted = wanted_version(&site.sources.join("package.json"))?;
    let mut command =
        if let Some(asc) = program_in(&path, "asc").filter(|asc| is_near(asc, &wanted)) {
            site.command(asc)
        } else {
            let mut command = site.command(node);
            command.arg(install(site, &wanted)?.join("bin/asc.js"));
            command
        };
    let built = site.scratch.join("plugin.wasm");
    command.args(["assembly/index.ts", "--outFile"]).arg(&built);
    Ok(Recipe { compiler: format!("AssemblyScript {wanted}"), command, built })
}

/// The version that the plug-in's `package.json` asks for.
fn wanted_version(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("reading `{}`", path.display()))?;
    let package: Value =
        serde_json::from_str(&text).with_context(|| format!("reading `{}`", path.display()))?;
    let version = package["devDependencies"]["assemblyscript"].as_str();
    Ok(version.context("`package.json` asks for no version of AssemblyScript")?.to_owned())
}

/// Whether this compiler is of the version asked for, but for the third number.
fn is_near(asc: &Path, wanted: &str) -> bool {
    let version = Version::ask(Command::new(asc).arg("--version"));
    version.is_ok_and(|version| Version::find(wanted) == Some(version))
}

/// Returns the folder of the installed package.
fn install(site: &Site, wanted: &str) -> Result<PathBuf> {
    let package = site.scratch.join("node_modules/assemblyscript");
    if installed_version(&package).as_deref() == Some(wanted) {
        return Ok(package);
    }
    let npm = program_in(&search_path(), "npm").context("there is no npm")?;
    let requirement = format!("assemblyscript@{wanted}");
    progress::note(Paint::for_stderr(), &format!("installing {requirement} from npm's registry"));
    let mut command = Command::new(npm);
    command.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]);
    // Soon given up where there is no network.
    command.args(["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]).arg("--prefix");
    workspace::output(command.arg(&site.scratch).arg(&requirement))?;
    ensure!(
        installed_version(&package).as_deref() == Some(wanted),
        "npm did not install {requirement}"
    );
    Ok(package)
}

fn installed_version(package: &Path) -> Option<String> {
    let text = fs::read_to_string(package.join("package.json")).ok()?;
    let package: Value = serde_json::from_str(&text).ok()?;
    Some(package["version"].as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plug_in_asks_for_one_version() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../examples/guests/assemblyscript/package.json");
        let wanted = wanted_version(&path).expect("the plug-in asks for a version");
        assert!(wanted.split('.').all(|number| number.parse::<u32>().is_ok()), "{wanted}");
        assert!(wanted_version(&path.with_file_name("asconfig.json")).is_err());
    }

    #[test]
    fn what_is_not_there_has_no_version() {
        assert_eq!(installed_version(Path::new("nowhere")), None);
        assert!(!is_near(Path::new("no-such-asc"), "0.28.20"));
    }
}
