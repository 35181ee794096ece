//! What the host writes into kernel memory to begin a call, as data.
//!
//! The input block lies at `GUEST_START` and is recorded in registers alone, so that the host begins a
//! call with two copies and no call of the kernel. This file computes the bytes; it writes nothing.
//! When and in which order to write them is told at the head of the crate.

use core::ops::Range;

use crate::layout;

/// The beginning of a call with an input of a given length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallStart {
    input_len: u32,
    position: u32,
}

impl CallStart {
    /// Places an input of `input_len` bytes, or returns `None` if no memory is large enough for it.
    #[inline]
    pub fn new(input_len: u64) -> Option<Self> {
        let input_len = u32::try_from(input_len).ok()?;
        let position = input_len
            .checked_add(layout::GUEST_START)?
            .checked_next_multiple_of(layout::BLOCK_ALIGN)?;
        (position <= layout::MAX_PAGES * layout::PAGE_LEN).then_some(Self { input_len, position })
    }

    /// Returns where blocks may start; the memory must reach up to here.
    #[inline]
    pub fn position(self) -> u32 {
        self.position
    }

    /// Returns the addresses between the end of the input and the position, which must become zero.
    pub fn padding(self) -> Range<u32> {
        layout::GUEST_START + self.input_len..self.position
    }

    /// Returns the bytes to write at [`layout::ROOT`].
    ///
    /// `dirty_end` is the value of that register before. An input of zero bytes has no block.
    #[inline]
    pub fn registers(self, dirty_end: u32) -> [u8; layout::CALL_REGISTERS_LEN] {
        let input_len = u64::from(self.input_len);
        let position = u64::from(self.position);
        let input_offset = if input_len == 0 { 0 } else { u64::from(layout::GUEST_START) };
        let mut registers = [0; layout::CALL_REGISTERS_LEN];
        for (address, value) in [
            (layout::POSITION, position),
            (layout::INPUT_OFFSET, input_offset),
            (layout::INPUT_LENGTH, input_len),
            (layout::INPUT_EXTENT, input_len),
            // And `pending_end`, which is none.
            (layout::DIRTY_END, u64::from(dirty_end).max(position)),
        ] {
            let at = (address - layout::ROOT) as usize;
            registers[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        registers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_placed_and_padded() {
        let rows = [
            (0, 1280, 1280..1280),
            (1, 1296, 1281..1296),
            (16, 1296, 1296..1296),
            (17, 1312, 1297..1312),
        ];
        for (input_len, position, padding) in rows {
            let start = CallStart::new(input_len).expect("a small input fits");
            assert_eq!((start.position(), start.padding()), (position, padding));
        }
    }

    #[test]
    fn input_too_large_for_any_memory_is_refused() {
        let largest = u64::from(layout::MAX_PAGES * layout::PAGE_LEN - layout::GUEST_START);
        assert!(CallStart::new(largest).is_some());
        for len in [largest + 1, u64::from(u32::MAX), 1 << 32, u64::MAX] {
            assert_eq!(CallStart::new(len), None);
        }
    }

    #[test]
    fn registers_are_the_documented_words() {
        let start = CallStart::new(5).expect("a small input fits");
        let words = |bytes: [u8; layout::CALL_REGISTERS_LEN]| -> Vec<u64> {
            let words = bytes.chunks(8);
            words.map(|w| u64::from_le_bytes(w.try_into().expect("eight bytes"))).collect()
        };
        let mut expected = vec![0; 26];
        expected[..8].copy_from_slice(&[1296, 1280, 5, 0, 0, 0, 5, 1296]);
        assert_eq!(words(start.registers(0)), expected);
        expected[7] = 70_000;
        assert_eq!(words(start.registers(70_000)), expected);
    }
}
