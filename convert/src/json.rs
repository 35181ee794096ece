//! JSON: the encoding that most plug-ins speak.
//!
//! Nesting deeper than 127 levels and bytes after the value are refused, both by the decoder used.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{DecodeError, EncodeError, Error, FromBytesOwned, ToBytes, encoding};

encoding! {
    /// A value encoded as JSON, written without white space.
    ///
    /// A decimal of many digits may be read as a neighbour of the `f64` that is nearest to it. Who needs
    /// the nearest, and can read decimals at half the speed, depends on `serde_json` with its feature
    /// `float_roundtrip`, which then holds for all crates of the program or plug-in.
    ///
    /// # Examples
    ///
    /// ```
    /// use plugsmith_convert::{FromBytes, Json, ToBytes};
    ///
    /// assert_eq!(Json(["a", "b"]).to_bytes()?, br#"["a","b"]"#);
    /// let Json(numbers) = Json::<Vec<u32>>::from_bytes(b"[1, 2]")?;
    /// assert_eq!(numbers, [1, 2]);
    /// # Ok::<(), plugsmith_convert::Error>(())
    /// ```
    pub Json, to_vec, from_slice
}

impl ToBytes<'_> for Value {
    type Bytes = Vec<u8>;

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        Ok(to_vec(self)?)
    }
}

impl FromBytesOwned for Value {
    fn from_bytes_owned(bytes: &[u8]) -> Result<Self, Error> {
        Ok(from_slice(bytes)?)
    }
}

fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, EncodeError> {
    serde_json::to_vec(value).map_err(|source| EncodeError::Json { source })
}

fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(bytes).map_err(|source| DecodeError::Json {
        line: source.line(),
        column: source.column(),
        source,
    })
}
