//! The reference model: what must come of each step, kept in the plainest form.
//!
//! It knows the active blocks, the registers, and every byte of memory but the kernel's own, and so
//! notices any byte that a step should not have changed. Which block `alloc` chooses is the kernel's
//! business; the model only asks that the choice is sound. It trusts nothing but [`layout`].

use std::{collections::BTreeMap, ops::Range};

use super::{Call, Function, generator::scramble};
use crate::layout;

const GUEST_START: u64 = layout::GUEST_START as u64;
const BLOCK_ALIGN: u64 = layout::BLOCK_ALIGN as u64;
const PAGE_LEN: u64 = layout::PAGE_LEN as u64;
/// The first address that the model predicts again after the registers.
const ROOT: Range<u64> = layout::ROOT as u64..GUEST_START;
/// How many freed offsets a guest remembers.
const N_STALE: usize = 64;

/// What a guest and its host may know about the kernel's memory.
#[derive(Clone, Debug)]
pub struct Model {
    /// Length of each active block by its start, the input block included.
    blocks: BTreeMap<u64, u64>,
    /// Starts of blocks that were freed.
    stale: Vec<u64>,
    /// Every byte of memory. The root and the ledger are the kernel's own, and not looked at.
    bytes: Vec<u8>,
    position: u64,
    /// What was handed out but is not zero before it is seen. `bytes` has what it is.
    pending: Range<u64>,
    /// Where the ledger lies at the top of memory; empty while it is inline.
    ledger: Range<u64>,
    /// End of the input that the host placed, freed or not.
    input_end: u64,
    input: (u64, u64),
    output: (u64, u64),
    error: u64,
    limit: u64,
}

impl Model {
    /// Models a fresh memory that may grow to `page_limit` pages.
    #[must_use]
    pub fn new(memory: &[u8], page_limit: u32) -> Self {
        Self {
            blocks: BTreeMap::new(),
            stale: Vec::new(),
            bytes: memory.to_vec(),
            position: GUEST_START,
            pending: 0..0,
            ledger: 0..0,
            input_end: GUEST_START,
            input: (0, 0),
            output: (0, 0),
            error: 0,
            limit: u64::from(page_limit) * PAGE_LEN,
        }
    }

    /// Returns the number of active blocks.
    pub fn n_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Returns start and length of the active block at or after `at`, wrapped into the bytes in use.
    pub fn block_near(&self, at: u64) -> Option<(u64, u64)> {
        let at = GUEST_START + at % (self.position - GUEST_START + 1);
        let block = self.blocks.range(at..).next().or_else(|| self.blocks.iter().next());
        block.map(|(start, len)| (*start, *len))
    }

    /// Returns one of the starts of blocks that were freed.
    pub fn stale(&self, at: u64) -> Option<u64> {
        let idx = at.checked_rem(self.stale.len() as u64)?;
        self.stale.get(usize::try_from(idx).ok()?).copied()
    }

