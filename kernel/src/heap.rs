//! The heap: reserves, frees and measures blocks, and applies the bounds rule.
//!
//! Blocks tile the bytes from the end of the input to the position without gaps, each a multiple of
//! [`BLOCK_ALIGN`](crate::layout::BLOCK_ALIGN) bytes. All state lies in the memory, so a heap is only a
//! view of it. How blocks are recorded, binned and marked is told in `ledger.rs`, `free_list.rs` and
//! `channel.rs`.

use core::{error, fmt, num::NonZeroU64};

use crate::{
    Block, CallStart, Memory, Offset, layout,
    ledger::{Entry, Ledger},
};

/// How many bytes are zeroed word by word.
const FEW_BYTES: u32 = 128;

/// From how many bytes on a block becomes zero only when that is seen.
const MANY_BYTES: u32 = 1024;

/// An allocator over a memory.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "testing")] {
/// use core::num::NonZeroU64;
/// use plugsmith_kernel::{Heap, VecMemory};
///
/// let mut heap = Heap::new(VecMemory::new(1, 1));
/// let block = heap.alloc(NonZeroU64::new(10).unwrap()).unwrap();
/// heap.store_u8(block, 7);
/// assert_eq!((heap.len_of(block).map(|len| len.get()), heap.load_u8(block)), (Some(10), 7));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Heap<M> {
    pub(crate) memory: M,
}

/// Why a block could not be reserved. The heap is then unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeapError {
    /// No free block is large enough, and the memory cannot grow as much as it takes.
    Exhausted {
        /// The length that was asked for.
        len: u64,
    },
}

impl fmt::Display for HeapError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhausted { len } => write!(formatter, "no room for a block of {len} bytes"),
        }
    }
}

impl error::Error for HeapError {}

impl<M: Memory> Heap<M> {
    /// Views `memory` as a heap. Its state is in the memory; zeroes are a heap without blocks.
    #[inline]
    pub fn new(memory: M) -> Self {
        Self { memory }
    }

    /// Borrows the memory.
    #[inline]
    pub fn memory(&self) -> &M {
        &self.memory
    }

    /// Borrows the memory for writing, as the host may between calls.
    #[inline]
    pub fn memory_mut(&mut self) -> &mut M {
        &mut self.memory
    }

    /// Reserves `len` bytes and returns the offset of the first.
    ///
    /// The block is zero as soon as it is seen, aligned to [`layout::BLOCK_ALIGN`] bytes, and valid until
    /// it is freed or the heap is reset. Memory grows by whole pages only when no free block was found.
    ///
    /// # Errors
    ///
    /// [`HeapError::Exhausted`] if no memory can hold so many bytes, or this one cannot grow.
    pub fn alloc(&mut self, len: NonZeroU64) -> Result<Offset, HeapError> {
        let len = len.get();
        self.reserve(len).ok_or(HeapError::Exhausted { len })
    }

    /// Frees the active block that starts at `offset`. Any other offset is ignored, and so is a block
    /// that carries the output or the error.
    ///
    /// If the input starts there, it becomes empty. The block of the input itself is not used again
    /// before the next reset.
    pub fn free(&mut self, offset: Offset) {
        if self.input_block().is_some_and(|input| input.offset() == offset) {
            return self.free_input(offset);
        }
        let link = self.link_to(offset);
        let Some(entry) = Entry::from_link(self.memory.load_u32(link)) else { return };
        if self.carries_result(self.active_block(entry, offset)) {
            return;
        }
        self.clear_input_at(offset);
        self.deactivate(entry, link);
        self.release(entry);
    }

    /// Returns the active block that starts at `offset`, in the length that was asked for. Its bytes can be
    /// read after [`Heap::zero_pending`].
    #[inline]
    pub fn active(&self, offset: Offset) -> Option<Block> {
        let input = self.input_block().filter(|input| input.offset() == offset);
        match input {
            Some(input) => Some(input),
            None => Some(self.active_block(self.find(offset)?, offset)),
        }
    }

    /// Returns the length that was asked for of the active block that starts at `offset`.
    pub fn len_of(&self, offset: Offset) -> Option<NonZeroU64> {
        NonZeroU64::new(u64::from(self.active(offset)?.len()))
    }

    /// Returns `len` bytes from `offset` as a block if the bounds rule holds for all of them. They can be read
    /// after [`Heap::zero_pending`].
    #[inline]
    pub fn block(&self, offset: Offset, len: u64) -> Option<Block> {
        block_before(self.position(), offset, len)
    }

    /// Loads the byte at `offset`, or zero out of bounds.
    pub fn load_u8(&mut self, offset: Offset) -> u8 {
        self.ready(offset, 1).map_or(0, |block| self.memory.load_u8(block.start()))
    }

    /// Loads the eight bytes from `offset`, or zero if one of them is out of bounds.
    pub fn load_u64(&mut self, offset: Offset) -> u64 {
        self.ready(offset, 8).map_or(0, |block| self.memory.load_u64(block.start()))
    }

