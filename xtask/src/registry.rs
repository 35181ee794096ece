//! A registry for plug-ins that others wrote, with which the tests of `plugsmith push` and `pull` talk.
//!
//! It is Debian's package of the distribution project's registry, unpacked and not installed, so that no
//! service starts. The tests look for the program in `target/tools/registry`.

use anyhow::{Result, ensure};

use crate::{
    progress::Progress,
    skips::Skips,
    tools::{self, debian},
    workspace::Workspace,
};

/// How many steps [`find`] takes.
pub(crate) const N_STEPS: usize = 1;

/// What tests know the registry by where it is skipped.
const NAME: &str = "registry";
const PACKAGE: &str = "docker-registry";
const PROGRAM: &str = "usr/bin/docker-registry";
const ADVICE: &str =
    "run this on Debian or a system of its family, and let apt-get reach its registry";

/// Finds the registry or unpacks it, as one step of the caller's progress, or skips it.
pub(crate) fn find(workspace: &Workspace, progress: &mut Progress, skips: &mut Skips) {
    progress.step("Finding a registry to push plug-ins to", "");
    if let Err(err) = have(workspace) {
        progress.note("skipped");
        skips.add(NAME, &err, ADVICE);
    }
}

fn have(workspace: &Workspace) -> Result<()> {
    let _lock = tools::lock(workspace)?;
    let folder = tools::folder(workspace, NAME);
    if !folder.join(PROGRAM).is_file() {
        debian::unpack(PACKAGE, &folder)?;
    }
    ensure!(folder.join(PROGRAM).is_file(), "Debian's package has no `{PROGRAM}`");
    Ok(())
}
