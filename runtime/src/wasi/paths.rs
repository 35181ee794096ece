//! The directories and files of the host that a guest may use: the manifest's `allowed_paths`.
//!
//! A directory is handed to the guest opened, and everything the guest does in it goes through that
//! handle, so that neither `..` nor a symbolic link leads out of it.
//!
//! The interface has no way to hand out a single file. Here one is a directory to the guest, under
//! the file's own name, in which `.` is the file and nothing else exists. What the host holds is the
//! file's parent, but the guest never names anything in it: `functions` refuses every operation on
//! such a descriptor but to open `.` and to look at it, and puts the file's name there itself.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use plugsmith_manifest::Manifest;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::error::{BoxError, CallError, LoadError};

/// What a host path begins with if the guest may only read there.
const READ_ONLY_PREFIX: &str = "ro:";

/// A directory or file that the guest may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AllowedPath {
    /// As the manifest gives it, less the prefix.
    path: String,
    guest: String,
    access: FsPerms,
    /// What is handed to the guest.
    directory: PathBuf,
    /// The file in the directory, if only that is allowed.
    file: Option<FileName>,
}

/// The name of a file in its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName(String);

impl AllowedPath {
    /// Looks at every path that `manifest` allows.
    ///
    /// # Errors
    ///
    /// [`LoadError::AllowedPath`], [`LoadError::AllowedPathKind`], [`LoadError::AllowedPathName`].
    pub(super) fn all(manifest: &Manifest) -> Result<Vec<Self>, LoadError> {
        let paths = manifest.allowed_paths.iter().flatten();
        paths.map(|(host, guest)| Self::new(host, guest)).collect()
    }

    fn new(host: &str, guest: &Path) -> Result<Self, LoadError> {
        let (path, access) = match host.strip_prefix(READ_ONLY_PREFIX) {
            Some(path) => (path, FsPerms::ReadOnly),
            None => (host, FsPerms::ReadWrite),
        };
        let guest = guest
            .to_str()
            .ok_or_else(|| LoadError::AllowedPathName { path: guest.display().to_string() })?;
        let (directory, file) = find(path)?;
        Ok(Self { path: path.to_owned(), guest: guest.to_owned(), access, directory, file })
    }

    /// Opens the path for one instance.
    ///
    /// # Errors
    ///
    /// [`CallError::AllowedPath`].
    pub(super) fn open(&self, builder: &mut WasiCtxBuilder) -> Result<(), CallError> {
        builder.preopened_dir(&self.directory, &self.guest, self.access).map(|_| ()).map_err(
            |err| CallError::AllowedPath { path: self.path.clone(), source: BoxError::from(err) },
        )
    }

    /// Returns the name of the file in the directory, if only that is allowed.
    pub(super) fn file(&self) -> Option<FileName> {
        self.file.clone()
    }
}

impl FileName {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Returns the directory that `path` is or lies in, and in the latter case its name there.
fn find(path: &str) -> Result<(PathBuf, Option<FileName>), LoadError> {
    let failed = |source: io::Error| LoadError::AllowedPath { path: path.to_owned(), source };
    // Resolved now, so that a symbolic link put there later leads nowhere else.
    let found = fs::canonicalize(path).map_err(failed)?;
    let metadata = fs::metadata(&found).map_err(failed)?;
    if metadata.is_dir() {
        return Ok((found, None));
    }
    if !metadata.is_file() {
        return Err(LoadError::AllowedPathKind { path: path.to_owned() });
    }
    let (Some(directory), Some(name)) = (found.parent(), found.file_name()) else {
        return Err(LoadError::AllowedPathKind { path: path.to_owned() });
    };
    let name = name
        .to_str()
        .ok_or_else(|| LoadError::AllowedPathName { path: found.display().to_string() })?;
    Ok((directory.to_owned(), Some(FileName(name.to_owned()))))
}
