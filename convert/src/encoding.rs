//! The macro that makes an encoding of a pair of functions; [`Json`](crate::Json) and `Msgpack` are
//! made with it.

/// Declares an encoding: a wrapper that goes to bytes and back by the two functions given.
///
/// `encoding!(pub Name, to_vec, from_slice)` declares `struct Name<T>(pub T)`. Where `T` is
/// `Serialize`, `Name<T>` is [`ToBytes`](crate::ToBytes) by `to_vec(&T) -> Result<Vec<u8>, _>`;
/// where it is `DeserializeOwned`, `Name<T>` is [`FromBytesOwned`](crate::FromBytesOwned) by
/// `from_slice(&[u8]) -> Result<T, _>`. The errors of both must convert into
/// [`Error`](crate::Error).
///
/// # Examples
///
/// ```
/// use plugsmith_convert::{Error, FromBytes, ToBytes, encoding};
///
/// encoding! {
///     /// JSON laid out for people.
///     pub Pretty, serde_json::to_vec_pretty, serde_json::from_slice
/// }
///
/// let bytes = Pretty([1, 2]).to_bytes()?;
/// assert_eq!(bytes, b"[\n  1,\n  2\n]");
/// assert_eq!(Pretty::<Vec<u8>>::from_bytes(&bytes)?.into_inner(), [1, 2]);
/// # Ok::<(), Error>(())
/// ```
#[macro_export]
macro_rules! encoding {
    ($(#[$attribute:meta])* $visibility:vis $name:ident, $to_vec:expr, $from_slice:expr $(,)?) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility struct $name<T>(pub T);

        impl<T> $name<T> {
            /// Returns the value without its wrapper.
            #[must_use]
            $visibility fn into_inner(self) -> T {
                self.0
            }
        }

        impl<T> From<T> for $name<T> {
            fn from(value: T) -> Self {
                Self(value)
            }
        }

        impl<T: $crate::__private::Serialize> $crate::ToBytes<'_> for $name<T> {
            type Bytes = Vec<u8>;

            fn to_bytes(&self) -> Result<Self::Bytes, $crate::Error> {
                ($to_vec)(&self.0).map_err($crate::Error::from)
            }
        }

        impl<T: $crate::__private::DeserializeOwned> $crate::FromBytesOwned for $name<T> {
            fn from_bytes_owned(bytes: &[u8]) -> Result<Self, $crate::Error> {
                ($from_slice)(bytes).map(Self).map_err($crate::Error::from)
            }
        }
    };
}
