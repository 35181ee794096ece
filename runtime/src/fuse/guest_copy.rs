//! The guest's own `memory.copy`, where source and destination lie so that it would take long at once:
//! then most of it is done in pieces, as [`crate::memory::copy`] does.
//!
//! Before the instruction stands a comparison, which is all that a short copy costs. A long one goes by
//! a function, appended for each of the guest's memories, that does all pieces but the last and returns
//! what is left of the instruction's operands. It does nothing where pieces would not come to the same:
//! out of bounds, and where the destination begins within the source. The instruction stays as it is,
//! so that a trap is its own, at its own place, with nothing copied before.
//!
//! Copies between two memories are left alone.

use wasm_encoder::{
    BlockType, CodeSection, Encode as _, Function, InstructionSink, TypeSection, ValType,
};
use wasmparser::Operator;

use super::{Items, kernel::KernelParts, shape::Shape};
use crate::memory;

/// What [`crate::memory`] says of copies that take long, in the types of the instructions.
const SLOW_MODULUS: i32 = memory::SLOW_MODULUS as i32;
const SLOW_SKEWS: i32 = memory::SLOW_SKEWS as i32;
const SLOW_LEN: i32 = memory::SLOW_LEN.cast_signed();
const PIECE_LEN: i32 = memory::PIECE_LEN as i32;

/// How far to shift a number of pages for one of bytes.
const PAGE_BITS: i64 = 16;

/// The operands of the instruction, which an appended function takes and returns.
const OPERANDS: [ValType; 3] = [ValType::I32; 3];
const TO: u32 = 0;
const FROM: u32 = 1;
const LEN: u32 = 2;

/// The appended functions, right behind the guest's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct GuestCopies {
    /// The type of all of them, behind all others.
    ty: u32,
    /// The one for the first of the guest's memories.
    first: u32,
    n_memories: u32,
}

impl GuestCopies {
    pub(super) fn new(shape: &Shape<'_>, kernel: &KernelParts) -> Self {
        Self {
            ty: shape.n_types + kernel.types().n_items,
            first: shape.n_functions,
            n_memories: shape.n_memories,
        }
    }

    /// Returns the index of the function behind them.
    pub(super) fn end(self) -> u32 {
        self.first + self.n_memories
    }

    /// Returns the type to append.
    pub(super) fn types() -> Items {
        let mut section = TypeSection::new();
        section.ty().function(OPERANDS, OPERANDS);
        Items::of(&section)
    }

    /// Returns the types of the functions to append.
    pub(super) fn functions(self) -> Items {
        let mut items = Items::default();
        for _ in 0..self.n_memories {
            self.ty.encode(&mut items.bytes);
            items.n_items += 1;
        }
        items
    }

    /// Returns the code of the functions to append.
    pub(super) fn code(self) -> Items {
        let mut section = CodeSection::new();
        for memory in 0..self.n_memories {
            section.function(&function(memory));
        }
        Items::of(&section)
    }

    /// Says whether an operator pushes a length that a piece has room for.
    pub(super) fn is_little(operator: &Operator<'_>) -> bool {
        matches!(operator, Operator::I32Const { value } if (0..=PIECE_LEN).contains(value))
    }

    /// Returns what to write before a `memory.copy` within `memory`: it leaves operands for that. `len`
    /// is a local that may be used.
    pub(super) fn before(self, memory: u32, len: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut code = InstructionSink::new(&mut bytes);
        code.local_tee(len).local_get(len).i32_const(PIECE_LEN).i32_gt_u();
        code.if_(BlockType::FunctionType(self.ty)).call(self.first + memory).end();
        bytes
    }
}

/// Returns the function for a memory, to be called with more bytes than a piece has.
fn function(memory: u32) -> Function {
    let mut function = Function::new([]);
    let mut code = function.instructions();
    code.local_get(TO).local_get(FROM).i32_sub();
    code.i32_const(SLOW_MODULUS - 1).i32_and().i32_const(1).i32_sub();
    code.i32_const(SLOW_SKEWS).i32_lt_u();
    code.local_get(LEN).i32_const(SLOW_LEN).i32_le_u().i32_and().if_(BlockType::Empty);

    // The destination begins before the source, which wraps around, or not before its end.
    code.local_get(TO).local_get(FROM).i32_sub().local_get(LEN).i32_ge_u();
    for place in [TO, FROM] {
        code.local_get(place).i64_extend_i32_u().local_get(LEN).i64_extend_i32_u().i64_add();
        code.memory_size(memory).i64_extend_i32_u().i64_const(PAGE_BITS).i64_shl();
        code.i64_le_u().i32_and();
    }
    code.if_(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(TO).local_get(FROM).i32_const(PIECE_LEN).memory_copy(memory, memory);
    for place in [TO, FROM] {
        code.local_get(place).i32_const(PIECE_LEN).i32_add().local_set(place);
    }
    code.local_get(LEN).i32_const(PIECE_LEN).i32_sub().local_tee(LEN);
    code.i32_const(PIECE_LEN).i32_gt_u().br_if(0).end();

    code.end().end().local_get(TO).local_get(FROM).local_get(LEN).end();
    function
}

#[cfg(test)]
mod tests;
