//! Writes the instructions that do most of a copying loop's rounds at once.

mod bounds;
mod pieces;

use plugsmith_kernel::layout;
use wasm_encoder::{BlockType, InstructionSink, MemArg};

use super::{
    Exchange,
    conclude::{CopyLoop, Frame, Place},
    linear::{Holder, Linear, Term, Variable, Width},
    value::{Comparison, Relation},
};
use crate::fuse::expand::Scratch;

/// How many bytes must be left to copy for it to be worth the while.
const USEFUL_LEN: i64 = 64;

/// How far to shift a number of pages for one of bytes.
const PAGE_BITS: i64 = 16;

/// Returns the instructions for a loop.
pub(super) fn write(copy_loop: &CopyLoop, exchange: Exchange, scratch: Scratch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut prelude = Prelude {
        copy_loop,
        exchange,
        n_rounds: scratch.word,
        first: scratch.offset,
        second: scratch.limit,
        left: scratch.byte,
        code: InstructionSink::new(&mut bytes),
    };
    prelude.write();
    bytes
}

struct Prelude<'a> {
    copy_loop: &'a CopyLoop,
    exchange: Exchange,
    /// A local: how many rounds are done at once.
    n_rounds: u32,
    /// Two more, for anything.
    first: u32,
    second: u32,
    /// A local of 32 bits: how many bytes are left to copy.
    left: u32,
    code: InstructionSink<'a>,
}

impl<'a> Prelude<'a> {
    fn write(&mut self) {
        let copy_loop = self.copy_loop;
        let useful_rounds = (USEFUL_LEN / copy_loop.len).max(1);
        for frame in &copy_loop.frames {
            self.frame_in_bounds(frame);
            self.code.if_(BlockType::Empty);
        }
        // Beyond any number of rounds that there are.
        self.code.i64_const(i64::MAX).local_set(self.n_rounds);
        for condition in &copy_loop.conditions {
            self.rounds_that_hold(condition);
            self.at_most();
        }
        self.code.local_get(self.n_rounds).i64_const(useful_rounds).i64_gt_u();
        self.code.if_(BlockType::Empty);
        let compared = copy_loop.conditions.iter().flat_map(|test| [&test.left, &test.right]);
        for sum in compared.chain([copy_loop.from.sum(), copy_loop.to.sum()]) {
            for (extended, signed) in sum.extensions() {
                self.rounds_without_overflow(extended, signed);
            }
        }
        for (place, is_written) in [(&copy_loop.from, false), (&copy_loop.to, true)] {
            self.rounds_in_bounds(place, is_written);
            self.at_most();
        }
        // One whole round is left to the loop, also where the one after it is out of bounds.
        self.code.local_get(self.n_rounds).i64_const(1).i64_sub().local_tee(self.n_rounds);
        self.code.i64_const(useful_rounds).i64_ge_s();
        self.are_apart();
        self.code.i32_and().if_(BlockType::Empty);
        self.copy();
        if matches!(copy_loop.to, Place::Kernel { .. }) {
            self.raise_position();
        }
        self.count();
        self.code.end().end();
        for _ in &copy_loop.frames {
            self.code.end();
        }
    }

    /// Pushes whether a frame is in bounds. Only then variables in it can be read.
    fn frame_in_bounds(&mut self, frame: &Frame) {
        self.push_unsigned(&frame.address, false);
        self.code.i64_const(frame.end.cast_signed()).i64_add();
        self.memory_len(frame.memory);
        self.code.i64_le_u();
    }

    /// Pushes how many bytes a memory of the guest's has.
    fn memory_len(&mut self, memory: u32) {
        self.code.memory_size(memory).i64_extend_i32_u().i64_const(PAGE_BITS).i64_shl();
    }

    /// Takes a number from the stack and makes the number of rounds no more than that.
    fn at_most(&mut self) {
        let n_rounds = self.n_rounds;
        self.code.local_tee(self.first).local_get(n_rounds).local_get(self.first);
        self.code.local_get(n_rounds).i64_lt_u().select().local_set(n_rounds);
    }

