//! What the heap promises, one fact at a time, and at random against the model.

use core::num::NonZeroU64;

use proptest::{collection, prelude::*};

use super::*;
use crate::{
    VecMemory,
    testing::{Generator, Native, Temper, Trial},
};

/// Bytes that a memory of one page has for blocks.
const PAGE_ROOM: u64 = (layout::PAGE_LEN - layout::GUEST_START) as u64;

fn heap(n_pages: u32, page_limit: u32) -> Heap<VecMemory> {
    Heap::new(VecMemory::new(n_pages, page_limit))
}

fn alloc(heap: &mut Heap<VecMemory>, len: u64) -> Offset {
    let len = NonZeroU64::new(len).expect("tests ask for bytes");
    let offset = heap.alloc(len).expect("there is room");
    heap.check();
    offset
}

/// Reserves blocks of 16 bytes. More than 2048 make a ledger of more than one page.
fn alloc_many(heap: &mut Heap<VecMemory>, n_blocks: usize) -> Vec<Offset> {
    let len = NonZeroU64::new(16).expect("not zero");
    let blocks = (0..n_blocks).map(|_| heap.alloc(len).expect("there is room")).collect();
    heap.check();
    blocks
}

fn free(heap: &mut Heap<VecMemory>, offset: Offset) {
    heap.free(offset);
    heap.check();
}

fn refused(heap: &mut Heap<VecMemory>, len: u64) {
    let before = heap.memory().as_bytes().to_vec();
    let asked = NonZeroU64::new(len).expect("tests ask for bytes");
    assert_eq!(heap.alloc(asked), Err(HeapError::Exhausted { len }));
    assert!(heap.memory().as_bytes() == before, "a refused block changes nothing");
}

#[test]
fn blocks_are_zeroed_aligned_and_measured() {
    let mut heap = heap(1, 1);
    for len in [1, 15, 16, 17, 100, 4096] {
        let offset = alloc(&mut heap, len);
        assert_eq!(offset.get() % layout::BLOCK_ALIGN, 0);
        assert_eq!(heap.len_of(offset), NonZeroU64::new(len));
        let bytes = heap.memory().as_bytes();
        let start = offset.get() as usize;
        assert!(bytes[start..heap.position() as usize].iter().all(|byte| *byte == 0));
        heap.store_u8(offset, 0xFF);
    }
}

/// A heap in whose memory calls have left bytes, with a large block that nobody has seen.
fn unseen(len: u64) -> (Heap<VecMemory>, Offset) {
    let mut heap = heap(1, 1);
    let used = alloc(&mut heap, 8_000);
    for offset in (used.get()..heap.position()).filter_map(Offset::at) {
        heap.store_u8(offset, 0xFF);
    }
    heap.reset();
    let offset = alloc(&mut heap, len);
    (heap, offset)
}

fn bytes_of(heap: &Heap<VecMemory>, offset: Offset, len: usize) -> &[u8] {
    &heap.memory().as_bytes()[offset.get() as usize..][..len]
}

#[test]
fn large_block_is_zeroed_when_it_is_seen() {
    let ways: [fn(&mut Heap<VecMemory>, Offset); 8] = [
        |heap, offset| assert_eq!(heap.load_u8(offset), 0),
        |heap, offset| assert_eq!(heap.load_u64(Offset::at(offset.get() + 3_000).unwrap()), 0),
        |heap, offset| heap.store_u64(offset, 0),
        |heap, offset| heap.set_output(Some(offset), 1),
        |heap, offset| heap.set_input(Some(offset), 4_000),
        |heap, offset| heap.set_error(offset),
        |heap, _| assert!(heap.alloc(NonZeroU64::MIN).is_ok()),
        |heap, _| heap.zero_pending(),
    ];
    for see in ways {
        let (mut heap, offset) = unseen(4_000);
        assert_eq!(heap.len_of(offset).map(NonZeroU64::get), Some(4_000));
        assert!(bytes_of(&heap, offset, 4_000).iter().all(|byte| *byte == 0xFF));
        heap.check();
        see(&mut heap, offset);
        assert!(bytes_of(&heap, offset, 4_000).iter().all(|byte| *byte == 0));
        heap.check();
    }
}

