//! What a cache holds, for whoever looks after it: a person at a terminal, a program that makes room.
//!
//! Removing files never disturbs a process that uses them: what is loaded stays mapped.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    CacheError,
    choice::{CONFIG_VARIABLE, Config, FOLDER_VARIABLE, SUBFOLDER, system_folder},
    folder::{UNFINISHED_END, module_name},
};

/// The folder of a cache, to look at and to empty.
///
/// # Examples
///
/// ```
/// use plugsmith::{CacheFolder, PluginBuilder};
///
/// # #[cfg(feature = "wat")] {
/// let path = std::env::temp_dir().join(format!("plugsmith-doc-cache-{}", std::process::id()));
/// PluginBuilder::new(r#"(module (func (export "ping")))"#).with_cache(&path).compile()?;
/// let cache = CacheFolder::new(&path);
/// let n_bytes: u64 = cache.modules()?.iter().map(|module| module.bytes).sum();
/// assert!(n_bytes > 0);
/// assert_eq!(cache.clear()?.bytes, n_bytes);
/// assert!(cache.modules()?.is_empty());
/// # std::fs::remove_dir_all(&path)?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheFolder {
    path: PathBuf,
}

/// A compiled module in a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CachedModule {
    /// Stands for the module's bytes and the engine that compiled it.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was last used, to the hour.
    pub last_use: Option<SystemTime>,
}

/// What was removed from a cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheCleared {
    /// How many modules.
    pub n_modules: u64,
    /// Their size together.
    pub bytes: u64,
}

/// What the environment says about caching: see
/// [`PluginBuilder::with_cache`](crate::PluginBuilder::with_cache).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheSetting {
    /// Nothing.
    Unset,
    /// There is to be none.
    Off,
    /// It is in this folder.
    Folder(CacheFolder),
}

impl CacheSetting {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// If it names a configuration that cannot be read or is wrong.
    pub fn of_environment() -> Result<Self, CacheError> {
        let in_folder = |path| Self::Folder(CacheFolder { path });
        match (env::var_os(FOLDER_VARIABLE), env::var_os(CONFIG_VARIABLE)) {
            (Some(path), _) if path.is_empty() => Ok(Self::Off),
            (Some(path), _) => Ok(in_folder(path.into())),
            (None, Some(path)) if path.is_empty() => Ok(Self::Off),
            (None, Some(path)) => {
                let place = Config::read(Path::new(&path))?.place()?;
                Ok(place.map_or(Self::Off, |(path, _)| in_folder(path)))
            }
            (None, None) => Ok(Self::Unset),
        }
    }
}

impl CacheFolder {
    /// Names a folder, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns the folder for this in the one that the system has for the user's caches, if it has one.
    pub fn of_user() -> Option<Self> {
        Some(Self::new(system_folder()?.join(SUBFOLDER)))
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lists the modules in it, those used last first. A folder that does not exist holds none.
    ///
    /// # Errors
    ///
    /// What the system said of the folder.
    pub fn modules(&self) -> io::Result<Vec<CachedModule>> {
        let mut modules = Vec::new();
        self.visit(|name, path| {
            let Some(name) = module_name(name) else { return };
            // One that is removed meanwhile is none.
            if let Ok(metadata) = fs::metadata(path) {
                let last_use = metadata.modified().ok();
                modules.push(CachedModule {
                    name: name.to_owned(),
                    bytes: metadata.len(),
                    last_use,
                });
            }
        })?;
        modules.sort_by(|left, right| {
            right.last_use.cmp(&left.last_use).then_with(|| left.name.cmp(&right.name))
        });
        Ok(modules)
    }

    /// Removes the modules in it, and what was being written. The key and files of others stay.
    ///
    /// # Errors
    ///
    /// What the system said of the folder. A file that cannot be removed is left, and not counted.
    pub fn clear(&self) -> io::Result<CacheCleared> {
        let mut cleared = CacheCleared::default();
        self.visit(|name, path| {
            let len = fs::metadata(path).map_or(0, |metadata| metadata.len());
            if name.ends_with(UNFINISHED_END) {
                // Whoever writes it finds it gone, and goes on without.
                let _ = fs::remove_file(path);
            } else if module_name(name).is_some() && fs::remove_file(path).is_ok() {
                cleared.n_modules += 1;
                cleared.bytes += len;
            }
        })?;
        Ok(cleared)
    }

    /// Has each file of the folder visited, by name and path.
    fn visit(&self, mut visit: impl FnMut(&str, &Path)) -> io::Result<()> {
        let entries = match fs::read_dir(&self.path) {
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
