//! Base64: bytes as text, in the standard alphabet with padding.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;

use crate::{DecodeError, Error, FromBytesOwned, ToBytes};

/// Bytes, or text, that travel as base64.
///
/// # Examples
///
/// ```
/// use plugsmith_convert::{Base64, FromBytes, ToBytes};
///
/// assert_eq!(Base64("Ada").to_bytes()?, "QWRh");
/// assert_eq!(Base64::<String>::from_bytes(b"QWRh")?.into_inner(), "Ada");
/// # Ok::<(), plugsmith_convert::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Base64<T: AsRef<[u8]> = String>(pub T);

impl<T: AsRef<[u8]>> Base64<T> {
    /// Returns the bytes, or the text, without the wrapper.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: AsRef<[u8]>> From<T> for Base64<T> {
    fn from(plain: T) -> Self {
        Self(plain)
    }
}

impl<T: AsRef<[u8]>> ToBytes<'_> for Base64<T> {
    type Bytes = String;

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        Ok(STANDARD.encode(&self.0))
    }
}

impl FromBytesOwned for Base64<Vec<u8>> {
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
        STANDARD.decode(bytes).map(Self).map_err(|source| DecodeError::Base64 { source }.into())
    }
}

impl FromBytesOwned for Base64<String> {
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
        let Base64(plain) = Base64::<Vec<u8>>::from_bytes_owned(bytes)?;
        String::from_byte_vec(plain).map(Self)
    }
}
