//! Encoding: the bytes of a value.
//!
//! Values that are bytes already are borrowed, never copied: [`encode`] is the one road, and asks
//! [`ToBytes::as_encoded`] before it makes anything. The encodings with a wrapper of their own are
//! in the file of that wrapper.

use crate::Error;

/// A value that can be made into bytes.
///
/// `'a` is how long the bytes may borrow from what the value itself borrows.
///
/// # Examples
///
/// ```
/// use plugsmith_convert::{Error, ToBytes};
///
/// struct Celsius(f32);
///
/// impl<'a> ToBytes<'a> for Celsius {
///     type Bytes = [u8; 4];
///
///     fn to_bytes(&self) -> Result<Self::Bytes, Error> {
///         self.0.to_bytes()
///     }
/// }
///
/// assert_eq!(Celsius(-40.0).to_bytes()?, (-40.0_f32).to_le_bytes());
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made into bytes",
    note = "wrap the value in an encoding, such as `Json(value)`, or implement `ToBytes` for it"
)]
pub trait ToBytes<'a> {
    /// What holds the bytes: a slice, an array or a vector.
    type Bytes: AsRef<[u8]>;

    /// Returns the bytes of this value.
    ///
    /// # Errors
    ///
    /// Whatever the encoding refuses; [`EncodeError`] for the encodings of this crate.
    fn to_bytes(&self) -> Result<Self::Bytes, Error>;

    /// Returns the bytes that [`to_bytes`](Self::to_bytes) would, where the value holds them as
    /// they are.
    ///
    /// `None`, unless overridden: then `to_bytes` has to make them. Call [`encode`] rather than
    /// this.
    fn as_encoded(&self) -> Option<&[u8]> {
        None
    }
}

/// Returns the bytes of `value`, borrowed if it holds them already.
///
/// # Errors
///
/// Whatever [`ToBytes::to_bytes`] of the value returns.
///
/// # Examples
///
/// ```
/// use plugsmith_convert::{Encoded, encode};
///
/// let text = String::from("Ada");
/// assert!(matches!(encode(&text)?, Encoded::Borrowed(b"Ada")));
/// assert_eq!(encode(&7_i32)?.as_ref(), [7, 0, 0, 0]);
/// # Ok::<(), plugsmith_convert::Error>(())
/// ```
pub fn encode<'a, T: ToBytes<'a> + ?Sized>(value: &T) -> Result<Encoded<'_, T::Bytes>, Error> {
    match value.as_encoded() {
        Some(bytes) => Ok(Encoded::Borrowed(bytes)),
        None => value.to_bytes().map(Encoded::Made),
    }
}

/// The bytes of a value, as [`encode`] returns them.
#[derive(Clone, Copy, Debug)]
pub enum Encoded<'v, B> {
    /// The value holds its own bytes.
    Borrowed(&'v [u8]),
    /// The bytes were made for this.
    Made(B),
}

impl<B: AsRef<[u8]>> AsRef<[u8]> for Encoded<'_, B> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Made(bytes) => bytes.as_ref(),
        }
    }
}

/// Why a value could not be made into bytes. Travels inside [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The value has no JSON form, such as a map with keys that are not text.
    #[error("value has no JSON form")]
    Json {
        /// What the encoder refused.
        #[source]
        source: serde_json::Error,
    },
    /// The value has no `MessagePack` form, such as a sequence of unknown length.
    #[cfg(feature = "msgpack")]
    #[error("value has no MessagePack form")]
    Msgpack {
        /// What the encoder refused.
        #[source]
        source: rmp_serde::encode::Error,
    },
    /// The message cannot be written, such as one with a required field that is not set.
    #[cfg(feature = "protobuf")]
    #[error("message cannot be written as Protocol Buffers")]
    Protobuf {
        /// What the encoder refused.
        #[source]
        source: ::protobuf::Error,
    },
}

/// The bytes of an [`Option`]: those of the value, or none at all.
#[derive(Clone, Copy, Debug)]
pub struct OptionalBytes<B>(Option<B>);