    /// Stores the byte at `offset`, or nothing out of bounds.
    pub fn store_u8(&mut self, offset: Offset, value: u8) {
        if let Some(block) = self.ready(offset, 1) {
            self.memory.store_u8(block.start(), value);
        }
    }

    /// Stores the eight bytes from `offset`, or nothing if one of them is out of bounds.
    pub fn store_u64(&mut self, offset: Offset, value: u64) {
        if let Some(block) = self.ready(offset, 8) {
            self.memory.store_u64(block.start(), value);
        }
    }

    /// Frees every block and clears input, output and error.
    ///
    /// Costs no more than the blocks that were made. Their bytes stay, out of bounds, and become zero
    /// when they are handed out again.
    pub fn reset(&mut self) {
        self.clear_channel();
        self.clear_ledger();
        self.set_position(layout::GUEST_START);
    }

    /// Begins a call with an input of `len` bytes, as the host does without calling the kernel, and
    /// returns the bytes of the input for the caller to write, `None` if there are none.
    ///
    /// # Errors
    ///
    /// [`HeapError::Exhausted`] if no memory can hold so many bytes, or this one cannot grow. The
    /// heap is then without blocks.
    pub fn begin(&mut self, len: u64) -> Result<Option<Block>, HeapError> {
        let start = CallStart::new(len).filter(|start| self.reach(start.position()));
        if start.is_none() || !self.ledger().is_inline() {
            self.reset();
        }
        let start = start.ok_or(HeapError::Exhausted { len })?;
        let padding = start.padding();
        self.memory.fill_zero(padding.start, padding.end - padding.start);
        let registers = start.registers(self.memory.load_u32(layout::DIRTY_END));
        for (address, byte) in (layout::ROOT..).zip(registers) {
            self.memory.store_u8(address, byte);
        }
        Ok(self.input())
    }

    /// Returns how many bytes the memory has for blocks, used and unused, without growing.
    pub fn capacity(&self) -> u64 {
        u64::from(self.end() - layout::GUEST_START)
    }

    /// Returns the end of the bytes that were handed out.
    #[inline]
    pub fn position(&self) -> u32 {
        let pending_end = self.memory.load_u32(layout::PENDING_END);
        self.memory.load_u32(layout::POSITION).max(pending_end).max(layout::GUEST_START)
    }

    /// Makes what was handed out and is not yet zero so.
    #[inline]
    pub fn zero_pending(&mut self) {
        let end = self.memory.load_u32(layout::PENDING_END);
        if end > 0 {
            let start = self.memory.load_u32(layout::POSITION);
            if end > start {
                self.memory.fill_zero(start, end - start);
            }
            self.set_position(end);
        }
    }

    /// Returns `len` bytes from `offset` as a block if the bounds rule holds for all of them. The caller
    /// writes all of them before anything else happens, so they need not be zero.
    #[inline]
    pub fn overwrite(&mut self, offset: Offset, len: u64) -> Option<Block> {
        let block = self.block(offset, len)?;
        if block.start() == self.memory.load_u32(layout::POSITION) {
            self.memory.store_u64(layout::POSITION, u64::from(block.start() + block.len()));
        }
        self.zero_pending();
        Some(block)
    }

    /// Returns the address of the first byte after the memory.
    #[inline]
    pub(crate) fn end(&self) -> u32 {
        self.memory.n_pages().min(layout::MAX_PAGES) * layout::PAGE_LEN
    }

    /// Makes room for `span` bytes from `position`, which is the heap's, and for one more entry, or changes
    /// nothing.
    ///
    /// Memory grows by at least as much as the ledger that has to move for it, as long as the limit
    /// allows, so that all moves together cost no more than all growth.
    #[inline]
    pub(crate) fn make_room(&mut self, position: u32, span: u32) -> Option<()> {
        let ledger = self.ledger();
        let has_entry = self.has_entry(ledger);
        let end = if ledger.is_inline() { self.end() } else { ledger.base };
        if has_entry && span <= end - position {
            return Some(());
        }
        self.make_more_room(span, ledger, ledger.doublings + u32::from(!has_entry))
    }

    /// Grows the memory, the ledger or both.
    #[cold]
    fn make_more_room(&mut self, span: u32, ledger: Ledger, doublings: u32) -> Option<()> {
        let needed = u64::from(self.position()) + u64::from(span) + Ledger::top_len(doublings);
        let missing = needed.saturating_sub(u64::from(self.end()));
        if missing > 0 {
            self.grow(missing, Ledger::top_len(ledger.doublings))?;
        }
        if doublings > 0 {
            self.move_ledger(doublings);
        }
        Some(())
    }

    /// Lets the position fall to `position`, where a block ended at the old one.
    #[inline]
    pub(crate) fn lower_position(&mut self, position: u32) {
        self.set_position(position);
        self.clear_ranges_past(position);
    }

    fn reserve(&mut self, len: u64) -> Option<Offset> {
        let len = u32::try_from(len).ok()?;
        let span = len.checked_next_multiple_of(layout::BLOCK_ALIGN)?;
        let (entry, start) = match self.take_free(span) {
            Some(entry) => self.reuse(entry, span)?,
            None => self.bump(span)?,
        };
        self.activate(entry, start, len);
        Offset::at(start)
    }