    /// Pushes for how many rounds from the first on a condition holds.
    fn rounds_that_hold(&mut self, condition: &Comparison) {
        let Comparison { relation, left, right } = condition;
        let steps = &self.copy_loop.steps;
        if condition.is_fixed(steps) {
            self.code.i64_const(i64::MAX).i64_const(0);
            self.compare(condition);
            self.code.select();
            return;
        }
        match *relation {
            Relation::Equal => {
                self.code.i64_const(0);
            }
            Relation::Different => {
                let gap = left.clone().plus(right, u64::MAX);
                let delta = gap.delta(steps);
                // The gap closes in this many steps, or jumps over zero after them.
                let gap = if delta > 0 { gap.times(u64::MAX) } else { gap };
                self.push_unsigned(&gap, false);
                self.divide(delta);
            }
            Relation::Less { signed } | Relation::AtMost { signed } => {
                self.push_unsigned(left, signed);
                self.code.local_set(self.first);
                self.push_unsigned(right, signed);
                self.code.local_tee(self.second).local_get(self.first).i64_sub();
                let is_less = matches!(relation, Relation::Less { .. });
                if is_less {
                    self.code.i64_const(1).i64_sub();
                }
                let step = left.delta(steps).max(right.delta(steps).saturating_neg());
                self.divide(step);
                self.code.i64_const(1).i64_add().i64_const(0);
                self.code.local_get(self.first).local_get(self.second);
                if is_less {
                    self.code.i64_lt_u();
                } else {
                    self.code.i64_le_u();
                }
                self.code.select();
            }
        }
    }

    /// Pushes whether a condition holds.
    fn compare(&mut self, condition: &Comparison) {
        let Comparison { relation, left, right } = condition;
        let (Relation::Less { signed } | Relation::AtMost { signed }) = *relation else {
            self.push_unsigned(left, false);
            self.push_unsigned(right, false);
            if *relation == Relation::Equal {
                self.code.i64_eq();
            } else {
                self.code.i64_ne();
            }
            return;
        };
        self.push_unsigned(left, signed);
        self.push_unsigned(right, signed);
        if matches!(relation, Relation::Less { .. }) {
            self.code.i64_lt_u();
        } else {
            self.code.i64_le_u();
        }
    }

    /// Keeps the rounds to those in which a sum of 32 bits does not overflow when it is extended.
    fn rounds_without_overflow(&mut self, sum: &Linear, signed: bool) {
        let delta = sum.delta(&self.copy_loop.steps);
        if delta == 0 {
            return;
        }
        if delta > 0 {
            self.code.i64_const(i64::from(u32::MAX));
            self.push_unsigned(sum, signed);
            self.code.i64_sub();
        } else {
            self.push_unsigned(sum, signed);
        }
        self.divide(delta);
        self.at_most();
    }

    /// Moves the locals that count to where the rounds would leave them.
    fn count(&mut self) {
        for (&variable, &step) in self.copy_loop.steps.iter().filter(|(_, step)| **step != 0) {
            if let Holder::Slot { group, .. } = variable.holder {
                self.push(&self.frame(group).address);
            }
            self.get(variable);
            self.code.local_get(self.n_rounds);
            if variable.width == Width::I32 {
                self.code.i32_wrap_i64().i32_const(low_word(step)).i32_mul().i32_add();
            } else {
                self.code.i64_const(step).i64_mul().i64_add();
            }
            match variable.holder {
                Holder::Local(idx) => {
                    self.code.local_set(idx);
                }
                Holder::Global(idx) => {
                    self.code.global_set(idx);
                }
                Holder::Slot { group, at } => {
                    let place = self.slot(group, at);
                    if variable.width == Width::I32 {
                        self.code.i32_store(place);
                    } else {
                        self.code.i64_store(place);
                    }
                }
            }
        }
    }

    /// Pushes a variable.
    fn get(&mut self, variable: Variable) {
        match variable.holder {
            Holder::Local(idx) => {
                self.code.local_get(idx);
            }
            Holder::Global(idx) => {
                self.code.global_get(idx);
            }
            Holder::Slot { group, at } => {
                self.push(&self.frame(group).address);
                let place = self.slot(group, at);
                if variable.width == Width::I32 {
                    self.code.i32_load(place);
                } else {
                    self.code.i64_load(place);
                }
            }
        }
    }

