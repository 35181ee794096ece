//! The host's side of the kernel: its module, one instance of it in a store, and the heap in its
//! memory.
//!
//! The kernel's crate is both the module that guests call and a library that works on bytes, and all
//! of a heap's state lies in its memory. So the host works on a guest's heap by itself, with the
//! kernel's own code compiled into the host: neither a call nor anything it does for one enters
//! WebAssembly. A call begins with two writes, of the input and of the registers that stand for an
//! empty heap with the input as its first block, and its outcome is read from the registers.

mod bytes;
mod discard;
mod functions;
mod module;
mod slack;

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    num::NonZeroU64,
};

use plugsmith_kernel::{CallStart, Heap, Memory as _, Offset, layout};
use wasmtime::{AsContext, AsContextMut, Caller, Extern, Instance, Memory, ModuleExport, Store};

pub(crate) use self::{
    bytes::Bytes,
    functions::define as define_functions,
    module::{KernelModule, exports},
    slack::Slack,
};
use crate::{
    error::CallError,
    limits::{PAGE_BYTES, Refusal},
    memory::{self, Block},
    state::State,
};

/// The kernel, built by `cargo xtask kernel`.
pub(crate) const KERNEL_WASM: &[u8] = include_bytes!("kernel.wasm");

/// The kernel of one instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernel {
    /// The kernel's own, or that of the guest's module which it is part of.
    instance: Instance,
    memory: Memory,
}

impl Kernel {
    /// Makes an instance of the kernel by itself.
    pub(crate) fn new(store: &mut Store<State>, kernel: &KernelModule) -> wasmtime::Result<Self> {
        let instance = kernel.instantiate(store)?;
        let memory =
            instance.get_memory(&mut *store, "memory").expect("the kernel exports its memory");
        Ok(Self::begun(store, instance, memory))
    }

    /// Finds the kernel in an instance of a module that it is part of. No code of it has run yet.
    pub(crate) fn fused(
        store: &mut Store<State>,
        instance: Instance,
        export: &ModuleExport,
    ) -> Self {
        let memory = instance
            .get_module_export(&mut *store, export)
            .and_then(Extern::into_memory)
            .expect("a fused module exports the kernel's memory");
        Self::begun(store, instance, memory)
    }

    fn begun(store: &mut Store<State>, instance: Instance, memory: Memory) -> Self {
        // Guests choose what is hashed; with a key of its own no instance can be attacked by blocks
        // that all fall into one bucket.
        let key = RandomState::new().build_hasher().finish() | 1;
        let mut bytes = Bytes::new(memory.data_mut(&mut *store));
        bytes.store_u64(layout::HASH_KEY, key);
        bytes.store_u64(layout::POSITION, layout::GUEST_START.into());
        Self { instance, memory }
    }

    /// Returns the export of this name, for a guest to import.
    pub(crate) fn export(&self, store: impl AsContextMut, name: &str) -> Option<Extern> {
        self.instance.get_export(store, name)
    }

    /// Empties the heap and makes `input` its first block and the call's input.
    ///
    /// # Errors
    ///
    /// [`CallError::InputTooLarge`] if the memory cannot grow to hold it; the heap is then as the last
    /// call left it.
    pub(crate) fn begin(
        &self,
        store: &mut Store<State>,
        slack: &mut Slack,
        input: &[u8],
    ) -> Result<(), CallError> {
        let Some(start) = CallStart::new(input.len() as u64) else {
            return Err(too_large(store, input.len()));
        };
        let mut bytes = self.memory.data_mut(&mut *store);
        let missing = (start.position() as usize).saturating_sub(bytes.len());
        if missing > 0 {
            if !self.grow(&mut *store, (missing as u64).div_ceil(PAGE_BYTES)) {
                return Err(too_large(store, input.len()));
            }
            bytes = self.memory.data_mut(store);
        }
        if word(bytes, layout::LEDGER) != 0 {
            // It has outgrown the registers.
            Heap::new(Bytes::new(bytes)).reset();
        }
        let dirty_end = word(bytes, layout::DIRTY_END);
        let dirty_end = slack.give_back(bytes, start.position(), dirty_end);
        let registers = start.registers(dirty_end);
        bytes[layout::ROOT as usize..][..layout::CALL_REGISTERS_LEN].copy_from_slice(&registers);
        let (block, padding) = bytes[layout::GUEST_START as usize..start.position() as usize]
            .split_at_mut(input.len());
        // Without input there is neither, and both would cost a call.
        if !input.is_empty() {
            memory::copy(input, block);
            // The guest may load these too, and must not see what an earlier call left.
            padding.fill(0);
        }
        Ok(())
    }

    fn grow(&self, ctx: impl AsContextMut<Data = State>, n_pages: u64) -> bool {
        self.memory.grow(ctx, n_pages).is_ok()
    }

    /// Frees every block.
    pub(crate) fn reset(&self, ctx: &mut impl AsContextMut<Data = State>) {
        self.unseen_heap(ctx).reset();
    }

    /// Returns the call's output; empty where it has none.
    pub(crate) fn output(&self, store: &Store<State>) -> Block {
        output(self.memory.data(store))
    }

    /// Returns the call's output, if no block carries an error.
    pub(crate) fn output_without_error(&self, store: &Store<State>) -> Option<Block> {
        let bytes = self.memory.data(store);
        (word(bytes, layout::ERROR_OFFSET) == 0).then(|| output(bytes))
    }

    /// Returns the block that carries the error, if there is one.
    pub(crate) fn error_block(&self, ctx: &mut impl AsContextMut<Data = State>) -> Option<Block> {
        let heap = self.heap(ctx);
        heap.active(heap.error()?).map(Block::from)
    }

