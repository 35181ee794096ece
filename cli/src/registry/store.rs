//! What was fetched from registries, kept beside the cache of compiled plug-ins, each file named for the
//! digest of its bytes.
//!
//! Nothing is taken from here unless its bytes still have that digest, so it does not matter who else
//! could write to the folder. Files are written under another name first: none is ever half there.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use plugsmith::CacheFolder;

use super::digest::Digest;
use crate::{
    output::Output,
    unfinished::{self, Unfinished},
};

/// The folder, in that of the cache.
const SUBFOLDER: &str = "pulled";

/// How old an unfinished file is that nobody finishes any more.
const ABANDONED: Duration = Duration::from_hours(24);

/// The folder of what was fetched.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
}

/// A file in the store.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) digest: Digest,
    pub(crate) bytes: u64,
    pub(crate) since: Option<SystemTime>,
}

impl Store {
    /// Names the store of a cache. It need not exist.
    pub(crate) fn of(cache: &CacheFolder) -> Self {
        Self { folder: cache.path().join(SUBFOLDER) }
    }

    /// Makes the folder, closed to other users, and removes what was left half-written in it.
    ///
    /// # Errors
    ///
    /// What the system said of the folder.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        private_folder().recursive(true).create(&self.folder)?;
        self.visit(|name, path| {
            let age = fs::metadata(path).and_then(|metadata| metadata.modified());
            let age = age.ok().and_then(|modified| modified.elapsed().ok());
            if name.ends_with(unfinished::END) && age.is_some_and(|age| age > ABANDONED) {
                // What cannot be removed is left.
                let _ = fs::remove_file(path);
            }
        })
    }

    /// Reads what has this digest. What is there under its name and has another is removed.
    pub(super) fn read(&self, digest: Digest, limit: u64, output: &Output) -> Option<Vec<u8>> {
        let path = self.path(digest);
        // Whoever opens a pipe waits for somebody to write to it.
        if !fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(&path).ok()?.take(limit.saturating_add(1)).read_to_end(&mut bytes).ok()?;
        if Digest::of(&bytes) == digest {
            return Some(bytes);
        }
        output.warn(&format!("`{}` is damaged, and is fetched anew", path.display()));
        let _ = fs::remove_file(path);
        None
    }

    /// Keeps these bytes.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub(super) fn write(&self, digest: Digest, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.begin(digest)?;
        file.write_all(bytes)?;
        file.finish(&self.path(digest))
    }

    /// Begins a file that is to have this digest.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub(super) fn begin(&self, digest: Digest) -> io::Result<Unfinished> {
        Unfinished::beside(&self.path(digest))
    }

    /// Returns where the bytes of this digest are, or will be.
    pub(super) fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(digest.hex())
    }

    /// Lists what is kept, the newest first. A folder that does not exist holds nothing.
    ///
    /// # Errors
    ///
    /// What the system said of the folder.
    pub(crate) fn list(&self) -> io::Result<Vec<Kept>> {
        let mut all = Vec::new();
        self.visit(|name, path| {
            // One that is removed meanwhile is none.
            if let (Some(digest), Ok(metadata)) = (Digest::parse_hex(name), fs::metadata(path)) {
                let since = metadata.modified().ok();
                all.push(Kept { digest, bytes: metadata.len(), since });
            }
        })?;
        all.sort_by(|left, right| {
            let by_name = || left.digest.hex().cmp(&right.digest.hex());
            right.since.cmp(&left.since).then_with(by_name)
        });
        Ok(all)
    }

    /// Removes everything, and returns what it was: how many files, and how many bytes.
    ///
    /// # Errors
    ///
    /// What the system said of the folder. A file that cannot be removed is left, and not counted.
    pub(crate) fn clear(&self) -> io::Result<(usize, u64)> {
        let (mut n_files, mut n_bytes) = (0, 0);
        self.visit(|name, path| {
            let len = fs::metadata(path).map_or(0, |metadata| metadata.len());
            if name.ends_with(unfinished::END) {
                // Whoever writes it finds it gone, and fails.
                let _ = fs::remove_file(path);
            } else if Digest::parse_hex(name).is_some() && fs::remove_file(path).is_ok() {
                n_files += 1;
                n_bytes += len;
            }
        })?;
        Ok((n_files, n_bytes))
    }

    /// Has each file of the folder visited, by name and path.
    fn visit(&self, mut visit: impl FnMut(&str, &Path)) -> io::Result<()> {
        let entries = match fs::read_dir(&self.folder) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            visit(&entry.file_name().to_string_lossy(), &entry.path());
        }
        Ok(())
    }
}

/// Makes folders that other users cannot look into: the cache, which this may make, must be such a one.
#[cfg(unix)]
fn private_folder() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;

    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

/// Elsewhere a user's own folders are closed to others by the system's defaults.
#[cfg(not(unix))]
fn private_folder() -> DirBuilder {
    DirBuilder::new()
}