    /// Makes `span` bytes of a free block ready.
    fn reuse(&mut self, entry: Entry, span: u32) -> Option<(Entry, u32)> {
        let entry = self.split(entry, span)?;
        let start = self.field(entry, layout::ENTRY_START);
        self.zero_dirty(start, start + span);
        Some((entry, start))
    }

    /// Makes a block of `span` bytes at the position, and if they are many, not yet zero.
    fn bump(&mut self, span: u32) -> Option<(Entry, u32)> {
        self.zero_pending();
        let start = self.memory.load_u32(layout::POSITION).max(layout::GUEST_START);
        self.make_room(start, span)?;
        let end = start + span;
        let entry = self.take_entry(start)?;
        let last = Entry::from_link(self.memory.load_u32(layout::LAST));
        self.join(last, Some(entry));
        self.join(Some(entry), None);
        if span >= MANY_BYTES && end <= self.memory.load_u32(layout::DIRTY_END) {
            self.memory.store_u64(layout::POSITION, u64::from(start));
            self.memory.store_u32(layout::PENDING_END, end);
        } else {
            self.zero_dirty(start, end);
            self.memory.store_u64(layout::POSITION, u64::from(end));
        }
        Some((entry, start))
    }

    /// Ends what can be touched at `position`, with nothing pending.
    #[inline]
    fn set_position(&mut self, position: u32) {
        self.memory.store_u64(layout::POSITION, u64::from(position));
        self.memory.store_u32(layout::PENDING_END, 0);
    }

    /// Returns what `block` does, when it is zero or written.
    #[inline]
    pub(crate) fn ready(&mut self, offset: Offset, len: u64) -> Option<Block> {
        let block = block_before(self.memory.load_u32(layout::POSITION), offset, len);
        if block.is_some() || self.memory.load_u32(layout::PENDING_END) == 0 {
            return block;
        }
        let block = self.block(offset, len)?;
        self.zero_pending();
        Some(block)
    }

    /// Makes the bytes from `start` to `end` zero, of which only those before `dirty_end` can differ.
    #[inline]
    fn zero_dirty(&mut self, start: u32, end: u32) {
        let dirty_end = self.memory.load_u32(layout::DIRTY_END);
        if dirty_end > start {
            self.zero(start, end.min(dirty_end) - start);
        }
        if end > dirty_end {
            self.memory.store_u32(layout::DIRTY_END, end);
        }
    }

    /// Makes `len` bytes from `address` zero, a multiple of [`layout::BLOCK_ALIGN`] and not none. A few of them are
    /// stored word by word: an engine calls a function of its own to fill memory, which takes longer.
    #[inline]
    fn zero(&mut self, address: u32, len: u32) {
        if len > FEW_BYTES {
            return self.memory.fill_zero(address, len);
        }
        let end = address + len;
        let mut address = address;
        loop {
            self.memory.store_u64(address, 0);
            self.memory.store_u64(address + 8, 0);
            address += layout::BLOCK_ALIGN;
            if address >= end {
                return;
            }
        }
    }

    /// Grows the memory by `missing` bytes or more, and by `wanted` bytes or nearly so if it can.
    fn grow(&mut self, missing: u64, wanted: u64) -> Option<()> {
        let fewest = u32::try_from(missing.div_ceil(u64::from(layout::PAGE_LEN))).ok()?;
        let most = u32::try_from(wanted.div_ceil(u64::from(layout::PAGE_LEN))).ok()?;
        let mut n_pages = most.max(fewest);
        while !self.memory.grow(n_pages) {
            if n_pages == fewest {
                return None;
            }
            n_pages = (n_pages / 2).max(fewest);
        }
        Some(())
    }

    /// Makes the memory at least `end` bytes long and returns whether it could.
    fn reach(&mut self, end: u32) -> bool {
        let missing = end.saturating_sub(self.end());
        missing == 0 || self.memory.grow(missing.div_ceil(layout::PAGE_LEN))
    }

    /// Makes the input empty, and its block no block any more, unless that carries a result.
    #[cold]
    fn free_input(&mut self, offset: Offset) {
        if self.input_block().is_some_and(|input| !self.carries_result(input)) {
            self.clear_input_at(offset);
            self.memory.store_u64(layout::INPUT_EXTENT, 0);
        }
    }

    /// Returns the block of the input that the host placed, until it is freed.
    #[inline]
    fn input_block(&self) -> Option<Block> {
        let len = self.memory.load_u32(layout::INPUT_EXTENT);
        let offset = Offset::at(layout::GUEST_START)?;
        (len > 0).then(|| Block::new(offset, len))
    }
}

/// Returns `len` bytes from `offset` as a block if they lie between `GUEST_START` and `end`.
#[inline]
fn block_before(end: u32, offset: Offset, len: u64) -> Option<Block> {
    let len = u32::try_from(len).ok()?;
    let start = offset.get();
    (start >= layout::GUEST_START && start <= end && len <= end - start)
        .then(|| Block::new(offset, len))
}

#[cfg(test)]
mod tests;