    fn frame(&self, group: usize) -> &'a Frame {
        let mut frames = self.copy_loop.frames.iter();
        frames.find(|frame| frame.group == group).expect("variables in memory are in frames")
    }

    /// Returns the place of a variable in memory, counted from its frame's address.
    fn slot(&self, group: usize, at: i64) -> MemArg {
        let frame = self.frame(group);
        let offset = (at - frame.lowest).cast_unsigned();
        MemArg { offset, align: 0, memory_index: frame.memory }
    }

    /// Pushes how many bytes are copied.
    fn copied_len(&mut self) {
        let len = self.copy_loop.len;
        self.code.local_get(self.n_rounds).i64_const(len).i64_mul();
    }

    /// Pushes the address of a place in its memory.
    fn address(&mut self, place: &Place) {
        match place {
            Place::Guest { address, offset, .. } => {
                self.push_unsigned(address, false);
                self.code.i64_const(offset.cast_signed()).i64_add();
            }
            Place::Kernel { offset } => self.push(offset),
            Place::Input { start } => {
                self.push(start);
                self.register(layout::INPUT_OFFSET, |_, _| {});
                self.code.i64_add();
            }
        }
    }

    fn memory_of(&self, place: &Place) -> u32 {
        match place {
            Place::Guest { memory, .. } => *memory,
            Place::Kernel { .. } | Place::Input { .. } => self.exchange.memory,
        }
    }

    /// Pushes a register of the kernel, after `before`.
    fn register(&mut self, address: u32, before: impl FnOnce(&mut InstructionSink<'_>, u32)) {
        let memory = self.memory_at(address);
        before(&mut self.code, self.first);
        self.code.i32_const(0).i64_load(memory);
    }

    fn memory_at(&self, address: u32) -> MemArg {
        MemArg { offset: address.into(), align: 0, memory_index: self.exchange.memory }
    }

    /// Divides the number on the stack by the size of a step.
    fn divide(&mut self, step: i64) {
        let size = step.unsigned_abs();
        if size.is_power_of_two() {
            if size > 1 {
                self.code.i64_const(i64::from(size.trailing_zeros())).i64_shr_u();
            }
        } else {
            self.code.i64_const(size.cast_signed()).i64_div_u();
        }
    }

    /// Pushes a sum as 64 bits without sign, in the order that its numbers have with or without it.
    fn push_unsigned(&mut self, sum: &Linear, signed: bool) {
        self.push(sum);
        match (sum.width, signed) {
            (Width::I32, true) => {
                self.code.i32_const(i32::MIN).i32_xor().i64_extend_i32_u();
            }
            (Width::I32, false) => {
                self.code.i64_extend_i32_u();
            }
            (Width::I64, true) => {
                self.code.i64_const(i64::MIN).i64_xor();
            }
            (Width::I64, false) => {}
        }
    }

    /// Pushes a sum in its own width.
    fn push(&mut self, sum: &Linear) {
        match sum.width {
            Width::I32 => self.code.i32_const(low_word(sum.constant.cast_signed())),
            Width::I64 => self.code.i64_const(sum.constant.cast_signed()),
        };
        for (term, &factor) in &sum.terms {
            self.push_term(term, sum.width);
            match sum.width {
                Width::I32 if factor != 1 => {
                    self.code.i32_const(low_word(factor.cast_signed())).i32_mul().i32_add();
                }
                Width::I32 => {
                    self.code.i32_add();
                }
                Width::I64 if factor != 1 => {
                    self.code.i64_const(factor.cast_signed()).i64_mul().i64_add();
                }
                Width::I64 => {
                    self.code.i64_add();
                }
            }
        }
    }

    fn push_term(&mut self, term: &Term, into: Width) {
        match term {
            Term::Variable(variable) => {
                self.get(*variable);
                if (variable.width, into) == (Width::I64, Width::I32) {
                    self.code.i32_wrap_i64();
                }
            }
            Term::Register(address) => {
                self.register(*address, |_, _| {});
                if into == Width::I32 {
                    self.code.i32_wrap_i64();
                }
            }
            Term::Extended { sum, signed } => {
                self.push(sum);
                if *signed {
                    self.code.i64_extend_i32_s();
                } else {
                    self.code.i64_extend_i32_u();
                }
            }
        }
    }
}

/// Returns the low 32 bits.
fn low_word(number: i64) -> i32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}