impl<B: AsRef<[u8]>> AsRef<[u8]> for OptionalBytes<B> {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], AsRef::as_ref)
    }
}

impl<'a, T: ToBytes<'a> + ?Sized> ToBytes<'a> for &T {
    type Bytes = T::Bytes;

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        T::to_bytes(self)
    }

    fn as_encoded(&self) -> Option<&[u8]> {
        T::as_encoded(self)
    }
}

impl<'a, T: ToBytes<'a>> ToBytes<'a> for Option<T> {
    type Bytes = OptionalBytes<T::Bytes>;

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        self.as_ref().map(T::to_bytes).transpose().map(OptionalBytes)
    }

    fn as_encoded(&self) -> Option<&[u8]> {
        self.as_ref().map_or(Some(&[]), T::as_encoded)
    }
}

impl ToBytes<'_> for () {
    type Bytes = [u8; 0];

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        Ok([])
    }
}

impl ToBytes<'_> for bool {
    type Bytes = [u8; 1];

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        Ok([u8::from(*self)])
    }
}

impl<'a> ToBytes<'a> for &'a [u8] {
    type Bytes = &'a [u8];

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        Ok(self)
    }

    fn as_encoded(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl<'a> ToBytes<'a> for &'a str {
    type Bytes = &'a str;

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        Ok(self)
    }

    fn as_encoded(&self) -> Option<&[u8]> {
        Some(self.as_bytes())
    }
}

impl<const N: usize> ToBytes<'_> for [u8; N] {
    type Bytes = [u8; N];

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        Ok(*self)
    }

    fn as_encoded(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl ToBytes<'_> for Vec<u8> {
    type Bytes = Vec<u8>;

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        Ok(self.clone())
    }

    fn as_encoded(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl ToBytes<'_> for Box<[u8]> {
    type Bytes = Box<[u8]>;

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        Ok(self.clone())
    }

    fn as_encoded(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl ToBytes<'_> for String {
    type Bytes = String;

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        Ok(self.clone())
    }

    fn as_encoded(&self) -> Option<&[u8]> {
        Some(self.as_bytes())
    }
}

macro_rules! numbers_to_bytes {
    ($($number:ty),*) => {$(
        impl ToBytes<'_> for $number {
            type Bytes = [u8; size_of::<$number>()];

            fn to_bytes(&self) -> Result<Self::Bytes, Error> {
                Ok(self.to_le_bytes())
            }
        }
    )*};
}

numbers_to_bytes!(i32, u32, i64, u64, f32, f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_bytes_are_borrowed() {
        let bytes = vec![1_u8, 2, 3];
        let text = String::from("abc");
        let array = *b"abc";
        let boxed: Box<[u8]> = Box::from(&bytes[..]);
        assert_eq!(borrowed_at(&bytes), Some(bytes.as_ptr()));
        assert_eq!(borrowed_at(&boxed), Some(boxed.as_ptr()));
        assert_eq!(borrowed_at(&text), Some(text.as_ptr()));
        assert_eq!(borrowed_at(&text.as_str()), Some(text.as_ptr()));
        assert_eq!(borrowed_at(&bytes.as_slice()), Some(bytes.as_ptr()));
        assert_eq!(borrowed_at(&array), Some(array.as_ptr()));
        assert_eq!(borrowed_at(&&&bytes), Some(bytes.as_ptr()));
        assert_eq!(borrowed_at(&Some(&text)), Some(text.as_ptr()));
    }

    #[test]
    fn values_that_are_not_bytes_are_made() {
        assert_eq!(borrowed_at(&1_u64), None);
        assert_eq!(borrowed_at(&Some(1_u64)), None);
        assert_eq!(borrowed_at(&true), None);
    }

    fn borrowed_at<'a>(value: &impl ToBytes<'a>) -> Option<*const u8> {
        match encode(value).expect("plain values encode") {
            Encoded::Borrowed(bytes) => Some(bytes.as_ptr()),
            Encoded::Made(_) => None,
        }
    }
}
