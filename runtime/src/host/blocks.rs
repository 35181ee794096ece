//! How built-in functions take arguments from the blocks that a guest passes, and give it results in
//! new ones.

use std::num::NonZeroU64;

use plugsmith_kernel::{Heap, Offset};
use wasmtime::Caller;

use super::HostError;
use crate::{
    extensions::{EMPTY_OFFSET, Extensions},
    kernel::Bytes,
    memory,
    state::State,
};

/// The blocks of the guest that is calling, beside what else its instance carries.
pub(super) struct Blocks<'a> {
    heap: Heap<Bytes<'a>>,
    /// What stands for a value of no bytes: 0, unless the guest agreed to be told it from none.
    empty_offset: u64,
}

impl<'a> Blocks<'a> {
    pub(super) fn of(caller: &'a mut Caller<'_, State>) -> (Self, &'a mut State) {
        let kernel = caller.data().kernel();
        let (heap, state) = kernel.heap_and_state(caller);
        let empty_offset =
            if state.extensions.contains(Extensions::EMPTY_VALUES) { EMPTY_OFFSET } else { 0 };
        (Self { heap, empty_offset }, state)
    }

    /// Returns the bytes of the block at `offset`. Offset 0 is no bytes.
    pub(super) fn bytes(&self, offset: u64, what: &'static str) -> Result<&[u8], HostError> {
        if offset == 0 || offset == self.empty_offset {
            return Ok(&[]);
        }
        let block = Offset::new(offset).and_then(|offset| self.heap.active(offset));
        let block = block.ok_or(HostError::NoBlock { what, offset })?;
        Ok(self.heap.memory().block(block))
    }

    /// Returns the text of the block at `offset`. Offset 0 is empty text.
    pub(super) fn text(&self, offset: u64, what: &'static str) -> Result<&str, HostError> {
        str::from_utf8(self.bytes(offset, what)?)
            .map_err(|source| HostError::NotUtf8 { what, source })
    }

    /// Puts a value into a new block, which the guest then owns, and returns the block's offset; no
    /// value is offset 0.
    ///
    /// # Errors
    ///
    /// The value, where there is no room for it before the memory grows.
    pub(super) fn put(&mut self, value: Option<&[u8]>) -> Result<u64, Vec<u8>> {
        let Some(value) = value else { return Ok(0) };
        let Some(len) = NonZeroU64::new(value.len() as u64) else { return Ok(self.empty_offset) };
        let offset = self.heap.alloc(len).map_err(|_| value.to_vec())?;
        if let Some(block) = self.heap.overwrite(offset, len.get()) {
            memory::copy(value, self.heap.memory_mut().block_mut(block));
        }
        Ok(offset.into())
    }
}
