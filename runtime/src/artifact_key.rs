//! Keys of signed artefacts that lie in files, which only their owner can open.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    precompiled::{ArtifactKey, Seal},
    private_files::{is_private, private_file, random_key},
};

/// Bytes of a key.
const KEY_LEN: usize = blake3::KEY_LEN;

/// Why a key's file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file cannot be read, or made.
    #[error("key file `{}` cannot be used", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others than this process's user can read the key.
    #[error(
        "key file `{}` is open to other users: it must belong to the user who runs this program, and \
         be closed to all others (`chmod go-rwx`)", path.display()
    )]
    NotPrivate {
        /// The file.
        path: PathBuf,
    },
    /// The file is no key.
    #[error("key file `{}` has not the {KEY_LEN} bytes of a key", path.display())]
    Length {
        /// The file.
        path: PathBuf,
    },
}

impl ArtifactKey {
    /// Reads a key that [`ArtifactKey::create_file`] made.
    ///
    /// It is refused unless this process's user alone can open its file: whoever knows the key can have
    /// this program run anything, and only who can do that anyway may know it.
    ///
    /// # Errors
    ///
    /// A [`KeyFileError`].
    ///
    /// # Examples
    ///
    /// ```
    /// use plugsmith::{ArtifactKey, PluginBuilder};
    ///
    /// # #[cfg(feature = "wat")] {
    /// let path = std::env::temp_dir().join(format!("plugsmith-doc-key-{}", std::process::id()));
    /// let key = ArtifactKey::create_file(&path)?;
    /// let artifact = PluginBuilder::new("(module)").compile()?.serialize_signed(&key)?;
    /// let same_key = ArtifactKey::from_file(&path)?;
    /// PluginBuilder::from_signed_artifact(&artifact, &same_key)?.compile()?;
    /// # std::fs::remove_file(&path)?;
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyFileError> {
        let path = path.as_ref();
        let failed = |source| KeyFileError::File { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        if !is_private(&file.metadata().map_err(failed)?) {
            return Err(KeyFileError::NotPrivate { path: path.to_owned() });
        }
        let mut bytes = Vec::new();
        file.take(KEY_LEN as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        let key = bytes.try_into().map_err(|_| KeyFileError::Length { path: path.to_owned() })?;
        Ok(Self::of_seal(Seal::new(key)))
    }

    /// Makes a key of random bytes, and a file for it, which no other user can open.
    ///
    /// # Errors
    ///
    /// [`KeyFileError::File`], also if there is such a file already.
    pub fn create_file(path: impl AsRef<Path>) -> Result<Self, KeyFileError> {
        let path = path.as_ref();
        let key = random_key();
        let failed = |source| KeyFileError::File { path: path.to_owned(), source };
        let mut file = private_file().open(path).map_err(failed)?;
        if let Err(err) = file.write_all(&key).and_then(|()| file.sync_all()) {
            // Half a key is of no use, and would be in the way of a whole one.
            let _ = fs::remove_file(path);
            return Err(failed(err));
        }
        Ok(Self::of_seal(Seal::new(key)))
    }
}