#[test]
fn overwritten_block_is_not_zeroed_but_what_follows_is() {
    for (at, len, expected) in [(0, 3_990, 0xFF), (0, 3_000, 0xFF), (8, 100, 0), (3_000, 8, 0)] {
        let (mut heap, offset) = unseen(4_000);
        let start = Offset::at(offset.get() + at).unwrap();
        let block = heap.overwrite(start, len).unwrap();
        assert_eq!((block.offset(), u64::from(block.len())), (start, len));
        let bytes = bytes_of(&heap, start, usize::try_from(len).unwrap());
        assert!(bytes.iter().all(|byte| *byte == expected));
        let last = Offset::at(heap.position() - 1).unwrap();
        assert_eq!(bytes_of(&heap, last, 1), [0]);
        heap.check();
    }
    let (mut heap, offset) = unseen(4_000);
    assert_eq!(heap.overwrite(offset, 5_000), None);
}

#[test]
fn freed_block_that_nobody_saw_shows_nothing() {
    let (mut heap, offset) = unseen(4_000);
    free(&mut heap, offset);
    heap.check();
    for len in [100, 2_000, 6_000] {
        let offset = alloc(&mut heap, len);
        let last = Offset::at(offset.get() + u32::try_from(len).unwrap() - 1).unwrap();
        assert_eq!((heap.load_u8(last), heap.load_u8(offset)), (0, 0));
        free(&mut heap, offset);
    }
}

#[test]
fn freed_neighbours_merge() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut heap = heap(1, 1);
        let blocks = [(); 3].map(|()| alloc(&mut heap, 64));
        let fence = alloc(&mut heap, 1);
        for idx in order {
            free(&mut heap, blocks[idx]);
        }
        assert_eq!(alloc(&mut heap, 192), blocks[0]);
        assert!(heap.len_of(fence).is_some());
    }
}

#[test]
fn freed_end_is_given_back() {
    let mut heap = heap(1, 1);
    let first = alloc(&mut heap, 64);
    let second = alloc(&mut heap, 64);
    free(&mut heap, first);
    free(&mut heap, second);
    assert_eq!(heap.position(), layout::GUEST_START);
    assert_eq!(heap.block(first, 1), None);
}

#[test]
fn freed_block_is_split_and_its_rest_used() {
    let mut heap = heap(1, 1);
    let large = alloc(&mut heap, 1024);
    let fence = alloc(&mut heap, 16);
    free(&mut heap, large);
    assert_eq!(alloc(&mut heap, 100), large);
    assert_eq!(u64::from(alloc(&mut heap, 900)), u64::from(large) + 112);
    assert!(heap.len_of(fence).is_some());
}

#[test]
fn alloc_and_free_in_a_loop_use_the_same_bytes() {
    let mut heap = heap(1, 1);
    let fence = alloc(&mut heap, 16);
    let expected = alloc(&mut heap, 40);
    free(&mut heap, expected);
    for _ in 0..if cfg!(miri) { 3 } else { 100 } {
        let offset = alloc(&mut heap, 40);
        assert_eq!(offset, expected);
        free(&mut heap, offset);
    }
    assert!(heap.len_of(fence).is_some());
}

#[test]
fn free_ignores_what_is_no_active_block() {
    let mut heap = heap(1, 1);
    let first = alloc(&mut heap, 64);
    let fence = alloc(&mut heap, 64);
    free(&mut heap, first);
    let before = heap.memory().as_bytes().to_vec();
    for raw in [1, 16, 1279, 1280, 1296, 1345, 2000, 65_536, u64::from(u32::MAX)] {
        free(&mut heap, Offset::new(raw).expect("not zero"));
    }
    assert!(heap.memory().as_bytes() == before);
    assert!(heap.len_of(fence).is_some());
}

