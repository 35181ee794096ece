//! What the host gives to a call.

use crate::{Error, FromBytesOwned, sys};

/// Copies the input of this call.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::{input_bytes, testing::MockHost};
///
/// let _host = MockHost::new().with_input("Ada");
/// assert_eq!(input_bytes(), b"Ada");
/// ```
#[must_use]
pub fn input_bytes() -> Vec<u8> {
    sys::load_input()
}

/// Decodes the input of this call.
///
/// # Errors
///
/// What the encoding refuses.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::{Json, input, testing::MockHost};
///
/// let _host = MockHost::new().with_input("[1, 2]");
/// assert_eq!(input::<Json<Vec<u8>>>()?.0, [1, 2]);
/// # Ok::<(), plugsmith_pdk::Error>(())
/// ```
pub fn input<T: FromBytesOwned>() -> Result<T, Error> {
    T::from_byte_vec(input_bytes())
}
