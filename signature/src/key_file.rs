//! Keys that lie in files. One that signs is used only if its owner alone can open its file.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::key::{KeyMistake, PublicKey, SecretKey};

/// Bytes of the largest file that is taken for a key. Those of Ed25519 have some hundreds.
const FILE_LIMIT: u64 = 16 << 10;

/// Why a file is of no use as a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read, or made.
    #[error("key file `{}` cannot be used", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others than this process's user can read the secret key.
    #[error(
        "key file `{}` is open to other users: it must belong to the user who runs this program, and \
         be closed to all others (`chmod go-rwx`)", path.display()
    )]
    NotPrivate {
        /// The file.
        path: PathBuf,
    },
    /// The file is larger than any key.
    #[error("key file `{}` has more than {limit} bytes, which no key has", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        limit: u64,
    },
    /// The file holds no key, or none that is of use here.
    #[error("key file `{}` is of no use", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: KeyMistake,
    },
}

impl PublicKey {
    /// Reads a key from a file, in one of the forms of [`PublicKey::parse`].
    ///
    /// # Errors
    ///
    /// A [`KeyError`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let path = path.as_ref();
        let bytes = read(path, |_| true)?;
        Self::parse(&bytes).map_err(|source| KeyError::Key { path: path.to_owned(), source })
    }
}

impl SecretKey {
    /// Reads a key from a file, in one of the forms of [`SecretKey::parse`].
    ///
    /// It is refused unless this process's user alone can open its file.
    ///
    /// # Errors
    ///
    /// A [`KeyError`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let path = path.as_ref();
        let bytes = read(path, is_private)?;
        Self::parse(&bytes).map_err(|source| KeyError::Key { path: path.to_owned(), source })
    }

    /// Makes a key, and its files: see [`SecretKey::write_files`].
    ///
    /// # Errors
    ///
    /// [`KeyError::File`], also if there is one of the files already.
    pub fn create_files(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let path = path.as_ref();
        let key =
            Self::generate().map_err(|source| KeyError::File { path: path.to_owned(), source })?;
        key.write_files(path)?;
        Ok(key)
    }

    /// Writes the key to a file that no other user can open, and its public key to one beside it, which has
    /// `.pub` behind its name. Both have the form of OpenSSH.
    ///
    /// # Errors
    ///
    /// [`KeyError::File`], also if there is one of the files already.
    pub fn write_files(&self, path: impl AsRef<Path>) -> Result<(), KeyError> {
        let path = path.as_ref();
        let mut public_path = path.as_os_str().to_owned();
        public_path.push(".pub");
        let public_path = PathBuf::from(public_path);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| KeyError::File { path, source }
        };
        let comment = comment(path);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        write(&options, &public_path, &self.public_key().to_openssh(&comment))
            .map_err(failed(&public_path))?;
        let written = write(&private(options), path, &self.to_openssh(&comment));
        if written.is_err() {
            // A public key without its secret one is of no use to anybody.
            let _ = fs::remove_file(&public_path);
        }
        written.map_err(failed(path))
    }
}

/// Returns what a key in this file is called: the file's name, as far as that is one line.
fn comment(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.chars().filter(|letter| !letter.is_control()).collect()
}

fn read(path: &Path, may_be_used: impl Fn(&Metadata) -> bool) -> Result<Vec<u8>, KeyError> {
    let failed = |source| KeyError::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    if !may_be_used(&file.metadata().map_err(failed)?) {
        return Err(KeyError::NotPrivate { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(KeyError::TooLong { path: path.to_owned(), limit: FILE_LIMIT });
    }
    Ok(bytes)
}

/// Writes a new file, or none.
fn write(options: &OpenOptions, path: &Path, text: &str) -> io::Result<()> {
    let mut file = options.open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.inspect_err(|_| {
        // Half a key is of no use, and would be in the way of a whole one.
        let _ = fs::remove_file(path);
    })
}

/// Has files made that other users cannot open.
#[cfg(unix)]
fn private(mut options: OpenOptions) -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;

    options.mode(0o600);
    options
}

/// Elsewhere a user's own folders are closed to others by the system's defaults.
#[cfg(not(unix))]
fn private(options: OpenOptions) -> OpenOptions {
    options
}

/// Says whether a file belongs to this process's user, and to nobody else.
#[cfg(unix)]
fn is_private(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    /// What others than the owner may do.
    const OTHERS: u32 = 0o077;
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & OTHERS == 0
}

#[cfg(not(unix))]
fn is_private(_: &Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;

    /// A folder of one test, which goes with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("plugsmith-{name}-{}", process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).expect("nobody else removes it");
        }
    }

    #[test]
    fn keys_that_are_made_are_read() {
        let folder = Folder::new("made-keys");
        let made = SecretKey::create_files(folder.path("key")).unwrap();
        let read = SecretKey::from_file(folder.path("key")).unwrap();
        let public = PublicKey::from_file(folder.path("key.pub")).unwrap();
        assert_eq!((made.public_key(), read.public_key()), (public, public));
        let line = fs::read_to_string(folder.path("key.pub")).unwrap();
        assert!(line.starts_with("ssh-ed25519 ") && line.ends_with(" key\n"), "{line}");
    }

    #[test]
    fn no_key_is_overwritten() {
        let folder = Folder::new("kept-keys");
        for (there, other) in [("key", "key.pub"), ("key.pub", "key")] {
            fs::write(folder.path(there), "precious").unwrap();
            let err = SecretKey::create_files(folder.path("key")).unwrap_err();
            let is_there = matches!(&err, KeyError::File { path, source }
                if *path == folder.path(there) && source.kind() == io::ErrorKind::AlreadyExists);
            assert!(is_there, "{err:?}");
            assert_eq!(fs::read(folder.path(there)).unwrap(), b"precious");
            assert!(!folder.path(other).exists(), "half a pair is of no use");
            fs::remove_file(folder.path(there)).unwrap();
        }
        let err = SecretKey::create_files(folder.path("gone/key")).unwrap_err();
        assert!(matches!(err, KeyError::File { .. }), "{err:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_that_others_can_read_is_none() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = Folder::new("open-keys");
        let path = folder.path("key");
        SecretKey::create_files(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for mode in [0o640, 0o604, 0o620, 0o601, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let err = SecretKey::from_file(&path).unwrap_err();
            assert!(matches!(err, KeyError::NotPrivate { .. }), "{mode:o}: {err:?}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(SecretKey::from_file(&path).is_ok());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = Folder::new("no-keys");
        fs::write(folder.path("empty"), "").unwrap();
        let limit = usize::try_from(FILE_LIMIT).unwrap();
        fs::write(folder.path("long"), " ".repeat(limit + 1)).unwrap();
        let unread = |name: &str| PublicKey::from_file(folder.path(name)).unwrap_err();
        assert!(matches!(unread("gone"), KeyError::File { .. }));
        assert!(matches!(unread(""), KeyError::File { .. }), "a folder");
        assert!(matches!(unread("empty"), KeyError::Key { source: KeyMistake::Unknown, .. }));
        assert!(matches!(unread("long"), KeyError::TooLong { .. }));
        SecretKey::create_files(folder.path("key")).unwrap();
        assert!(matches!(unread("key"), KeyError::Key { source: KeyMistake::Secret, .. }));
    }
}
