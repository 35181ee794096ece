//! The folder of a cache: who may write to it, the key in it, and its files.

use std::{
    collections::BTreeSet,
    fs::{self, DirEntry, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use uuid::Uuid;

use super::choice::ConfigError;
use crate::private_files;

/// The file of the key.
const KEY_FILE: &str = "key";

/// What the names of modules end in.
const MODULE_END: &str = ".module";

/// How many hexadecimal digits the name of a module has: those of a hash.
const MODULE_NAME_LEN: usize = 64;

/// What the names of files end in that are being written.
pub(super) const UNFINISHED_END: &str = ".unfinished";

/// How old an unfinished file is that nobody finishes any more.
const ABANDONED: Duration = Duration::from_hours(1);

/// How old a file's time of last use may become before it is set anew.
const USE_PRECISION: Duration = Duration::from_hours(1);

/// Why there can be no cache where one was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The folder cannot be made or looked at.
    #[error("the cache folder `{}` cannot be used", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others than this process's user can write to the folder, or read its key.
    #[error(
        "`{}` of the cache is open to other users: it must belong to the user who runs this program, \
         and be closed to all others (`chmod go-rwx`)", path.display()
    )]
    NotPrivate {
        /// The folder, or the key in it.
        path: PathBuf,
    },
    /// The key cannot be read or made.
    #[error(
        "the key of the cache, `{}`, cannot be used; if it is deleted, another is made", path.display()
    )]
    Key {
        /// The key's file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The configuration file cannot be read.
    #[error("the cache configuration `{}` cannot be read", path.display())]
    ReadConfig {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The configuration file is wrong.
    #[error("the cache configuration `{}` is wrong", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        problem: ConfigError,
    },
    /// The configuration names no folder, and the system has none for caches.
    #[error("the cache configuration names no `directory`, and this user has no folder for caches")]
    NoFolder,
}

