//! Runs of bytes in kernel memory that have been checked to lie in it.

use std::ops::Range;

/// A run of bytes in kernel memory, in bounds when made. Memory never shrinks, so it stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    offset: usize,
    len: usize,
}

impl Block {
    /// No bytes.
    pub(crate) const EMPTY: Self = Self { offset: 0, len: 0 };

    /// Returns the run of `len` bytes at `offset` if it lies in `memory`.
    pub(crate) fn new(memory: &[u8], offset: u64, len: u64) -> Option<Self> {
        let offset = usize::try_from(offset).ok()?;
        let len = usize::try_from(len).ok()?;
        (offset.checked_add(len)? <= memory.len()).then_some(Self { offset, len })
    }

    pub(crate) fn offset(self) -> u64 {
        self.offset as u64
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.offset..self.offset + self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_lies_in_memory_to_the_byte() {
        let memory = [0; 100];
        assert_eq!(Block::new(&memory, 90, 10).map(Block::range), Some(90..100));
        for (offset, len) in
            [(90, 11), (101, 0), (u64::MAX, 1), (1, u64::MAX), (u64::MAX, u64::MAX)]
        {
            assert_eq!(Block::new(&memory, offset, len), None);
        }
    }
}
