//! The host's side of the kernel: its module, one instance of it in a store, and the registers in
//! its memory that the host reads and writes itself.
//!
//! A call costs no call into the kernel: [`Kernel::begin`] writes the registers that stand for an
//! empty heap with the input as its first block, and the outcome is read from them. The addresses
//! are those of `plugsmith-kernel`'s `layout`, which a test compares.

use std::{
    borrow::Cow,
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    ops::Range,
    sync::Arc,
};

use wasmtime::{
    AsContext, AsContextMut, Caller, Engine, Extern, ExternType, Instance, Memory, Module, Store,
    TypedFunc,
};

use crate::{
    error::CallError,
    fuse::FusedNotes,
    limits::{PAGE_BYTES, Refusal},
    memory::Block,
    state::State,
};

/// The kernel, built by `cargo xtask kernel`.
pub(crate) const KERNEL_WASM: &[u8] = include_bytes!("kernel.wasm");

/// The maximum in pages that the kernel's memory declares, by which `limits` knows it.
pub(crate) const KERNEL_MAX_PAGES: u32 = layout::MAX_PAGES;

/// Where the kernel keeps what the host reads and writes.
pub(crate) mod layout {
    pub(crate) const MAX_PAGES: u32 = 65_521;
    pub(crate) const BLOCK_ALIGN: usize = 16;
    pub(crate) const GUEST_START: usize = 1024;
    /// The first of the registers that begin a call, and how many bytes they are.
    pub(crate) const ROOT: usize = 16;
    pub(crate) const CALL_REGISTERS_LEN: usize = 144;
    pub(crate) const POSITION: usize = 16;
    pub(crate) const INPUT_OFFSET: usize = 24;
    pub(crate) const INPUT_LENGTH: usize = 32;
    pub(crate) const OUTPUT_OFFSET: usize = 40;
    pub(crate) const OUTPUT_LENGTH: usize = 48;
    pub(crate) const ERROR_OFFSET: usize = 56;
    pub(crate) const INPUT_EXTENT: usize = 64;
    pub(crate) const DIRTY_END: usize = 72;
    pub(crate) const LEDGER: usize = 160;
    pub(crate) const HASH_KEY: usize = 168;
}

/// The kernel, compiled for an engine.
#[derive(Debug)]
pub(crate) struct KernelModule {
    module: Module,
}

impl KernelModule {
    pub(crate) fn new(engine: &Engine) -> wasmtime::Result<Self> {
        Ok(Self { module: Module::new(engine, KERNEL_WASM)? })
    }

    /// Returns the type of the export `name`, if a guest may import it: every function, and the
    /// one global.
    pub(crate) fn export_type(&self, name: &str) -> Option<ExternType> {
        match self.module.get_export(name)? {
            ExternType::Memory(_) => None,
            ty => Some(ty),
        }
    }
}

/// The kernel of one instance.
pub(crate) struct Kernel {
    /// The kernel's own, or that of the guest's module which it is part of.
    instance: Instance,
    /// What its exports are called there.
    names: Names,
    memory: Memory,
    alloc: TypedFunc<u64, u64>,
    free: TypedFunc<u64, ()>,
    length: TypedFunc<u64, u64>,
    reset: TypedFunc<(), ()>,
}

impl Kernel {
    /// Makes an instance of the kernel by itself.
    pub(crate) fn new(store: &mut Store<State>, kernel: &KernelModule) -> wasmtime::Result<Self> {
        let instance = Instance::new(&mut *store, &kernel.module, &[])?;
        Self::of(store, instance, Names::Own)
    }

    /// Finds the kernel in an instance of a module that it is part of. No code of it has run yet.
    pub(crate) fn fused(
        store: &mut Store<State>,
        instance: Instance,
        notes: &Arc<FusedNotes>,
    ) -> wasmtime::Result<Self> {
        Self::of(store, instance, Names::Fused(Arc::clone(notes)))
    }

    fn of(store: &mut Store<State>, instance: Instance, names: Names) -> wasmtime::Result<Self> {
        let name = |name| names.of(name);
        let memory = instance
            .get_memory(&mut *store, &name("memory"))
            .expect("the kernel exports its memory");
        // Guests choose what is hashed; with a key of its own no instance can be attacked by blocks
        // that all fall into one bucket.
        let key = RandomState::new().build_hasher().finish() | 1;
        let registers = memory.data_mut(&mut *store);
        write_register(registers, layout::HASH_KEY, key);
        write_register(registers, layout::POSITION, layout::GUEST_START as u64);
        Ok(Self {
            instance,
            memory,
            alloc: instance.get_typed_func(&mut *store, &name("alloc"))?,
            free: instance.get_typed_func(&mut *store, &name("free"))?,
            length: instance.get_typed_func(&mut *store, &name("length"))?,
            reset: instance.get_typed_func(&mut *store, &name("reset"))?,
            names,
        })
    }

