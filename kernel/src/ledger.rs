//! The ledger: which blocks there are, in which order they lie, and which offset starts one.
//!
//! The ledger lies where no guest can store: inline in the root while it is small, then at the top of
//! memory. An entry is known by its address, so it is another one when the ledger has moved, and all
//! that name entries are moved along. An entry is *active* (its block is in use and its offset is in a
//! hash chain), *free* (its block is in a bin) or *vacant* (it has no block). This file keeps entries,
//! hash chains and the place of the ledger; it does not choose blocks and does not grow memory.

use core::num::NonZeroU32;

use crate::{Block, Heap, Memory, Offset, layout};

/// Multiplier of the hash while the host has set none: 2^64 divided by the golden ratio.
const FIXED_HASH_KEY: u64 = 0x9E37_79B9_7F4A_7C15;

/// The address of an entry, until the ledger moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry(NonZeroU32);

impl Entry {
    /// Returns the entry that a link names, or `None` for zero.
    #[inline]
    pub(crate) fn from_link(link: u32) -> Option<Self> {
        NonZeroU32::new(link).map(Self)
    }

    /// Returns the word that names `entry` in a link.
    #[inline]
    pub(crate) fn to_link(entry: Option<Self>) -> u32 {
        entry.map_or(0, |entry| entry.0.get())
    }

    /// Returns the same entry after the ledger moved from `old` to `new`.
    #[inline]
    pub(crate) fn moved(self, old: Ledger, new: Ledger) -> Option<Self> {
        Self::from_link(moved(self.0.get(), old, new))
    }
}

/// Where the ledger lies and how large it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ledger {
    /// Address of the ledger, or zero while it is inline.
    pub(crate) base: u32,
    /// How often the inline capacity has doubled.
    pub(crate) doublings: u32,
}

impl Ledger {
    /// The ledger in its place in the root.
    pub(crate) const INLINE: Self = Self { base: 0, doublings: 0 };

    /// Returns how many bytes a ledger of this size takes at the top of memory: none while inline.
    pub(crate) fn top_len(doublings: u32) -> u64 {
        let inline = u64::from(layout::INLINE_CAPACITY * (layout::BUCKET_LEN + layout::ENTRY_LEN));
        if doublings == 0 { 0 } else { inline << doublings }
    }

    #[inline]
    pub(crate) fn is_inline(self) -> bool {
        self.base == 0
    }

    #[inline]
    pub(crate) fn capacity(self) -> u32 {
        layout::INLINE_CAPACITY << self.doublings
    }

    #[inline]
    pub(crate) fn buckets(self) -> u32 {
        if self.is_inline() { layout::INLINE_BUCKETS } else { self.base }
    }

    pub(crate) fn buckets_len(self) -> u32 {
        self.capacity() * layout::BUCKET_LEN
    }

    /// Returns the address of the first entry.
    #[inline]
    pub(crate) fn entries(self) -> u32 {
        if self.is_inline() { layout::INLINE_ENTRIES } else { self.base + self.buckets_len() }
    }

    /// Returns the entry of this index.
    #[inline]
    fn entry(self, idx: u32) -> Option<Entry> {
        Entry::from_link(self.entries() + idx * layout::ENTRY_LEN)
    }

    /// Returns the first `n_entries` entries.
    fn all(self, n_entries: u32) -> impl Iterator<Item = Entry> {
        (0..n_entries).filter_map(move |idx| self.entry(idx))
    }

    /// Returns the address of the first byte after a ledger at the top of memory.
    fn end(self) -> u32 {
        self.entries() + self.capacity() * layout::ENTRY_LEN
    }
}

