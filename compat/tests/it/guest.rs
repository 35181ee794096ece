//! The compiled plug-ins that `cargo xtask guests` leaves.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Names the folder that they are in.
const FOLDER: &str = "PLUGSMITH_GUESTS";
/// Lists what is skipped on this machine for want of a tool.
const SKIPPED: &str = "PLUGSMITH_SKIPPED";

/// The bytes of a plug-in.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let beside = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("guests");
    let folder = env::var_os(FOLDER).map_or_else(beside, PathBuf::from);
    let path = folder.join(format!("{name}.wasm"));
    fs::read(&path).unwrap_or_else(|err| {
        panic!("reading `{}`: {err}; `cargo xtask guests` builds it", path.display())
    })
}

/// Whether something is skipped on this machine.
pub(crate) fn is_skipped(name: &str) -> bool {
    env::var(SKIPPED).is_ok_and(|skipped| skipped.split(',').any(|other| other == name))
}
