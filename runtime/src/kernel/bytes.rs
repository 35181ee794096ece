//! Kernel memory as the heap's code sees it when the host runs it: the bytes that are there.
//!
//! Only the engine can make a memory longer, and nobody may hold its bytes meanwhile. So growth is
//! refused here, which the heap meets unchanged, and noted, so that the host can grow the memory and
//! ask the heap again.

use plugsmith_kernel::{Block, Memory, layout::PAGE_LEN};

/// The bytes of a kernel's memory.
#[derive(Debug)]
pub(crate) struct Bytes<'a> {
    bytes: &'a mut [u8],
    wanted: Option<[u32; 2]>,
}

impl<'a> Bytes<'a> {
    #[inline]
    pub(super) fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, wanted: None }
    }

    /// Returns how many pages the heap asked for, if it did: at first, and when it was modest.
    #[inline]
    pub(super) fn wanted(&self) -> Option<[u32; 2]> {
        self.wanted
    }

    /// Returns the bytes of a block.
    #[inline]
    pub(crate) fn block(&self, block: Block) -> &[u8] {
        &self.bytes[block.start() as usize..][..block.len() as usize]
    }

    /// Returns the bytes of a block, to write.
    #[inline]
    pub(crate) fn block_mut(&mut self, block: Block) -> &mut [u8] {
        self.run(block.start(), block.len())
    }

    #[inline]
    fn load<const N: usize>(&self, address: u32) -> [u8; N] {
        let start = address as usize;
        let bytes = self.bytes.get(start..start + N).and_then(<[u8]>::first_chunk);
        *bytes.expect("the heap knows where memory ends")
    }

    #[inline]
    fn store<const N: usize>(&mut self, address: u32, value: [u8; N]) {
        let start = address as usize;
        let bytes = self.bytes.get_mut(start..start + N).and_then(<[u8]>::first_chunk_mut);
        *bytes.expect("the heap knows where memory ends") = value;
    }

    #[inline]
    fn run(&mut self, address: u32, len: u32) -> &mut [u8] {
        &mut self.bytes[address as usize..][..len as usize]
    }
}

impl Memory for Bytes<'_> {
    #[inline]
    fn n_pages(&self) -> u32 {
        // Of at most 4 GiB.
        u32::try_from(self.bytes.len() / PAGE_LEN as usize).unwrap_or(u32::MAX)
    }

    fn grow(&mut self, n_pages: u32) -> bool {
        let [first, _] = self.wanted.unwrap_or([n_pages; 2]);
        self.wanted = Some([first, n_pages]);
        false
    }

    #[inline]
    fn load_u8(&self, address: u32) -> u8 {
        u8::from_le_bytes(self.load(address))
    }

    #[inline]
    fn load_u32(&self, address: u32) -> u32 {
        u32::from_le_bytes(self.load(address))
    }

    #[inline]
    fn load_u64(&self, address: u32) -> u64 {
        u64::from_le_bytes(self.load(address))
    }

    #[inline]
    fn store_u8(&mut self, address: u32, value: u8) {
        self.store(address, value.to_le_bytes());
    }

    #[inline]
    fn store_u32(&mut self, address: u32, value: u32) {
        self.store(address, value.to_le_bytes());
    }

    #[inline]
    fn store_u64(&mut self, address: u32, value: u64) {
        self.store(address, value.to_le_bytes());
    }

    #[inline]
    fn fill_zero(&mut self, address: u32, len: u32) {
        self.run(address, len).fill(0);
    }

    fn copy(&mut self, from: u32, to: u32, len: u32) {
        let from = from as usize;
        self.bytes.copy_within(from..from + len as usize, to as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_noted_and_refused() {
        let mut page = vec![0; PAGE_LEN as usize];
        let mut bytes = Bytes::new(&mut page);
        assert_eq!(bytes.wanted(), None);
        assert!(!bytes.grow(8));
        assert!(!bytes.grow(4));
        assert!(!bytes.grow(1));
        assert_eq!((bytes.wanted(), bytes.n_pages()), (Some([8, 1]), 1));
    }
}
