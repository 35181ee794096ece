//! Values that a plug-in keeps from one call to the next.
//!
//! Hosts hold them outside of the plug-in, within a limit. Plugsmith tells a value without bytes from
//! none; Extism has no way to, and setting one there removes the var.

use crate::memory::{ManagedMemory, internal};
use crate::{Error, FromBytesOwned, Memory, ToMemory, extensions, sys};

/// Decodes the value of a var, if it is set.
///
/// # Errors
///
/// If the host has no room for the key, what the encoding refuses, and [`HostError`](crate::HostError).
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
/// If the host has no room for the key, and [`HostError`](crate::HostError).
pub fn get_memory(key: impl AsRef<str>) -> Result<Option<Memory>, Error> {
    let key = Memory::from_bytes(key.as_ref())?;
    // The host frees the key.
    let block = internal::answered(extensions::check(sys::var_get(key.offset()))?);
    Ok(if block.offset() == 0 { None } else { Some(block) })
}

/// Sets a var. On Extism, a value without bytes removes it.
///
/// If the vars would grow past the host's limit, that is an error where the host lets plug-ins catch
/// errors, and elsewhere ends the call. A [`Memory`] passed as the value is
/// the host's from then on.
///
/// # Errors
///
/// What the encoding refuses, if the host has no room for key or value, and
/// [`HostError`](crate::HostError).
#[expect(clippy::needless_pass_by_value, reason = "the signature is part of the contract")]
pub fn set(key: impl AsRef<str>, value: impl ToMemory) -> Result<(), Error> {
    let value = value.to_memory()?;
    let key = Memory::from_bytes(key.as_ref())?;
    // The host frees both.
    sys::var_set(key.offset(), extensions::value_offset(value));
    Ok(extensions::check(())?)
}

/// Removes a var, if it is set.
///
/// # Errors
///
/// If the host has no room for the key, and [`HostError`](crate::HostError).
pub fn remove(key: impl AsRef<str>) -> Result<(), Error> {
    let key = Memory::from_bytes(key.as_ref())?;
    sys::var_set(key.offset(), 0);
    Ok(extensions::check(())?)
}
