//! The name of a block in kernel memory, as host functions and plug-ins pass it on.
//!
//! It is two numbers and proves nothing: whoever reads or writes by one checks it first.

/// Where a block lies in kernel memory, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemoryHandle {
    /// The first byte of the block; zero for no block.
    pub offset: u64,
    /// The length of the block in bytes.
    pub length: u64,
}

impl MemoryHandle {
    /// Returns a handle of the two numbers given, unchecked.
    ///
    /// # Safety
    ///
    /// None of ours: every use of a handle is checked, and a wrong one is an error there. The
    /// function is unsafe so that programs written for Extism, where it is, compile without a
    /// warning.
    #[expect(
        unsafe_code,
        reason = "the signature is part of the contract, and the body has nothing unsafe"
    )]
    pub const unsafe fn new(offset: u64, length: u64) -> MemoryHandle {
        MemoryHandle { offset, length }
    }

    /// Returns the handle of no block: offset and length are zero.
    pub const fn null() -> MemoryHandle {
        MemoryHandle { offset: 0, length: 0 }
    }

    /// Returns the first byte of the block.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the length of the block in bytes, or `usize::MAX` if it is larger than that.
    pub fn len(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    /// Returns true if the block has no bytes.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_no_block() {
        let null = MemoryHandle::null();
        assert_eq!((null.offset(), null.len(), null.is_empty()), (0, 0, true));
    }

    #[test]
    fn fields_and_methods_agree() {
        let handle = MemoryHandle { offset: 77, length: 3 };
        assert_eq!((handle.offset(), handle.len(), handle.is_empty()), (77, 3, false));
    }
}
