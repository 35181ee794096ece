//! Runs of bytes in kernel memory that the heap has found to be in bounds, and how bytes are copied.

use std::ops::Range;

/// Where the destination of a copy begins 1 to [`SLOW_SKEWS`] bytes after the source, counted modulo
/// this, some processors copy some thousand bytes at a tenth of their speed.
pub(crate) const SLOW_MODULUS: u16 = 4096;

/// How many distances are slow.
pub(crate) const SLOW_SKEWS: u16 = 31;

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
    if from.len() <= piece_len || !(1..=usize::from(SLOW_SKEWS)).contains(&skew) {
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
        let from: Vec<u8> = (0..=250).cycle().take(3 * page).collect();
        let mut to = vec![0; from.len() + 2 * page];
        for len in [0, 1, piece, piece + 1, 2 * piece, 3 * page] {
            for start in (0..page).step_by(7) {
                to.fill(255);
                copy(&from[..len], &mut to[start..start + len]);
                assert_eq!(to[start..start + len], from[..len]);
                assert!(to[..start].iter().chain(&to[start + len..]).all(|&byte| byte == 255));
            }
        }
    }
}
