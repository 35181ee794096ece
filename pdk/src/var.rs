//! Values that a plug-in keeps from one call to the next.
//!
//! Hosts hold them outside of the plug-in, within a limit. The calling convention has no way to tell
//! a value without bytes from none: setting one removes the var.

use crate::memory::{ManagedMemory, internal};
use crate::{Error, FromBytesOwned, Memory, ToMemory, sys};

/// Decodes the value of a var, if it is set.
///
/// # Errors
///
/// If the host has no room for the key, and what the encoding refuses.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::{testing::MockHost, var};
///
/// let _host = MockHost::new();
/// assert_eq!(var::get::<u32>("n_calls")?, None);
/// var::set("n_calls", 1_u32)?;
/// assert_eq!(var::get::<u32>("n_calls")?, Some(1));
/// # Ok::<(), plugsmith_pdk::Error>(())
/// ```
pub fn get<T: FromBytesOwned>(key: impl AsRef<str>) -> Result<Option<T>, Error> {
    get_memory(key)?.map(|block| ManagedMemory(block).0.to()).transpose()
}

/// Returns the value of a var as a block, which is the caller's to free.
///
/// # Errors
///
/// If the host has no room for the key.
pub fn get_memory(key: impl AsRef<str>) -> Result<Option<Memory>, Error> {
    let key = Memory::from_bytes(key.as_ref())?;
    // The host frees the key.
    let block = internal::answered(sys::var_get(key.offset()));
    Ok(if block.offset() == 0 { None } else { Some(block) })
}

/// Sets a var. A value without bytes removes it.
///
/// The host ends the call if the vars would grow past its limit. A [`Memory`] passed as the value is
/// the host's from then on.
///
/// # Errors
///
/// What the encoding refuses, and if the host has no room for key or value.
#[expect(clippy::needless_pass_by_value, reason = "the signature is part of the contract")]
pub fn set(key: impl AsRef<str>, value: impl ToMemory) -> Result<(), Error> {
    let value = value.to_memory()?;
    let key = Memory::from_bytes(key.as_ref())?;
    // The host frees both.
    sys::var_set(key.offset(), value.offset());
    Ok(())
}

/// Removes a var, if it is set.
///
/// # Errors
///
/// If the host has no room for the key.
pub fn remove(key: impl AsRef<str>) -> Result<(), Error> {
    let key = Memory::from_bytes(key.as_ref())?;
    sys::var_set(key.offset(), 0);
    Ok(())
}
