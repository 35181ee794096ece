//! Memory as the heap sees it: pages that grow, and words at addresses.
//!
//! The heap computes every address it uses, so an address past the end is a mistake of the kernel, not
//! of a guest. [`LinearMemory`] is the module's own memory, where such a mistake traps; [`VecMemory`]
//! is a vector for native tests, where it panics. Neither knows what its bytes mean.
#![cfg_attr(
    target_arch = "wasm32",
    expect(unsafe_code, reason = "loads and stores by address are what this file wraps")
)]

/// Bytes with addresses, in pages of [`PAGE_LEN`](crate::layout::PAGE_LEN), little-endian.
///
/// Words need no alignment. New pages are zero.
pub trait Memory {
    /// Returns the number of pages.
    fn n_pages(&self) -> u32;

    /// Adds `n_pages` pages and returns whether it could; if not, nothing has changed.
    fn grow(&mut self, n_pages: u32) -> bool;

    /// Loads the byte at `address`.
    fn load_u8(&self, address: u32) -> u8;

    /// Loads the four bytes from `address`.
    fn load_u32(&self, address: u32) -> u32;

    /// Loads the eight bytes from `address`.
    fn load_u64(&self, address: u32) -> u64;

    /// Stores the byte at `address`.
    fn store_u8(&mut self, address: u32, value: u8);

    /// Stores the four bytes from `address`.
    fn store_u32(&mut self, address: u32, value: u32);

    /// Stores the eight bytes from `address`.
    fn store_u64(&mut self, address: u32, value: u64);

    /// Makes `len` bytes from `address` zero.
    fn fill_zero(&mut self, address: u32, len: u32);

    /// Moves `len` bytes from `from` to `to`. The two runs may overlap.
    fn copy(&mut self, from: u32, to: u32, len: u32);
}

#[cfg(target_arch = "wasm32")]
pub use linear::LinearMemory;

#[cfg(target_arch = "wasm32")]
mod linear {
    //! The memory of the module itself.

    use core::{arch::wasm32, ptr};

    use super::Memory;

    /// The module's own memory.
    ///
    /// The kernel has no static, no stack in memory and no other allocation, so no Rust value lies in
    /// this memory and no access through it can alias one. An address past the end traps.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct LinearMemory;

    fn at<T>(address: u32) -> *mut T {
        ptr::with_exposed_provenance_mut(address as usize)
    }

    impl Memory for LinearMemory {
        fn n_pages(&self) -> u32 {
            u32::try_from(wasm32::memory_size::<0>()).unwrap_or(u32::MAX)
        }

        fn grow(&mut self, n_pages: u32) -> bool {
            wasm32::memory_grow::<0>(n_pages as usize) != usize::MAX
        }

        fn load_u8(&self, address: u32) -> u8 {
            // SAFETY: any byte is a valid `u8`, nothing aliases it, and past the end the load traps.
            unsafe { at::<u8>(address).read() }
        }

        fn load_u32(&self, address: u32) -> u32 {
            // SAFETY: any bytes are a valid `u32`, nothing aliases them, past the end the load traps.
            unsafe { at::<u32>(address).read_unaligned() }
        }

        fn load_u64(&self, address: u32) -> u64 {
            // SAFETY: any bytes are a valid `u64`, nothing aliases them, past the end the load traps.
            unsafe { at::<u64>(address).read_unaligned() }
        }

        fn store_u8(&mut self, address: u32, value: u8) {
            // SAFETY: no Rust value lies in this memory, and past the end the store traps.
            unsafe { at::<u8>(address).write(value) }
        }

        fn store_u32(&mut self, address: u32, value: u32) {
            // SAFETY: no Rust value lies in this memory, and past the end the store traps.
            unsafe { at::<u32>(address).write_unaligned(value) }
        }

        fn store_u64(&mut self, address: u32, value: u64) {
            // SAFETY: no Rust value lies in this memory, and past the end the store traps.
            unsafe { at::<u64>(address).write_unaligned(value) }
        }

        fn fill_zero(&mut self, address: u32, len: u32) {
            // SAFETY: no Rust value lies in this memory, and past the end the fill traps.
            unsafe { at::<u8>(address).write_bytes(0, len as usize) }
        }

        fn copy(&mut self, from: u32, to: u32, len: u32) {
            // SAFETY: no Rust value lies in this memory, the copy allows overlap, past the end it traps.
            unsafe { at::<u8>(to).copy_from(at::<u8>(from), len as usize) }
        }
    }
}

/// A memory for native tests, with a limit of its own.
#[cfg(any(test, feature = "testing"))]
#[derive(Clone, Debug)]
pub struct VecMemory {
    bytes: Vec<u8>,
    page_limit: u32,
}

#[cfg(any(test, feature = "testing"))]
impl VecMemory {
    /// Makes a memory of `n_pages` pages of zeroes that grows to `page_limit` at most.
    #[must_use]
    pub fn new(n_pages: u32, page_limit: u32) -> Self {
        let bytes = vec![0; n_pages as usize * crate::layout::PAGE_LEN as usize];
        Self { bytes, page_limit: page_limit.min(crate::layout::MAX_PAGES) }
    }

    /// Makes a memory of these bytes that cannot grow.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { bytes, page_limit: 0 }
    }

    /// Borrows all bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Borrows all bytes for writing, as a host would between calls.
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    fn load<const N: usize>(&self, address: u32) -> [u8; N] {
        let start = address as usize;
        self.bytes[start..start + N].try_into().expect("the slice has this length")
    }

    fn store<const N: usize>(&mut self, address: u32, value: [u8; N]) {
        let start = address as usize;
        self.bytes[start..start + N].copy_from_slice(&value);
    }
}

#[cfg(any(test, feature = "testing"))]
impl Memory for VecMemory {
    fn n_pages(&self) -> u32 {
        let n_pages = self.bytes.len() / crate::layout::PAGE_LEN as usize;
        u32::try_from(n_pages).expect("a memory has fewer pages than a `u32` counts")
    }

    fn grow(&mut self, n_pages: u32) -> bool {
        let grown = self.n_pages().checked_add(n_pages).filter(|n| *n <= self.page_limit);
        if let Some(n_pages) = grown {
            self.bytes.resize(n_pages as usize * crate::layout::PAGE_LEN as usize, 0);
        }
        grown.is_some()
    }

    fn load_u8(&self, address: u32) -> u8 {
        u8::from_le_bytes(self.load(address))
    }

    fn load_u32(&self, address: u32) -> u32 {
        u32::from_le_bytes(self.load(address))
    }

    fn load_u64(&self, address: u32) -> u64 {
        u64::from_le_bytes(self.load(address))
    }

    fn store_u8(&mut self, address: u32, value: u8) {
        self.store(address, value.to_le_bytes());
    }

    fn store_u32(&mut self, address: u32, value: u32) {
        self.store(address, value.to_le_bytes());
    }

    fn store_u64(&mut self, address: u32, value: u64) {
        self.store(address, value.to_le_bytes());
    }

    fn fill_zero(&mut self, address: u32, len: u32) {
        let start = address as usize;
        self.bytes[start..start + len as usize].fill(0);
    }

    fn copy(&mut self, from: u32, to: u32, len: u32) {
        let from = from as usize;
        self.bytes.copy_within(from..from + len as usize, to as usize);
    }
}
