//! Whose signature a module has: for commands that ask, and for those that load nothing else.

use std::path::{Path, PathBuf};

use plugsmith_signature::{KeyError, KeyMistake, PublicKey, VerifyError, verify, verify_detached};

use crate::{exit::Exit, failure::Failure, module_file};

/// Reads public keys.
///
/// # Errors
///
/// If one of them is of no use.
pub(crate) fn read_keys(paths: &[PathBuf]) -> Result<Vec<PublicKey>, Failure> {
    paths.iter().map(|path| PublicKey::from_file(path).map_err(key_failure)).collect()
}

/// Returns which of the keys have signed a module: in the module, or, if none has, in the file beside that
/// which it was read from.
///
/// # Errors
///
/// What is wrong with its signatures, or that the file cannot be read.
pub(crate) fn signers<'k>(
    wasm: &[u8],
    path: Option<&Path>,
    keys: &'k [PublicKey],
) -> Result<Vec<&'k PublicKey>, Refusal> {
    let (err, path) = match (verify(wasm, keys), path) {
        (Err(err), Some(path)) => (err, path),
        (signers, _) => return Ok(signers?),
    };
    let Some(signatures) = module_file::read_signatures_beside(path).map_err(Refusal::Unread)?
    else {
        return Err(err.into());
    };
    let signers = verify_detached(wasm, &signatures, keys);
    // Where there are signatures in both places, those in the module are what people look for first.
    Ok(if err == VerifyError::Unsigned { signers? } else { signers.map_err(|_| err)? })
}

/// Why a module is not trusted.
pub(crate) enum Refusal {
    Untrusted(VerifyError),
    /// There are signatures that cannot be read.
    Unread(Failure),
}

impl From<VerifyError> for Refusal {
    fn from(err: VerifyError) -> Self {
        Self::Untrusted(err)
    }
}

impl Refusal {
    /// Says that `what` is not trusted, and what to do.
    pub(crate) fn into_failure(self, exit: Exit, what: &str) -> Failure {
        let err = match self {
            Self::Untrusted(err) => err,
            Self::Unread(failure) => return failure,
        };
        let help = match &err {
            VerifyError::Module(_) => "only modules in binary form can be signed",
            VerifyError::Unsigned => {
                "`plugsmith sign` signs a module; the signatures beside one are in a file of its name, \
                 with `.sig` behind it"
            }
            VerifyError::Untrusted { .. } => {
                "if you trust who made it, get the public key from them, and by another way than the \
                 plug-in"
            }
            _ => "get the plug-in from who made it once more",
        };
        Failure::new(exit, format!("{what} is not signed by a key that is trusted"))
            .with_help(help)
            .with_cause(err)
    }
}

/// Says what to do about a key.
pub(crate) fn key_failure(err: KeyError) -> Failure {
    let help = match &err {
        KeyError::Key { source: KeyMistake::Secret, .. } => {
            "the public key has `.pub` behind its name"
        }
        KeyError::Key { source: KeyMistake::Locked, .. } => {
            "`ssh-keygen -p` takes the passphrase off, of a copy that only you can read"
        }
        KeyError::Key { source: KeyMistake::Weak, .. } => {
            "no honest program makes such a key: find out who wants you to trust it"
        }
        KeyError::Key { source: KeyMistake::Several, .. } => "give each key a file of its own",
        KeyError::NotPrivate { .. } => {
            "others may have read it by now: consider making a new one, with `plugsmith sign --new-key FILE`"
        }
        KeyError::File { source, .. } if source.kind() == std::io::ErrorKind::AlreadyExists => {
            "`--key FILE` takes a key that is there; none is ever overwritten"
        }
        _ => {
            "`plugsmith sign --new-key FILE` makes a pair of keys, and so does `ssh-keygen -t ed25519`"
        }
    };
    Failure::of_error(Exit::Input, err).with_help(help)
}
