//! Keys of Ed25519: what they are, what they are called, and the texts that people have them in.
//!
//! Invariant: a [`PublicKey`] is not one under which strangers can make signatures. The arithmetic is
//! `ring`'s.

mod der;
mod openssh;
mod text;

use std::fmt;

use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};

use crate::hex;

/// Bytes of a public key, and of the seed that a secret one is made of.
pub(crate) const KEY_LEN: usize = 32;

/// Bytes of a signature.
pub(crate) const SIGNATURE_LEN: usize = 64;

/// Bytes of the name that a key has.
const ID_LEN: usize = 12;

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyMistake {
    /// It is nothing that is known as a key.
    #[error("not a key: expected Ed25519 in the form of OpenSSH or PEM")]
    Unknown,
    /// It is a key for something else.
    #[error("a key of kind `{kind}`, only Ed25519 signs plug-ins")]
    Kind {
        /// What it is.
        kind: String,
    },
    /// It is a public key where a secret one is needed.
    #[error("a public key, signing takes the secret one")]
    Public,
    /// It is a secret key where the public one is enough.
    #[error("a secret key, which stays with who signs: use the public one that belongs to it")]
    Secret,
    /// It is locked with a passphrase.
    #[error("a key that a passphrase locks, which is not supported")]
    Locked,
    /// There are several keys.
    #[error("more than one key")]
    Several,
    /// It is cut off, or its parts do not fit each other.
    #[error("a damaged key: {what}")]
    Damaged {
        /// What does not fit.
        what: &'static str,
    },
    /// Anybody can make signatures for it, or it is written in a form that no program writes.
    #[error("a key under which anybody can sign")]
    Weak,
}

/// What tells a signature's key from others: the name that the key has, in signatures that are made here.
///
/// It is a hint. Signatures are tried with each key that is trusted, whatever they say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(Vec<u8>);

impl KeyId {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the bytes. Other tools may have any in their signatures, or none.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl fmt::Display for KeyId {
    /// Writes hexadecimal digits, of 32 bytes at most.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("without a name") } else { hex::write(f, &self.0) }
    }
}

/// A key that tells who signed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; KEY_LEN]);

impl PublicKey {
    /// Takes a key as its 32 bytes.
    ///
    /// # Errors
    ///
    /// [`KeyMistake::Weak`].
    pub fn from_bytes(bytes: [u8; KEY_LEN]) -> Result<Self, KeyMistake> {
        if is_weak(&bytes) { Err(KeyMistake::Weak) } else { Ok(Self(bytes)) }
    }

    /// Reads a key: a line of OpenSSH (`ssh-ed25519 …`), as `ssh-keygen` writes it to a file `.pub`, PEM
    /// (`PUBLIC KEY`), as OpenSSL writes it, or the 33 bytes of the tool conventions.
    ///
    /// # Errors
    ///
    /// A [`KeyMistake`].
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyMistake> {
        text::public(bytes).and_then(Self::from_bytes)
    }

    /// Returns the 32 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; KEY_LEN] {
        self.0
    }

    /// Returns the key as a line of OpenSSH, with a comment behind it.
    ///
    /// # Panics
    ///
    /// If the comment has more than one line.
    #[must_use]
    pub fn to_openssh(&self, comment: &str) -> String {
        openssh::public_line(&self.0, comment)
    }

    /// Returns the name of the key.
    ///
    /// It is what wasmsign2 calls it: the start of an HMAC-SHA256 under the key, of the text `key_id`.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), b"key_id");
        KeyId(tag.as_ref()[..ID_LEN].to_vec())
    }

    /// Says whether somebody who has the secret key signed this message.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        signature.len() == SIGNATURE_LEN
            && UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

/// A key that signs. Who has it is who its signatures name.
pub struct SecretKey {
    seed: [u8; KEY_LEN],
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SecretKey {
    /// Makes a key that nobody else has.
    ///
    /// # Errors
    ///
    /// If the system gives no randomness.
    pub fn generate() -> std::io::Result<Self> {
        let mut seed = [0; KEY_LEN];
        let filled = SystemRandom::new().fill(&mut seed);
        filled.map_err(|_| std::io::Error::other("the system gives no randomness"))?;
        Ok(Self::from_seed(&seed))
    }

    /// Reads a key: that of OpenSSH, as `ssh-keygen -t ed25519 -N ''` writes it, PEM (`PRIVATE KEY`), as
    /// `openssl genpkey -algorithm ed25519` writes it, or the 65 bytes of the tool conventions.
    ///
    /// # Errors
    ///
    /// A [`KeyMistake`].
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyMistake> {
        let found = text::secret(bytes)?;
        let key = Self::from_seed(&found.seed);
        if found.public.is_some_and(|public| public != key.public.0) {
            let what = "its public half belongs to another";
            return Err(KeyMistake::Damaged { what });
        }
        Ok(key)
    }

    pub(crate) fn from_seed(seed: &[u8; KEY_LEN]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed has this length");
        let public = pair.public_key().as_ref().try_into().expect("a public key has this length");
        Self { seed: *seed, pair, public: PublicKey(public) }
    }

    /// Returns the public key that belongs to it.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// Returns the key in the form of OpenSSH, with a comment in it.
    #[must_use]
    pub fn to_openssh(&self, comment: &str) -> String {
        openssh::secret_text(&self.seed, &self.public.0, comment)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public.id())
    }
}

/// The coordinates of points of small order, as bytes: there are signatures for a key of this kind that
/// anybody can make, for some messages or for all. The sign, which is the highest bit, does not matter.
const WEAK: [[u8; KEY_LEN]; 5] = [
    [0; KEY_LEN],
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// Says whether a key is of small order, or its coordinate is written as the prime 2²⁵⁵ − 19 or more, which
/// is another form of a smaller one.
fn is_weak(key: &[u8; KEY_LEN]) -> bool {
    let mut coordinate = *key;
    coordinate[KEY_LEN - 1] &= 0x7f;
    let is_large = coordinate[0] >= 0xed
        && coordinate[1..KEY_LEN - 1].iter().all(|byte| *byte == 0xff)
        && coordinate[KEY_LEN - 1] == 0x7f;
    is_large || WEAK.contains(&coordinate)
}

#[cfg(test)]
mod tests;
