//! Copying loops as compilers write them, and some that only look like it, do in a fused module what
//! they do when the module is linked to a kernel: to every byte of both memories, to every local.

use std::cell::RefCell;

use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use wasmparser::{FunctionBody, Operator, Parser, Payload};

use super::shapes::SHAPES;
use crate::fuse::{
    Fused,
    expand::START,
    fuse,
    random::short,
    twins::{Twins, engine},
};

/// What a loop starts with.
type Locals = (i32, i32, i64, i64, i64, i32, i64);

/// Numbers around which something changes.
fn near(places: &'static [i64]) -> impl Strategy<Value = i64> {
    (prop::sample::select(places), -20_i64..200).prop_map(|(place, by)| place.wrapping_add(by))
}

/// What loops start with: lengths and addresses that go together, and some that do not. Each loop
/// ends, be it at a bound, since its counter comes to its end within some thousand rounds.
#[expect(clippy::many_single_char_names, reason = "the loops call their locals so")]
fn starts() -> impl Strategy<Value = (usize, u32, Locals)> {
    const GUEST: &[i64] = &[0, 100, 30_000, 65_000, 65_536, -1];
    const KERNEL: &[i64] = &[START, 1_700, 2_304, START - 24, 0, -8];
    const COUNT: &[i64] = &[0, 8, 64, 500, 1_000, 4_000];
    const PENDING: &[u32] = &[0, 0, 16, 1_008, 5_008];
    const FRAME: &[i64] = &[0, 300, 5_000, 30_000, 65_440, -1];
    (
        (0_usize..3_000, near(GUEST), near(COUNT), near(KERNEL), near(COUNT), near(KERNEL)),
        (near(FRAME), any::<i64>(), 0_u8..6, prop::sample::select(PENDING), 0_u8..4),
    )
        .prop_map(|((len, a, b, c, d, e), (t, u, sense, n_pending, place))| {
            // Many a loop begins where the bytes do that are not yet zero.
            let position = START + i64::try_from(len.next_multiple_of(16)).unwrap();
            let (c, e) = match place {
                0 => (position, e),
                1 => (c, position),
                _ => (c, e),
            };
            let (a, b, t) = (short(a), short(b), short(t));
            // Most loops want an end that lies some rounds behind a start.
            let (b, c, d, e) = match sense {
                0 => (b & -8, c, c.wrapping_add(d & -8), e),
                1 => (-(b & -8), c - START, (c - START).wrapping_add(d & -8), e - START),
                2 => (b & 0xfff, c, d, (e - START) & 0xfff),
                _ => (b, c, d, e),
            };
            // An index that overflows on the way: without a sign, and with it.
            let index = b & 0xfff;
            let (b, c) = match sense {
                4 => (-index, START + i64::from(index) - (1 << 32)),
                5 => (i32::MAX - index, START - i64::from(i32::MAX - index)),
                _ => (b, c),
            };
            let (a, t) = if sense < 4 { (a, t) } else { (a.wrapping_sub(b), t & 0xfff) };
            (len, n_pending, (a, b, c, d, e, t, u))
        })
}

#[test]
fn loops_do_fused_what_they_do_linked() {
    let engine = engine();
    let bytes = |modulus: u8, len: usize| (0..modulus).cycle().take(len).collect::<Vec<_>>();
    let (input, memory) = (bytes(251, 3_000), bytes(253, 1 << 16));
    for shape in SHAPES {
        let twins = RefCell::new(Twins::new(&engine, &shape.module(), &[]).unwrap());
        let config = ProptestConfig {
            cases: 200,
            max_global_rejects: 10_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let check = |(len, n_pending, (a, b, c, d, e, t, u)): (usize, u32, Locals)| {
            let mut twins = twins.borrow_mut();
            twins.reset(&input[..len], n_pending, &memory);
            let params = [a.into(), b.into(), c.into(), d.into(), e.into(), t.into(), u.into()];
            // Whoever goes on for billions of rounds shows nothing more.
            prop_assume!(twins.call("run", &params).is_some());
            Ok(())
        };
        TestRunner::new_with_rng(config, rng)
            .run(&starts(), check)
            .unwrap_or_else(|err| panic!("{}: {err}", shape.name));
    }
}

#[test]
fn loops_that_copy_are_recognised_and_no_others() {
    for shape in SHAPES {
        assert_eq!(n_copying(&shape.module()) > 0, shape.copies, "{}", shape.name);
    }
}

/// Returns how many functions of a guest, which copy no memory themselves, do so when it is fused.
pub(super) fn n_copying(guest: &[u8]) -> usize {
    fn bodies(bytes: &[u8]) -> impl Iterator<Item = FunctionBody<'_>> {
        Parser::new(0).parse_all(bytes).filter_map(|payload| match payload.unwrap() {
            Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        })
    }
    let copies = |body: &FunctionBody<'_>| {
        let mut operators = body.get_operators_reader().unwrap().into_iter();
        operators.any(|operator| matches!(operator, Ok(Operator::MemoryCopy { .. })))
    };
    let Fused { bytes, .. } = fuse(guest).unwrap();
    // Its own come first.
    bodies(&bytes).take(bodies(guest).count()).filter(copies).count()
}
