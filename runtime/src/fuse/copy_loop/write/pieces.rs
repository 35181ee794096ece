//! Writes the instructions that copy.

use wasm_encoder::{BlockType, InstructionSink};

use super::Prelude;
use crate::memory;

/// What [`crate::memory`] says of copies that take long, in the types of the instructions.
const SLOW_MODULUS: i64 = memory::SLOW_MODULUS as i64;
const SLOW_SKEWS: i64 = memory::SLOW_SKEWS as i64;
const SLOW_LEN: i32 = memory::SLOW_LEN.cast_signed();
const PIECE_LEN: i32 = memory::PIECE_LEN as i32;

impl Prelude<'_> {
    /// Copies what the rounds would; in pieces where the two lie so that it would take long at once, as
    /// [`crate::memory::copy`] tells.
    pub(super) fn copy(&mut self) {
        let copy_loop = self.copy_loop;
        self.address(&copy_loop.to);
        self.code.local_set(self.first);
        self.address(&copy_loop.from);
        self.code.local_set(self.second);
        self.copied_len();
        self.code.i32_wrap_i64().local_set(self.left);

        self.code.local_get(self.first).local_get(self.second).i64_sub();
        self.code.i64_const(SLOW_MODULUS - 1).i64_and().i64_const(1).i64_sub();
        self.code.i64_const(SLOW_SKEWS).i64_lt_u();
        self.code.local_get(self.left).i32_const(SLOW_LEN).i32_le_u().i32_and();
        self.code.if_(BlockType::Empty).loop_(BlockType::Empty);
        self.code.local_get(self.left).i32_const(PIECE_LEN).i32_gt_u();
        self.code.if_(BlockType::Empty);
        self.copy_piece(|code| {
            code.i32_const(PIECE_LEN);
        });
        for place in [self.first, self.second] {
            self.code.local_get(place).i64_const(PIECE_LEN.into()).i64_add().local_set(place);
        }
        self.code.local_get(self.left).i32_const(PIECE_LEN).i32_sub().local_set(self.left);
        self.code.br(1).end().end().end();

        let left = self.left;
        self.copy_piece(|code| {
            code.local_get(left);
        });
    }

    /// Copies from the second of the locals for anything to the first, as many bytes as `len` pushes.
    fn copy_piece(&mut self, len: impl FnOnce(&mut InstructionSink<'_>)) {
        for place in [self.first, self.second] {
            self.code.local_get(place).i32_wrap_i64();
        }
        len(&mut self.code);
        let copy_loop = self.copy_loop;
        self.code.memory_copy(self.memory_of(&copy_loop.to), self.memory_of(&copy_loop.from));
    }
}
