//! Offsets and blocks: what the edge of the kernel turns raw numbers into.
//!
//! An [`Offset`] is never zero. A [`Block`] was inside the bounds rule when the heap made it; nothing
//! here says whether it still is, nor whether it is one allocation.

use core::num::NonZeroU32;

/// A place in kernel memory. Never zero, which stands for no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(NonZeroU32);

impl Offset {
    /// Returns the offset that a guest or host means by `raw`, or `None` if no memory has it.
    #[inline]
    pub fn new(raw: u64) -> Option<Self> {
        u32::try_from(raw).ok().and_then(Self::at)
    }

    /// Returns the offset of the byte at `address`, or `None` for zero.
    #[inline]
    pub(crate) fn at(address: u32) -> Option<Self> {
        NonZeroU32::new(address).map(Self)
    }

    /// Returns the address of the byte that this offset names.
    #[inline]
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl From<Offset> for u64 {
    #[inline]
    fn from(offset: Offset) -> Self {
        u64::from(offset.get())
    }
}

/// A run of bytes between `GUEST_START` and the position. Only the heap makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    offset: Offset,
    len: u32,
}

impl Block {
    /// Names `len` bytes from `offset`, which the caller has found to be in bounds.
    #[inline]
    pub(crate) fn new(offset: Offset, len: u32) -> Self {
        Self { offset, len }
    }

    /// Returns where the block starts.
    #[inline]
    pub fn offset(self) -> Offset {
        self.offset
    }

    /// Returns the address of the first byte.
    #[inline]
    pub fn start(self) -> u32 {
        self.offset.get()
    }

    /// Returns the number of bytes.
    #[expect(clippy::len_without_is_empty, reason = "an empty block is never made")]
    #[inline]
    pub fn len(self) -> u32 {
        self.len
    }
}
