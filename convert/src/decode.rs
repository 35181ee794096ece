//! Decoding: the value of some bytes.
//!
//! Every decoder here takes the whole run of bytes or refuses it: a byte too few or too many is an
//! error, not a guess. The encodings with a wrapper of their own are in the file of that wrapper.

use core::any::type_name;
use std::io::Cursor;

use crate::Error;

/// A value that can be made of bytes, and may borrow from them.
///
/// Implemented by `&[u8]`, `&str` and `Raw`, and by every [`FromBytesOwned`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made of bytes",
    note = "name an encoding, such as `Json<{Self}>`, or implement `FromBytesOwned` for it"
)]
pub trait FromBytes<'a>: Sized {
    /// Returns the value of `bytes`.
    ///
    /// # Errors
    ///
    /// Whatever the encoding refuses; [`DecodeError`] for the encodings of this crate.
    fn from_bytes(bytes: &'a [u8]) -> Result<Self, Error>;
}

/// A value that can be made of bytes, and borrows nothing from them.
///
/// # Examples
///
/// ```
/// use plugsmith_convert::{Error, FromBytes, FromBytesOwned};
///
/// struct Celsius(f32);
///
/// impl FromBytesOwned for Celsius {
///     fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
///         f32::from_bytes_owned(bytes).map(Celsius)
///     }
/// }
///
/// assert_eq!(Celsius::from_bytes(&(-40.0_f32).to_le_bytes())?.0, -40.0);
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made of bytes",
    note = "name an encoding, such as `Json<{Self}>`, or implement `FromBytesOwned` for it"
)]
pub trait FromBytesOwned: Sized {
    /// Returns the value of `bytes`.
    ///
    /// # Errors
    ///
    /// Whatever the encoding refuses; [`DecodeError`] for the encodings of this crate.
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error>;

    /// Returns the value of `bytes`, which it may keep instead of copying.
    ///
    /// # Errors
    ///
    /// As [`from_bytes_owned`](Self::from_bytes_owned), which this calls unless overridden.
    fn from_byte_vec(bytes: Vec<u8>) -> Result<Self, Error> {
        Self::from_bytes_owned(&bytes)
    }
}

/// Why bytes could not be made into a value. Travels inside [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Text was wanted, and these bytes are none.
    #[error("text is not UTF-8 at byte {byte_idx}")]
    NotUtf8 {
        /// The first byte that is not part of UTF-8 text, counted from 0.
        byte_idx: usize,
    },
    /// The type has a fixed length, and the bytes have another.
    #[error("wrong length for `{type_name}` in bytes: expected {expected}, found {found}")]
    WrongLen {
        /// The type asked for.
        type_name: &'static str,
        /// Its length in bytes.
        expected: usize,
        /// The length that was found, in bytes.
        found: usize,
    },
    /// The bytes lie where the type cannot be read in place.
    #[error("`{type_name}` must lie at a multiple of {align} bytes, and does not")]
    Misaligned {
        /// The type asked for.
        type_name: &'static str,
        /// Its alignment in bytes.
        align: usize,
    },
    /// The bytes are not JSON, or JSON of another type.
    #[error("invalid JSON")]
    Json {
        /// Where the decoder stopped: the line, counted from 1.
        line: usize,
        /// Where the decoder stopped: the last byte read in that line, counted from 1; 0 before
        /// any.
        column: usize,
        /// What the decoder refused.
        #[source]
        source: serde_json::Error,
    },
    /// The bytes are not base64.
    #[error("invalid base64")]
    Base64 {
        /// What the decoder refused.
        #[source]
        source: ::base64::DecodeError,
    },
    /// The bytes are not `MessagePack`, or `MessagePack` of another type.
    #[cfg(feature = "msgpack")]
    #[error("invalid MessagePack")]
    Msgpack {
        /// What the decoder refused.
        #[source]
        source: rmp_serde::decode::Error,
    },
    /// The bytes are a `MessagePack` value with more bytes behind it.
    #[cfg(feature = "msgpack")]
    #[error("bytes follow the end of the MessagePack value")]
    MsgpackTrailing,
    /// The bytes are not a Protocol Buffers message of this type.
    #[cfg(feature = "prost")]
    #[error("invalid Protocol Buffers message")]
    Prost {
        /// What the decoder refused.
        #[source]
        source: ::prost::DecodeError,
    },
    /// The bytes are not a Protocol Buffers message of this type.
    #[cfg(feature = "protobuf")]
    #[error("invalid Protocol Buffers message")]
    Protobuf {
        /// What the decoder refused.
        #[source]
        source: ::protobuf::Error,
    },
}

impl<'a, T: FromBytesOwned> FromBytes<'a> for T {
    fn from_bytes(bytes: &'a [u8]) -> Result<Self, Error> {
        T::from_bytes_owned(bytes)
    }
}

impl<'a> FromBytes<'a> for &'a [u8] {
    fn from_bytes(bytes: &'a [u8]) -> Result<Self, Error> {
        Ok(bytes)
    }
}

