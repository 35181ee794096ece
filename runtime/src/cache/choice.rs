//! Whether compiled modules are cached, and where: what the host says, else what the environment says.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Cache, CacheError};
use crate::builder::PluginBuilder;

/// Names the folder of the cache.
pub(super) const FOLDER_VARIABLE: &str = "PLUGSMITH_CACHE";

/// Names a configuration file as Extism's hosts read it; no name switches caching off.
pub(super) const CONFIG_VARIABLE: &str = "EXTISM_CACHE_CONFIG";

/// The folder for our files in one that others may use, too.
pub(super) const SUBFOLDER: &str = "plugsmith";

/// What a host says about caching.
#[derive(Debug, Clone, Default)]
pub(crate) enum CacheChoice {
    /// Nothing: the environment decides, and there is no cache if it says nothing either.
    #[default]
    Environment,
    /// No cache.
    Off,
    /// In this folder.
    Folder(PathBuf),
    /// As this configuration file says.
    Config(PathBuf),
}

impl CacheChoice {
    /// Opens the cache, if there is to be one.
    ///
    /// # Errors
    ///
    /// A [`CacheError`].
    pub(crate) fn open(&self) -> Result<Option<Cache>, CacheError> {
        match self {
            Self::Environment => {
                match from_variables(env::var_os(FOLDER_VARIABLE), env::var_os(CONFIG_VARIABLE)) {
                    Self::Environment => Ok(None),
                    choice => choice.open(),
                }
            }
            Self::Off => Ok(None),
            Self::Folder(path) => Cache::open(path, None).map(Some),
            Self::Config(path) => Config::read(path)?.open(),
        }
    }
}

impl PluginBuilder<'_> {
    /// Keeps compiled modules in `folder`, and takes them from there instead of compiling them again.
    ///
    /// The folder is made if it does not exist. It must belong to the user who runs this program and
    /// be closed to all others, since the code in it runs with all of the program's rights; a file
    /// in it that was changed is recognised and compiled anew. The modules used least recently are
    /// removed beyond 1 GiB.
    ///
    /// Without this, the environment decides: `PLUGSMITH_CACHE` names such a folder, or
    /// `EXTISM_CACHE_CONFIG` a configuration as in [`with_cache_config`](Self::with_cache_config);
    /// either may be empty for no cache. Without those, nothing is cached.
    pub fn with_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.options.cache = CacheChoice::Folder(folder.into());
        self
    }

    /// Keeps compiled modules as the file `path` says: TOML, with a table `cache` and in it
    /// `enabled`, `directory` (the default is the user's folder for caches) and
    /// `files-total-size-soft-limit` (such as `512Mi`). The files are in `plugsmith` of that
    /// directory.
    pub fn with_cache_config(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.cache = CacheChoice::Config(path.into());
        self
    }

    /// Keeps no compiled modules, whatever the environment says.
    pub fn with_cache_disabled(mut self) -> Self {
        self.options.cache = CacheChoice::Off;
        self
    }
}

/// Reads the environment. Ours is asked first.
fn from_variables(folder: Option<OsString>, config: Option<OsString>) -> CacheChoice {
    let choice = |path: OsString, choose: fn(PathBuf) -> CacheChoice| {
        if path.is_empty() { CacheChoice::Off } else { choose(path.into()) }
    };
    match (folder, config) {
        (Some(folder), _) => choice(folder, CacheChoice::Folder),
        (None, Some(config)) => choice(config, CacheChoice::Config),
        (None, None) => CacheChoice::Environment,
    }
}

/// What a configuration file says: the table `cache` with the keys `enabled`, `directory` and
/// `files-total-size-soft-limit`. Others mean nothing here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Config {
    enabled: bool,
    folder: Option<PathBuf>,
    bytes_limit: Option<u64>,
}

