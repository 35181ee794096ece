//! A guest's copies within its memories do fused what they do linked, wherever they lie; and it is the
//! slow ones that are done in pieces.

use wasmtime::{Config, Engine, Instance, Module, Store, Trap, WasmBacktrace};

use super::*;
use crate::fuse::{
    fuse,
    random::{Random, n_cases},
    twins::{Outcome, Twins, engine},
};

/// How many pages the memories have, and bytes.
const N_PAGES: usize = 3;
const MEMORY_LEN: usize = N_PAGES << 16;

/// A length that is far beyond a piece's.
const LONG: i32 = 6 * PIECE_LEN;

/// Copies at all places where a copy can stand; each takes destination, source and length, and most
/// return a number that lay on the stack beneath. Pieces are for those called `long`.
fn guest(n_pages: usize) -> Vec<u8> {
    let head = "(param $to i32) (param $from i32) (param $len i32)";
    let places = "(local.get $to) (local.get $from)";
    let wat = format!(
        r#"(module
        (memory $guest (export "guest") {n_pages})
        (memory $other (export "other") {n_pages})
        (func (export "long last") {head} (memory.copy {places} (local.get $len)))
        (func (export "long within") {head} (result i64)
            (i64.const 7) (memory.copy {places} (local.get $len)))
        (func (export "long other") {head} (memory.copy $other $other {places} (local.get $len)))
        (func (export "long fixed") {head} (memory.copy {places} (i32.const {LONG})))
        (func (export "long twice") {head} (local $n i32) (local $kept f64)
            (local.set $n (i32.const 2))
            (loop $again
                (memory.copy {places} (local.get $len))
                (local.set $to (i32.add (local.get $to) (i32.const 1)))
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "long if") {head} (result i32)
            (if (result i32) (local.get $len)
                (then (i32.const 5) (memory.copy {places} (local.get $len)))
                (else (memory.copy {places} (local.get $len)) (i32.const 6))))
        (func (export "short") {head} (memory.copy {places} (i32.const {PIECE_LEN})))
        (func (export "shorter") {head} (memory.copy {places} (i32.const 16)))
        (func (export "beyond") {head} (memory.copy {places} (i32.const -1)))
        (func (export "across") {head} (memory.copy $other $guest {places} (local.get $len)))
        (func (export "back") {head} (memory.copy $guest $other {places} (local.get $len)))
        (func (export "unreached") {head} (result i32)
            (return (local.get $len)) memory.copy))"#
    );
    wat::parse_str(wat).unwrap()
}

fn bytes() -> Vec<u8> {
    (0..=250).cycle().take(MEMORY_LEN).collect()
}

/// Chooses destination, source and length: at any distance, of which many are slow, and many so small
/// that the two overlap.
fn operands(random: &mut Random) -> [i32; 3] {
    let page = i64::from(SLOW_MODULUS);
    let end = i64::try_from(MEMORY_LEN).unwrap();
    let piece = i64::from(PIECE_LEN);
    let len = random.near(&[0, 1, piece, piece + 1, 2 * piece, 3 * piece, 10_000, 60_000]);
    let from = random.near(&[0, 100, page, end / 3, end / 2, end - len, end - len - 64]);
    let skew = random.below(66).cast_signed() - 1;
    let distance = random.pick(&[0, 0, 1, 2, 3, 12, 20, -1, -2, -16]) * page + skew;
    let (to, from) =
        if random.one_in(8) { (end - len, end - len - distance) } else { (from + distance, from) };
    [to, from, len].map(|number| i32::from_le_bytes(*number.to_le_bytes().first_chunk().unwrap()))
}

#[test]
fn copies_do_fused_what_they_do_linked() {
    let mut twins = Twins::new(&engine(), &guest(N_PAGES), &[]).unwrap();
    let names: Vec<_> = twins.functions().into_iter().map(|(name, _)| name).collect();
    let mut random = Random::new(0);
    let (bytes, mut n_done, mut n_refused) = (bytes(), 0, 0);
    for _ in 0..n_cases(300) {
        for name in &names {
            let operands = operands(&mut random);
            twins.reset(&[], 0, &bytes);
            match twins.call(name, &operands.map(Into::into)) {
                Some(Outcome::Results(_)) => n_done += 1,
                Some(Outcome::Trap(Trap::MemoryOutOfBounds)) => n_refused += 1,
                // A length without bounds takes more fuel than there is.
                outcome => assert!(outcome.is_none(), "`{name}` {operands:?}: {outcome:?}"),
            }
        }
    }
    // Else this would test little.
    assert!(n_done > n_cases(1_000) && n_refused > n_cases(300), "{n_done}, {n_refused}");
}