    /// Returns the kernel's export `name`, for a guest to import.
    pub(crate) fn export(&self, store: impl AsContextMut, name: &str) -> Option<Extern> {
        self.instance.get_export(store, &self.names.of(name))
    }

    /// Says whether the ledger has outgrown the registers, where [`Kernel::begin`] cannot empty it and
    /// [`Kernel::reset`] must.
    pub(crate) fn has_outgrown(&self, ctx: impl AsContext<Data = State>) -> bool {
        register(self.memory.data(&ctx), layout::LEDGER) != 0
    }

    /// Empties the heap, whose ledger is in the registers, and makes `input` its first block and the
    /// call's input.
    ///
    /// # Errors
    ///
    /// [`CallError::InputTooLarge`] if the memory cannot grow to hold it; the heap is then as the
    /// last call left it.
    pub(crate) fn begin(&self, store: &mut Store<State>, input: &[u8]) -> Result<(), CallError> {
        let position = self.reserve(store, input.len())?;
        let bytes = self.memory.data_mut(&mut *store);
        let dirty_end = register(bytes, layout::DIRTY_END).max(position as u64);
        let input_offset = if input.is_empty() { 0 } else { layout::GUEST_START as u64 };
        let mut registers = [0; layout::CALL_REGISTERS_LEN];
        for (address, value) in [
            (layout::POSITION, position as u64),
            (layout::INPUT_OFFSET, input_offset),
            (layout::INPUT_LENGTH, input.len() as u64),
            (layout::INPUT_EXTENT, input.len() as u64),
            (layout::DIRTY_END, dirty_end),
        ] {
            write_register(&mut registers, address - layout::ROOT, value);
        }
        bytes[layout::ROOT..][..layout::CALL_REGISTERS_LEN].copy_from_slice(&registers);
        let (block, padding) = bytes[layout::GUEST_START..position].split_at_mut(input.len());
        block.copy_from_slice(input);
        // The guest may load these too, and must not see what an earlier call left.
        padding.fill(0);
        Ok(())
    }

    /// Grows the memory to hold an input of `len` bytes, and returns where its block ends.
    fn reserve(&self, store: &mut Store<State>, len: usize) -> Result<usize, CallError> {
        let end = len
            .checked_next_multiple_of(layout::BLOCK_ALIGN)
            .and_then(|span| span.checked_add(layout::GUEST_START));
        let missing = end.map(|end| end.saturating_sub(self.memory.data_size(&*store)));
        let grown = missing.is_some_and(|missing| {
            missing == 0
                || self.memory.grow(&mut *store, (missing as u64).div_ceil(PAGE_BYTES)).is_ok()
        });
        match end {
            Some(end) if grown => Ok(end),
            _ => Err(too_large(store, len)),
        }
    }

    /// Frees every block.
    pub(crate) fn reset(&self, store: impl AsContextMut<Data = State>) -> wasmtime::Result<()> {
        self.reset.call(store, ())
    }

    /// Returns where the call's output lies; empty where it has none.
    pub(crate) fn output(&self, store: &Store<State>) -> Range<usize> {
        let bytes = self.memory.data(store);
        let offset = register(bytes, layout::OUTPUT_OFFSET);
        let len = register(bytes, layout::OUTPUT_LENGTH);
        Block::new(bytes, offset, len).map_or(0..0, Block::range)
    }

    /// Says whether a block carries the error.
    pub(crate) fn has_error(&self, ctx: impl AsContext<Data = State>) -> bool {
        register(self.memory.data(&ctx), layout::ERROR_OFFSET) != 0
    }

    /// Returns the block that carries the error, if there is one that is not empty.
    pub(crate) fn error_block(&self, mut ctx: impl AsContextMut<Data = State>) -> Option<Block> {
        let offset = register(self.memory.data(ctx.as_context()), layout::ERROR_OFFSET);
        if offset == 0 {
            return None;
        }
        self.block(&mut ctx, offset).ok()?
    }

    /// Makes the block at `offset` the one that carries the error; 0 for none.
    pub(crate) fn set_error(&self, mut ctx: impl AsContextMut<Data = State>, offset: u64) {
        let bytes = self.memory.data_mut(ctx.as_context_mut());
        write_register(bytes, layout::ERROR_OFFSET, offset);
    }