#[test]
fn too_much_is_refused_and_changes_nothing() {
    let mut heap = heap(1, 2);
    let first = alloc(&mut heap, 100);
    let rest = 2 * u64::from(layout::PAGE_LEN) - u64::from(heap.position());
    for len in [rest + 1, 1 << 31, (1 << 32) - 16, (1 << 32) - 15, (1 << 32) - 1, 1 << 32] {
        refused(&mut heap, len);
    }
    for len in [u64::MAX, u64::MAX - 15, i64::MAX.unsigned_abs()] {
        refused(&mut heap, len);
    }
    assert_eq!(heap.capacity(), PAGE_ROOM);
    alloc(&mut heap, rest);
    assert_eq!(heap.capacity(), PAGE_ROOM + u64::from(layout::PAGE_LEN));
    refused(&mut heap, 1);
    free(&mut heap, first);
    assert_eq!(alloc(&mut heap, 1), first);
}

#[test]
fn ledger_moves_to_the_top_and_back() {
    let mut heap = heap(1, 64);
    let n_blocks = if cfg!(miri) { 40 } else { 2000 };
    let blocks: Vec<Offset> = (0..n_blocks).map(|len| alloc(&mut heap, 1 + len % 90)).collect();
    assert!(heap.top_ledger().start > heap.position());
    assert_eq!(heap.top_ledger().end, heap.end());
    for (len, block) in (0..).zip(&blocks) {
        assert_eq!(heap.len_of(*block), NonZeroU64::new(1 + len % 90));
    }
    for block in blocks.iter().step_by(2).chain(blocks.iter().skip(1).step_by(2)) {
        heap.free(*block);
    }
    heap.check();
    assert_eq!(heap.position(), layout::GUEST_START);
    heap.reset();
    assert!(heap.top_ledger().is_empty());
    heap.check();
    heap.check_untouched();
}

#[test]
fn ledger_that_cannot_grow_refuses_the_block() {
    let mut heap = heap(1, 1);
    let blocks: Vec<Offset> = (0..layout::INLINE_CAPACITY).map(|_| alloc(&mut heap, 1)).collect();
    let rest = u64::from(heap.end() - heap.position());
    refused(&mut heap, rest);
    free(&mut heap, blocks[31]);
    alloc(&mut heap, rest + 16);
    refused(&mut heap, 32);
    free(&mut heap, blocks[5]);
    assert_eq!(alloc(&mut heap, 16), blocks[5]);
}

#[test]
fn memory_that_grows_takes_the_ledger_along() {
    let mut heap = heap(1, 8);
    let blocks = alloc_many(&mut heap, 100);
    let before = heap.top_ledger();
    let large = alloc(&mut heap, 2 * u64::from(layout::PAGE_LEN));
    let after = heap.top_ledger();
    assert_eq!((after.end, after.len()), (heap.end(), before.len()));
    assert!(blocks.iter().all(|block| heap.len_of(*block) == NonZeroU64::new(16)));
    assert_eq!(heap.len_of(large), NonZeroU64::new(2 * u64::from(layout::PAGE_LEN)));
    heap.check_untouched();
}

#[test]
fn memory_grows_by_what_has_to_move() {
    let mut heap = heap(1, 64);
    alloc_many(&mut heap, 2049);
    let ledger = heap.top_ledger();
    let rest = u64::from(ledger.start - heap.position());
    let end = heap.end();
    alloc(&mut heap, rest + 1);
    assert!(ledger.len() > layout::PAGE_LEN as usize);
    assert!((heap.end() - end) as usize >= ledger.len());
}

#[test]
fn memory_near_its_limit_grows_by_what_is_left() {
    let mut heap = heap(1, 6);
    alloc_many(&mut heap, 2049);
    let rest = u64::from(heap.top_ledger().start - heap.position());
    alloc(&mut heap, rest + 1);
    let rest = u64::from(heap.top_ledger().start - heap.position());
    let left = 6 - heap.memory().n_pages();
    assert!(left < 2, "the ledger of nearly two pages cannot be matched");
    alloc(&mut heap, rest + u64::from(left * layout::PAGE_LEN));
    assert_eq!(heap.memory().n_pages(), 6);
    refused(&mut heap, 1);
}

