//! What the section `signature` or a file of signatures holds, as bytes.
//!
//! This is the form in which wasmsign2 reads and writes it. The document of the tool conventions does not
//! mention the two lengths that are marked, which every tool there is has.
//!
//! ```text
//! version 1 | content 1 | hash 1 | n, n × set
//! set:       length* | n, n × 32 bytes of hash | n, n × signature
//! signature: length* | length, key id | algorithm 1 | length, 64 bytes of signature
//! ```
//!
//! Invariant: numbers of WebAssembly's form, each held against a limit and against what is there, and no
//! byte left over.

use std::borrow::Cow;

use crate::{
    key::{KeyId, PublicKey, SecretKey},
    module::{HASH_LEN, PARTS_LIMIT},
    reader::{Reader, put_number, put_prefixed},
};

/// Version of the format, content that is a module, and hashes that are SHA-256.
const HEAD: [u8; 3] = [1, 1, 1];

/// What is signed starts with this, and then the head: signatures of anything else are none of these.
const DOMAIN: &[u8] = b"wasmsig";

/// The number of Ed25519.
const ED25519: u8 = 1;

/// How many sets of hashes there may be, and how many signatures in all: each is tried with each key.
const SETS_LIMIT: usize = 64;
pub(crate) const SIGNATURES_LIMIT: usize = 256;

/// What is wrong with signatures, as bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// They end too early, or something in them is longer than they are.
    #[error("the signatures are cut off")]
    Truncated,
    /// They go on behind their end.
    #[error("the signatures go on behind their end")]
    Overlong,
    /// They are of another version of the format, of other content, or of other hashes.
    #[error("the {what} of the signatures is {found}, only {supported} is known")]
    Unsupported {
        /// What is unknown.
        what: &'static str,
        /// What it is.
        found: u8,
        /// What it could be.
        supported: u8,
    },
    /// There are more of something than are looked at.
    #[error("the number of {what} is {found}, the limit is {limit}")]
    TooMany {
        /// What there are many of.
        what: &'static str,
        /// How many there are said to be.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
}

/// All signatures of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SignatureData<'a> {
    pub(crate) sets: Vec<SignedHashes<'a>>,
}

/// The hashes of a module's parts, and who signed them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedHashes<'a> {
    /// One behind the other.
    pub(crate) hashes: &'a [u8],
    signatures: Vec<Signature<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Signature<'a> {
    /// What the signer says of the key. It is not signed.
    key_id: Cow<'a, [u8]>,
    algorithm: u8,
    bytes: Cow<'a, [u8]>,
}

impl<'a> SignatureData<'a> {
    /// Reads signatures.
    ///
    /// # Errors
    ///
    /// A [`FormatError`].
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::new(bytes);
        for (what, supported) in ["version", "content type", "hash function"].into_iter().zip(HEAD)
        {
            let found = reader.byte().ok_or(FormatError::Truncated)?;
            if found != supported {
                return Err(FormatError::Unsupported { what, found, supported });
            }
        }
        let n_sets = count(&mut reader, "sets of hashes", SETS_LIMIT)?;
        let mut n_signatures_left = SIGNATURES_LIMIT;
        let mut sets = Vec::new();
        for _ in 0..n_sets {
            let set = reader.prefixed().ok_or(FormatError::Truncated)?;
            sets.push(SignedHashes::decode(set, &mut n_signatures_left)?);
        }
        finish(reader, Self { sets })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        put_number(&mut bytes, self.sets.len());
        for set in &self.sets {
            put_prefixed(&mut bytes, &set.encode());
        }
        bytes
    }

    /// Returns what the signatures say of their keys, in order, each once.
    pub(crate) fn key_ids(&self) -> Vec<KeyId> {
        let mut key_ids = Vec::new();
        for signature in self.sets.iter().flat_map(|set| &set.signatures) {
            let key_id = KeyId::new(signature.key_id.to_vec());
            if !key_ids.contains(&key_id) {
                key_ids.push(key_id);
            }
        }
        key_ids
    }

    pub(crate) fn n_signatures(&self) -> usize {
        self.sets.iter().map(|set| set.signatures.len()).sum()
    }
}

impl<'a> SignedHashes<'a> {
    /// Starts a set that nobody has signed.
    pub(crate) fn new(hashes: &'a [u8]) -> Self {
        Self { hashes, signatures: Vec::new() }
    }

    fn decode(bytes: &'a [u8], n_signatures_left: &mut usize) -> Result<Self, FormatError> {
        let mut reader = Reader::new(bytes);
        let n_hashes = count(&mut reader, "hashes", PARTS_LIMIT)?;
        let hashes = reader.take(n_hashes * HASH_LEN).ok_or(FormatError::Truncated)?;
        let n_signatures = count(&mut reader, "signatures", *n_signatures_left)?;
        *n_signatures_left -= n_signatures;
        let mut signatures = Vec::new();
        for _ in 0..n_signatures {
            let signature = reader.prefixed().ok_or(FormatError::Truncated)?;
            signatures.push(Signature::decode(signature)?);
        }
        finish(reader, Self { hashes, signatures })
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_number(&mut bytes, self.hashes.len() / HASH_LEN);
        bytes.extend_from_slice(self.hashes);
        put_number(&mut bytes, self.signatures.len());
        for signature in &self.signatures {
            put_prefixed(&mut bytes, &signature.encode());
        }
        bytes
    }