impl<M: Memory> Heap<M> {
    /// Returns where the ledger lies now.
    #[inline]
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger {
            base: self.memory.load_u32(layout::LEDGER),
            doublings: self.memory.load_u32(layout::DOUBLINGS),
        }
    }

    /// Returns whether the ledger has an entry that is not in use.
    #[inline]
    pub(crate) fn has_entry(&self, ledger: Ledger) -> bool {
        self.memory.load_u32(layout::VACANT) != 0
            || self.memory.load_u32(layout::N_ENTRIES) < ledger.capacity()
    }

    /// Moves the ledger to the end of memory, at this number of doublings, where nothing else lies.
    ///
    /// The place it leaves becomes zero, save what the new place covers.
    pub(crate) fn move_ledger(&mut self, doublings: u32) {
        let old = self.ledger();
        let len = u32::try_from(Ledger::top_len(doublings)).unwrap_or(0);
        let new = Ledger { base: self.end() - len, doublings };
        if new == old {
            return;
        }
        let n_entries = self.memory.load_u32(layout::N_ENTRIES);
        if new.doublings == old.doublings {
            self.memory.copy(old.base, new.base, len);
        } else {
            self.memory.copy(old.entries(), new.entries(), n_entries * layout::ENTRY_LEN);
        }
        if !old.is_inline() && old.base < new.base {
            self.memory.fill_zero(old.base, old.end().min(new.base) - old.base);
        }
        self.memory.store_u32(layout::LEDGER, new.base);
        self.memory.store_u32(layout::DOUBLINGS, new.doublings);
        self.move_links(old, new, n_entries);
        if new.doublings != old.doublings {
            self.memory.fill_zero(new.buckets(), new.buckets_len());
            for entry in new.all(n_entries) {
                if !self.is_free(entry) {
                    self.link_hash(entry, self.field(entry, layout::ENTRY_START));
                }
            }
        }
    }

    /// Lets all that names an entry name it where it is now.
    fn move_links(&mut self, old: Ledger, new: Ledger, n_entries: u32) {
        for address in [layout::VACANT, layout::LAST] {
            self.move_link(address, old, new);
        }
        let bitmap = self.memory.load_u32(layout::BIN_BITMAP);
        for bin in (0..layout::N_BINS).filter(|bin| bitmap & (1 << bin) != 0) {
            self.move_link(layout::BINS + bin * 4, old, new);
        }
        if new.doublings == old.doublings {
            for idx in 0..new.capacity() {
                self.move_link(new.buckets() + idx * layout::BUCKET_LEN, old, new);
            }
        }
        for entry in new.all(n_entries) {
            for field in [
                layout::ENTRY_PREVIOUS,
                layout::ENTRY_NEXT,
                layout::ENTRY_LINK,
                layout::ENTRY_BACK_LINK,
            ] {
                self.move_link(address_of(entry, field), old, new);
            }
        }
    }

    fn move_link(&mut self, address: u32, old: Ledger, new: Ledger) {
        let link = self.memory.load_u32(address);
        if link != 0 {
            self.memory.store_u32(address, moved(link, old, new));
        }
    }

    /// Empties the ledger and brings it back inline. The place it leaves becomes zero.
    pub(crate) fn clear_ledger(&mut self) {
        let ledger = self.ledger();
        if !ledger.is_inline() {
            self.memory.fill_zero(ledger.base, ledger.end() - ledger.base);
        }
        self.memory.store_u32(layout::LEDGER, 0);
        self.memory.store_u32(layout::DOUBLINGS, 0);
        self.memory.store_u32(layout::N_ENTRIES, 0);
        self.memory.store_u32(layout::VACANT, 0);
        self.memory.store_u32(layout::LAST, 0);
        self.memory.store_u32(layout::BIN_BITMAP, 0);
        self.memory.fill_zero(layout::INLINE_BUCKETS, Ledger::INLINE.buckets_len());
    }

    /// Takes an entry for a block that starts at `start`, or `None` if the ledger is full.
    ///
    /// The block is not in use, and all links of the entry are zero.
    #[inline]
    pub(crate) fn take_entry(&mut self, start: u32) -> Option<Entry> {
        let entry = match Entry::from_link(self.memory.load_u32(layout::VACANT)) {
            Some(vacant) => {
                self.memory.store_u32(layout::VACANT, self.field(vacant, layout::ENTRY_LINK));
                vacant
            }
            None => self.take_new_entry()?,
        };
        // The whole entry, in words.
        let address = address_of(entry, layout::ENTRY_START);
        self.memory.store_u64(address, start.into());
        self.memory.store_u64(address + 8, 0);
        self.memory.store_u64(address + 16, 0);
        Some(entry)
    }

    #[inline]
    fn take_new_entry(&mut self) -> Option<Entry> {
        let ledger = self.ledger();
        let n_entries = self.memory.load_u32(layout::N_ENTRIES);
        if n_entries >= ledger.capacity() {
            return None;
        }
        self.memory.store_u32(layout::N_ENTRIES, n_entries + 1);
        ledger.entry(n_entries)
    }

    /// Gives back an entry that no list names any more.
    #[inline]
    pub(crate) fn vacate(&mut self, entry: Entry) {
        let vacant = self.memory.load_u32(layout::VACANT);
        self.set_field(entry, layout::ENTRY_START, 0);
        self.set_field(entry, layout::ENTRY_BLOCK_LEN, 0);
        self.set_field(entry, layout::ENTRY_LINK, vacant);
        self.memory.store_u32(layout::VACANT, Entry::to_link(Some(entry)));
    }

    /// Returns the entry of the active block that starts at `offset`.
    #[inline]
    pub(crate) fn find(&self, offset: Offset) -> Option<Entry> {
        Entry::from_link(self.memory.load_u32(self.link_to(offset)))
    }

    /// Returns the address of the link that names the entry of the active block that starts at
    /// `offset`; the link is zero if there is none.
    #[inline]
    pub(crate) fn link_to(&self, offset: Offset) -> u32 {
        let mut at = self.bucket(offset.get());
        while let Some(entry) = Entry::from_link(self.memory.load_u32(at)) {
            if self.field(entry, layout::ENTRY_START) == offset.get() {
                break;
            }
            at = address_of(entry, layout::ENTRY_LINK);
        }
        at
    }

    /// Makes the block of `entry` active, which starts at `start`, with the length that was asked for.
    #[inline]
    pub(crate) fn activate(&mut self, entry: Entry, start: u32, len: u32) {
        self.set_field(entry, layout::ENTRY_BLOCK_LEN, len);
        self.link_hash(entry, start);
    }

    /// Makes an active block one that is neither active nor in a bin. The link at `link` names its
    /// entry.
    #[inline]
    pub(crate) fn deactivate(&mut self, entry: Entry, link: u32) {
        self.memory.store_u32(link, self.field(entry, layout::ENTRY_LINK));
        self.set_field(entry, layout::ENTRY_BLOCK_LEN, 0);
    }

    /// Returns whether `entry` has no active block.
    #[inline]
    pub(crate) fn is_free(&self, entry: Entry) -> bool {
        self.field(entry, layout::ENTRY_BLOCK_LEN) == 0
    }

    /// Returns the active block of `entry`, which starts at `offset`, in the length that was asked for.
    #[inline]
    pub(crate) fn active_block(&self, entry: Entry, offset: Offset) -> Block {
        Block::new(offset, self.field(entry, layout::ENTRY_BLOCK_LEN))
    }

    /// Returns how many bytes lie between the start of `entry`'s block and the start of the next.
    #[inline]
    pub(crate) fn span(&self, entry: Entry) -> u32 {
        let end = match self.neighbour(entry, layout::ENTRY_NEXT) {
            Some(next) => self.field(next, layout::ENTRY_START),
            None => self.position(),
        };
        end - self.field(entry, layout::ENTRY_START)
    }

    /// Returns the entry that a link field of `entry` names.
    #[inline]
    pub(crate) fn neighbour(&self, entry: Entry, field: u32) -> Option<Entry> {
        Entry::from_link(self.field(entry, field))
    }

    /// Makes `second` follow `first` in the order of addresses. `None` stands for the end.
    #[inline]
    pub(crate) fn join(&mut self, first: Option<Entry>, second: Option<Entry>) {
        if let Some(first) = first {
            self.set_field(first, layout::ENTRY_NEXT, Entry::to_link(second));
        }
        match second {
            Some(second) => {
                self.set_field(second, layout::ENTRY_PREVIOUS, Entry::to_link(first));
            }
            None => self.memory.store_u32(layout::LAST, Entry::to_link(first)),
        }
    }

    /// Loads a field of `entry`.
    #[inline]
    pub(crate) fn field(&self, entry: Entry, field: u32) -> u32 {
        self.memory.load_u32(address_of(entry, field))
    }

    /// Stores a field of `entry`.
    #[inline]
    pub(crate) fn set_field(&mut self, entry: Entry, field: u32, value: u32) {
        self.memory.store_u32(address_of(entry, field), value);
    }

    #[inline]
    fn link_hash(&mut self, entry: Entry, start: u32) {
        let bucket = self.bucket(start);
        let head = self.memory.load_u32(bucket);
        self.set_field(entry, layout::ENTRY_LINK, head);
        self.memory.store_u32(bucket, Entry::to_link(Some(entry)));
    }

    /// Returns the address of the bucket of blocks that start at `start`, by multiply-shift hashing.
    #[inline]
    fn bucket(&self, start: u32) -> u32 {
        let ledger = self.ledger();
        let key = match self.memory.load_u64(layout::HASH_KEY) {
            0 => FIXED_HASH_KEY,
            key => key | 1,
        };
        let hash = key.wrapping_mul(u64::from(start / layout::BLOCK_ALIGN));
        let bits = layout::INLINE_CAPACITY.ilog2() + ledger.doublings;
        // The shift leaves at most as many bits as a capacity has, which is far below 32.
        let idx = u32::try_from(hash >> (u64::BITS - bits)).unwrap_or(0);
        ledger.buckets() + idx * layout::BUCKET_LEN
    }
}

/// Returns the address of a field.
#[inline]
fn address_of(entry: Entry, field: u32) -> u32 {
    entry.0.get() + field
}

/// Returns the address in `new` of what is at an address among the entries of `old`.
#[inline]
fn moved(address: u32, old: Ledger, new: Ledger) -> u32 {
    new.entries() + (address - old.entries())
}
