//! Writes the instructions that keep what is done at once within bounds: of memories, of what was handed
//! out, and of each other.

use plugsmith_kernel::layout;
use wasm_encoder::{BlockType, ValType};

use super::Prelude;
use crate::fuse::{
    copy_loop::conclude::{Frame, Place},
    expand::START,
};

impl Prelude<'_> {
    /// Pushes how many rounds from the first on stay in bounds.
    pub(super) fn rounds_in_bounds(&mut self, place: &Place, is_written: bool) {
        match place {
            Place::Guest { memory, address, offset } => {
                self.push_unsigned(address, false);
                self.code.i64_const(offset.cast_signed()).i64_add().local_set(self.first);
                self.memory_len(*memory);
            }
            Place::Kernel { offset } => {
                self.push(offset);
                self.code.local_set(self.first);
                self.handed_out_end(is_written);
            }
            Place::Input { start } => {
                self.push(start);
                self.register(layout::INPUT_LENGTH, |code, first| {
                    code.local_set(first);
                });
            }
        }
        let len = self.copy_loop.len;
        self.code.local_tee(self.second).local_get(self.first).i64_sub();
        self.divide(len);
        self.code.i64_const(0).local_get(self.first).local_get(self.second).i64_le_u();
        if matches!(place, Place::Kernel { .. }) {
            self.code.local_get(self.first).i64_const(START).i64_ge_u().i32_and();
        }
        self.code.select();
    }

    /// Pushes where the bytes end that were handed out. What of them is not yet zero becomes so, unless it
    /// is written from its beginning on, which is at `first`.
    fn handed_out_end(&mut self, is_written: bool) {
        let pending_end = self.memory_at(layout::PENDING_END);
        let position = self.memory_at(layout::POSITION);
        self.code.i32_const(0).i32_load(pending_end);
        if is_written {
            // Any number but zero says that there are some.
            self.code.i32_const(0).i32_const(0).i64_load(position).local_get(self.first);
            self.code.i64_ne().select();
        }
        self.code.if_(BlockType::Empty);
        self.code.i32_const(0).i64_load(position).call(self.exchange.load_u8).drop();
        self.code.end();
        if is_written {
            self.code.i32_const(0).i32_load(pending_end).if_(BlockType::Result(ValType::I64));
            self.code.i32_const(0).i64_load32_u(pending_end);
            self.code.else_().i32_const(0).i64_load(position).end();
        } else {
            self.code.i32_const(0).i64_load(position);
        }
    }

    /// Ends what can be touched where what was written ends, unless it does further on.
    pub(super) fn raise_position(&mut self) {
        let position = self.memory_at(layout::POSITION);
        self.address(&self.copy_loop.to);
        self.copied_len();
        self.code.i64_add().local_tee(self.first).i32_const(0).i64_load(position).i64_gt_u();
        self.code.if_(BlockType::Empty);
        self.code.i32_const(0).local_get(self.first).i64_store(position).end();
    }

    /// Pushes whether what is copied, where it is copied to, and the frames are apart.
    pub(super) fn are_apart(&mut self) {
        let copy_loop = self.copy_loop;
        self.code.i32_const(1);
        let places = [&copy_loop.from, &copy_loop.to];
        if !places.iter().any(|place| matches!(place, Place::Guest { .. })) {
            self.is_apart(Range::Copied(&copy_loop.from), Range::Copied(&copy_loop.to));
        }
        let mut others: Vec<_> = places.into_iter().map(Range::Copied).collect();
        for frame in &copy_loop.frames {
            for other in &others {
                if other.guest_memory() == Some(frame.memory) {
                    self.is_apart(Range::Frame(frame), *other);
                }
            }
            others.push(Range::Frame(frame));
        }
    }

    /// Takes a condition from the stack and adds that two ranges of one memory are apart.
    fn is_apart(&mut self, one: Range<'_>, other: Range<'_>) {
        let (first, second) = (self.first, self.second);
        for (range, start) in [(one, first), (other, second)] {
            match range {
                Range::Copied(place) => self.address(place),
                Range::Frame(frame) => {
                    self.push_unsigned(&frame.address, false);
                    self.code.i64_const(frame.start.cast_signed()).i64_add();
                }
            }
            self.code.local_set(start);
        }
        for (range, start, other) in [(one, first, second), (other, second, first)] {
            self.code.local_get(start);
            match range {
                Range::Copied(_) => self.copied_len(),
                Range::Frame(frame) => {
                    self.code.i64_const((frame.end - frame.start).cast_signed());
                }
            }
            self.code.i64_add().local_get(other).i64_le_u();
        }
        self.code.i32_or().i32_and();
    }
}

/// A range of a memory.
#[derive(Clone, Copy)]
enum Range<'a> {
    /// Where the rounds that are done at once copy from or to.
    Copied(&'a Place),
    Frame(&'a Frame),
}

impl Range<'_> {
    fn guest_memory(self) -> Option<u32> {
        match self {
            Self::Copied(Place::Guest { memory, .. }) => Some(*memory),
            Self::Copied(_) => None,
            Self::Frame(frame) => Some(frame.memory),
        }
    }
}