impl<'a> FromBytes<'a> for &'a str {
    fn from_bytes(bytes: &'a [u8]) -> Result<Self, Error> {
        core::str::from_utf8(bytes).map_err(|err| not_utf8(&err))
    }
}

/// No bytes are `None`; all others are the value.
impl<T: FromBytesOwned> FromBytesOwned for Option<T> {
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
        (!bytes.is_empty()).then(|| T::from_bytes_owned(bytes)).transpose()
    }

    fn from_byte_vec(bytes: Vec<u8>) -> Result<Self, Error> {
        (!bytes.is_empty()).then(|| T::from_byte_vec(bytes)).transpose()
    }
}

impl<T: FromBytesOwned> FromBytesOwned for Cursor<T> {
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
        T::from_bytes_owned(bytes).map(Cursor::new)
    }

    fn from_byte_vec(bytes: Vec<u8>) -> Result<Self, Error> {
        T::from_byte_vec(bytes).map(Cursor::new)
    }
}

// One impl over every `T: FromBytes` would overlap the two above, so the borrowed types are named.
macro_rules! wrapped_borrowed_from_bytes {
    ($($borrowed:ty),*) => {$(
        impl<'a> FromBytes<'a> for Option<$borrowed> {
            fn from_bytes(bytes: &'a [u8]) -> Result<Self, Error> {
                (!bytes.is_empty()).then(|| FromBytes::from_bytes(bytes)).transpose()
            }
        }

        impl<'a> FromBytes<'a> for Cursor<$borrowed> {
            fn from_bytes(bytes: &'a [u8]) -> Result<Self, Error> {
                FromBytes::from_bytes(bytes).map(Cursor::new)
            }
        }
    )*};
}

wrapped_borrowed_from_bytes!(&'a [u8], &'a str);

/// Takes any bytes: who asks for nothing does not care what came.
impl FromBytesOwned for () {
    fn from_bytes_owned(_: &[u8]) -> Result<Self, Error> {
        Ok(())
    }
}

/// One byte: 0 is false, every other value is true.
impl FromBytesOwned for bool {
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
        let [byte] = exactly::<bool, 1>(bytes)?;
        Ok(byte != 0)
    }
}

impl FromBytesOwned for Vec<u8> {
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
        Ok(bytes.to_vec())
    }

    fn from_byte_vec(bytes: Vec<u8>) -> Result<Self, Error> {
        Ok(bytes)
    }
}

impl FromBytesOwned for Box<[u8]> {
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Box::from(bytes))
    }

    fn from_byte_vec(bytes: Vec<u8>) -> Result<Self, Error> {
        Ok(bytes.into_boxed_slice())
    }
}

impl FromBytesOwned for String {
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
        <&str>::from_bytes(bytes).map(String::from)
    }

    fn from_byte_vec(bytes: Vec<u8>) -> Result<Self, Error> {
        String::from_utf8(bytes).map_err(|err| not_utf8(&err.utf8_error()))
    }
}

macro_rules! numbers_from_bytes {
    ($($number:ty),*) => {$(
        impl FromBytesOwned for $number {
            fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
                exactly::<$number, { size_of::<$number>() }>(bytes).map(<$number>::from_le_bytes)
            }
        }
    )*};
}

numbers_from_bytes!(i32, u32, i64, u64, f32, f64);

fn exactly<T, const N: usize>(bytes: &[u8]) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| wrong_len::<T>(N, bytes.len()))
}

pub(crate) fn wrong_len<T>(expected: usize, found: usize) -> Error {
    DecodeError::WrongLen { type_name: type_name::<T>(), expected, found }.into()
}

fn not_utf8(err: &core::str::Utf8Error) -> Error {
    DecodeError::NotUtf8 { byte_idx: err.valid_up_to() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owned_bytes_are_kept_and_not_copied() {
        let at = |bytes: &Vec<u8>| bytes.as_ptr();
        let bytes = b"abc".to_vec();
        let kept = at(&bytes);
        let bytes = Vec::from_byte_vec(bytes).unwrap();
        assert_eq!(at(&bytes), kept);
        let text = String::from_byte_vec(bytes).unwrap();
        assert_eq!(text.as_ptr(), kept);
        let text = Option::<String>::from_byte_vec(text.into_bytes()).unwrap().unwrap();
        assert_eq!(text.as_ptr(), kept);
        let boxed = Cursor::<Box<[u8]>>::from_byte_vec(text.into_bytes()).unwrap().into_inner();
        assert_eq!(&*boxed, b"abc");
    }

    #[test]
    fn borrowed_values_point_into_the_bytes() {
        let bytes = b"abc";
        assert_eq!(<&str>::from_bytes(bytes).unwrap().as_ptr(), bytes.as_ptr());
        assert_eq!(<&[u8]>::from_bytes(bytes).unwrap().as_ptr(), bytes.as_ptr());
        let text = Option::<&str>::from_bytes(bytes).unwrap();
        assert_eq!(text.map(str::as_ptr), Some(bytes.as_ptr()));
        let cursor = Cursor::<&[u8]>::from_bytes(bytes).unwrap();
        assert_eq!(cursor.get_ref().as_ptr(), bytes.as_ptr());
    }
}
