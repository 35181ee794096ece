//! A trial: a subject takes steps, and after each the model looks at everything.
//!
//! [`Native`] is the heap on a vector. The module in an engine is a subject too, and lives where the
//! engine is.

use super::{Call, Function, Model, Step};
use crate::{Exports, Heap, Memory, VecMemory};

/// Something that behaves like the kernel.
pub trait Subject {
    /// Begins a call with `input`, as a host does, and returns whether the memory could hold it.
    fn begin(&mut self, input: &[u8]) -> bool;

    /// Makes a call and returns its result: zero if it has none, zero-extended if it has four bytes.
    fn call(&mut self, call: Call) -> u64;

    /// Borrows the whole memory.
    fn memory(&self) -> &[u8];

    /// Checks the invariants of the heap, and panics if one does not hold.
    fn check(&self);
}

/// Steps of one subject, watched by a model.
#[derive(Clone, Debug)]
pub struct Trial<S> {
    subject: S,
    model: Model,
    check_interval: u64,
    n_steps: u64,
}

impl<S: Subject> Trial<S> {
    /// Watches a fresh `subject` whose memory may grow to `page_limit` pages.
    ///
    /// After every step the result, the registers and the bytes within a guest's reach are compared;
    /// all other bytes and the invariants of the heap at every `check_interval`th. The model is exact,
    /// so that a stray store is found whenever it is looked for.
    pub fn new(subject: S, page_limit: u32, check_interval: u64) -> Self {
        let model = Model::new(subject.memory(), page_limit);
        Self { subject, model, check_interval: check_interval.max(1), n_steps: 0 }
    }

    /// Borrows the model, for a generator to choose by.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Borrows the subject.
    pub fn subject(&self) -> &S {
        &self.subject
    }

    /// Takes one step.
    ///
    /// # Panics
    ///
    /// If the subject breaks a promise of the kernel.
    pub fn step(&mut self, step: Step) {
        match step {
            Step::Begin { len, seed } => {
                // An input far larger than the memory may become is not worth its bytes.
                let input = Model::input_bytes(len.min(self.model.limit() + 1), seed);
                let began = self.subject.begin(&input);
                self.model.begin(&input, began, self.subject.memory());
            }
            Step::Call(call) => {
                let result = self.subject.call(call);
                self.model.call(call, result, self.subject.memory());
            }
        }
        self.n_steps += 1;
        if self.n_steps % self.check_interval == 0 {
            self.check();
        } else {
            self.model.compare_guest_bytes(self.subject.memory());
        }
    }

    /// Compares every byte and checks the invariants of the heap.
    ///
    /// # Panics
    ///
    /// If the subject breaks a promise of the kernel.
    pub fn check(&self) {
        self.model.compare_all_bytes(self.subject.memory());
        self.subject.check();
    }
}

/// The heap on a vector.
#[derive(Clone, Debug)]
pub struct Native {
    exports: Exports<VecMemory>,
}

impl Native {
    /// Makes a heap on `n_pages` pages that grow to `page_limit` at most.
    #[must_use]
    pub fn new(n_pages: u32, page_limit: u32) -> Self {
        Self { exports: Exports::new(Heap::new(VecMemory::new(n_pages, page_limit))) }
    }
}

impl Subject for Native {
    fn begin(&mut self, input: &[u8]) -> bool {
        let heap = self.exports.heap_mut();
        let Ok(block) = heap.begin(input.len() as u64) else { return false };
        for (address, byte) in (block.map_or(0, crate::Block::start)..).zip(input) {
            heap.memory_mut().store_u8(address, *byte);
        }
        true
    }

    fn call(&mut self, call: Call) -> u64 {
        let Call { function, first, second } = call;
        let exports = &mut self.exports;
        match function {
            Function::Alloc => return exports.alloc(first),
            Function::Length => return exports.length(first),
            Function::LengthUnsafe => return exports.length_unsafe(first),
            Function::LoadU8 => return exports.load_u8(first).into(),
            Function::LoadU64 => return exports.load_u64(first),
            Function::InputOffset => return exports.input_offset(),
            Function::InputLength => return exports.input_length(),
            Function::InputLoadU8 => return exports.input_load_u8(first).into(),
            Function::InputLoadU64 => return exports.input_load_u64(first),
            Function::OutputOffset => return exports.output_offset(),
            Function::OutputLength => return exports.output_length(),
            Function::ErrorGet => return exports.error_get(),
            Function::MemoryBytes => return exports.memory_bytes(),
            Function::Free => exports.free(first),
            Function::StoreU8 => exports.store_u8(first, low_half(second)),
            Function::StoreU64 => exports.store_u64(first, second),
            Function::InputSet => exports.input_set(first, second),
            Function::OutputSet => exports.output_set(first, second),
            Function::ErrorSet => exports.error_set(first),
            Function::Reset => exports.reset(),
        }
        0
    }

    fn memory(&self) -> &[u8] {
        self.exports.heap().memory().as_bytes()
    }

    fn check(&self) {
        self.exports.heap().check();
        self.exports.heap().check_untouched();
    }
}

fn low_half(value: u64) -> u32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
