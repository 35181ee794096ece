//! Input, output and error: the registers through which a call takes and gives.
//!
//! The range in a register pair lies between `GUEST_START` and the position, or is empty at offset
//! zero; the error is an active block or zero. The heap keeps it so when blocks are freed: it leaves
//! alone what carries a result, and clears a range that the falling position would leave outside.

use crate::{Block, Heap, Memory, Offset, layout};

/// The pair of registers of one range.
#[derive(Clone, Copy)]
struct Registers {
    offset: u32,
    length: u32,
}

const INPUT: Registers = Registers { offset: layout::INPUT_OFFSET, length: layout::INPUT_LENGTH };
const OUTPUT: Registers =
    Registers { offset: layout::OUTPUT_OFFSET, length: layout::OUTPUT_LENGTH };

impl<M: Memory> Heap<M> {
    /// Returns the input, or `None` if it is empty.
    pub fn input(&self) -> Option<Block> {
        self.range(INPUT)
    }

    /// Makes a range the input, or clears the input if `len` is zero. A range that is not in bounds is
    /// ignored.
    pub fn set_input(&mut self, offset: Option<Offset>, len: u64) {
        self.set_range(INPUT, offset, len);
    }

    /// Loads the byte at `idx` of the input, or zero past its end.
    pub fn load_input_u8(&self, idx: u64) -> u8 {
        self.input_address(idx, 1).map_or(0, |address| self.memory.load_u8(address))
    }

    /// Loads the eight bytes from `idx` of the input, or zero if one of them is past its end.
    pub fn load_input_u64(&self, idx: u64) -> u64 {
        self.input_address(idx, 8).map_or(0, |address| self.memory.load_u64(address))
    }

    /// Returns the output, or `None` if it is empty.
    pub fn output(&self) -> Option<Block> {
        self.range(OUTPUT)
    }

    /// Makes a range the output, or clears the output if `len` is zero. A range that is not in bounds
    /// is ignored.
    pub fn set_output(&mut self, offset: Option<Offset>, len: u64) {
        self.set_range(OUTPUT, offset, len);
    }

    /// Returns the block that carries the error.
    pub fn error(&self) -> Option<Offset> {
        Offset::at(self.memory.load_u32(layout::ERROR_OFFSET))
    }

    /// Makes the active block at `offset` the error. Another offset is ignored.
    pub fn set_error(&mut self, offset: Offset) {
        if let Some(block) = self.active(offset) {
            self.ready(offset, block.len().into());
            self.memory.store_u64(layout::ERROR_OFFSET, u64::from(offset));
        }
    }

    /// Takes the error away. Its block stays.
    pub fn clear_error(&mut self) {
        self.memory.store_u64(layout::ERROR_OFFSET, 0);
    }

    /// Returns whether `block` is the error or overlaps the output.
    #[inline]
    pub(crate) fn carries_result(&self, block: Block) -> bool {
        let overlaps = self.output().is_some_and(|output| {
            output.start() < block.start() + block.len()
                && block.start() < output.start() + output.len()
        });
        overlaps || self.error() == Some(block.offset())
    }

    /// Clears the input if it starts at `offset`.
    #[inline]
    pub(crate) fn clear_input_at(&mut self, offset: Offset) {
        if self.memory.load_u32(layout::INPUT_OFFSET) == offset.get() {
            self.store_range(INPUT, 0, 0);
        }
    }

    /// Clears a range that ends after `position`.
    #[inline]
    pub(crate) fn clear_ranges_past(&mut self, position: u32) {
        for registers in [INPUT, OUTPUT] {
            let range = self.range(registers);
            if range.is_some_and(|range| range.start() + range.len() > position) {
                self.store_range(registers, 0, 0);
            }
        }
    }

    /// Clears input, output and error.
    pub(crate) fn clear_channel(&mut self) {
        self.store_range(INPUT, 0, 0);
        self.store_range(OUTPUT, 0, 0);
        self.clear_error();
        self.memory.store_u64(layout::INPUT_EXTENT, 0);
    }

    #[inline]
    fn range(&self, registers: Registers) -> Option<Block> {
        let offset = Offset::at(self.memory.load_u32(registers.offset))?;
        Some(Block::new(offset, self.memory.load_u32(registers.length)))
    }

    fn set_range(&mut self, registers: Registers, offset: Option<Offset>, len: u64) {
        if len == 0 {
            self.store_range(registers, 0, 0);
        } else if let Some(block) = offset.and_then(|offset| self.ready(offset, len)) {
            self.store_range(registers, block.start(), block.len());
        }
    }

    #[inline]
    fn store_range(&mut self, registers: Registers, offset: u32, len: u32) {
        self.memory.store_u64(registers.offset, u64::from(offset));
        self.memory.store_u64(registers.length, u64::from(len));
    }

    /// Returns the address of `idx` in the input if `len` bytes from there belong to it.
    fn input_address(&self, idx: u64, len: u32) -> Option<u32> {
        let idx = u32::try_from(idx).ok()?;
        let input_len = self.memory.load_u32(layout::INPUT_LENGTH);
        (input_len >= len && idx <= input_len - len)
            .then(|| self.memory.load_u32(layout::INPUT_OFFSET) + idx)
    }
}
