//! Blocks against the stand-in host.

use proptest::prelude::{any, prop_assert_eq, proptest};

use super::*;
use crate::testing::MockHost;

proptest! {
    #[test]
    fn bytes_come_back_as_they_went(bytes: Vec<u8>) {
        let _host = MockHost::new();
        let block = Memory::from_bytes(&bytes).unwrap();
        prop_assert_eq!(block.len(), bytes.len());
        prop_assert_eq!(block.to_vec(), bytes);
    }

    #[test]
    fn a_load_takes_what_there_is(bytes: Vec<u8>, len in 0_usize..80, fill in any::<u8>()) {
        let _host = MockHost::new();
        let block = Memory::from_bytes(&bytes).unwrap();
        let mut buffer = vec![fill; len];
        internal::load(block.0, &mut buffer);
        let mut expected = bytes;
        expected.resize(len, 0);
        prop_assert_eq!(buffer, expected);
    }

    #[test]
    fn a_store_leaves_out_what_does_not_fit(bytes: Vec<u8>, len in 1_usize..80) {
        let _host = MockHost::new();
        let block = Memory::from_bytes(vec![0; len]).unwrap();
        internal::store(block.0, &bytes);
        let mut expected = bytes;
        expected.resize(len, 0);
        prop_assert_eq!(block.to_vec(), expected);
    }
}

#[test]
fn no_bytes_take_no_block() {
    let host = MockHost::new();
    let block = Memory::from_bytes([]).unwrap();
    assert_eq!((block, block.to_vec(), host.n_blocks()), (Memory::null(), Vec::new(), 0));
    block.free();
}

#[test]
fn a_managed_block_is_freed_once_dropped() {
    let host = MockHost::new();
    let managed = ManagedMemory::new(Memory::new(&"text").unwrap());
    assert_eq!((host.n_blocks(), managed.as_ref().to_string().unwrap().as_str()), (1, "text"));
    drop(managed);
    assert_eq!(host.n_blocks(), 0);
}

#[test]
fn a_block_is_found_by_its_offset_alone() {
    let _host = MockHost::new();
    let block = Memory::new(&"text").unwrap();
    assert_eq!(Memory::find(block.offset()), Some(block));
    assert_eq!(Memory::from(i64::from(block)), block);
    assert_eq!(Memory::from(u64::from(block)), block);
    assert_eq!(Memory::find(block.offset() + 1), None);
    assert_eq!(Memory::from(3_u64), Memory::null());
    assert_eq!(Memory::from(()), Memory::null());
    block.free();
    assert_eq!(Memory::find(block.offset()), None);
}

#[test]
fn a_pointer_decodes_what_it_points_to() {
    let _host = MockHost::new();
    let block = Memory::new(&"text").unwrap();
    assert_eq!(MemoryPointer::<String>::at(block.offset()).get().unwrap(), "text");
    assert_eq!(MemoryPointer::<String>::at(0).get().unwrap(), "");
    let err = MemoryPointer::<String>::at(5).get().unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(MemoryError::NoBlock { offset: 5 })), "{err:?}");
}

#[test]
fn text_is_checked() {
    let _host = MockHost::new();
    let block = Memory::from_bytes([0xff]).unwrap();
    assert!(block.to_string().is_err());
    assert!(block.to::<String>().is_err());
}