    /// Makes the block at `offset` the one that carries the error; 0 for none.
    pub(crate) fn set_error(&self, ctx: &mut impl AsContextMut<Data = State>, offset: u64) {
        let mut heap = self.unseen_heap(ctx);
        match Offset::new(offset) {
            Some(offset) => heap.set_error(offset),
            None => heap.clear_error(),
        }
    }

    pub(crate) fn memory(&self) -> Memory {
        self.memory
    }

    /// Returns the bytes of the kernel's memory.
    pub(crate) fn bytes<'a>(&self, store: &'a Store<State>) -> &'a [u8] {
        self.memory.data(store)
    }

    /// Returns the block that starts at `offset`, if there is one.
    pub(crate) fn block(
        &self,
        ctx: &mut impl AsContextMut<Data = State>,
        offset: u64,
    ) -> Option<Block> {
        self.heap(ctx).active(Offset::new(offset)?).map(Block::from)
    }

    /// Returns the bytes of a block.
    pub(crate) fn read<'a>(&self, ctx: &'a impl AsContext<Data = State>, block: Block) -> &'a [u8] {
        &self.memory.data(ctx)[block.range()]
    }

    /// Returns the bytes of a block, to write.
    pub(crate) fn read_mut<'a>(
        &self,
        ctx: &'a mut impl AsContextMut<Data = State>,
        block: Block,
    ) -> &'a mut [u8] {
        &mut self.memory.data_mut(ctx)[block.range()]
    }

    /// Returns the run of `length` bytes at `offset` if all of it was handed out in this call, which
    /// is all that a guest itself can reach.
    pub(crate) fn handed_out(
        &self,
        ctx: &mut impl AsContextMut<Data = State>,
        offset: u64,
        length: u64,
    ) -> Option<Block> {
        if length == 0 {
            return Some(Block::EMPTY);
        }
        self.heap(ctx).block(Offset::new(offset)?, length).map(Block::from)
    }

    /// Reserves a block of `len` zeroed bytes, or returns `None` if the memory is exhausted or `len`
    /// zero.
    pub(crate) fn alloc(
        &self,
        ctx: &mut impl AsContextMut<Data = State>,
        len: u64,
    ) -> Option<Block> {
        let offset = functions::alloc(self.memory, ctx, NonZeroU64::new(len)?)?;
        self.heap(ctx).block(offset, len).map(Block::from)
    }

    /// Puts `bytes` into a new block, or returns `None` if the memory is exhausted or there are none.
    pub(crate) fn put(
        &self,
        ctx: &mut impl AsContextMut<Data = State>,
        bytes: &[u8],
    ) -> Option<Block> {
        let len = NonZeroU64::new(bytes.len() as u64)?;
        let offset = functions::alloc(self.memory, ctx, len)?;
        let mut heap = self.unseen_heap(ctx);
        let block = heap.overwrite(offset, len.get())?;
        memory::copy(bytes, heap.memory_mut().block_mut(block));
        Some(block.into())
    }

    /// Frees the block that starts at `offset`; does nothing if there is none.
    pub(crate) fn free(&self, ctx: &mut impl AsContextMut<Data = State>, offset: u64) {
        if let Some(offset) = Offset::new(offset) {
            self.unseen_heap(ctx).free(offset);
        }
    }

    /// Returns the heap beside the rest of what the instance carries.
    pub(crate) fn heap_and_state<'a>(
        &self,
        caller: &'a mut Caller<'_, State>,
    ) -> (Heap<Bytes<'a>>, &'a mut State) {
        let (bytes, state) = self.memory.data_and_store_mut(caller);
        (heap(bytes), state)
    }

    /// Returns the heap, for what does not read the bytes of blocks.
    fn unseen_heap<'a>(&self, ctx: &'a mut impl AsContextMut<Data = State>) -> Heap<Bytes<'a>> {
        Heap::new(Bytes::new(self.memory.data_mut(ctx)))
    }

    fn heap<'a>(&self, ctx: &'a mut impl AsContextMut<Data = State>) -> Heap<Bytes<'a>> {
        heap(self.memory.data_mut(ctx))
    }
}

/// Returns what the heap's blocks show, and all else that is in a kernel's memory.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn seen(mut bytes: Vec<u8>) -> Vec<u8> {
    heap(&mut bytes);
    bytes
}

/// Returns the heap, whose blocks all have the bytes that their owner would see.
fn heap(bytes: &mut [u8]) -> Heap<Bytes<'_>> {
    let mut heap = Heap::new(Bytes::new(bytes));
    heap.zero_pending();
    heap
}

fn too_large(store: &Store<State>, len: usize) -> CallError {
    let pages = match store.data().budget.refusal() {
        Some(Refusal::KernelMemory { limit_pages }) => limit_pages,
        _ => layout::MAX_PAGES,
    };
    let limit = u64::from(pages) * PAGE_BYTES - u64::from(layout::GUEST_START);
    CallError::InputTooLarge { len: len as u64, limit }
}

/// Returns the output that the registers name, which the heap keeps in bounds.
fn output(bytes: &[u8]) -> Block {
    Block::new(word(bytes, layout::OUTPUT_OFFSET), word(bytes, layout::OUTPUT_LENGTH))
}

/// Returns the register at `address`, of which the upper half, if it has one, is always zero.
fn word(bytes: &[u8], address: u32) -> u32 {
    let word = bytes[address as usize..].first_chunk();
    u32::from_le_bytes(*word.expect("registers lie in the first page"))
}
