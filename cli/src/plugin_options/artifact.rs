//! Plug-ins that are compiled already, as `plugsmith precompile` writes them: known by their first bytes, and
//! loaded with the key that they were signed with, since they are code that runs with all rights.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use clap::Args;
use plugsmith::{ArtifactKey, PluginBuilder};

use crate::{exit::Exit, failure::Failure};

/// What every compiled plug-in begins with, whatever its version.
const MAGIC: [u8; 15] = *b"plugsmith code\0";

/// The key of a compiled plug-in.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct KeyOption {
    /// Takes a compiled plug-in that was signed with the key in this file; `plugsmith precompile` makes both.
    #[arg(long = "key", value_name = "FILE", help_heading = "Plug-in")]
    path: Option<PathBuf>,
}

/// Says whether there is a compiled plug-in.
pub(super) fn is_at(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = |file: File| file.take(MAGIC.len() as u64).read_to_end(&mut start);
    // A device may have no end, and a pipe would lose what is read here.
    path.is_file() && File::open(path).and_then(read).is_ok() && start == MAGIC
}

/// Starts to load a compiled plug-in.
///
/// # Errors
///
/// If there is no key, or it is not that of this file.
pub(super) fn load(path: &Path, key: &KeyOption) -> Result<PluginBuilder<'static>, Failure> {
    let Some(key) = &key.path else {
        return Err(refuse(path, "its key is missing").with_help(
            "`plugsmith call` and `plugsmith serve` take it, with `--key FILE`; `plugsmith precompile \
             --new-key FILE` signs one",
        ));
    };
    let key = ArtifactKey::from_file(key).map_err(|err| Failure::of_error(Exit::Input, err))?;
    let bytes = fs::read(path).map_err(|err| refuse(path, "it cannot be read").with_cause(err))?;
    Ok(PluginBuilder::from_signed_artifact(&bytes, &key)?)
}

/// Returns why a compiled plug-in is not taken.
pub(super) fn refuse(path: &Path, reason: &str) -> Failure {
    let message = format!("`{}` is a compiled plug-in: {reason}", path.display());
    Failure::new(Exit::Load, message)
}
