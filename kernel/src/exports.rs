//! The twenty functions of the guest ABI: raw numbers in, raw numbers out.
//!
//! This is the only file of the kernel where an offset is a bare `u64`. [`Exports`] turns it into an
//! [`Offset`], asks the heap, and turns the answer into a number, where zero says that there is none.
//! The module exports each of its methods under its own name; no logic lives here.
#![cfg_attr(
    target_arch = "wasm32",
    expect(unsafe_code, reason = "an export needs a name that is not mangled")
)]

use core::num::NonZeroU64;

use crate::{Block, Heap, Memory, Offset};

/// The kernel as a guest sees it.
#[derive(Clone, Debug)]
pub struct Exports<M> {
    heap: Heap<M>,
}

impl<M: Memory> Exports<M> {
    /// Serves the guest ABI on `heap`.
    pub fn new(heap: Heap<M>) -> Self {
        Self { heap }
    }

    /// Borrows the heap.
    pub fn heap(&self) -> &Heap<M> {
        &self.heap
    }

    /// Borrows the heap for writing.
    pub fn heap_mut(&mut self) -> &mut Heap<M> {
        &mut self.heap
    }

    /// Reserves `len` zeroed bytes and returns their offset, or zero.
    pub fn alloc(&mut self, len: u64) -> u64 {
        let len = NonZeroU64::new(len);
        len.and_then(|len| self.heap.alloc(len).ok()).map_or(0, u64::from)
    }

    /// Frees the active block that starts at `offset`.
    pub fn free(&mut self, offset: u64) {
        if let Some(offset) = Offset::new(offset) {
            self.heap.free(offset);
        }
    }

    /// Returns the length of the active block that starts at `offset`, or zero.
    pub fn length(&self, offset: u64) -> u64 {
        let offset = Offset::new(offset);
        offset.and_then(|offset| self.heap.len_of(offset)).map_or(0, NonZeroU64::get)
    }

    /// Does what [`Exports::length`] does, which is as fast.
    pub fn length_unsafe(&self, offset: u64) -> u64 {
        self.length(offset)
    }

    /// Loads the byte at `offset`, or zero out of bounds.
    pub fn load_u8(&mut self, offset: u64) -> u32 {
        Offset::new(offset).map_or(0, |offset| self.heap.load_u8(offset).into())
    }

    /// Loads the eight bytes from `offset`, or zero out of bounds.
    pub fn load_u64(&mut self, offset: u64) -> u64 {
        Offset::new(offset).map_or(0, |offset| self.heap.load_u64(offset))
    }

    /// Stores the low byte of `value` at `offset`, or nothing out of bounds.
    pub fn store_u8(&mut self, offset: u64, value: u32) {
        if let Some(offset) = Offset::new(offset) {
            self.heap.store_u8(offset, value.to_le_bytes()[0]);
        }
    }

    /// Stores the eight bytes of `value` from `offset`, or nothing out of bounds.
    pub fn store_u64(&mut self, offset: u64, value: u64) {
        if let Some(offset) = Offset::new(offset) {
            self.heap.store_u64(offset, value);
        }
    }

    /// Makes a range the input, if it is in bounds.
    pub fn input_set(&mut self, offset: u64, len: u64) {
        self.heap.set_input(Offset::new(offset), len);
    }

    /// Returns the offset of the input, or zero.
    pub fn input_offset(&self) -> u64 {
        self.heap.input().map(Block::offset).map_or(0, u64::from)
    }

    /// Returns the length of the input.
    pub fn input_length(&self) -> u64 {
        self.heap.input().map_or(0, Block::len).into()
    }

    /// Loads the byte at `idx` of the input, or zero past its end.
    pub fn input_load_u8(&self, idx: u64) -> u32 {
        self.heap.load_input_u8(idx).into()
    }

    /// Loads the eight bytes from `idx` of the input, or zero past its end.
    pub fn input_load_u64(&self, idx: u64) -> u64 {
        self.heap.load_input_u64(idx)
    }

    /// Makes a range the output, if it is in bounds.
    pub fn output_set(&mut self, offset: u64, len: u64) {
        self.heap.set_output(Offset::new(offset), len);
    }

    /// Returns the offset of the output, or zero.
    pub fn output_offset(&self) -> u64 {
        self.heap.output().map(Block::offset).map_or(0, u64::from)
    }

    /// Returns the length of the output.
    pub fn output_length(&self) -> u64 {
        self.heap.output().map_or(0, Block::len).into()
    }

    /// Makes the active block at `offset` the error; zero clears it.
    pub fn error_set(&mut self, offset: u64) {
        match Offset::new(offset) {
            Some(offset) => self.heap.set_error(offset),
            None if offset == 0 => self.heap.clear_error(),
            None => (),
        }
    }

    /// Returns the offset of the error, or zero.
    pub fn error_get(&self) -> u64 {
        self.heap.error().map_or(0, u64::from)
    }

    /// Frees every block and clears input, output and error.
    pub fn reset(&mut self) {
        self.heap.reset();
    }

    /// Returns how many bytes the memory has for blocks.
    pub fn memory_bytes(&self) -> u64 {
        self.heap.capacity()
    }
}

/// Hands the signatures of all twenty to a macro, `alloc` first.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_export {
    ($each:ident) => {
        $each! {
            alloc(len: u64) -> u64;
            free(offset: u64);
            length(offset: u64) -> u64;
            length_unsafe(offset: u64) -> u64;
            load_u8(offset: u64) -> u32;
            load_u64(offset: u64) -> u64;
            store_u8(offset: u64, value: u32);
            store_u64(offset: u64, value: u64);
            input_set(offset: u64, len: u64);
            input_offset() -> u64;
            input_length() -> u64;
            input_load_u8(idx: u64) -> u32;
            input_load_u64(idx: u64) -> u64;
            output_set(offset: u64, len: u64);
            output_offset() -> u64;
            output_length() -> u64;
            error_set(offset: u64);
            error_get() -> u64;
            reset();
            memory_bytes() -> u64;
        }
    };
}

#[cfg(all(target_arch = "wasm32", not(feature = "testing")))]
mod module {
    //! The exports of the module, and the panic handler that a module needs but never reaches.

    use core::{arch::wasm32, panic::PanicInfo};

    use super::Exports;
    use crate::{Heap, LinearMemory};

    #[panic_handler]
    fn panic(_: &PanicInfo<'_>) -> ! {
        wasm32::unreachable()
    }

    macro_rules! export {
        ($($name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)?;)*) => {$(
            #[unsafe(no_mangle)]
            extern "C" fn $name($($arg: $type),*) $(-> $result)? {
                Exports::new(Heap::new(LinearMemory)).$name($($arg),*)
            }
        )*};
    }

    crate::for_each_export!(export);
}
