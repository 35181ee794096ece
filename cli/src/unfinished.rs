//! Files that are written under another name first, so that nobody ever meets half of one.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
};

/// What the names of files end in that are being written.
pub(crate) const END: &str = ".unfinished";

/// A file that is being written, and is gone again unless it is finished.
#[derive(Debug)]
pub(crate) struct Unfinished {
    file: File,
    path: PathBuf,
}

impl Unfinished {
    /// Begins a file that is to take the place of `path`.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub(crate) fn beside(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_string_lossy();
        let mut number = 0_u32;
        loop {
            let end = format!("{}-{number}{END}", process::id());
            let path = path.with_file_name(format!(".{name}.{end}"));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { file, path }),
                // Left by a process that had this one's number.
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(err) => return Err(err),
            }
        }
    }

    /// Settles who may read the file and write to it.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub(crate) fn permit(&self, permissions: Permissions) -> io::Result<()> {
        self.file.set_permissions(permissions)
    }

    /// Puts the file where it belongs, in one step for everyone who looks.
    ///
    /// # Errors
    ///
    /// What the system said. Nothing is left behind then.
    pub(crate) fn finish(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // One that was finished is not there any more.
        let _ = fs::remove_file(&self.path);
    }
}
