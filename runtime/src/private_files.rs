//! Files and folders that only this process's user can open, and the keys that lie in them.

use std::fs::{self, DirBuilder, OpenOptions};

use uuid::Uuid;

/// Returns a key that nobody guesses.
pub(crate) fn random_key() -> [u8; blake3::KEY_LEN] {
    // Two numbers of 122 random bits each from the system.
    let random = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
    *blake3::hash(&random).as_bytes()
}

/// Makes folders that other users cannot look into.
#[cfg(unix)]
pub(crate) fn private_folder() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;

    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

/// Makes folders that other users cannot look into.
#[cfg(not(unix))]
pub(crate) fn private_folder() -> DirBuilder {
    DirBuilder::new()
}

/// Makes files that other users cannot read, and nobody can write to.
#[cfg(unix)]
pub(crate) fn private_file() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut options = OpenOptions::new();
    // Nobody writes to it again. What is mapped must not change, and most that would change it by
    // accident, such as `cp`, then replaces it instead.
    options.write(true).create_new(true).mode(0o400);
    options
}

/// Makes files that other users cannot read.
#[cfg(not(unix))]
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options
}

/// Says whether a folder or file belongs to this process's user, and to nobody else.
#[cfg(unix)]
pub(crate) fn is_private(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    /// What others than the owner may do.
    const OTHERS: u32 = 0o077;
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & OTHERS == 0
}

/// Elsewhere a user's own folders are closed to others by the system's defaults.
#[cfg(not(unix))]
pub(crate) fn is_private(_: &fs::Metadata) -> bool {
    true
}
