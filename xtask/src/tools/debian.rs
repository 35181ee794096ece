//! Packages of a Debian system.
//!
//! Installs only as root and only on a system of Debian's family; never asks for a password.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    progress::{self, Paint},
    tools::{program_in, search_path},
    workspace,
};

/// Installs the first of these sets of packages that the system knows.
///
/// # Errors
///
/// If this is not Debian, the user is not root, no set is known, or apt-get fails.
pub(crate) fn install(sets: &[&[&str]]) -> Result<()> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    ensure!(is_debian(&release), "this is not a Debian system");
    ensure!(program_in(&search_path(), "apt-get").is_some(), "there is no apt-get");
    let user = workspace::output(Command::new("id").arg("-u"))?;
    ensure!(user.trim() == "0", "not root, so Debian's packages cannot be installed");

    let paint = Paint::for_stderr();
    let wanted: Vec<_> = sets.iter().map(|packages| packages.join(" ")).collect();
    progress::note(paint, &format!("asking Debian for {}", wanted.join(", or ")));
    workspace::output(apt_get().arg("update"))?;
    let Some(packages) = sets.iter().find(|packages| are_known(packages)) else {
        bail!("this Debian has no {}", wanted.join(", or "));
    };
    progress::note(paint, &format!("installing {}", packages.join(" ")));
    let mut command = apt_get();
    command.args(["install", "--yes", "--no-install-recommends"]).args(*packages);
    workspace::output(&mut command).context("installing Debian's packages")?;
    Ok(())
}

/// Unpacks a package into a folder, which is made, and installs nothing: no root is needed where the
/// system's lists are not too old.
///
/// # Errors
///
/// If this is not Debian, or it has no such package.
pub(crate) fn unpack(package: &str, folder: &Path) -> Result<()> {
    for program in ["apt-get", "dpkg-deb"] {
        ensure!(program_in(&search_path(), program).is_some(), "there is no {program}");
    }
    progress::note(Paint::for_stderr(), &format!("downloading {package} from Debian"));
    // None is left of a run that was broken off.
    let unfinished = folder.with_extension("unfinished");
    let _ = fs::remove_dir_all(&unfinished);
    fs::create_dir_all(&unfinished)?;
    let download = || {
        let mut command = apt_get();
        // Nothing but the folder's owner can write to it.
        command.arg("--option=APT::Sandbox::User=root").args(["download", package]);
        workspace::output(command.current_dir(&unfinished))
    };
    if download().is_err() {
        workspace::output(apt_get().arg("update"))?;
        download().with_context(|| format!("this Debian has no {package}"))?;
    }
    let files = fs::read_dir(&unfinished)?.collect::<Result<Vec<_>, _>>()?;
    let [file] = files.as_slice() else { bail!("apt-get did not download {package}") };
    let mut command = Command::new("dpkg-deb");
    workspace::output(command.arg("--extract").arg(file.path()).arg(&unfinished))?;
    fs::remove_file(file.path())?;
    fs::rename(&unfinished, folder)?;
    Ok(())
}

/// A command that asks nothing, and gives up soon where there is no network.
fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command.args(["--quiet", "--option=Acquire::Retries=1"]);
    command
}

fn are_known(packages: &[&str]) -> bool {
    let mut command = Command::new("apt-cache");
    command.arg("show").args(packages);
    workspace::output(&mut command).is_ok()
}

fn is_debian(release: &str) -> bool {
    let mut fields = release.lines().filter_map(|line| line.split_once('='));
    fields.any(|(name, value)| {
        let mut words = value.trim_matches('"').split_whitespace();
        (name == "ID" || name == "ID_LIKE") && words.any(|word| word == "debian")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_is_read_from_the_release_file() {
        let rows = [
            ("NAME=\"Debian\"\nID=debian\n", true),
            ("ID=mint\nID_LIKE=\"ubuntu debian\"\n", true),
            ("ID=fedora\nHOME_URL=debian\n", false),
            ("", false),
        ];
        for (release, expected) in rows {
            assert_eq!(is_debian(release), expected, "{release}");
        }
    }
}
