//! Runs of bytes in kernel memory that the heap has found to be in bounds, and how bytes are copied.

use std::ops::Range;

/// Where the destination of a copy begins 1 to [`SLOW_SKEWS`] bytes after the source, counted modulo
/// this, some processors copy some thousand bytes, and up to [`SLOW_LEN`], at a tenth of their speed.
pub(crate) const SLOW_MODULUS: u16 = 4096;

/// How many distances are slow.
pub(crate) const SLOW_SKEWS: u16 = 31;

/// More bytes than this are copied by other instructions, fast wherever they lie; and those that are
/// more than a cache holds, faster than in pieces.
pub(crate) const SLOW_LEN: u32 = 1 << 20;

/// A piece of this many bytes is copied fast wherever it lies.
pub(crate) const PIECE_LEN: u16 = 2048;

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

/// Copies the bytes of `from` to `to`, which is as long; in pieces where the two lie so that it would
/// take long at once.
///
/// # Panics
///
/// If the lengths differ.
pub(crate) fn copy(from: &[u8], to: &mut [u8]) {
    let piece_len = usize::from(PIECE_LEN);
    let skew = to.as_ptr().addr().wrapping_sub(from.as_ptr().addr()) % usize::from(SLOW_MODULUS);
    let is_slow = (1..=usize::from(SLOW_SKEWS)).contains(&skew) && from.len() <= SLOW_LEN as usize;
    if from.len() <= piece_len || !is_slow {
        return to.copy_from_slice(from);
    }
    assert_eq!(from.len(), to.len(), "both have one length");
    for (from, to) in from.chunks(piece_len).zip(to.chunks_mut(piece_len)) {
        to.copy_from_slice(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_copied_wherever_they_lie() {
        let (page, piece) = (usize::from(SLOW_MODULUS), usize::from(PIECE_LEN));
        let slow = SLOW_LEN as usize;
        let from: Vec<u8> = (0..=250).cycle().take(slow + 1).collect();
        let (mut to, mut expected) = (vec![0; slow + 1 + page], vec![0; slow + 1 + page]);
        for len in [0, 1, piece, piece + 1, 2 * piece, 3 * page, slow, slow + 1] {
            for skew in 0..=usize::from(SLOW_SKEWS) + 1 {
                let start = (from.as_ptr().addr() + skew).wrapping_sub(to.as_ptr().addr()) % page;
                to.fill(255);
                copy(&from[..len], &mut to[start..start + len]);
                expected.fill(255);
                expected[start..start + len].copy_from_slice(&from[..len]);
                assert!(to == expected, "{len} bytes, {skew}");
            }
        }
    }
}
