//! Raw: a plain struct, byte for byte as it lies in memory.
//!
//! On little-endian targets only, since wasm is little-endian and nothing is swapped here. Both
//! sides must agree on the layout: `#[repr(C)]`, and no pointer-sized fields, for a guest's are 32
//! bits wide.

use bytemuck::{Pod, PodCastError};

use crate::{DecodeError, Error, FromBytes, ToBytes};

/// A plain value whose bytes are those it has in memory, borrowed both ways.
///
/// Decoding reads in place, so the bytes must lie at a multiple of the type's alignment. Give a
/// type that must come out of any bytes an alignment of 1 (`#[repr(C, packed)]`, or fields that are
/// arrays of bytes).
///
/// # Examples
///
/// ```
/// use bytemuck::{Pod, Zeroable};
/// use plugsmith_convert::{FromBytes, Raw, ToBytes};
///
/// #[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
/// #[repr(C)]
/// struct Point {
///     x: [u8; 2],
///     y: [u8; 2],
/// }
///
/// let point = Point { x: [1, 2], y: [3, 4] };
/// let bytes = Raw(&point).to_bytes()?;
/// assert_eq!(bytes, [1, 2, 3, 4]);
/// assert_eq!(Raw::<Point>::from_bytes(bytes)?.0, &point);
/// # Ok::<(), plugsmith_convert::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Raw<'a, T: Pod>(pub &'a T);

impl<'a, T: Pod> From<&'a T> for Raw<'a, T> {
    fn from(value: &'a T) -> Self {
        Self(value)
    }
}

impl<'a, T: Pod> ToBytes<'a> for Raw<'a, T> {
    type Bytes = &'a [u8];

    fn to_bytes(&self) -> Result<Self::Bytes, Error> {
        Ok(bytemuck::bytes_of(self.0))
    }
}

impl<'a, T: Pod> FromBytes<'a> for Raw<'a, T> {
    fn from_bytes(bytes: &'a [u8]) -> Result<Self, Error> {
        bytemuck::try_from_bytes(bytes).map(Raw).map_err(|err| refused::<T>(err, bytes.len()))
    }
}

impl<'a, T: Pod> FromBytes<'a> for Option<Raw<'a, T>> {
    fn from_bytes(bytes: &'a [u8]) -> Result<Self, Error> {
        (!bytes.is_empty()).then(|| Raw::from_bytes(bytes)).transpose()
    }
}

fn refused<T>(err: PodCastError, found: usize) -> Error {
    match err {
        PodCastError::TargetAlignmentGreaterAndInputNotAligned => {
            let type_name = core::any::type_name::<T>();
            DecodeError::Misaligned { type_name, align: align_of::<T>() }.into()
        }
        _ => crate::decode::wrong_len::<T>(size_of::<T>(), found),
    }
}
