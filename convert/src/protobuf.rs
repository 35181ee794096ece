//! Protocol Buffers by the crate `protobuf`, version 3.
//!
//! The decoder refuses nesting deeper than 100 messages.

use ::protobuf::Message;

use crate::{DecodeError, EncodeError, Error, FromBytesOwned, ToBytes};

/// A message encoded as Protocol Buffers by `protobuf`.
///
/// # Examples
///
/// ```
/// use plugsmith_convert::{FromBytes, Protobuf, ToBytes};
/// use protobuf::well_known_types::duration::Duration;
///
/// let bytes = Protobuf(Duration { seconds: 3, ..Duration::new() }).to_bytes()?;
/// assert_eq!(bytes, [0x08, 3]);
/// assert_eq!(Protobuf::<Duration>::from_bytes(&bytes)?.into_inner().seconds, 3);
/// # Ok::<(), plugsmith_convert::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protobuf<T>(pub T);

impl<T> Protobuf<T> {
    /// Returns the message without its wrapper.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: Message> Protobuf<&T> {
    /// Returns the bytes of the message.
    ///
    /// Inherent, since an implementation of [`ToBytes`] for `Protobuf<&T>` would overlap that for
    /// `Protobuf<T>`: `Message` may come to be implemented for references.
    ///
    /// # Errors
    ///
    /// As [`ToBytes::to_bytes`] of `Protobuf<T>`.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        write_to_vec(self.0)
    }
}

impl<T> From<T> for Protobuf<T> {
    fn from(message: T) -> Self {
        Self(message)
    }
}

impl<T: Message> ToBytes<'_> for Protobuf<T> {
    type Bytes = Vec<u8>;

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        write_to_vec(&self.0)
    }
}

impl<T: Message> FromBytesOwned for Protobuf<T> {
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
        T::parse_from_bytes(bytes)
            .map(Self)
            .map_err(|source| DecodeError::Protobuf { source }.into())
    }
}

fn write_to_vec<T: Message>(message: &T) -> Result<Vec<u8>, Error> {
    message.write_to_bytes().map_err(|source| EncodeError::Protobuf { source }.into())
}
