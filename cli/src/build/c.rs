//! C, by clang and its linker for WebAssembly, or by Zig, which has both inside. There is no C library.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Profile, Site,
    recipe::{Recipe, Work},
    tool,
    zig::Zig,
};
use crate::failure::Failure;

const ADVICE: &str = "install clang and lld of LLVM 14 or later (`apt-get install clang lld` on \
                      Debian, `dnf install clang lld` on Fedora, `brew install llvm lld` on macOS), \
                      or Zig: https://ziglang.org/download";

/// Finds a clang that compiles for WebAssembly and has its linker, or makes do with Zig.
pub(super) fn find(site: &Site<'_>) -> Result<Recipe, Failure> {
    let (mut command, compiler) = find_compiler(site)?;
    command.args(["-std=c11", "-Wall", "-Wextra", "-ffreestanding", "-nostdlib", "-Wl,--no-entry"]);
    command.args(match site.profile {
        Profile::Release => ["-O2"].as_slice(),
        Profile::Debug => ["-O0", "-g"].as_slice(),
    });
    if site.has_colour {
        command.arg("-fcolor-diagnostics");
    }
    command.arg("-o").arg(site.plugin);
    Ok(Recipe { compiler, work: Work::Run(command) })
}

fn find_compiler(site: &Site<'_>) -> Result<(Command, String), Failure> {
    let found: Vec<PathBuf> =
        tool::find("clang").into_iter().chain(tool::find_numbered("clang")).collect();
    let why = if found.is_empty() {
        "there is no clang"
    } else {
        "there is a clang, but not one that compiles for WebAssembly and has its linker `wasm-ld`"
    };
    if let Some(clang) = found.into_iter().find(|clang| has_linker(clang)) {
        let mut command = site.command(&clang);
        command.arg("--target=wasm32");
        let version = tool::ask(Command::new(clang).arg("--version"));
        return Ok((command, version.unwrap_or_else(|| "clang".to_owned())));
    }
    let Ok(zig) = Zig::find(site) else {
        return Err(tool::missing(format!("{why}; there is no Zig, either"), ADVICE));
    };
    let mut command = site.command(zig.program);
    command.args(["cc", "--target=wasm32-freestanding"]);
    Ok((command, format!("the C compiler of Zig {}", zig.version)))
}

/// Says whether a clang knows WebAssembly, and has the linker for it. It tells the linker's whole path
/// if it finds it, and else its name alone.
fn has_linker(clang: &Path) -> bool {
    let mut command = Command::new(clang);
    let answer = tool::ask(command.args(["--target=wasm32", "--print-prog-name=wasm-ld"]));
    let knows = tool::ask(Command::new(clang).args(["--target=wasm32", "-dumpmachine"]));
    knows.is_some() && answer.is_some_and(|path| Path::new(&path).is_file())
}
