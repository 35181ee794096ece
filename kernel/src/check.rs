//! Walks everything the kernel keeps and asserts what must hold between any two of its operations.
//!
//! It reads only, shares no shortcut with the code it checks, and exists for tests and fuzzing.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use crate::{
    Heap, Memory, Offset,
    free_list::bin_of,
    layout,
    ledger::{Entry, Ledger},
};

impl<M: Memory> Heap<M> {
    /// Checks every block, list and register.
    ///
    /// # Panics
    ///
    /// If an invariant does not hold.
    pub fn check(&self) {
        self.check_bounds();
        let entries = self.walk_blocks();
        let n_active = self.check_blocks(&entries);
        assert_eq!(self.walk_buckets(), n_active, "the hash chains hold the active blocks");
        let n_free = entries.len() - n_active;
        assert_eq!(self.walk_bins(&entries), n_free, "the bins hold the free blocks");
        self.check_vacant(entries.len());
        self.check_channel();
    }

    /// Checks that all bytes that were never handed out, or not since they were cleared, are zero.
    ///
    /// # Panics
    ///
    /// If one is not.
    pub fn check_untouched(&self) {
        let end = if self.ledger().is_inline() { self.end() } else { self.ledger().base };
        let dirty_end = self.memory.load_u32(layout::DIRTY_END).max(self.position());
        let n_words = end.saturating_sub(dirty_end) / 8;
        let dirty = (0..n_words).find(|idx| self.memory.load_u64(end - 8 * (idx + 1)) != 0);
        assert_eq!(dirty, None, "bytes past `dirty_end` are zero");
        assert_eq!(self.memory.load_u64(0) | self.memory.load_u64(8), 0, "null is not written");
    }

    /// Returns the range that the ledger takes at the top of memory: empty while it is inline.
    pub(crate) fn top_ledger(&self) -> Range<u32> {
        let ledger = self.ledger();
        let len = u32::try_from(Ledger::top_len(ledger.doublings)).expect("a ledger fits memory");
        ledger.base..ledger.base + len
    }

    fn check_bounds(&self) {
        let position = self.position();
        assert_eq!(position % layout::BLOCK_ALIGN, 0, "the position is aligned");
        let ledger = self.top_ledger();
        let end = if ledger.is_empty() { self.end() } else { ledger.start };
        assert!(position <= end, "the position {position} is below the ledger at {end}");
        assert!(ledger.end <= self.end(), "the ledger ends in memory");
        assert_eq!(ledger.is_empty(), self.ledger().is_inline(), "only an inline ledger is small");
        let handed_out = position > layout::GUEST_START;
        let dirty_end = self.memory.load_u32(layout::DIRTY_END);
        assert!(!handed_out || dirty_end >= position, "handed out bytes are dirty");
        let pending_end = self.memory.load_u32(layout::PENDING_END);
        let is_pending = pending_end > 0;
        assert!(!is_pending || pending_end == position, "only the last bytes are not yet zero");
        let last = Entry::from_link(self.memory.load_u32(layout::LAST));
        let last = last.map_or(layout::GUEST_START, |last| self.field(last, layout::ENTRY_START));
        let ready_end = self.memory.load_u32(layout::POSITION);
        assert!(!is_pending || last <= ready_end, "only the last block is not yet zero");
        assert!(
            self.memory.load_u32(layout::N_ENTRIES) <= self.ledger().capacity(),
            "entries fit the ledger"
        );
    }

    /// Returns the entries of all blocks in the order of their addresses.
    fn walk_blocks(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut at = Entry::from_link(self.memory.load_u32(layout::LAST));
        let mut after = None;
        while let Some(entry) = at {
            assert_eq!(self.neighbour(entry, layout::ENTRY_NEXT), after, "neighbours agree");
            assert!(
                entries.len() < self.memory.load_u32(layout::N_ENTRIES) as usize,
                "the order of blocks has an end"
            );
            assert!(self.is_in_ledger(entry), "{entry:?} is an entry");
            entries.push(entry);
            after = at;
            at = self.neighbour(entry, layout::ENTRY_PREVIOUS);
        }
        entries.reverse();
        entries
    }

    fn is_in_ledger(&self, entry: Entry) -> bool {
        let (at, first) = (Entry::to_link(Some(entry)), self.ledger().entries());
        let end = first + self.memory.load_u32(layout::N_ENTRIES) * layout::ENTRY_LEN;
        (first..end).contains(&at) && (at - first) % layout::ENTRY_LEN == 0
    }

