//! Files that a failed call leaves behind for its author: a core dump of the guest, and the memory
//! through which inputs and outputs pass.
//!
//! A file that cannot be written is a warning in the log. The call fails with its own error. What is in
//! the files is the guest's and its users', so a new one is closed to other users of the machine.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use wasmtime::{Store, WasmCoreDump};

use crate::state::State;

/// The name that a core dump gives its program.
const PROGRAM: &str = "plugsmith";

/// Writes the core dump that `err` carries, if it does.
pub(crate) fn write_core(path: &Path, err: &wasmtime::Error, store: &mut Store<State>) {
    if let Some(dump) = err.downcast_ref::<WasmCoreDump>() {
        write(path, &dump.serialize(store, PROGRAM), "a core dump");
    }
}

/// Writes the exchange memory.
pub(crate) fn write_memory(path: &Path, bytes: &[u8]) {
    write(path, bytes, "a dump of the exchange memory");
}

fn write(path: &Path, bytes: &[u8], what: &str) {
    if let Err(err) = file().open(path).and_then(|mut file| file.write_all(bytes)) {
        tracing::warn!("cannot write {what} to `{}`: {err}", path.display());
    }
}

/// Makes a file, or empties the one that is there.
fn file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
