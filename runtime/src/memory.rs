//! Runs of bytes in kernel memory that the heap has found to be in bounds.

use std::ops::Range;

/// A run of bytes in kernel memory, in bounds when made. Memory never shrinks, so it stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    offset: u32,
    len: u32,
}

impl Block {
    /// No bytes.
    pub(crate) const EMPTY: Self = Self { offset: 0, len: 0 };

    /// Names `len` bytes at `offset`, which the heap has said to be in bounds.
    pub(crate) fn new(offset: u32, len: u32) -> Self {
        Self { offset, len }
    }

    pub(crate) fn offset(self) -> u64 {
        self.offset.into()
    }

    pub(crate) fn len(self) -> u64 {
        self.len.into()
    }

    pub(crate) fn range(self) -> Range<usize> {
        let start = self.offset as usize;
        start..start + self.len as usize
    }
}

impl From<plugsmith_kernel::Block> for Block {
    fn from(block: plugsmith_kernel::Block) -> Self {
        Self::new(block.start(), block.len())
    }
}
