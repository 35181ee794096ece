//! Values to bytes and back, across the boundary between host and guest.
//!
//! What crosses that boundary is a run of bytes. [`ToBytes`] makes the bytes of a value, and
//! [`FromBytes`] and [`FromBytesOwned`] make a value of bytes. Text, bytes and numbers convert as
//! they are; everything else names its encoding with a wrapper such as [`Json`], on both sides.
//!
//! Host and guest share this crate, so both agree on every byte, and it knows neither an engine nor
//! the memory through which the bytes travel. The bytes come from a party that is not trusted: no
//! decoder panics, reserves memory for lengths that the bytes only claim, or nests without limit.
//!
//! # Examples
//!
//! ```
//! use plugsmith_convert::{Error, FromBytes, Json, ToBytes};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! struct Discount {
//!     percent: u8,
//! }
//!
//! # fn main() -> Result<(), Error> {
//! let bytes = Json(Discount { percent: 20 }).to_bytes()?;
//! assert_eq!(bytes, br#"{"percent":20}"#);
//!
//! let Json(discount) = Json::<Discount>::from_bytes(&bytes)?;
//! assert_eq!(discount, Discount { percent: 20 });
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | default | adds |
//! | --- | --- | --- |
//! | `derive` | yes | `#[derive(ToBytes, FromBytes)]` with `#[encoding(Json)]` |
//! | `msgpack` | yes | `Msgpack`, by `rmp-serde` |
//! | `prost` | yes | `Prost`, by `prost` |
//! | `raw` | yes | `Raw`, by `bytemuck`; on little-endian targets only |
//! | `protobuf` | no | `Protobuf`, by `protobuf` |

// Not `forbid`: `MemoryHandle::new` is declared unsafe. No file holds an unsafe operation.
#![deny(unsafe_code)]

mod base64;
mod decode;
mod encode;
mod encoding;
mod json;
mod memory_handle;
#[cfg(feature = "msgpack")]
mod msgpack;
#[cfg(feature = "prost")]
mod prost;
#[cfg(feature = "protobuf")]
mod protobuf;
#[cfg(all(feature = "raw", target_endian = "little"))]
mod raw;

pub use anyhow::Error;
#[cfg(feature = "derive")]
pub use plugsmith_pdk_macros::{FromBytes, ToBytes};

pub use crate::base64::Base64;
pub use crate::decode::{DecodeError, FromBytes, FromBytesOwned};
pub use crate::encode::{EncodeError, Encoded, OptionalBytes, ToBytes, encode};
pub use crate::json::Json;
pub use crate::memory_handle::MemoryHandle;
#[cfg(feature = "msgpack")]
pub use crate::msgpack::Msgpack;
#[cfg(feature = "prost")]
pub use crate::prost::Prost;
#[cfg(feature = "protobuf")]
pub use crate::protobuf::Protobuf;
#[cfg(all(feature = "raw", target_endian = "little"))]
pub use crate::raw::Raw;

/// What the macros of this crate expand to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use serde::Serialize;
    pub use serde::de::DeserializeOwned;
}
