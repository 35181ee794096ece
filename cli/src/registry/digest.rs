//! Digests: the names by which registries know bytes, and by which bytes are checked.
//!
//! There is one algorithm, SHA-256, which every registry has.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};

/// What stands before the digits.
pub(crate) const ALGORITHM: &str = "sha256:";

/// The SHA-256 of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    /// Hashes bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads `sha256:` and 64 digits, the letters among which are small ones.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::parse_hex(text.strip_prefix(ALGORITHM)?)
    }

    /// Reads the digits alone.
    pub(crate) fn parse_hex(digits: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let digits = digits.as_bytes();
        if digits.len() != 2 * bytes.len() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(bytes))
    }

    /// Returns the digits alone, which make a good name for a file.
    pub(crate) fn hex(&self) -> String {
        let mut digits = String::with_capacity(2 * self.0.len());
        for byte in self.0 {
            write!(digits, "{byte:02x}").expect("a string takes any text");
        }
        digits
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}{}", self.hex())
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("expected a digest, `sha256:…`"))
    }
}

/// Passes bytes on, and hashes and counts them on the way.
pub(super) struct Hashing<W> {
    inner: W,
    hasher: Sha256,
    n_bytes: u64,
}

impl<W: Write> Hashing<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, hasher: Sha256::new(), n_bytes: 0 }
    }

    /// Returns how many bytes have passed.
    pub(super) fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// Returns the digest of all that has passed.
    pub(super) fn digest(self) -> Digest {
        Digest(self.hasher.finalize().into())
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..n_written]);
        self.n_bytes += n_written as u64;
        Ok(n_written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of no bytes at all.
    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn digests_are_read_as_they_are_written() {
        assert_eq!(Digest::of(b"").to_string(), EMPTY);
        assert_eq!(Digest::parse(EMPTY), Some(Digest::of(b"")));
        let upper = EMPTY.replace('e', "E");
        for wrong in [&EMPTY[..70], &format!("{EMPTY}0"), &upper, "sha512:00", "", "sha256:é"] {
            assert_eq!(Digest::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_passes_is_hashed_and_counted() {
        let mut passed = Vec::new();
        let mut hashing = Hashing::new(&mut passed);
        hashing.write_all(b"one").and_then(|()| hashing.write_all(b"two")).expect("memory grows");
        assert_eq!((hashing.n_bytes(), hashing.digest()), (6, Digest::of(b"onetwo")));
        assert_eq!(passed, b"onetwo");
    }
}
