//! What compiles plug-ins: on this machine, or where `cargo xtask` has put it.
//!
//! As elsewhere, a language without a compiler is passed over only where `cargo xtask` has said so.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

/// Whether `cargo xtask` has said that it could not have the compiler of this language.
pub(crate) fn is_skipped(lang: &str) -> bool {
    env::var("PLUGSMITH_SKIPPED").is_ok_and(|names| names.split(',').any(|skipped| skipped == lang))
}

/// Whether plug-ins in Rust can be compiled: the build tool can do so without an installed standard
/// library, which this command leaves to it.
pub(crate) fn has_rust() -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]);
    let folder = rustc.output().ok().and_then(|output| String::from_utf8(output.stdout).ok());
    let is_there = folder.is_some_and(|folder| Path::new(folder.trim()).is_dir());
    let is_ci = env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(is_there || !is_ci, "nothing may be skipped where CI is set");
    is_there
}

/// Gives a command everything that compiles: `PATH`, and behind it what the build tool installed.
pub(crate) fn provide(command: &mut Command) {
    let tools = tools();
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([
        tools.join("assemblyscript/node_modules/.bin"),
        tools.join("python/bin"),
        zig_folder(),
    ]);
    command.env("PATH", env::join_paths(folders).expect("no folder has a separator in its name"));
    command.env("ZIG_GLOBAL_CACHE_DIR", tools.join("zig/global-cache"));
    command.env("GOCACHE", tools.join("go/cache"));
    command.envs([("GOENV", "off"), ("GOFLAGS", ""), ("GOTOOLCHAIN", "local")]);
    // What plug-ins in Rust depend on was fetched with what this workspace does.
    command.env("CARGO_NET_OFFLINE", "true");
    command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-projects"));
}

/// Gives a command Zig, and nothing else.
pub(crate) fn provide_zig_alone(command: &mut Command) {
    provide(command);
    let folders = env::var_os("PATH").unwrap_or_default();
    let zig = env::split_paths(&folders).chain([zig_folder()]).find(|at| at.join("zig").is_file());
    command.env("PATH", zig.map_or_else(OsString::new, PathBuf::into_os_string));
}

/// The folder of this repository with this name.
pub(crate) fn checkout(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is in the checkout").join(folder)
}

/// Where `cargo xtask` puts what it installs.
pub(crate) fn tools() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_plugsmith"));
    binary.ancestors().nth(2).expect("it is in the target folder").join("tools")
}

/// Where Python's package of Zig has the program.
fn zig_folder() -> PathBuf {
    let versions = tools().join("python/lib").read_dir().into_iter().flatten().flatten();
    let folders = versions.map(|version| version.path().join("site-packages/ziglang"));
    folders.into_iter().find(|folder| folder.is_dir()).unwrap_or_default()
}
