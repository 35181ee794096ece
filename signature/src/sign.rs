//! Signing: a signature is added to those that a module, or a file of signatures, has.

use crate::{
    key::SecretKey,
    module::{Module, ModuleError},
    signature_data::{FormatError, SIGNATURES_LIMIT, SignatureData, SignedHashes},
};

/// Why a module is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// It is no module that can be signed.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// The signatures that are there make no sense, so that none can be added.
    #[error("the signatures that are there make no sense")]
    Format(#[from] FormatError),
    /// The signatures that are there are of something else.
    #[error("the signatures that are there are not of this module as it is now")]
    Stale,
    /// There is no room for one more signature.
    #[error("there are {limit} signatures already, the limit")]
    TooMany {
        /// How many there may be.
        limit: usize,
    },
}

/// Returns the module with one more signature in it.
///
/// Whatever else is in the module stays as it is, to the byte. Signing once more with the same key changes
/// nothing.
///
/// # Errors
///
/// A [`SignError`].
///
/// # Examples
///
/// ```
/// use plugsmith_signature::{SecretKey, sign, verify};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (author, reviewer) = (SecretKey::generate()?, SecretKey::generate()?);
/// let module = sign(&sign(b"\0asm\x01\0\0\0", &author)?, &reviewer)?;
/// let keys = [author.public_key(), reviewer.public_key()];
/// assert_eq!(verify(&module, &keys)?.len(), 2);
/// # Ok(())
/// # }
/// ```
pub fn sign(wasm: &[u8], key: &SecretKey) -> Result<Vec<u8>, SignError> {
    let module = Module::parse(wasm)?;
    let signatures = add(&module, module.signatures(), key)?;
    Ok(module.signed(&signatures))
}

/// Returns what a file of signatures holds for the module: those that were `there`, and one more.
///
/// Signatures in the module itself do not count, so that it does not matter whether it has some.
///
/// # Errors
///
/// A [`SignError`].
///
/// # Examples
///
/// ```
/// use plugsmith_signature::{SecretKey, sign_detached, verify_detached};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let module = b"\0asm\x01\0\0\0";
/// let key = SecretKey::generate()?;
/// let signatures = sign_detached(module, None, &key)?;
/// verify_detached(module, &signatures, &[key.public_key()])?;
/// # Ok(())
/// # }
/// ```
pub fn sign_detached(
    wasm: &[u8],
    there: Option<&[u8]>,
    key: &SecretKey,
) -> Result<Vec<u8>, SignError> {
    add(&Module::parse(wasm)?, there, key)
}

/// Returns the module without the signatures that are in it.
///
/// # Errors
///
/// A [`ModuleError`].
pub fn without_signatures(wasm: &[u8]) -> Result<Vec<u8>, ModuleError> {
    Ok(Module::parse(wasm)?.unsigned())
}

fn add(module: &Module<'_>, there: Option<&[u8]>, key: &SecretKey) -> Result<Vec<u8>, SignError> {
    let hashes = module.hashes();
    let mut data = there.map(SignatureData::decode).transpose()?.unwrap_or_default();
    if data.sets.is_empty() {
        data.sets.push(SignedHashes::new(&hashes));
    }
    let n_signatures = data.n_signatures();
    let public = key.public_key();
    let mut of_this = data.sets.iter_mut().filter(|set| set.hashes == hashes);
    let set = of_this.next().ok_or(SignError::Stale)?;
    if !set.is_signed_by(&public) && !of_this.any(|other| other.is_signed_by(&public)) {
        if n_signatures == SIGNATURES_LIMIT {
            return Err(SignError::TooMany { limit: SIGNATURES_LIMIT });
        }
        set.sign(key);
    }
    Ok(data.encode())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        reader::put_prefixed,
        verify::{verify, verify_detached},
    };

    const MODULE: &[u8] = b"\0asm\x01\0\0\0\x01\x01\0";

    fn key(number: u8) -> SecretKey {
        SecretKey::from_seed(&[number; 32])
    }

    #[test]
    fn the_module_itself_stays_as_it_is() {
        let signed = sign(MODULE, &key(1)).unwrap();
        assert!(signed.starts_with(&MODULE[..8]) && signed.ends_with(&MODULE[8..]));
        assert_eq!(without_signatures(&signed).unwrap(), MODULE);
        assert_eq!(without_signatures(MODULE).unwrap(), MODULE);
    }

    #[test]
    fn the_same_key_signs_once() {
        let once = sign(MODULE, &key(1)).unwrap();
        assert_eq!(sign(&once, &key(1)).unwrap(), once);
        let twice = sign(&once, &key(2)).unwrap();
        assert_eq!(sign(&twice, &key(1)).unwrap(), twice);
    }

    #[test]
    fn a_signature_counts_in_whichever_set_it_is() {
        let [one, other] = [1, 2].map(|number| sign_detached(MODULE, None, &key(number)).unwrap());
        let sets = b"\x01\x01\x01\x02";
        let both = [&sets[..], &one[sets.len()..], &other[sets.len()..]].concat();
        for number in [1, 2] {
            let key = key(number);
            assert!(verify_detached(MODULE, &both, &[key.public_key()]).is_ok());
            assert_eq!(sign_detached(MODULE, Some(&both), &key).as_ref(), Ok(&both));
        }
    }

    #[test]
    fn signatures_in_the_module_and_beside_it_are_the_same() {
        let embedded = sign(&sign(MODULE, &key(1)).unwrap(), &key(2)).unwrap();
        let one = sign_detached(MODULE, None, &key(1)).unwrap();
        let both = sign_detached(&embedded, Some(&one), &key(2)).unwrap();
        assert_eq!(Module::parse(MODULE).unwrap().signed(&both), embedded);
        for wasm in [MODULE, &embedded] {
            let keys = [key(2).public_key()];
            assert_eq!(verify_detached(wasm, &both, &keys).unwrap(), [&keys[0]]);
        }
        assert!(verify(&embedded, &[key(1).public_key()]).is_ok());
    }

    #[test]
    fn nothing_is_added_to_what_makes_no_sense() {
        let signed = sign(MODULE, &key(1)).unwrap();
        let changed = [&signed, &b"\x03\x01\0"[..]].concat();
        assert_eq!(sign(&changed, &key(2)), Err(SignError::Stale));
        let broken = Module::parse(MODULE).unwrap().signed(b"\x01\x01");
        assert_eq!(sign(&broken, &key(2)), Err(SignError::Format(FormatError::Truncated)));
        assert!(matches!(sign(b"(module)", &key(2)), Err(SignError::Module(_))));
    }

    #[test]
    fn there_is_room_for_so_many() {
        // As many as fit but one, of strangers.
        let mut set = [&[1][..], &Module::parse(MODULE).unwrap().hashes(), &[0xff, 1]].concat();
        set.extend(b"\x03\0\x01\0".repeat(255));
        let mut signatures = b"\x01\x01\x01\x01".to_vec();
        put_prefixed(&mut signatures, &set);
        let full = sign_detached(MODULE, Some(&signatures), &key(1)).unwrap();
        assert!(verify_detached(MODULE, &full, &[key(1).public_key()]).is_ok());
        let refused = sign_detached(MODULE, Some(&full), &key(2));
        assert_eq!(refused, Err(SignError::TooMany { limit: 256 }));
        assert_eq!(sign_detached(MODULE, Some(&full), &key(1)), Ok(full));
    }
}
