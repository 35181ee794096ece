//! Free blocks: found by size, split when taken, merged with their neighbours when given back.
//!
//! A bin holds the free blocks of one power of two of spans, newest first, and a bitmap tells which
//! bins have any. Two free blocks never touch, and no free block ends at the position: it is given back
//! to the unused rest of memory instead. This file changes no byte of a block.

use crate::{Heap, Memory, layout, ledger::Entry};

/// A block is split when at least this many bytes would be left over.
const SPLIT_LEN: u32 = 2 * layout::BLOCK_ALIGN;

impl<M: Memory> Heap<M> {
    /// Takes a free block of at least `span` bytes out of its bin, or returns `None` if a look at the
    /// newest block of the fitting bin and at the larger bins finds none.
    #[inline]
    pub(crate) fn take_free(&mut self, span: u32) -> Option<Entry> {
        let bin = bin_of(span);
        let bitmap = self.memory.load_u32(layout::BIN_BITMAP);
        if bitmap >> bin == 0 {
            return None;
        }
        let own = self.bin_head(bin).filter(|entry| self.span(*entry) >= span);
        let entry = match own {
            Some(entry) => entry,
            None => self.bin_head(self.next_bin(bin + 1)?)?,
        };
        self.leave_bin(entry);
        Some(entry)
    }

    /// Makes the rest of a block beyond `span` bytes a free block of its own, if it is worth an entry
    /// and there is room for one. Returns the block's entry, which may have moved for that.
    pub(crate) fn split(&mut self, entry: Entry, span: u32) -> Option<Entry> {
        if self.span(entry) - span < SPLIT_LEN {
            return Some(entry);
        }
        let old = self.ledger();
        let has_room = self.make_room(self.position(), 0).is_some();
        let entry = entry.moved(old, self.ledger())?;
        let start = self.field(entry, layout::ENTRY_START) + span;
        if has_room && let Some(rest) = self.take_entry(start) {
            let next = self.neighbour(entry, layout::ENTRY_NEXT);
            self.join(Some(rest), next);
            self.join(Some(entry), Some(rest));
            self.enter_bin(rest);
        }
        Some(entry)
    }

    /// Gives back a block that is neither active nor in a bin.
    pub(crate) fn release(&mut self, entry: Entry) {
        if let Some(next) = self.free_neighbour(entry, layout::ENTRY_NEXT) {
            self.leave_bin(next);
            self.absorb(entry, next);
        }
        let entry = match self.free_neighbour(entry, layout::ENTRY_PREVIOUS) {
            Some(previous) => {
                self.leave_bin(previous);
                self.absorb(previous, entry);
                previous
            }
            None => entry,
        };
        if self.neighbour(entry, layout::ENTRY_NEXT).is_some() {
            self.enter_bin(entry);
        } else {
            let start = self.field(entry, layout::ENTRY_START);
            let previous = self.neighbour(entry, layout::ENTRY_PREVIOUS);
            self.join(previous, None);
            self.vacate(entry);
            self.lower_position(start);
        }
    }

    /// Returns the newest block of a bin.
    #[inline]
    pub(crate) fn bin_head(&self, bin: u32) -> Option<Entry> {
        let bitmap = self.memory.load_u32(layout::BIN_BITMAP);
        if bitmap & (1 << bin) == 0 {
            return None;
        }
        Entry::from_link(self.memory.load_u32(bin_address(bin)))
    }

    /// Returns the first bin from `bin` on that has a block.
    #[inline]
    fn next_bin(&self, bin: u32) -> Option<u32> {
        let bitmap = self.memory.load_u32(layout::BIN_BITMAP);
        let larger = (bitmap >> bin) << bin;
        (larger != 0).then(|| larger.trailing_zeros())
    }

    fn enter_bin(&mut self, entry: Entry) {
        let bin = bin_of(self.span(entry));
        let head = self.bin_head(bin);
        self.set_field(entry, layout::ENTRY_BACK_LINK, 0);
        self.set_bin_head(bin, Some(entry));
        self.set_field(entry, layout::ENTRY_LINK, Entry::to_link(head));
        if let Some(head) = head {
            self.set_field(head, layout::ENTRY_BACK_LINK, Entry::to_link(Some(entry)));
        }
    }

    fn leave_bin(&mut self, entry: Entry) {
        let before = self.neighbour(entry, layout::ENTRY_BACK_LINK);
        let after = self.neighbour(entry, layout::ENTRY_LINK);
        match before {
            Some(before) => self.set_field(before, layout::ENTRY_LINK, Entry::to_link(after)),
            None => self.set_bin_head(bin_of(self.span(entry)), after),
        }
        if let Some(after) = after {
            self.set_field(after, layout::ENTRY_BACK_LINK, Entry::to_link(before));
        }
    }

    #[inline]
    fn set_bin_head(&mut self, bin: u32, head: Option<Entry>) {
        let bitmap = self.memory.load_u32(layout::BIN_BITMAP) & !(1 << bin);
        self.memory.store_u32(layout::BIN_BITMAP, bitmap | u32::from(head.is_some()) << bin);
        self.memory.store_u32(bin_address(bin), Entry::to_link(head));
    }

    #[inline]
    fn free_neighbour(&self, entry: Entry, field: u32) -> Option<Entry> {
        self.neighbour(entry, field).filter(|neighbour| self.is_free(*neighbour))
    }

    /// Makes the block of `second`, which follows, part of the block of `first`.
    #[inline]
    fn absorb(&mut self, first: Entry, second: Entry) {
        let next = self.neighbour(second, layout::ENTRY_NEXT);
        self.join(Some(first), next);
        self.vacate(second);
    }
}

/// Returns the bin of free blocks that span `span` bytes.
#[inline]
pub(crate) fn bin_of(span: u32) -> u32 {
    (span / layout::BLOCK_ALIGN).max(1).ilog2()
}

#[inline]
fn bin_address(bin: u32) -> u32 {
    layout::BINS + bin * 4
}
