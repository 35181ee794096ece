//! What a call gives back to the host.

use crate::{Error, Memory, ToBytes};

/// A value that can be put into a block of exchange memory, perhaps with a status of its own.
///
/// Everything that implements [`ToBytes`] is one.
pub trait ToMemory {
    /// Returns a block with the encoded value: a new one, unless the value is a block already.
    ///
    /// # Errors
    ///
    /// What the encoding refuses, and if the host has no room for the block.
    fn to_memory(&self) -> Result<Memory, Error>;

    /// Returns the status that goes with the value: 0, unless it says otherwise.
    fn status(&self) -> i32 {
        0
    }
}

impl<'a, T: ToBytes<'a>> ToMemory for T {
    fn to_memory(&self) -> Result<Memory, Error> {
        Memory::new(self)
    }
}

impl ToMemory for Memory {
    fn to_memory(&self) -> Result<Memory, Error> {
        Ok(*self)
    }
}

impl ToMemory for &Memory {
    fn to_memory(&self) -> Result<Memory, Error> {
        Ok(**self)
    }
}

/// Makes `value` the output of this call. The last one counts.
///
/// # Errors
///
/// What the encoding refuses, and if the host has no room for the output.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::{Json, output, testing::MockHost};
///
/// let host = MockHost::new();
/// output(Json([1, 2]))?;
/// assert_eq!(host.output(), Some(b"[1,2]".to_vec()));
/// # Ok::<(), plugsmith_pdk::Error>(())
/// ```
#[expect(clippy::needless_pass_by_value, reason = "the signature is part of the contract")]
pub fn output<T: ToMemory>(value: T) -> Result<(), Error> {
    value.to_memory()?.set_output();
    Ok(())
}
