//! The shortest functions of the kernel, written out: loads and stores under the kernel's own rules.
//!
//! The rules are those of `plugsmith-kernel`: what was handed out in this call, from
//! [`layout::GUEST_START`] to the position, can be loaded and stored. Elsewhere the kernel's own function
//! is called, which has what was handed out and is not yet zero become so; the rest loads as zero, and
//! stores to it do nothing. A differential test holds these sequences to the kernel's functions.

use wasm_encoder::{BlockType, InstructionSink, MemArg, ValType};

use plugsmith_kernel::layout;

/// The first byte that is ever handed out.
pub(super) const START: i64 = layout::GUEST_START as i64;

/// A function of the kernel that is written out where it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expansion {
    LoadU8,
    LoadU64,
    StoreU8,
    StoreU64,
    InputLoadU8,
    InputLoadU64,
    InputLength,
    InputOffset,
}

/// Locals that an expansion may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scratch {
    /// An `i64`: the offset that the guest passed.
    pub(super) offset: u32,
    /// An `i64`: the word that the guest passed.
    pub(super) word: u32,
    /// An `i64`: how many bytes there are in all.
    pub(super) limit: u32,
    /// An `i32`: the byte that the guest passed, or how many bytes there are.
    pub(super) byte: u32,
}

impl Scratch {
    /// The types of the locals from index `first` on.
    pub(super) const TYPES: [ValType; 4] = [ValType::I64, ValType::I64, ValType::I64, ValType::I32];

    /// Numbers the locals from `first` on.
    pub(super) fn at(first: u32) -> Self {
        Self { offset: first, word: first + 1, limit: first + 2, byte: first + 3 }
    }
}

impl Expansion {
    /// Returns the expansion of a function of the kernel, if it has one.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "load_u8" => Self::LoadU8,
            "load_u64" => Self::LoadU64,
            "store_u8" => Self::StoreU8,
            "store_u64" => Self::StoreU64,
            "input_load_u8" => Self::InputLoadU8,
            "input_load_u64" => Self::InputLoadU64,
            "input_length" => Self::InputLength,
            "input_offset" => Self::InputOffset,
            _ => return None,
        })
    }

    /// Says whether this loads or stores what is exchanged.
    pub(super) fn is_exchange(self) -> bool {
        !matches!(self, Self::InputLength | Self::InputOffset)
    }

    /// Writes the instructions, which take the function's arguments from the stack and leave its
    /// result there. `memory` is the kernel's, and so is the function that `pick` has put into the module,
    /// where it is needed.
    pub(super) fn write(
        self,
        memory: u32,
        scratch: Scratch,
        pick: impl FnOnce() -> u32,
        code: &mut Vec<u8>,
    ) {
        let mut sink = Sink { memory, scratch, code: InstructionSink::new(code) };
        match self {
            Self::LoadU8 => sink.load_u8(pick()),
            Self::LoadU64 => sink.load_u64(pick()),
            Self::StoreU8 => sink.store_u8(pick()),
            Self::StoreU64 => sink.store_u64(pick()),
            Self::InputLoadU8 => sink.input_load_u8(),
            Self::InputLoadU64 => sink.input_load_u64(),
            Self::InputLength => sink.register(layout::INPUT_LENGTH),
            Self::InputOffset => sink.register(layout::INPUT_OFFSET),
        }
    }
}

struct Sink<'a> {
    memory: u32,
    scratch: Scratch,
    code: InstructionSink<'a>,
}