    /// Checks each block against its neighbours and returns how many are active.
    fn check_blocks(&self, entries: &[Entry]) -> usize {
        let input_len = self.memory.load_u32(layout::INPUT_EXTENT);
        let input_end = layout::GUEST_START + input_len.next_multiple_of(layout::BLOCK_ALIGN);
        assert!(input_end <= self.position(), "the input lies below the position");
        let mut lowest = input_end;
        let mut after_free = false;
        for entry in entries {
            let start = self.field(*entry, layout::ENTRY_START);
            let span = self.span(*entry);
            assert!(start >= lowest, "the block at {start} starts after {lowest}");
            assert!(
                start % layout::BLOCK_ALIGN == 0 && span > 0,
                "the block at {start} is aligned"
            );
            let is_free = self.is_free(*entry);
            assert!(!(after_free && is_free), "free neighbours of {start} merge");
            if !is_free {
                let len = self.field(*entry, layout::ENTRY_BLOCK_LEN);
                assert!(len <= span, "the block at {start} holds its {len} bytes");
                let offset = Offset::at(start).expect("no block starts at zero");
                assert_eq!(self.find(offset), Some(*entry), "the block at {start} is found");
            }
            after_free = is_free;
            lowest = start + span;
        }
        assert!(!after_free, "a free block at the position is given back");
        assert!(entries.is_empty() || lowest == self.position(), "blocks end at the position");
        entries.iter().filter(|entry| !self.is_free(**entry)).count()
    }

    /// Returns how many entries the hash chains hold.
    fn walk_buckets(&self) -> usize {
        let ledger = self.ledger();
        let mut n_linked = 0;
        for idx in 0..ledger.capacity() {
            let head = self.memory.load_u32(ledger.buckets() + idx * layout::BUCKET_LEN);
            let mut at = Entry::from_link(head);
            while let Some(entry) = at {
                assert!(!self.is_free(entry), "hash chains hold active blocks");
                n_linked += 1;
                at = self.neighbour(entry, layout::ENTRY_LINK);
            }
        }
        n_linked
    }

    /// Returns how many of `entries` the bins hold; they hold no others.
    fn walk_bins(&self, entries: &[Entry]) -> usize {
        let spans: BTreeMap<u32, u32> =
            entries.iter().map(|entry| (Entry::to_link(Some(*entry)), self.span(*entry))).collect();
        let mut n_binned = 0;
        for bin in 0..u32::BITS {
            let bitmap = self.memory.load_u32(layout::BIN_BITMAP);
            assert!(bin < layout::N_BINS || bitmap & (1 << bin) == 0, "bin {bin} exists");
            let head = self.bin_head(bin);
            assert_eq!(head.is_some(), bitmap & (1 << bin) != 0, "bin {bin} is as its bit says");
            let mut before = None;
            let mut at = head;
            while let Some(entry) = at {
                let span = spans.get(&Entry::to_link(at)).expect("a bin holds blocks");
                assert!(self.is_free(entry) && bin_of(*span) == bin, "bin {bin} holds its sizes");
                assert_eq!(self.neighbour(entry, layout::ENTRY_BACK_LINK), before, "links agree");
                n_binned += 1;
                before = at;
                at = self.neighbour(entry, layout::ENTRY_LINK);
            }
        }
        n_binned
    }

    /// Checks that all entries without a block were given back.
    fn check_vacant(&self, n_blocks: usize) {
        let mut seen = BTreeSet::new();
        let mut at = Entry::from_link(self.memory.load_u32(layout::VACANT));
        while let Some(entry) = at {
            assert!(seen.insert(Entry::to_link(at)), "no entry is given back twice");
            assert!(self.is_in_ledger(entry), "{entry:?} is an entry");
            assert_eq!(self.field(entry, layout::ENTRY_START), 0, "a vacant entry has no block");
            assert!(self.is_free(entry), "a vacant entry is not active");
            at = self.neighbour(entry, layout::ENTRY_LINK);
        }
        let n_entries = self.memory.load_u32(layout::N_ENTRIES) as usize;
        assert_eq!(seen.len() + n_blocks, n_entries, "no entry is lost");
    }

    fn check_channel(&self) {
        for range in [self.input(), self.output()].into_iter().flatten() {
            assert!(range.len() > 0, "an empty range is at offset zero");
            let in_bounds = self.block(range.offset(), u64::from(range.len()));
            assert_eq!(in_bounds, Some(range), "registers are in bounds");
        }
        for (offset, len) in [
            (layout::INPUT_OFFSET, layout::INPUT_LENGTH),
            (layout::OUTPUT_OFFSET, layout::OUTPUT_LENGTH),
        ] {
            let (offset, len) = (self.memory.load_u64(offset), self.memory.load_u64(len));
            assert_eq!(offset == 0, len == 0, "only an empty range is at offset zero");
            assert!(u32::try_from(offset.max(len)).is_ok(), "registers are below 2^32");
        }
        if let Some(error) = self.error() {
            assert!(self.len_of(error).is_some(), "the error is an active block");
        }
    }
}
