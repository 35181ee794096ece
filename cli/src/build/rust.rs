//! Rust, by cargo, with the standard library for WebAssembly that rustup or a distribution installs.

use std::{env, fs, path::PathBuf};

use super::{
    Profile, Site,
    recipe::{Recipe, Work},
    tool::{self, Version},
};
use crate::failure::Failure;

const ADVICE: &str = "install Rust: https://rustup.rs";

/// Finds cargo, and the standard library for what the plug-in is compiled for.
pub(super) fn find(site: &Site<'_>) -> Result<Recipe, Failure> {
    let triple = if site.wasi { "wasm32-wasip1" } else { "wasm32-unknown-unknown" };
    let cargo = tool::find("cargo").ok_or_else(|| tool::missing("there is no cargo", ADVICE))?;
    let rustc = env::var_os("RUSTC").or_else(|| tool::find("rustc").map(PathBuf::into_os_string));
    let rustc = rustc.ok_or_else(|| tool::missing("there is no rustc", ADVICE))?;
    let version = Version::ask(site.command(&rustc).arg("--version"))
        .ok_or_else(|| tool::missing("`rustc --version` failed", ADVICE))?;

    let folder =
        tool::ask(site.command(&rustc).args(["--print", "target-libdir", "--target", triple]));
    let is_installed = folder.is_some_and(|folder| {
        fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
    });
    if !is_installed {
        let message = format!("rustc {version} has no standard library for {triple}");
        return Err(tool::missing(message, advice(triple)));
    }

    let mut command = site.command(cargo);
    command.args(["build", "--lib", "--target", triple]);
    command.arg("--message-format=json-render-diagnostics");
    command.args(["--color", if site.has_colour { "always" } else { "never" }]);
    if site.profile == Profile::Release {
        command.arg("--release");
    }
    Ok(Recipe { compiler: format!("rustc {version}"), work: Work::Cargo(command) })
}

fn advice(triple: &str) -> String {
    let mut advice = format!("`rustup target add {triple}`");
    if triple == "wasm32-unknown-unknown" {
        advice.push_str(
            "; without rustup: `apt-get install libstd-rust-dev-wasm32 lld` on Debian, \
             `dnf install rust-std-static-wasm32-unknown-unknown lld` on Fedora, \
             `pacman -S rust-wasm lld` on Arch",
        );
    }
    advice
}
