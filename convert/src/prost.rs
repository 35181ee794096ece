//! Protocol Buffers by the crate `prost`.
//!
//! The decoder refuses nesting deeper than 100 messages.

use ::prost::Message;

use crate::{DecodeError, Error, FromBytesOwned, ToBytes};

/// A message encoded as Protocol Buffers by `prost`.
///
/// # Examples
///
/// ```
/// use plugsmith_convert::{FromBytes, Prost, ToBytes};
///
/// // `prost` implements its `Message` for a few plain types, `String` among them.
/// let bytes = Prost(String::from("Ada")).to_bytes()?;
/// assert_eq!(bytes, b"\x0a\x03Ada");
/// assert_eq!(Prost::<String>::from_bytes(&bytes)?.into_inner(), "Ada");
/// # Ok::<(), plugsmith_convert::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prost<T>(pub T);

impl<T> Prost<T> {
    /// Returns the message without its wrapper.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: Message> Prost<&T> {
    /// Returns the bytes of the message.
    ///
    /// Inherent, since an implementation of [`ToBytes`] for `Prost<&T>` would overlap that for
    /// `Prost<T>`: `Message` may come to be implemented for references.
    ///
    /// # Errors
    ///
    /// None today; the signature is that of [`ToBytes::to_bytes`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        Ok(self.0.encode_to_vec())
    }
}

impl<T> From<T> for Prost<T> {
    fn from(message: T) -> Self {
        Self(message)
    }
}

impl<T: Message> ToBytes<'_> for Prost<T> {
    type Bytes = Vec<u8>;

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        Ok(self.0.encode_to_vec())
    }
}

impl<T: Message + Default> FromBytesOwned for Prost<T> {
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
        T::decode(bytes).map(Self).map_err(|source| DecodeError::Prost { source }.into())
    }
}
