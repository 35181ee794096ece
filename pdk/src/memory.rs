//! Blocks of exchange memory, as a plug-in sees them.
//!
//! A block is the host's: reading one copies it in, and what is stored in it is copied out. `Memory`
//! names a block and says nothing of who frees it; `ManagedMemory` frees its block when dropped;
//! `MemoryPointer` is a block that has yet to be decoded.

pub mod internal;

use std::marker::PhantomData;

use plugsmith_convert::{MemoryHandle, encode};

use crate::{Error, FromBytesOwned, LogLevel, ToBytes, log};

/// A block of exchange memory.
///
/// Blocks live till the host's call returns, unless they are freed before. A null `Memory` is a block
/// without bytes.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::Memory;
///
/// let block = Memory::from_bytes("some text")?;
/// assert_eq!((block.len(), block.to_string()?.as_str()), (9, "some text"));
/// block.free();
/// # Ok::<(), plugsmith_pdk::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory(pub MemoryHandle);

impl Memory {
    /// Returns the block without bytes.
    #[must_use]
    pub const fn null() -> Self {
        Self(MemoryHandle::null())
    }

    /// Encodes a value into a new block.
    ///
    /// # Errors
    ///
    /// What the encoding refuses, and [`MemoryError::Exhausted`].
    pub fn new<'a, T: ToBytes<'a> + ?Sized>(value: &T) -> Result<Self, Error> {
        Self::from_bytes(encode(value)?)
    }

    /// Copies bytes into a new block; no bytes make a null one.
    ///
    /// # Errors
    ///
    /// [`MemoryError::Exhausted`] if the host has no room for a block of this length.
    pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Result<Self, Error> {
        Ok(internal::copy(bytes.as_ref())?)
    }

    /// Returns the block that starts at `offset`, if one does.
    #[must_use]
    pub fn find(offset: u64) -> Option<Self> {
        internal::find(offset).map(Self)
    }

    /// Returns the offset of the first byte; 0 for a null block.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.0.offset()
    }

    /// Returns the length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there are no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Copies the bytes.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        internal::memory_bytes(self.0)
    }

    /// Copies the bytes as text.
    ///
    /// # Errors
    ///
    /// If the bytes are not UTF-8.
    pub fn to_string(&self) -> Result<String, Error> {
        Ok(String::from_utf8(self.to_vec())?)
    }

    /// Decodes the bytes.
    ///
    /// # Errors
    ///
    /// What the encoding refuses.
    pub fn to<T: FromBytesOwned>(&self) -> Result<T, Error> {
        T::from_byte_vec(self.to_vec())
    }

    /// Makes this block the output of the call. The host owns it from then on.
    pub fn set_output(self) {
        crate::sys::output_set(self.0.offset, self.0.length);
    }

    /// Logs this block, which is text. The host owns it from then on.
    pub fn log(self, level: LogLevel) {
        log::send(level, self);
    }

    /// Gives the block back to the host.
    pub fn free(self) {
        internal::memory_free(self.0);
    }
}

impl From<Memory> for u64 {
    fn from(block: Memory) -> Self {
        block.offset()
    }
}

impl From<Memory> for i64 {
    fn from(block: Memory) -> Self {
        Self::from_le_bytes(block.offset().to_le_bytes())
    }
}

impl From<Memory> for () {
    fn from(_: Memory) -> Self {}
}

impl From<u64> for Memory {
    /// The block that starts at this offset; null if none does.
    fn from(offset: u64) -> Self {
        Self::find(offset).unwrap_or(Self::null())
    }
}

impl From<i64> for Memory {
    /// The block that starts at this offset; null if none does.
    fn from(offset: i64) -> Self {
        Self::from(u64::from_le_bytes(offset.to_le_bytes()))
    }
}

impl From<()> for Memory {
    fn from((): ()) -> Self {
        Self::null()
    }
}

/// A block that is given back when this is dropped.
#[derive(Debug)]
pub struct ManagedMemory(pub Memory);

impl ManagedMemory {
    /// Takes charge of a block.
    #[must_use]
    pub fn new(block: Memory) -> Self {
        Self(block)
    }

    /// Returns the offset of the first byte.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.0.offset()
    }

    /// Returns the length in bytes.
    #[expect(clippy::len_without_is_empty, reason = "the names are part of the contract")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<Memory> for ManagedMemory {
    fn from(block: Memory) -> Self {
        Self(block)
    }
}

impl AsRef<Memory> for ManagedMemory {
    fn as_ref(&self) -> &Memory {
        &self.0
    }
}

impl AsMut<Memory> for ManagedMemory {
    fn as_mut(&mut self) -> &mut Memory {
        &mut self.0
    }
}

impl Drop for ManagedMemory {
    fn drop(&mut self) {
        self.0.free();
    }
}

/// The offset of a block that holds a `T`, encoded.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::{SharedFnResult, memory::MemoryPointer, shared_fn};
///
/// /// Decodes its second argument only when it has to.
/// #[shared_fn]
/// pub fn choose(first: bool, second: MemoryPointer<String>) -> SharedFnResult<String> {
///     if first { Ok("first".to_owned()) } else { second.get() }
/// }
/// ```
#[derive(Debug)]
#[repr(transparent)]
pub struct MemoryPointer<T> {
    offset: u64,
    value: PhantomData<fn() -> T>,
}

impl<T> MemoryPointer<T> {
    pub(crate) const fn at(offset: u64) -> Self {
        Self { offset, value: PhantomData }
    }

    /// Returns a pointer to what is at `offset`, unchecked.
    ///
    /// # Safety
    ///
    /// None of ours: [`get`](Self::get) checks that there is a block and that it holds a `T`. The
    /// function is unsafe so that plug-ins written for Extism, where it is, compile without a warning.
    #[expect(
        unsafe_code,
        reason = "the signature is part of the contract; the body has nothing unsafe"
    )]
    #[must_use]
    pub const unsafe fn new(offset: u64) -> Self {
        Self::at(offset)
    }
}

// Not derived: a pointer is copied whatever it points to.
impl<T> Clone for MemoryPointer<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for MemoryPointer<T> {}

impl<T> PartialEq for MemoryPointer<T> {
    fn eq(&self, other: &Self) -> bool {
        self.offset == other.offset
    }
}

impl<T> Eq for MemoryPointer<T> {}

impl<T: FromBytesOwned> MemoryPointer<T> {
    /// Decodes the value. The block stays as it is.
    ///
    /// # Errors
    ///
    /// [`MemoryError::NoBlock`] if the offset is that of no block, and what the encoding refuses.
    pub fn get(&self) -> Result<T, Error> {
        let block = match self.offset {
            0 => Memory::null(),
            offset => Memory::find(offset).ok_or(MemoryError::NoBlock { offset })?,
        };
        block.to()
    }
}

/// Why there is no block. Travels inside [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// The host has no room for the block.
    #[error("the host has no room for a block of {len} bytes")]
    Exhausted {
        /// The length that was asked for.
        len: usize,
    },
    /// No block starts at this offset.
    #[error("no block starts at offset {offset}")]
    NoBlock {
        /// The offset that was given.
        offset: u64,
    },
}

#[cfg(test)]
mod tests;
