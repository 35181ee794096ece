//! Telling who signed a module.
//!
//! A signature counts if it is of the whole module: one that covers only the first parts, as the format
//! allows, is none here. What signatures say of their keys is not believed; each is tried with each key.

use crate::{
    key::{KeyId, PublicKey},
    module::{Module, ModuleError},
    signature_data::{FormatError, SignatureData, SignedHashes},
};

/// How many names of keys a message has.
const SHOWN_LIMIT: usize = 4;

/// Why a module is not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// It is no module that can be signed.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// The signatures make no sense.
    #[error("the signatures make no sense")]
    Format(#[from] FormatError),
    /// Nobody has signed it.
    #[error("the module is not signed")]
    Unsigned,
    /// There are signatures, and none of them was made with a key that is trusted.
    #[error("none of the trusted keys has signed the module; its signatures name {}", names(.key_ids))]
    Untrusted {
        /// What the signatures say of their keys, which may be a lie.
        key_ids: Vec<KeyId>,
    },
    /// A trusted key has signed something else: the module has changed since, or the signature is that of
    /// another, or covers a part of it only.
    #[error(
        "key {key_id} signed something else: the module has changed since, or was never what it signed"
    )]
    Changed {
        /// The trusted key.
        key_id: KeyId,
    },
    /// There are no keys to trust, so that nothing can be trusted.
    #[error("no keys are trusted")]
    NoKeys,
}

/// Returns which of the keys have signed a module: one of them at least, each once, in their order.
///
/// Load the same bytes that were asked about. Those of a file may be others a moment later.
///
/// # Errors
///
/// A [`VerifyError`], unless at least one of the keys has signed all of the module.
///
/// # Examples
///
/// ```
/// use plugsmith_signature::{SecretKey, VerifyError, sign, verify};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (vendor, stranger) = (SecretKey::generate()?, SecretKey::generate()?);
/// let trusted = [vendor.public_key()];
/// let module = b"\0asm\x01\0\0\0";
/// assert!(verify(&sign(module, &vendor)?, &trusted).is_ok());
/// assert!(matches!(
///     verify(&sign(module, &stranger)?, &trusted),
///     Err(VerifyError::Untrusted { .. })
/// ));
/// assert_eq!(verify(module, &trusted), Err(VerifyError::Unsigned));
/// # Ok(())
/// # }
/// ```
pub fn verify<'k>(wasm: &[u8], keys: &'k [PublicKey]) -> Result<Vec<&'k PublicKey>, VerifyError> {
    let module = Module::parse(wasm)?;
    check(&module, module.signatures().ok_or(VerifyError::Unsigned)?, keys)
}

/// Does the same with the signatures of a file, whatever signatures are in the module.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_detached<'k>(
    wasm: &[u8],
    signatures: &[u8],
    keys: &'k [PublicKey],
) -> Result<Vec<&'k PublicKey>, VerifyError> {
    check(&Module::parse(wasm)?, signatures, keys)
}

/// Returns what the signatures in a module say of their keys, each once. Nothing is verified, so whoever
/// wrote the module may have made it up.
///
/// # Errors
///
/// A [`VerifyError`]: the module is none, or is not signed, or its signatures make no sense.
pub fn claimed_signers(wasm: &[u8]) -> Result<Vec<KeyId>, VerifyError> {
    let module = Module::parse(wasm)?;
    let signatures = module.signatures().ok_or(VerifyError::Unsigned)?;
    Ok(SignatureData::decode(signatures)?.key_ids())
}

fn check<'k>(
    module: &Module<'_>,
    signatures: &[u8],
    keys: &'k [PublicKey],
) -> Result<Vec<&'k PublicKey>, VerifyError> {
    if keys.is_empty() {
        return Err(VerifyError::NoKeys);
    }
    let data = SignatureData::decode(signatures)?;
    if data.n_signatures() == 0 {
        return Err(VerifyError::Unsigned);
    }
    let hashes = module.hashes();
    let (of_this, of_others): (Vec<_>, Vec<_>) =
        data.sets.iter().partition(|set| set.hashes == hashes);
    let mut signers: Vec<&PublicKey> = Vec::new();
    for key in keys {
        if !signers.contains(&key) && has_signed(key, &of_this) {
            signers.push(key);
        }
    }
    if !signers.is_empty() {
        return Ok(signers);
    }
    match keys.iter().find(|key| has_signed(key, &of_others)) {
        Some(key) => Err(VerifyError::Changed { key_id: key.id() }),
        None => Err(VerifyError::Untrusted { key_ids: data.key_ids() }),
    }
}

fn has_signed(key: &PublicKey, sets: &[&SignedHashes<'_>]) -> bool {
    sets.iter().any(|set| set.is_signed_by(key))
}

/// Returns the names of keys, those that are too many left out.
fn names(key_ids: &[KeyId]) -> String {
    let shown: Vec<_> = key_ids.iter().take(SHOWN_LIMIT).map(|id| format!("`{id}`")).collect();
    let others = if key_ids.len() > SHOWN_LIMIT { " and others" } else { "" };
    format!("{}{others}", shown.join(", "))
}

#[cfg(test)]
mod tests;