/// The folder of a cache, which only this process's user can write to.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens the folder at `path`, or makes it.
    ///
    /// # Errors
    ///
    /// [`CacheError::Folder`], [`CacheError::NotPrivate`].
    pub(super) fn open(path: &Path) -> Result<Self, CacheError> {
        let failed = |source| CacheError::Folder { path: path.to_owned(), source };
        let metadata = match fs::metadata(path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                private_files::private_folder().recursive(true).create(path).map_err(failed)?;
                fs::metadata(path)
            }
            found => found,
        };
        let metadata = metadata.map_err(failed)?;
        if !metadata.is_dir() {
            return Err(failed(io::ErrorKind::NotADirectory.into()));
        }
        if !private_files::is_private(&metadata) {
            return Err(CacheError::NotPrivate { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Returns the key of the folder, which is made at the first request.
    ///
    /// # Errors
    ///
    /// [`CacheError::Key`], [`CacheError::NotPrivate`].
    pub(super) fn key(&self) -> Result<[u8; 32], CacheError> {
        let path = self.path.join(KEY_FILE);
        let failed = |source| CacheError::Key { path: path.clone(), source };
        let file = match File::open(&path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                self.make_key(&path).map_err(failed)?;
                File::open(&path)
            }
            opened => opened,
        };
        let mut file = file.map_err(failed)?;
        if !private_files::is_private(&file.metadata().map_err(failed)?) {
            return Err(CacheError::NotPrivate { path });
        }
        let mut key = [0; 32];
        file.read_exact(&mut key).map_err(failed)?;
        Ok(key)
    }

    /// Writes a key, unless another process is quicker.
    fn make_key(&self, path: &Path) -> io::Result<()> {
        let unfinished = self.write_unfinished(&private_files::random_key())?;
        // Other than a renamed file, a link never replaces a key.
        let linked = fs::hard_link(&unfinished, path);
        let _ = fs::remove_file(unfinished);
        match linked {
            Err(err) if err.kind() != io::ErrorKind::AlreadyExists => Err(err),
            _ => Ok(()),
        }
    }

    /// Notes that a file was used, and says whether it is there.
    pub(super) fn note_use(&self, name: &str) -> bool {
        let path = self.module_path(name);
        match fs::metadata(&path) {
            Ok(metadata) if !metadata.is_file() => false,
            Ok(metadata) if age(&metadata) > USE_PRECISION => {
                // What cannot be opened cannot be loaded either.
                File::open(&path).map(|file| note_use_of(&file)).is_ok()
            }
            found => found.is_ok(),
        }
    }

    /// Opens a file and notes that it was used, or returns `None` if it is not there or is not only this
    /// user's.
    pub(super) fn open_module(&self, name: &str) -> Option<File> {
        let path = self.module_path(name);
        // Whoever opens a pipe waits for somebody to write to it.
        if !fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        let file = File::open(path).ok()?;
        let metadata = file.metadata().ok()?;
        if !private_files::is_private(&metadata) {
            return None;
        }
        if age(&metadata) > USE_PRECISION {
            note_use_of(&file);
        }
        Some(file)
    }

    /// Writes a file, or replaces it, in one step for everyone who looks.
    ///
    /// # Errors
    ///
    /// What the system said. Nothing is left behind then.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.write_unfinished(bytes)?;
        fs::rename(&unfinished, self.module_path(name)).inspect_err(|_| {
            let _ = fs::remove_file(&unfinished);
        })
    }

    /// Removes abandoned files, and modules that were not used for longest until the rest is of
    /// `bytes_limit` at most.
    ///
    /// # Errors
    ///
    /// What the system said of the folder. A file that cannot be removed is left.
    pub(super) fn shrink_to(&self, bytes_limit: u64) -> io::Result<()> {
        let mut modules = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let Ok(metadata) = entry.metadata() else { continue };
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if module_name(&name).is_some() {
                modules.push((age(&metadata), metadata.len(), entry.path()));
            } else {
                remove_abandoned(&entry);
            }
        }
        modules.sort_unstable();
        let mut total = 0_u64;
        for (_, len, path) in modules {
            total = total.saturating_add(len);
            if total > bytes_limit {
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }

    /// Removes what processes left behind that were killed while they wrote, when this process comes to the
    /// folder first. One that finds all it needs in a cache would never come to [`Folder::shrink_to`].
    ///
    /// What cannot be removed is left.
    pub(super) fn tidy_up(&self) {
        static TIDY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
        let mut tidy = TIDY.lock().unwrap_or_else(PoisonError::into_inner);
        if !tidy.contains(&self.path) {
            tidy.insert(self.path.clone());
            fs::read_dir(&self.path).into_iter().flatten().flatten().for_each(|entry| {
                remove_abandoned(&entry);
            });
        }
    }

    fn module_path(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}{MODULE_END}"))
    }

    /// Writes a file under a name of its own, closed to other users.
    fn write_unfinished(&self, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.path.join(format!("{}{UNFINISHED_END}", Uuid::new_v4()));
        let written =
            private_files::private_file().open(&path).and_then(|mut file| file.write_all(bytes));
        match written {
            Ok(()) => Ok(path),
            Err(err) => {
                let _ = fs::remove_file(path);
                Err(err)
            }
        }
    }
}

/// Returns the name of the module that a file of this name is, if it is one: people may have files of their
/// own in the folder, which are nobody else's to remove.
pub(super) fn module_name(file_name: &str) -> Option<&str> {
    let name = file_name.strip_suffix(MODULE_END)?;
    let is_hash =
        name.len() == MODULE_NAME_LEN && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(name)
}

/// Sets a file's time of last use, if the system lets it.
fn note_use_of(file: &File) {
    let _ = file.set_modified(SystemTime::now());
}

/// Removes a file that nobody finishes any more.
fn remove_abandoned(entry: &DirEntry) {
    let is_unfinished = entry.file_name().to_string_lossy().ends_with(UNFINISHED_END);
    if is_unfinished && entry.metadata().is_ok_and(|metadata| age(&metadata) > ABANDONED) {
        let _ = fs::remove_file(entry.path());
    }
}

/// Returns how long ago a file was last used.
fn age(metadata: &fs::Metadata) -> Duration {
    metadata.modified().ok().and_then(|used| used.elapsed().ok()).unwrap_or_default()
}