impl Sink<'_> {
    fn load_u8(&mut self, function: u32) {
        let memory = self.memory(0);
        self.code.local_set(self.scratch.offset);
        self.is_handed_out(1);
        self.code.if_(BlockType::Result(ValType::I32));
        self.code.local_get(self.scratch.offset).i32_wrap_i64().i32_load8_u(memory);
        self.code.else_().local_get(self.scratch.offset).call(function).end();
    }

    fn load_u64(&mut self, function: u32) {
        let memory = self.memory(0);
        self.code.local_set(self.scratch.offset);
        self.is_handed_out(8);
        self.code.if_(BlockType::Result(ValType::I64));
        self.code.local_get(self.scratch.offset).i32_wrap_i64().i64_load(memory);
        self.code.else_().local_get(self.scratch.offset).call(function).end();
    }

    fn store_u8(&mut self, function: u32) {
        let memory = self.memory(0);
        self.code.local_set(self.scratch.byte).local_set(self.scratch.offset);
        self.is_handed_out(1);
        self.code.if_(BlockType::Empty);
        self.code.local_get(self.scratch.offset).i32_wrap_i64();
        self.code.local_get(self.scratch.byte).i32_store8(memory);
        self.code.else_().local_get(self.scratch.offset).local_get(self.scratch.byte);
        self.code.call(function).end();
    }

    fn store_u64(&mut self, function: u32) {
        let memory = self.memory(0);
        self.code.local_set(self.scratch.word).local_set(self.scratch.offset);
        self.is_handed_out(8);
        self.code.if_(BlockType::Empty);
        self.code.local_get(self.scratch.offset).i32_wrap_i64();
        self.code.local_get(self.scratch.word).i64_store(memory);
        self.code.else_().local_get(self.scratch.offset).local_get(self.scratch.word);
        self.code.call(function).end();
    }

    fn input_load_u8(&mut self) {
        let memory = self.memory(0);
        self.code.local_set(self.scratch.offset);
        self.is_of_input(1);
        self.code.if_(BlockType::Result(ValType::I32));
        self.input_address();
        self.code.i32_load8_u(memory);
        self.code.else_().i32_const(0).end();
    }

    fn input_load_u64(&mut self) {
        let memory = self.memory(0);
        self.code.local_set(self.scratch.offset);
        self.is_of_input(8);
        self.code.if_(BlockType::Result(ValType::I64));
        self.input_address();
        self.code.i64_load(memory);
        self.code.else_().i64_const(0).end();
    }

    /// Pushes whether `len` bytes from the offset on were handed out in this call.
    fn is_handed_out(&mut self, len: i64) {
        self.register(layout::POSITION);
        // The position is never less, so this is how many bytes were handed out.
        self.code.i64_const(START).i64_sub().local_set(self.scratch.limit);
        self.code.local_get(self.scratch.offset);
        self.code.i64_const(START).i64_sub();
        self.lies_within(len, |code, scratch| {
            code.local_get(scratch.offset).i64_const(START).i64_sub();
        });
    }

    /// Pushes whether `len` bytes from the offset on, counted from the input's first, are its.
    fn is_of_input(&mut self, len: i64) {
        self.register(layout::INPUT_LENGTH);
        self.code.local_set(self.scratch.limit).local_get(self.scratch.offset);
        self.lies_within(len, |code, scratch| {
            code.local_get(scratch.offset);
        });
    }

    /// Takes the place of the first of `len` bytes from the stack, and pushes whether all of them
    /// lie before the limit. `push` pushes that place once more.
    fn lies_within(&mut self, len: i64, push: impl FnOnce(&mut InstructionSink<'_>, Scratch)) {
        let scratch = self.scratch;
        self.code.local_get(scratch.limit).i64_lt_u();
        if len > 1 {
            // The limit is below 2^32. A place before it does not overflow by the addition, and
            // where another one does, the first comparison has said no.
            push(&mut self.code, scratch);
            self.code.i64_const(len).i64_add().local_get(scratch.limit).i64_le_u().i32_and();
        }
    }

    /// Pushes the address of the offset, counted from the input's first byte.
    fn input_address(&mut self) {
        self.register(layout::INPUT_OFFSET);
        self.code.local_get(self.scratch.offset).i64_add().i32_wrap_i64();
    }

    /// Pushes a register of the kernel.
    fn register(&mut self, address: u32) {
        let memory = self.memory(address.into());
        self.code.i32_const(0).i64_load(memory);
    }

    fn memory(&self, offset: u64) -> MemArg {
        MemArg { offset, align: 0, memory_index: self.memory }
    }
}