    /// Returns the end of the bytes that were handed out.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Returns the size of the memory.
    pub fn end(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Returns the size that the memory may grow to.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Returns where the ledger lies at the top of memory; empty while it is inline.
    pub fn ledger(&self) -> Range<u64> {
        self.ledger.clone()
    }

    /// Returns offset and length of the input.
    pub fn input(&self) -> (u64, u64) {
        self.input
    }

    /// Makes `len` bytes of input from `seed`.
    pub fn input_bytes(len: u64, seed: u64) -> Vec<u8> {
        (0..len).map(|idx| scramble(seed ^ (idx / 8)).to_le_bytes()[(idx % 8) as usize]).collect()
    }

    /// Takes note that the host began a call with `input`, or failed to, which leaves no block.
    ///
    /// # Panics
    ///
    /// If `began` is not what the limit of the memory allows, or the kernel is left in another state.
    pub fn begin(&mut self, input: &[u8], began: bool, memory: &[u8]) {
        let input_len = input.len() as u64;
        let fits = align_up(GUEST_START + input_len) <= self.limit;
        assert_eq!(began, fits, "an input of {input_len} bytes fits if the memory may grow for it");
        self.clear();
        if began && input_len > 0 {
            self.input_end = align_up(GUEST_START + input_len);
            self.blocks.insert(GUEST_START, input_len);
            self.input = (GUEST_START, input_len);
        }
        self.bytes.resize(memory.len().max(self.bytes.len()), 0);
        self.zero(self.ledger.clone());
        self.ledger = 0..0;
        if began {
            self.zero(GUEST_START..self.input_end);
            let start = to_idx(GUEST_START);
            self.bytes[start..start + input.len()].copy_from_slice(input);
        }
        self.observe(memory);
        assert_eq!(self.position, self.input_end, "the position is behind the input");
    }

    /// Takes note that `call` gave `result` and left `memory`.
    ///
    /// # Panics
    ///
    /// If the result, the registers or the position are not what they must be.
    pub fn call(&mut self, call: Call, result: u64, memory: &[u8]) {
        let position = self.position;
        let old_end = self.end();
        self.bytes.resize(memory.len(), 0);
        let expected = match call.function {
            Function::Alloc => {
                self.alloc(call.first, result, old_end, memory);
                result
            }
            Function::Free => {
                self.free(call.first, position_of(memory));
                0
            }
            Function::Reset => {
                self.clear();
                0
            }
            _ => self.constant(call),
        };
        assert_eq!(result, expected, "{call:?}");
        self.observe(memory);
        let may_move = [Function::Alloc, Function::Free, Function::Reset];
        if !may_move.contains(&call.function) {
            assert_eq!(self.position, position, "{call:?} leaves the position");
        }
        if call.function != Function::Alloc {
            assert_eq!(self.end(), old_end, "{call:?} leaves the size");
        }
    }

    /// Compares the bytes that a guest can load.
    ///
    /// # Panics
    ///
    /// If one is not what it must be.
    pub fn compare_guest_bytes(&self, memory: &[u8]) {
        self.compare(memory, GUEST_START..self.position);
    }

    /// Compares all bytes but the root and the ledger.
    ///
    /// # Panics
    ///
    /// If one is not what it must be.
    pub fn compare_all_bytes(&self, memory: &[u8]) {
        assert_eq!(memory.len(), self.bytes.len(), "the memory has the size it must have");
        self.compare(memory, 0..ROOT.start);
        if self.ledger.is_empty() {
            self.compare(memory, ROOT.end..self.end());
        } else {
            self.compare(memory, ROOT.end..self.ledger.start);
            self.compare(memory, self.ledger.end..self.end());
        }
    }

    fn compare(&self, memory: &[u8], range: Range<u64>) {
        let range = to_idx(range.start)..to_idx(range.end);
        let (is, should_be) = (&memory[range.clone()], &self.bytes[range.clone()]);
        if is != should_be {
            let idx = is.iter().zip(should_be).position(|(left, right)| left != right);
            panic!("the byte at {:?} changed", idx.map(|idx| range.start + idx));
        }
    }

    /// Reads position and ledger, which the kernel chooses, and compares the other registers.
    ///
    /// What the ledger leaves becomes zero, save where it lies now.
    fn observe(&mut self, memory: &[u8]) {
        self.position = position_of(memory);
        let pending_end = half_word(memory, layout::PENDING_END);
        let pending =
            if pending_end == 0 { 0..0 } else { word(memory, layout::POSITION)..pending_end };
        assert_eq!(pending, self.pending, "what is not yet zero");
        let base = word(memory, layout::LEDGER) & u64::from(u32::MAX);
        let doublings = word(memory, layout::LEDGER) >> 32;
        let ledger = if base == 0 { 0..0 } else { base..base + (896 << doublings) };
        if ledger.is_empty() {
            self.zero(self.ledger.clone());
        } else {
            self.zero(self.ledger.start..self.ledger.end.min(ledger.start));
        }
        self.ledger = ledger;
        for (address, value) in [
            (layout::INPUT_OFFSET, self.input.0),
            (layout::INPUT_LENGTH, self.input.1),
            (layout::OUTPUT_OFFSET, self.output.0),
            (layout::OUTPUT_LENGTH, self.output.1),
            (layout::ERROR_OFFSET, self.error),
        ] {
            assert_eq!(word(memory, address), value, "the register at {address}");
        }
    }

    fn clear(&mut self) {
        self.stale.extend(self.blocks.keys().take(4));
        self.blocks.clear();
        self.pending = 0..0;
        self.forget_old_stale();
        self.input_end = GUEST_START;
        self.input = (0, 0);
        self.output = (0, 0);
        self.error = 0;
    }

    fn alloc(&mut self, len: u64, result: u64, old_end: u64, memory: &[u8]) {
        let Some(span) = len.checked_next_multiple_of(BLOCK_ALIGN).filter(|span| *span > 0) else {
            assert_eq!(result, 0, "no block of {len} bytes");
            return;
        };
        if result == 0 {
            let doublings = word(memory, layout::LEDGER) >> 32;
            let room = self.limit.saturating_sub(self.position + (896 << (doublings + 1)));
            assert!(span > room, "a block of {len} bytes fits into {room}");
            assert_eq!(self.end(), old_end, "an allocation that fails does not grow memory");
            if u32::try_from(span).is_ok() {
                self.zero_pending();
            }
            return;
        }
        assert_eq!(result % BLOCK_ALIGN, 0, "blocks are aligned");
        assert!(result >= self.input_end, "blocks leave the input alone");
        let before = self.blocks.range(..=result).next_back();
        assert!(before.is_none_or(|(start, len)| start + len <= result), "blocks do not overlap");
        let after = self.blocks.range(result..).next();
        assert!(after.is_none_or(|(start, _)| result + span <= *start), "blocks do not overlap");
        let position = if result >= self.position {
            assert_eq!(result, self.position, "a new block starts at the position");
            self.zero_pending();
            result + span
        } else {
            self.position
        };
        assert_eq!(position_of(memory), position, "the position is behind all blocks");
        assert!(result + span <= position, "blocks end below the position");
        self.blocks.insert(result, len);
        if word(memory, layout::POSITION) == result {
            self.pending = result..position;
        } else {
            self.zero(result..result + span);
        }
    }

    fn free(&mut self, start: u64, position: u64) {
        let carries = |len: u64| {
            let (output, output_len) = self.output;
            self.error == start || (output < start + len && start < output + output_len)
        };
        let frees = self.blocks.get(&start).is_some_and(|len| !carries(*len));
        if !frees {
            assert_eq!(position, self.position, "what is not freed leaves the position");
            return;
        }
        self.blocks.remove(&start);
        self.stale.push(start);
        self.forget_old_stale();
        if self.input.0 == start {
            self.input = (0, 0);
        }
        let blocks_end = self.blocks.last_key_value().map_or(0, |(start, len)| start + len);
        assert!(position >= align_up(blocks_end).max(self.input_end), "blocks stay in bounds");
        assert!(position <= self.position, "freeing does not use memory");
        if position < self.position {
            self.pending = 0..0;
        }
        for range in [&mut self.input, &mut self.output] {
            if range.0 + range.1 > position {
                *range = (0, 0);
            }
        }
    }

    /// Returns the result of a call that changes no block, and does what it does.
    fn constant(&mut self, call: Call) -> u64 {
        let Call { function, first, second } = call;
        match function {
            Function::Length | Function::LengthUnsafe => {
                self.blocks.get(&first).copied().unwrap_or(0)
            }
            Function::LoadU8 => self.load(first, 1),
            Function::LoadU64 => self.load(first, 8),
            Function::StoreU8 => self.store(first, &second.to_le_bytes()[..1]),
            Function::StoreU64 => self.store(first, &second.to_le_bytes()),
            Function::InputSet => self.set_range(|model| &mut model.input, first, second),
            Function::InputOffset => self.input.0,
            Function::InputLength => self.input.1,
            Function::InputLoadU8 => self.load_input(first, 1),
            Function::InputLoadU64 => self.load_input(first, 8),
            Function::OutputSet => self.set_range(|model| &mut model.output, first, second),
            Function::OutputOffset => self.output.0,
            Function::OutputLength => self.output.1,
            Function::ErrorSet => {
                if let Some(len) = self.blocks.get(&first) {
                    self.see(first, *len);
                }
                if first == 0 || self.blocks.contains_key(&first) {
                    self.error = first;
                }
                0
            }
            Function::ErrorGet => self.error,
            Function::MemoryBytes => self.end() - GUEST_START,
            Function::Alloc | Function::Free | Function::Reset => 0,
        }
    }

    fn in_bounds(&self, offset: u64, len: u64) -> bool {
        let bounds = u128::from(GUEST_START)..=u128::from(self.position);
        bounds.contains(&u128::from(offset))
            && bounds.contains(&(u128::from(offset) + u128::from(len)))
    }

    fn load(&mut self, offset: u64, len: usize) -> u64 {
        let mut value = [0; 8];
        if self.in_bounds(offset, len as u64) {
            self.see(offset, len as u64);
            let start = to_idx(offset);
            value[..len].copy_from_slice(&self.bytes[start..start + len]);
        }
        u64::from_le_bytes(value)
    }

    fn load_input(&mut self, idx: u64, len: usize) -> u64 {
        let in_input = u128::from(idx) + len as u128 <= u128::from(self.input.1);
        if in_input { self.load(self.input.0 + idx, len) } else { 0 }
    }

    fn store(&mut self, offset: u64, value: &[u8]) -> u64 {
        if self.in_bounds(offset, value.len() as u64) {
            self.see(offset, value.len() as u64);
            let start = to_idx(offset);
            self.bytes[start..start + value.len()].copy_from_slice(value);
        }
        0
    }

    fn set_range(&mut self, range: fn(&mut Self) -> &mut (u64, u64), offset: u64, len: u64) -> u64 {
        if len == 0 {
            *range(self) = (0, 0);
        } else if self.in_bounds(offset, len) {
            self.see(offset, len);
            *range(self) = (offset, len);
        }
        0
    }

    /// Makes all that is pending zero, if some of it is among these bytes.
    fn see(&mut self, offset: u64, len: u64) {
        if offset + len > self.pending.start {
            self.zero_pending();
        }
    }

    fn zero_pending(&mut self) {
        self.zero(self.pending.clone());
        self.pending = 0..0;
    }

    fn zero(&mut self, range: Range<u64>) {
        if !range.is_empty() {
            self.bytes[to_idx(range.start)..to_idx(range.end)].fill(0);
        }
    }

    fn forget_old_stale(&mut self) {
        let n_old = self.stale.len().saturating_sub(N_STALE);
        self.stale.drain(..n_old);
    }
}

fn align_up(len: u64) -> u64 {
    len.next_multiple_of(BLOCK_ALIGN)
}

fn to_idx(address: u64) -> usize {
    usize::try_from(address).expect("a memory is addressable")
}

/// Returns the end of what was handed out.
fn position_of(memory: &[u8]) -> u64 {
    let pending_end = half_word(memory, layout::PENDING_END);
    word(memory, layout::POSITION).max(pending_end).max(GUEST_START)
}

fn half_word(memory: &[u8], address: u32) -> u64 {
    word(memory, address) & u64::from(u32::MAX)
}

fn word(memory: &[u8], address: u32) -> u64 {
    let start = address as usize;
    u64::from_le_bytes(memory[start..start + 8].try_into().expect("eight bytes"))
}