#[test]
fn bytes_of_one_call_are_not_shown_to_the_next() {
    let mut heap = heap(1, 4);
    // An interpreter looks at few bytes a second.
    let rounds: &[u64] = if cfg!(miri) { &[40, 3000, 17] } else { &[40, 3000, 70_000, 17] };
    for &len in rounds {
        let input = heap.begin(len).expect("there is room").expect("the input is not empty");
        heap.memory_mut().as_bytes_mut()[input.start() as usize..][..input.len() as usize].fill(7);
        let end = heap.position() as usize;
        assert!(
            heap.memory().as_bytes()[..end][(input.start() + input.len()) as usize..]
                .iter()
                .all(|byte| *byte == 0)
        );
        let block = alloc(&mut heap, len);
        assert_eq!(heap.block(block, len).map(Block::len), u32::try_from(len).ok());
        let start = block.get() as usize;
        let end = heap.position() as usize;
        assert!(heap.memory().as_bytes()[start..end].iter().all(|byte| *byte == 0));
        heap.memory_mut().as_bytes_mut()[start..end].fill(9);
        heap.check_untouched();
    }
}

#[test]
fn input_is_a_block_until_it_is_freed() {
    let mut heap = heap(1, 1);
    let input = heap.begin(10).expect("there is room").expect("the input is not empty");
    heap.check();
    assert_eq!(heap.len_of(input.offset()), NonZeroU64::new(10));
    let block = alloc(&mut heap, 10);
    free(&mut heap, input.offset());
    assert_eq!((heap.len_of(input.offset()), heap.input()), (None, None));
    free(&mut heap, input.offset());
    free(&mut heap, block);
    assert_eq!(alloc(&mut heap, 10), block);
}

#[test]
fn empty_input_has_no_block() {
    let mut heap = heap(1, 1);
    alloc(&mut heap, 10);
    assert_eq!(heap.begin(0), Ok(None));
    heap.check();
    assert_eq!(heap.input(), None);
    assert_eq!(u64::from(alloc(&mut heap, 10)), u64::from(layout::GUEST_START));
}

#[test]
fn input_that_does_not_fit_leaves_no_block() {
    let mut heap = heap(1, 2);
    alloc_many(&mut heap, 100);
    for len in [2 * u64::from(layout::PAGE_LEN), u64::MAX] {
        assert_eq!(heap.begin(len), Err(HeapError::Exhausted { len }));
        heap.check();
        heap.check_untouched();
        assert_eq!(heap.position(), layout::GUEST_START);
    }
}

#[test]
fn blocks_that_carry_a_result_stay() {
    let mut heap = heap(1, 1);
    let output = alloc(&mut heap, 40);
    let error = alloc(&mut heap, 40);
    heap.set_output(Offset::at(output.get() + 39), 1);
    heap.set_error(error);
    for block in [output, error] {
        free(&mut heap, block);
        assert_eq!(heap.len_of(block), NonZeroU64::new(40));
    }
    heap.set_output(None, 0);
    heap.clear_error();
    for block in [output, error] {
        free(&mut heap, block);
        assert_eq!(heap.len_of(block), None);
    }
    assert_eq!(heap.position(), layout::GUEST_START);
}

#[test]
fn ranges_are_cleared_when_the_position_falls_below_them() {
    let mut heap = heap(1, 1);
    let stale = alloc(&mut heap, 40);
    let block = alloc(&mut heap, 40);
    free(&mut heap, stale);
    heap.set_output(Some(stale), 16);
    heap.set_input(Offset::at(block.get() + 1), 8);
    free(&mut heap, block);
    assert_eq!((heap.input(), heap.output(), heap.position()), (None, None, layout::GUEST_START));
}

#[test]
fn ranges_out_of_bounds_are_ignored() {
    let mut heap = heap(1, 1);
    let block = alloc(&mut heap, 40);
    heap.set_output(Some(block), 40);
    let expected = heap.output();
    for (raw, len) in [
        (u64::from(block), 49),
        (u64::from(block), u64::MAX),
        (u64::from(block), u64::MAX - 1023),
        (u64::from(block) + 48, 1),
        (u64::from(u32::MAX), u64::from(u32::MAX)),
        (1023, 2),
        (u64::MAX, 1),
    ] {
        heap.set_output(Offset::new(raw), len);
        assert_eq!(heap.output(), expected, "a range of {len} bytes at {raw}");
    }
}

