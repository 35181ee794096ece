//! What this crate and a host agree on beyond the interface of Extism 1.x.
//!
//! A host that knows of extensions offers them on each new instance, before any code of the plug-in
//! runs; all others never ask, and the plug-in runs there as if there were none.

use crate::error::HostError;
use crate::memory::{ManagedMemory, internal};
use crate::{Memory, sys};

/// Values without bytes are told from none by [`EMPTY_OFFSET`].
const EMPTY_VALUES: u64 = 1;

/// A function of the host that fails leaves an error message and returns zero.
const HOST_ERRORS: u64 = 2;

/// The offset that stands for a value without bytes, where 0 stands for none.
pub(crate) const EMPTY_OFFSET: u64 = 1;

/// All that this crate makes use of.
pub(crate) const KNOWN: u64 = EMPTY_VALUES | HOST_ERRORS;

/// Returns the offset to pass for a value of a var, so that no bytes are a value where they can be.
pub(crate) fn value_offset(value: Memory) -> u64 {
    match value.offset() {
        0 if holds(EMPTY_VALUES) => EMPTY_OFFSET,
        offset => offset,
    }
}

/// Passes on what a function of the host returned, unless the function failed.
///
/// Whatever error is set then counts as the failure: this crate itself sets one only when a call ends,
/// and one that the host function set without failing is meant to end the call, too.
///
/// # Errors
///
/// The host's error, where the host lets plug-ins catch them; elsewhere it has ended the call.
pub(crate) fn check<T>(returned: T) -> Result<T, HostError> {
    if !holds(HOST_ERRORS) {
        return Ok(returned);
    }
    match sys::error_get() {
        0 => Ok(returned),
        offset => {
            let message = ManagedMemory(internal::answered(offset));
            let text = String::from_utf8_lossy(&message.0.to_vec()).into_owned();
            sys::error_set(0);
            Err(HostError::new(text))
        }
    }
}

fn holds(extension: u64) -> bool {
    sys::agreed_extensions() & extension != 0
}
