//! `MessagePack`: what JSON says, in fewer bytes.
//!
//! Structs are written as arrays of their fields in order, and read from arrays or maps. A length
//! in the bytes reserves nothing before the bytes it counts are there. Nesting is limited as JSON's
//! is: the decoder's own limit of 1,024 is more than the stack of a guest may hold.

use rmp_serde::Deserializer;
use rmp_serde::decode::Error as RmpError;
use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned, IgnoredAny};

use crate::{DecodeError, EncodeError, encoding};

encoding! {
    /// A value encoded as `MessagePack`.
    ///
    /// # Examples
    ///
    /// ```
    /// use plugsmith_convert::{FromBytes, Msgpack, ToBytes};
    ///
    /// let bytes = Msgpack(("a", 1)).to_bytes()?;
    /// assert_eq!(bytes, [0x92, 0xa1, b'a', 0x01]);
    /// assert_eq!(Msgpack::<(String, u8)>::from_bytes(&bytes)?.0, ("a".into(), 1));
    /// # Ok::<(), plugsmith_convert::Error>(())
    /// ```
    pub Msgpack, to_vec, from_slice
}

/// The decoder counts down to zero and refuses there, so this allows 127 levels.
const DEPTH_LIMIT: usize = 128;

fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, EncodeError> {
    rmp_serde::to_vec(value).map_err(|source| EncodeError::Msgpack { source })
}

fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut decoder = Deserializer::from_read_ref(bytes);
    decoder.set_max_depth(DEPTH_LIMIT);
    let value = T::deserialize(&mut decoder).map_err(|source| DecodeError::Msgpack { source })?;
    // The decoder does not say how much it read, but finds no further marker at the end only.
    match IgnoredAny::deserialize(&mut decoder) {
        Err(RmpError::InvalidMarkerRead(_)) => Ok(value),
        _ => Err(DecodeError::MsgpackTrailing),
    }
}
