//! A module's file, which is read with care and replaced as a whole; and the file of signatures beside it.

use std::{
    ffi::OsString,
    fs::{self, File, FileType},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::{exit::Exit, failure::Failure, unfinished::Unfinished};

/// Bytes of the largest module that is read; the host has the same limit.
const MODULE_LIMIT: u64 = 64 << 20;

/// Bytes of the largest file of signatures that is read.
const SIGNATURES_LIMIT: u64 = 1 << 20;

/// Reads a module.
///
/// # Errors
///
/// If it is not there, cannot be read, or is too large.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_file(path, MODULE_LIMIT, "name the file of a module (`.wasm`)")
}

/// Reads signatures.
///
/// # Errors
///
/// As [`read`].
pub(crate) fn read_signatures(path: &Path) -> Result<Vec<u8>, Failure> {
    read_file(path, SIGNATURES_LIMIT, "`plugsmith sign --detached` makes such a file")
}

/// Reads the signatures beside a module, if there are any.
///
/// # Errors
///
/// As [`read`], but if there is no such file.
pub(crate) fn read_signatures_beside(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let path = signatures_path(path);
    // What cannot be looked at is said to be so by reading it.
    if path.try_exists().unwrap_or(true) { read_signatures(&path).map(Some) } else { Ok(None) }
}

/// Returns where the signatures beside a module are: `.sig` is behind its name.
pub(crate) fn signatures_path(path: &Path) -> PathBuf {
    with_end(path, ".sig")
}

/// Writes a file, in the place of what may be there: whoever reads it meanwhile gets the one or the other,
/// and who may read it stays as it was.
///
/// # Errors
///
/// If it cannot be written. What was there is there still.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    // What a link leads to is replaced, and not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    replace_file(&target, bytes).map_err(|err| {
        let message = format!("cannot write `{}`", path.display());
        Failure::new(Exit::Input, message).with_cause(err)
    })
}

fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let permissions = match fs::metadata(path) {
        Ok(metadata) => {
            check_regular(metadata.file_type())?;
            Some(metadata.permissions())
        }
        Err(_) => None,
    };
    let mut file = Unfinished::beside(path)?;
    if let Some(permissions) = permissions {
        file.permit(permissions)?;
    }
    file.write_all(bytes)?;
    file.finish(path)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    name.into()
}

fn read_file(path: &Path, limit: u64, help: &str) -> Result<Vec<u8>, Failure> {
    let refusal = || Failure::new(Exit::Input, format!("cannot read `{}`", path.display()));
    let failed = |err: io::Error| refusal().with_help(help).with_cause(err);
    let metadata = fs::metadata(path).map_err(failed)?;
    check_regular(metadata.file_type()).map_err(failed)?;
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    read.map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(failed(io::Error::other(format!("more than {limit} bytes"))));
    }
    Ok(bytes)
}

/// Refuses what is no place for a module: a device may have no end, and is not there to be replaced.
fn check_regular(kind: FileType) -> io::Result<()> {
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if kind.is_file() { Ok(()) } else { Err(io::Error::other("not a regular file")) }
}