#[test]
fn only_active_blocks_become_the_error() {
    let mut heap = heap(1, 1);
    let block = alloc(&mut heap, 40);
    let freed = alloc(&mut heap, 40);
    heap.set_error(block);
    free(&mut heap, freed);
    for other in [Some(freed), Offset::at(block.get() + 1), Offset::at(u32::MAX)] {
        heap.set_error(other.expect("not zero"));
        assert_eq!(heap.error(), Some(block));
    }
}

#[test]
fn loads_and_stores_keep_to_the_bounds_rule() {
    let mut heap = heap(1, 1);
    alloc(&mut heap, 40);
    let bytes = heap.memory_mut().as_bytes_mut();
    bytes[4096..].fill(0xEE);
    let before = heap.memory().as_bytes().to_vec();
    let start = layout::GUEST_START;
    let end = heap.position();
    for address in [1, 16, start - 8, start - 1, end - 7, end, 4096, 65_528, 65_536, u32::MAX] {
        let offset = Offset::at(address).expect("not zero");
        assert_eq!(heap.load_u64(offset), 0, "eight bytes at {address}");
        heap.store_u64(offset, u64::MAX);
    }
    assert!(heap.memory().as_bytes() == before);
    let last = Offset::at(end - 8).expect("not zero");
    heap.store_u64(last, u64::MAX);
    assert_eq!(heap.load_u64(last), u64::MAX);
    heap.store_u8(Offset::at(end).expect("not zero"), 1);
    heap.store_u8(Offset::at(end - 1).expect("not zero"), 1);
    assert_eq!(heap.memory().as_bytes()[end as usize - 1..=end as usize], [1, 0]);
}

#[test]
fn hash_key_of_the_host_finds_blocks_too() {
    let mut heap = heap(1, 4);
    heap.memory_mut().store_u64(layout::HASH_KEY, 0xDEAD_BEEF_0BAD_CAFE);
    let blocks = alloc_many(&mut heap, 200);
    assert!(blocks.iter().all(|block| heap.len_of(*block).is_some()));
}

/// Numbers from which a random case is made.
const N_CHOICES: usize = if cfg!(miri) { 40 } else { 600 };

/// Steps that a test takes: many in a build that is optimised, few under an interpreter.
fn n_steps(many: u64) -> u64 {
    if cfg!(miri) { many / 25_000 } else { many }
}

fn run(temper: Temper, seed: u64, page_limit: u32, n_steps: u64) {
    let mut generator = Generator::from_seed(temper, seed);
    let check_interval = if cfg!(miri) { 16 } else { 4 };
    let mut trial = Trial::new(Native::new(1, page_limit), page_limit, check_interval);
    for _ in 0..n_steps {
        let step = generator.next_step(trial.model());
        trial.step(step);
    }
    trial.check();
}

#[test]
fn a_million_hostile_calls_change_only_what_they_may() {
    for (seed, page_limit) in [(1, 1), (2, 2), (3, 3), (4, 8)] {
        run(Temper::Hostile, seed, page_limit, n_steps(250_000));
    }
}

#[test]
fn careful_calls_get_what_they_ask_for() {
    for (seed, page_limit) in [(5, 2), (6, if cfg!(miri) { 3 } else { 40 })] {
        run(Temper::Careful, seed, page_limit, n_steps(50_000));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_steps_agree_with_the_model(
        choices in collection::vec(any::<u64>(), 0..N_CHOICES),
        careful in any::<bool>(),
        page_limit in 1_u32..4,
    ) {
        let temper = if careful { Temper::Careful } else { Temper::Hostile };
        let n_steps = choices.len() / 4;
        let mut generator = Generator::from_choices(temper, choices);
        let mut trial = Trial::new(Native::new(1, page_limit), page_limit, 1);
        for _ in 0..n_steps {
            let step = generator.next_step(trial.model());
            trial.step(step);
        }
    }
}
