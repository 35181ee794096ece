//! The settings that the host gives to a plug-in. They do not change while it runs.

use crate::memory::{ManagedMemory, internal};
use crate::{Error, Memory, extensions, sys};

/// Returns the value of a key, if it is set. On Extism, an empty value is as none.
///
/// # Errors
///
/// If the host has no room for the key, or if the value is not UTF-8.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::{config, testing::MockHost};
///
/// let _host = MockHost::new().with_config("greeting", "Hello");
/// assert_eq!(config::get("greeting")?.as_deref(), Some("Hello"));
/// assert_eq!(config::get("name")?, None);
/// # Ok::<(), plugsmith_pdk::Error>(())
/// ```
pub fn get(key: impl AsRef<str>) -> Result<Option<String>, Error> {
    get_memory(key)?.map(|block| ManagedMemory(block).0.to_string()).transpose()
}

/// Returns the value of a key as a block, which is the caller's to free.
///
/// # Errors
///
/// If the host has no room for the key.
pub fn get_memory(key: impl AsRef<str>) -> Result<Option<Memory>, Error> {
    let key = Memory::from_bytes(key.as_ref())?;
    // The host frees the key.
    let block = internal::answered(extensions::check(sys::config_get(key.offset()))?);
    Ok(if block.offset() == 0 { None } else { Some(block) })
}
