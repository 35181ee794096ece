//! Debian's packages of a Rust compiler with its library sources.
//!
//! Installs only as root and only on a system of Debian's family; never asks for a password.

use std::{fs, process::Command};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    progress::{self, Paint},
    setup::{program_in, search_path},
    workspace,
};

/// Sets of packages, the newest compiler first. The first set that the system knows is installed.
const PACKAGES: [&[&str]; 3] = [
    &["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm"],
    &["rustc-web", "cargo-web", "rust-web-src", "lld"],
    &["rustc", "cargo", "rust-src", "lld"],
];

/// Installs a compiler, its library sources and a linker.
///
/// # Errors
///
/// If this is not Debian, the user is not root, or apt-get fails.
pub(super) fn install() -> Result<()> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    ensure!(is_debian(&release), "this is not a Debian system");
    ensure!(program_in(&search_path(), "apt-get").is_some(), "there is no apt-get");
    let user = workspace::output(Command::new("id").arg("-u"))?;
    ensure!(user.trim() == "0", "not root, so Debian's packages cannot be installed");

    let paint = Paint::for_stderr();
    progress::note(paint, "asking Debian for its Rust packages");
    workspace::output(Command::new("apt-get").args(["update", "--quiet"]))?;
    let Some(packages) = PACKAGES.into_iter().find(|packages| are_known(packages)) else {
        bail!("this Debian has no package of a Rust compiler with its library sources");
    };
    progress::note(paint, &format!("installing {}", packages.join(" ")));
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(packages);
    workspace::output(&mut command).context("installing Debian's Rust packages")?;
    Ok(())
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