    /// Returns the kernel's memory.
    pub(crate) fn bytes<'a>(&self, store: &'a Store<State>) -> &'a [u8] {
        self.memory.data(store)
    }

    /// Returns the block that starts at `offset`, if there is one.
    pub(crate) fn block(
        &self,
        mut ctx: impl AsContextMut<Data = State>,
        offset: u64,
    ) -> wasmtime::Result<Option<Block>> {
        let len = self.length.call(&mut ctx, offset)?;
        let block = Block::new(self.memory.data(ctx.as_context()), offset, len);
        Ok(block.filter(|_| len > 0))
    }

    /// Returns the bytes of a block.
    pub(crate) fn read<'a>(&self, ctx: &'a impl AsContext<Data = State>, block: Block) -> &'a [u8] {
        &self.memory.data(ctx.as_context())[block.range()]
    }

    /// Returns the bytes of a block, to write, beside the rest of the state.
    pub(crate) fn read_mut_and_state<'a>(
        &self,
        caller: &'a mut Caller<'_, State>,
        block: Block,
    ) -> (&'a mut [u8], &'a mut State) {
        let (bytes, state) = self.memory.data_and_store_mut(caller);
        (&mut bytes[block.range()], state)
    }

    /// Returns the bytes of a block, to write.
    pub(crate) fn read_mut<'a>(
        &self,
        ctx: &'a mut impl AsContextMut<Data = State>,
        block: Block,
    ) -> &'a mut [u8] {
        &mut self.memory.data_mut(ctx.as_context_mut())[block.range()]
    }

    /// Returns the run of `length` bytes at `offset` if all of it was handed out in this call, which
    /// is all that a guest itself can reach.
    pub(crate) fn handed_out(
        &self,
        ctx: &impl AsContext<Data = State>,
        offset: u64,
        length: u64,
    ) -> Option<Block> {
        if length == 0 {
            return Some(Block::EMPTY);
        }
        let bytes = self.memory.data(ctx.as_context());
        let position = register(bytes, layout::POSITION);
        let end = offset.checked_add(length)?;
        (offset >= layout::GUEST_START as u64 && end <= position)
            .then(|| Block::new(bytes, offset, length))?
    }

    /// Reserves a block of `len` bytes, or returns `None` if the memory is exhausted or `len` zero.
    pub(crate) fn alloc(
        &self,
        mut ctx: impl AsContextMut<Data = State>,
        len: u64,
    ) -> wasmtime::Result<Option<Block>> {
        let offset = self.alloc.call(&mut ctx, len)?;
        let block = Block::new(self.memory.data(ctx.as_context()), offset, len);
        Ok(block.filter(|_| offset != 0))
    }

    /// Frees the block that starts at `offset`; does nothing if there is none.
    pub(crate) fn free(
        &self,
        ctx: impl AsContextMut<Data = State>,
        offset: u64,
    ) -> wasmtime::Result<()> {
        self.free.call(ctx, offset)
    }
}

/// What the kernel's exports are called.
enum Names {
    Own,
    Fused(Arc<FusedNotes>),
}

impl Names {
    fn of<'a>(&self, name: &'a str) -> Cow<'a, str> {
        match self {
            Self::Own => name.into(),
            Self::Fused(notes) => notes.kernel_name(name).into(),
        }
    }
}

fn too_large(store: &Store<State>, len: usize) -> CallError {
    let pages = match store.data().budget.refusal() {
        Some(Refusal::KernelMemory { limit_pages }) => limit_pages,
        _ => KERNEL_MAX_PAGES,
    };
    let limit = u64::from(pages) * PAGE_BYTES - layout::GUEST_START as u64;
    CallError::InputTooLarge { len: len as u64, limit }
}

fn register(bytes: &[u8], address: usize) -> u64 {
    let word = bytes[address..].first_chunk().expect("registers lie in the first page");
    u64::from_le_bytes(*word)
}

fn write_register(bytes: &mut [u8], address: usize, value: u64) {
    bytes[address..][..8].copy_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use plugsmith_kernel::layout as kernel;

    use super::*;

    #[test]
    fn the_layout_is_the_kernels() {
        for (ours, theirs) in [
            (layout::MAX_PAGES as usize, kernel::MAX_PAGES),
            (layout::BLOCK_ALIGN, kernel::BLOCK_ALIGN),
            (layout::GUEST_START, kernel::GUEST_START),
            (layout::ROOT, kernel::ROOT),
            (layout::POSITION, kernel::POSITION),
            (layout::INPUT_OFFSET, kernel::INPUT_OFFSET),
            (layout::INPUT_LENGTH, kernel::INPUT_LENGTH),
            (layout::OUTPUT_OFFSET, kernel::OUTPUT_OFFSET),
            (layout::OUTPUT_LENGTH, kernel::OUTPUT_LENGTH),
            (layout::ERROR_OFFSET, kernel::ERROR_OFFSET),
            (layout::INPUT_EXTENT, kernel::INPUT_EXTENT),
            (layout::DIRTY_END, kernel::DIRTY_END),
            (layout::LEDGER, kernel::LEDGER),
            (layout::HASH_KEY, kernel::HASH_KEY),
        ] {
            assert_eq!(ours, theirs as usize);
        }
        assert_eq!(layout::CALL_REGISTERS_LEN, kernel::CALL_REGISTERS_LEN);
    }
}