    /// Adds a signature, behind those that are there.
    pub(crate) fn sign(&mut self, key: &SecretKey) {
        let bytes = key.sign(&self.message()).into();
        let key_id = key.public_key().id().into_bytes().into();
        self.signatures.push(Signature { key_id, algorithm: ED25519, bytes });
    }

    /// Says whether one of the signatures was made with this key, whatever it says of its key.
    pub(crate) fn is_signed_by(&self, key: &PublicKey) -> bool {
        let message = self.message();
        self.signatures.iter().any(|signature| {
            signature.algorithm == ED25519 && key.has_signed(&message, &signature.bytes)
        })
    }

    /// Returns what is signed.
    fn message(&self) -> Vec<u8> {
        [DOMAIN, &HEAD, self.hashes].concat()
    }
}

impl<'a> Signature<'a> {
    fn decode(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::new(bytes);
        let parts = |reader: &mut Reader<'a>| {
            Some((reader.prefixed()?, reader.byte()?, reader.prefixed()?))
        };
        let (key_id, algorithm, bytes) = parts(&mut reader).ok_or(FormatError::Truncated)?;
        finish(reader, Self { key_id: key_id.into(), algorithm, bytes: bytes.into() })
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_prefixed(&mut bytes, &self.key_id);
        bytes.push(self.algorithm);
        put_prefixed(&mut bytes, &self.bytes);
        bytes
    }
}

/// Takes a count that is within its limit.
fn count(reader: &mut Reader<'_>, what: &'static str, limit: usize) -> Result<usize, FormatError> {
    let found = reader.number().ok_or(FormatError::Truncated)?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    if found > limit { Err(FormatError::TooMany { what, found, limit }) } else { Ok(found) }
}

/// Returns what was read, if nothing is left.
fn finish<T>(reader: Reader<'_>, value: T) -> Result<T, FormatError> {
    if reader.is_empty() { Ok(value) } else { Err(FormatError::Overlong) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HASHES: [u8; HASH_LEN] = [7; HASH_LEN];

    /// A set of one hash, with these signatures behind their count.
    fn set(signatures: &[u8]) -> Vec<u8> {
        let mut bytes = vec![1];
        bytes.extend_from_slice(&HASHES);
        bytes.extend_from_slice(signatures);
        bytes
    }

    /// The head, and one set.
    fn data(set: &[u8]) -> Vec<u8> {
        let mut bytes = [&HEAD[..], &[1]].concat();
        put_prefixed(&mut bytes, set);
        bytes
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        use FormatError::{Overlong, Truncated};

        let unsupported = |what, found| FormatError::Unsupported { what, found, supported: 1 };
        let too_many = |what, found, limit| FormatError::TooMany { what, found, limit };
        let huge = b"\xff\xff\xff\xff\x0f";
        let rows: [(Vec<u8>, FormatError); 15] = [
            (vec![], Truncated),
            (vec![1, 1], Truncated),
            (vec![2, 1, 1, 0], unsupported("version", 2)),
            (vec![1, 2, 1, 0], unsupported("content type", 2)),
            (vec![1, 1, 9, 0], unsupported("hash function", 9)),
            (vec![1, 1, 1], Truncated),
            (vec![1, 1, 1, 0, 0], Overlong),
            (vec![1, 1, 1, 65], too_many("sets of hashes", 65, 64)),
            ([&HEAD[..], huge].concat(), too_many("sets of hashes", 0xffff_ffff, 64)),
            ([&HEAD[..], &[1], huge].concat(), Truncated),
            (data(&[65]), too_many("hashes", 65, 64)),
            (data(&[2, 0, 0]), Truncated),
            (data(&set(huge)), too_many("signatures", 0xffff_ffff, 256)),
            (data(&set(b"\x01\x04\0\x01\x7f\0")), Truncated),
            (data(&set(b"\x01\x04\0\x01\0\0")), Overlong),
        ];
        for (bytes, err) in rows {
            assert_eq!(SignatureData::decode(&bytes), Err(err), "{bytes:?}");
        }
        assert_eq!(SignatureData::decode(&[1, 1, 1, 0]), Ok(SignatureData::default()));
    }

    #[test]
    fn signatures_are_counted_over_all_sets() {
        let signatures = [&[150, 1][..], &b"\x03\0\x01\0".repeat(150)].concat();
        let mut bytes = [&HEAD[..], &[2]].concat();
        for _ in 0..2 {
            put_prefixed(&mut bytes, &set(&signatures));
        }
        let err = FormatError::TooMany { what: "signatures", found: 150, limit: 106 };
        assert_eq!(SignatureData::decode(&bytes), Err(err));
    }

    #[test]
    fn signatures_of_other_algorithms_are_passed_over() {
        let key = SecretKey::from_seed(&[1; 32]);
        let mut signed = SignedHashes::new(&HASHES);
        signed.sign(&key);
        assert!(signed.is_signed_by(&key.public_key()));
        signed.signatures[0].algorithm = 2;
        assert!(!signed.is_signed_by(&key.public_key()));
        signed.sign(&key);
        assert!(signed.is_signed_by(&key.public_key()));
        let data = SignatureData { sets: vec![signed] };
        assert_eq!(SignatureData::decode(&data.encode()), Ok(data));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let bytes = [&HEAD[..], &bytes].concat();
            if let Ok(data) = SignatureData::decode(&bytes) {
                let encoded = data.encode();
                prop_assert_eq!(SignatureData::decode(&encoded), Ok(data));
            }
        }
    }
}