#[test]
fn only_slow_copies_are_done_in_pieces() {
    let guest = guest(40);
    let engine = engine();
    let module = Module::new(&engine, fuse(&guest).unwrap().bytes).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(1 << 30).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let mut fuel = |name: &str, to: i32, from: i32, len: i32| {
        let before = store.get_fuel().unwrap();
        let function = instance.get_func(&mut store, name).unwrap();
        let mut results = vec![wasmtime::Val::I32(0); function.ty(&store).results().len()];
        function.call(&mut store, &[to, from, len].map(Into::into), &mut results).unwrap();
        before - store.get_fuel().unwrap()
    };
    let mut has_pieces = |name: &str, to: i32, from: i32| {
        // Each byte costs a unit, and each piece something more.
        let [short, long] = [LONG, 2 * LONG].map(|len| fuel(name, to, from, len));
        long - short > u64::from(LONG.cast_unsigned())
    };
    let far = 20 * SLOW_MODULUS;
    for name in ["long last", "long within", "long other", "long if"] {
        for skew in [1, 2, 8, 16, 30] {
            assert!(has_pieces(name, far + skew, 0), "`{name}` {skew}");
            assert!(has_pieces(name, skew, far), "`{name}` {skew}, back");
            assert!(!has_pieces(name, SLOW_MODULUS + skew, 0), "`{name}` {skew}, overlapping");
        }
        for skew in [32, 33, 64, 1_000, SLOW_MODULUS - 2] {
            assert!(!has_pieces(name, far + skew, 0), "`{name}` {skew}");
        }
    }
    assert!(!has_pieces("across", far + 8, 0));

    // What is too long to be slow is done at once.
    let mut overhead =
        |len: i32| fuel("long last", SLOW_LEN + 8, 0, len) - u64::from(len.cast_unsigned());
    assert!(overhead(SLOW_LEN) > 512 && overhead(SLOW_LEN + 1) < 512);

    // What is always short is left as it is: it costs nothing more.
    let mut fixed = |name: &str| fuel(name, far + 8, 0, 0);
    assert_eq!(fixed("short") - fixed("shorter"), u64::from((PIECE_LEN - 16).cast_unsigned()));
    assert!(fixed("long fixed") > u64::from(LONG.cast_unsigned()) + fixed("shorter"));
}

#[test]
fn a_copy_out_of_bounds_traps_where_it_stands_and_changes_nothing() {
    let guest = guest(N_PAGES);
    let fused = fuse(&guest).unwrap();
    let end = i32::try_from(MEMORY_LEN).unwrap();
    let engine = Engine::new(Config::new().wasm_multi_memory(true)).unwrap();
    let [theirs, ours] = [&guest, &fused.bytes].map(|bytes| Module::new(&engine, bytes).unwrap());
    let place = |module: &Module, name: &str, operands: [i32; 3]| {
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, module, &[]).unwrap();
        let memory = instance.get_memory(&mut store, "guest").unwrap();
        memory.write(&mut store, 0, &bytes()).unwrap();
        let function = instance.get_func(&mut store, name).unwrap();
        let mut results = vec![wasmtime::Val::I32(0); function.ty(&store).results().len()];
        let err = function.call(&mut store, &operands.map(Into::into), &mut results).unwrap_err();
        assert_eq!(err.downcast_ref(), Some(&Trap::MemoryOutOfBounds), "`{name}` {operands:?}");
        assert!(memory.data(&store) == bytes(), "`{name}` {operands:?}");
        let frames = err.downcast_ref::<WasmBacktrace>().unwrap().frames();
        assert_eq!(frames.len(), 1, "`{name}` {operands:?}");
        frames[0].module_offset().unwrap() as u64
    };
    for name in ["long last", "long within", "long if"] {
        for operands in [
            [end - LONG + 1, end - LONG + 1 - 20 * SLOW_MODULUS - 8, LONG],
            [8, end - LONG + 1, LONG],
            [20 * SLOW_MODULUS + 8, 0, -1],
            [8, 20 * SLOW_MODULUS, -1],
            [-SLOW_MODULUS + 8, 0, LONG],
            [0, -8, LONG],
            [8, 0, i32::MIN],
            [-1, -9, 2 * SLOW_MODULUS],
        ] {
            let original = fused.notes.offsets.original(place(&ours, name, operands));
            assert_eq!(original, Some(place(&theirs, name, operands)), "`{name}` {operands:?}");
        }
    }
}
