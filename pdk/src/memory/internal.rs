//! Blocks by their handles, for code that goes below [`Memory`].
//!
//! Handles are not checked here: reading or storing by one that is wrong gives zeroes or is ignored,
//! as the host decides.

use plugsmith_convert::MemoryHandle;

use crate::memory::MemoryError;
use crate::{Memory, sys};

/// Reserves a block of `length` bytes; a null one if there is no room, or for no bytes.
#[must_use]
pub fn memory_alloc(length: u64) -> MemoryHandle {
    match sys::alloc(length) {
        0 => MemoryHandle::null(),
        offset => MemoryHandle { offset, length },
    }
}

/// Gives a block back to the host; a null one is ignored.
pub fn memory_free(handle: MemoryHandle) {
    if handle.offset != 0 {
        sys::free(handle.offset);
    }
}

/// Copies a block's bytes.
#[must_use]
pub fn memory_bytes(handle: MemoryHandle) -> Vec<u8> {
    let mut bytes = vec![0; handle.len()];
    sys::load(handle.offset, &mut bytes);
    bytes
}

/// Returns the length of the block that starts at `offset`; 0 if none does.
#[must_use]
pub fn memory_length(offset: u64) -> u64 {
    sys::length(offset)
}

/// Returns the length of the block that is known to start at `offset`.
///
/// Cheaper than [`memory_length`] on some hosts; for any other offset the answer means nothing.
#[must_use]
pub fn memory_length_unsafe(offset: u64) -> u64 {
    sys::length_unsafe(offset)
}

/// Fills `bytes` from the start of a block; what lies past its end is zero.
pub fn load(handle: MemoryHandle, mut bytes: impl AsMut<[u8]>) {
    let bytes = bytes.as_mut();
    let len = bytes.len().min(handle.len());
    let (inside, outside) = bytes.split_at_mut(len);
    sys::load(handle.offset, inside);
    outside.fill(0);
}

/// Copies `bytes` to the start of a block; what does not fit is left out.
pub fn store(handle: MemoryHandle, bytes: impl AsRef<[u8]>) {
    let bytes = bytes.as_ref();
    let len = bytes.len().min(handle.len());
    sys::store(handle.offset, &bytes[..len]);
}

/// Returns the block that starts at `offset`, if one does.
#[must_use]
pub fn find(offset: u64) -> Option<MemoryHandle> {
    match sys::length(offset) {
        0 => None,
        length => Some(MemoryHandle { offset, length }),
    }
}

/// Returns the block that a host function answered with; 0 is a null one.
pub(crate) fn answered(offset: u64) -> Memory {
    match offset {
        0 => Memory::null(),
        offset => Memory(MemoryHandle { offset, length: sys::length_unsafe(offset) }),
    }
}

/// Copies bytes into a new block; no bytes make a null one.
pub(crate) fn copy(bytes: &[u8]) -> Result<Memory, MemoryError> {
    if bytes.is_empty() {
        return Ok(Memory::null());
    }
    let length = bytes.len() as u64;
    let offset = sys::alloc(length);
    if offset == 0 {
        return Err(MemoryError::Exhausted { len: bytes.len() });
    }
    sys::store(offset, bytes);
    Ok(Memory(MemoryHandle { offset, length }))
}