impl Config {
    pub(super) fn read(path: &Path) -> Result<Self, CacheError> {
        let text = fs::read_to_string(path)
            .map_err(|source| CacheError::ReadConfig { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|problem| CacheError::Config { path: path.to_owned(), problem })
    }

    fn parse(text: &str) -> Result<Self, ConfigError> {
        let table = DeTable::parse(text).map_err(|err| ConfigError::Toml(Box::new(err)))?;
        let table = match table.get_ref().get("cache").map(Spanned::get_ref) {
            None => return Ok(Self { enabled: true, folder: None, bytes_limit: None }),
            Some(DeValue::Table(table)) => table,
            Some(_) => return Err(ConfigError::Key { key: "cache", wanted: "a table" }),
        };
        let value = |key: &str| table.get(key).map(Spanned::get_ref);
        let enabled = match value("enabled") {
            None => true,
            Some(DeValue::Boolean(enabled)) => *enabled,
            Some(_) => return Err(ConfigError::Key { key: "cache.enabled", wanted: "a boolean" }),
        };
        let folder = match value("directory") {
            None => None,
            Some(DeValue::String(path)) => Some(PathBuf::from(path.as_ref())),
            Some(_) => return Err(ConfigError::Key { key: "cache.directory", wanted: "a text" }),
        };
        let bytes_limit = match value("files-total-size-soft-limit") {
            None => None,
            Some(DeValue::String(size)) => Some(bytes(size).ok_or(ConfigError::Key {
                key: "cache.files-total-size-soft-limit",
                wanted: "a size such as `512Mi`",
            })?),
            Some(_) => {
                return Err(ConfigError::Key {
                    key: "cache.files-total-size-soft-limit",
                    wanted: "a text such as `512Mi`",
                });
            }
        };
        Ok(Self { enabled, folder, bytes_limit })
    }

    /// Returns the folder of the cache, and how many bytes it may hold, if there is to be one.
    ///
    /// # Errors
    ///
    /// [`CacheError::NoFolder`].
    pub(super) fn place(self) -> Result<Option<(PathBuf, Option<u64>)>, CacheError> {
        if !self.enabled {
            return Ok(None);
        }
        let folder = self.folder.or_else(system_folder).ok_or(CacheError::NoFolder)?;
        Ok(Some((folder.join(SUBFOLDER), self.bytes_limit)))
    }

    fn open(self) -> Result<Option<Cache>, CacheError> {
        let place = self.place()?;
        place.map(|(folder, bytes_limit)| Cache::open(&folder, bytes_limit)).transpose()
    }
}

/// What is wrong with a configuration file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It is not TOML.
    #[error(transparent)]
    Toml(Box<dyn std::error::Error + Send + Sync>),
    /// A key has a value of the wrong kind.
    #[error("`{key}` is not {wanted}")]
    Key {
        /// The key.
        key: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
}

/// Returns the folder in which the system has programs keep their caches.
pub(super) fn system_folder() -> Option<PathBuf> {
    let folder =
        |variable| env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else {
        folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))
    }
}

/// Reads a size in bytes: a number, and perhaps `K`, `M`, `G` or `T` for powers of 1,000, or these and
/// an `i` for powers of 1,024.
fn bytes(size: &str) -> Option<u64> {
    let digits = size.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let base: u64 = if size.ends_with('i') { 1_024 } else { 1_000 };
    let power = match size[digits.len()..].trim_end_matches('i') {
        "" if digits == size => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return None,
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(base.pow(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_chooses_ours_first() {
        let variable = |text: &str| Some(OsString::from(text));
        for (folder, config, expected) in [
            (None, None, "Environment"),
            (variable("/a"), variable("/b"), r#"Folder("/a")"#),
            (None, variable("/b"), r#"Config("/b")"#),
            (None, variable(""), "Off"),
            (variable(""), variable("/b"), "Off"),
        ] {
            assert_eq!(format!("{:?}", from_variables(folder, config)), expected);
        }
    }

    #[test]
    fn a_configuration_names_folder_and_size() {
        let config = |enabled, folder: Option<&str>, bytes_limit| Config {
            enabled,
            folder: folder.map(PathBuf::from),
            bytes_limit,
        };
        for (text, expected) in [
            ("", config(true, None, None)),
            ("[cache]\nenabled = false", config(false, None, None)),
            (
                "[cache]\ndirectory = '/x'\nworker-event-queue-size = '16'",
                config(true, Some("/x"), None),
            ),
            ("[cache]\nfiles-total-size-soft-limit = '2Ki'", config(true, None, Some(2_048))),
        ] {
            assert_eq!(Config::parse(text).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_wrong_with_a_configuration_is_named() {
        for (text, expected) in [
            ("[cache", "TOML"),
            ("cache = 1", "`cache` is not a table"),
            ("[cache]\nenabled = 'yes'", "`cache.enabled` is not a boolean"),
            ("[cache]\ndirectory = 1", "`cache.directory` is not a text"),
            ("[cache]\nfiles-total-size-soft-limit = '1Q'", "such as `512Mi`"),
        ] {
            let err = Config::parse(text).unwrap_err();
            let is_toml = matches!(err, ConfigError::Toml(_));
            assert!(is_toml == (expected == "TOML"), "{err}");
            assert!(is_toml || err.to_string().contains(expected), "{err}");
        }
    }

    #[test]
    fn sizes_have_units() {
        for (text, expected) in [
            ("512", Some(512)),
            ("1K", Some(1_000)),
            ("1Ki", Some(1_024)),
            ("3Mi", Some(3 << 20)),
            ("2G", Some(2_000_000_000)),
            ("1Ti", Some(1 << 40)),
            ("i", None),
            ("1i", None),
            ("1Q", None),
            ("", None),
            ("99999999999999999999", None),
            ("99999999999T", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
