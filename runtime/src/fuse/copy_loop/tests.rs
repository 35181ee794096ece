//! Copying loops as compilers write them, and some that only look like it, do in a fused module what
//! they do when the module is linked to a kernel: to every byte of both memories, to every local.

use std::cell::RefCell;

use plugsmith_kernel::{CallStart, layout};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use wasmparser::{Operator, Parser, Payload};
use wasmtime::{Config, Engine, Extern, Instance, Memory, Module, Store, Trap, TypedFunc};

use crate::{
    fuse::{Fused, FusedNotes, fuse},
    kernel::KERNEL_WASM,
};

/// A loop, and whether it is one that is done at once. Its locals are `$a` and `$b` (guest addresses
/// or counters, `i32`), `$c`, `$d`, `$e` (`i64`), and `$t`, `$u` for anything; all are given.
struct Shape {
    name: &'static str,
    wat: &'static str,
    copies: bool,
}

const SHAPES: [Shape; 21] = [
    Shape {
        name: "input to guest, words, until an end",
        wat: "(loop
            (i64.store (local.get $a) (call $input_load_u64 (local.get $c)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if 0 (i64.ne (local.get $d)
                (local.tee $c (i64.add (local.get $c) (i64.const 8))))))",
        copies: true,
    },
    Shape {
        name: "input to guest, bytes, below an end",
        wat: "(loop
            (i32.store8 offset=3 (local.get $a) (call $input_load_u8 (local.get $c)))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if 0 (i64.lt_u (local.tee $c (i64.add (local.get $c) (i64.const 1)))
                (local.get $d))))",
        copies: true,
    },
    Shape {
        name: "kernel to guest, words, a counter up to zero",
        wat: "(loop
            (i64.store align=1 (local.get $a) (call $load_u64 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 8)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if 0 (local.tee $b (i32.add (local.get $b) (i32.const 8)))))",
        copies: true,
    },
    Shape {
        name: "kernel to guest, bytes, a counter down to zero",
        wat: "(loop
            (i32.store8 (local.get $a) (call $load_u8 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 1)))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if 0 (local.tee $b (i32.sub (local.get $b) (i32.const 1)))))",
        copies: true,
    },
    Shape {
        name: "guest to kernel, words, an index extended",
        wat: "(loop
            (call $store_u64
                (i64.add (local.get $c) (i64.extend_i32_u (local.get $b)))
                (i64.load (i32.add (local.get $a) (local.get $b))))
            (local.set $t (i32.add (local.get $b) (i32.const 16)))
            (local.set $b (i32.add (local.get $b) (i32.const 8)))
            (br_if 0 (i32.le_u (local.get $t) (i32.wrap_i64 (local.get $d)))))",
        copies: true,
    },
    Shape {
        name: "guest to kernel, bytes, an index extended with its sign and asked for first",
        wat: "(loop $head
            (if (i32.lt_s (local.get $b) (i32.wrap_i64 (local.get $d)))
                (then
                    (call $store_u8
                        (i64.add (local.get $c) (i64.extend_i32_s (local.get $b)))
                        (i32.load8_u (i32.add (local.get $a) (local.get $b))))
                    (local.set $b (i32.add (local.get $b) (i32.const 1)))
                    (br $head))))",
        copies: true,
    },
    Shape {
        name: "input to guest, words, asked for first and with a temporary",
        wat: "(loop $head
            (if (i32.le_s (local.tee $t (i32.add (local.get $b) (i32.const 8)))
                    (i32.wrap_i64 (local.get $d)))
                (then
                    (i64.store (i32.add (local.get $b) (local.get $a))
                        (call $input_load_u64 (i64.extend_i32_s (local.get $b))))
                    (local.set $b (local.get $t))
                    (br $head))))",
        copies: true,
    },
    Shape {
        name: "input to guest, bytes, left by the top",
        wat: "(block $out
            (loop $head
                (br_if $out (i64.eq (local.get $d) (local.get $c)))
                (i32.store8 (local.get $a) (call $input_load_u8 (local.get $c)))
                (local.set $a (i32.add (local.get $a) (i32.const 1)))
                (local.set $u (i64.add (local.get $c) (i64.const 77)))
                (local.set $c (i64.add (local.get $c) (i64.const 1)))
                (br $head)))",
        copies: true,
    },
    Shape {
        name: "kernel to guest, words, left by the top at zero, through a function",
        wat: "(block $out
            (loop $head
                (br_if $out (i64.eqz (local.get $d)))
                (i64.store (local.get $a) (call $wrapped (local.get $c)))
                (local.set $d (i64.add (local.get $d) (i64.const -1)))
                (local.set $c (i64.add (local.get $c) (i64.const 8)))
                (local.set $a (i32.add (local.get $a) (i32.const 8)))
                (br $head)))",
        copies: true,
    },
    Shape {
        name: "input to kernel, words",
        wat: "(loop
            (call $store_u64 (i64.add (local.get $c) (local.get $e))
                (call $input_load_u64 (local.get $e)))
            (local.set $e (i64.add (local.get $e) (i64.const 8)))
            (br_if 0 (i64.gt_u (local.get $d) (local.get $e))))",
        copies: true,
    },
    Shape {
        name: "kernel to kernel, bytes, to and fro",
        wat: "(loop
            (call $store_u8 (local.get $c) (call $load_u8 (local.get $e)))
            (local.set $c (i64.add (local.get $c) (i64.const 1)))
            (local.set $e (i64.add (local.get $e) (i64.const 1)))
            (br_if 0 (i64.ge_s (local.get $d) (local.get $e))))",
        copies: true,
    },
    Shape {
        name: "kernel to guest, words, an index extended and another counter",
        wat: "(loop
            (i64.store (i32.add (local.get $a) (local.get $b))
                (call $load_u64 (i64.add (local.get $c) (i64.extend_i32_u (local.get $b)))))
            (local.set $b (i32.add (local.get $b) (i32.const 8)))
            (br_if 0 (local.tee $t (i32.sub (local.get $t) (i32.const 1)))))",
        copies: true,
    },
    Shape {
        name: "guest to kernel, bytes, an index extended with its sign and another counter",
        wat: "(loop
            (call $store_u8 (i64.add (local.get $c) (i64.extend_i32_s (local.get $b)))
                (i32.load8_u (i32.add (local.get $a) (local.get $b))))
            (local.set $b (i32.add (local.get $b) (i32.const 1)))
            (br_if 0 (local.tee $t (i32.sub (local.get $t) (i32.const 1)))))",
        copies: true,
    },
    Shape {
        name: "a counter that jumps over its end",
        wat: "(loop
            (i64.store (local.get $a) (call $load_u64 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 8)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if 0 (i32.and
                (i32.const 1)
                (i32.ne (local.get $a) (local.get $b)))))",
        copies: false,
    },
    Shape {
        name: "a step that is another than the width",
        wat: "(loop
            (i64.store (local.get $a) (call $load_u64 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 4)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "an address left by the round before",
        wat: "(loop
            (i64.store (local.get $t) (call $load_u64 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 8)))
            (local.set $t (i32.add (local.get $a) (i32.const 8)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "two copies",
        wat: "(loop
            (i32.store8 (local.get $a) (call $load_u8 (local.get $c)))
            (i32.store8 offset=1 (local.get $a) (call $load_u8 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 1)))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "a changed byte",
        wat: "(loop
            (i32.store8 (local.get $a)
                (i32.add (i32.const 1) (call $load_u8 (local.get $c))))
            (local.set $c (i64.add (local.get $c) (i64.const 1)))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "a word of which a byte is stored",
        wat: "(loop
            (i64.store8 (local.get $a) (call $load_u64 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 1)))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "backwards",
        wat: "(loop
            (i32.store8 (local.get $a) (call $load_u8 (local.get $c)))
            (local.set $c (i64.sub (local.get $c) (i64.const 1)))
            (local.set $a (i32.sub (local.get $a) (i32.const 1)))
            (br_if 0 (i64.gt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "a call in between",
        wat: "(loop
            (i32.store8 (local.get $a) (call $load_u8 (local.get $c)))
            (drop (call $alloc (i64.const 1)))
            (local.set $c (i64.add (local.get $c) (i64.const 1)))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
];

/// What a loop starts with.
type Locals = (i32, i32, i64, i64, i64, i32, i64);

/// A module that runs the loop with all locals given, and returns them.
fn guest(shape: &Shape) -> Vec<u8> {
    let wat = format!(
        r#"(module
            (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
            (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
            (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
            (import "extism:host/env" "load_u64" (func $load_u64 (param i64) (result i64)))
            (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
            (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
            (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
            (memory (export "guest") 1)
            (func $wrapped (param i64) (result i64) (call $load_u64 (local.get 0)))
            (func (export "run")
                (param $a i32) (param $b i32) (param $c i64) (param $d i64) (param $e i64)
                (param $t i32) (param $u i64)
                (result i32 i32 i64 i64 i64 i32 i64)
                {}
                (local.get $a) (local.get $b) (local.get $c) (local.get $d) (local.get $e)
                (local.get $t) (local.get $u)))"#,
        shape.wat
    );
    wat::parse_str(wat).unwrap()
}

/// A guest and its kernel, in whatever form.
struct Subject {
    store: Store<()>,
    kernel: Memory,
    guest: Memory,
    run: TypedFunc<Locals, Locals>,
}

/// What a loop left.
struct Outcome {
    /// The locals, or what stopped it.
    locals: Result<Locals, Trap>,
    kernel: Vec<u8>,
    guest: Vec<u8>,
}

impl Subject {
    fn linked(engine: &Engine, guest: &Module) -> Self {
        let mut store = Store::new(engine, ());
        store.set_fuel(FUEL).unwrap();
        let kernel = Module::new(engine, KERNEL_WASM).unwrap();
        let kernel = Instance::new(&mut store, &kernel, &[]).unwrap();
        let imports: Vec<Extern> = guest
            .imports()
            .map(|import| kernel.get_export(&mut store, import.name()).unwrap())
            .collect();
        let memory = kernel.get_memory(&mut store, "memory").unwrap();
        Self::new(store, guest, &imports, |_, _| memory)
    }

    fn fused(engine: &Engine, guest: &Module, notes: &FusedNotes) -> Self {
        let mut store = Store::new(engine, ());
        store.set_fuel(FUEL).unwrap();
        let mut linker = wasmtime::Linker::new(engine);
        linker.define_unknown_imports_as_traps(guest).unwrap();
        let imports: Vec<Extern> = guest
            .imports()
            .map(|import| linker.get_by_import(&mut store, &import).unwrap())
            .collect();
        let name = notes.kernel_name("memory");
        Self::new(store, guest, &imports, |store, instance| {
            instance.get_memory(store, &name).unwrap()
        })
    }

    fn new(
        mut store: Store<()>,
        guest: &Module,
        imports: &[Extern],
        kernel: impl FnOnce(&mut Store<()>, &Instance) -> Memory,
    ) -> Self {
        let instance = Instance::new(&mut store, guest, imports).unwrap();
        let kernel = kernel(&mut store, &instance);
        let guest = instance.get_memory(&mut store, "guest").unwrap();
        let run = instance.get_typed_func(&mut store, "run").unwrap();
        Self { store, kernel, guest, run }
    }

    /// Runs the loop after an input of `len` bytes; the guest's memory holds other bytes.
    fn run(&mut self, len: u64, locals: Locals, fuel: u64) -> Outcome {
        let input: Vec<u8> = (0..=250).cycle().take(usize::try_from(len).unwrap()).collect();
        let start = CallStart::new(len).unwrap();
        let registers = start.registers(0);
        let kernel = self.kernel.data_mut(&mut self.store);
        kernel.fill(0);
        kernel[layout::ROOT as usize..][..registers.len()].copy_from_slice(&registers);
        kernel[layout::GUEST_START as usize..][..input.len()].copy_from_slice(&input);
        let guest = self.guest.data_mut(&mut self.store);
        for (byte, value) in guest.iter_mut().zip((0..=252_u8).rev().cycle()) {
            *byte = value;
        }
        self.store.set_fuel(fuel).unwrap();
        let locals = self.run.call(&mut self.store, locals);
        let locals = locals.map_err(|err| *err.downcast_ref().unwrap());
        Outcome {
            locals,
            kernel: self.kernel.data(&self.store).to_vec(),
            guest: self.guest.data(&self.store).to_vec(),
        }
    }
}

fn engine() -> Engine {
    let mut config = Config::new();
    config.wasm_multi_memory(true).consume_fuel(true);
    Engine::new(&config).unwrap()
}

/// How much a loop may use before it counts as endless.
const FUEL: u64 = 200_000;

/// Numbers around which something changes.
fn near(places: &'static [i64]) -> impl Strategy<Value = i64> {
    (prop::sample::select(places), -20_i64..200).prop_map(|(place, by)| place.wrapping_add(by))
}

fn short(number: i64) -> i32 {
    i32::from_le_bytes(*number.to_le_bytes().first_chunk().unwrap())
}

/// What loops start with: lengths and addresses that go together, and some that do not. Each loop
/// ends, be it at a bound, since its counter comes to its end within some thousand rounds.
#[expect(clippy::many_single_char_names, reason = "the loops call their locals so")]
fn starts() -> impl Strategy<Value = (u64, Locals)> {
    const GUEST: &[i64] = &[0, 100, 30_000, 65_000, 65_536, -1];
    const KERNEL: &[i64] = &[1_024, 1_500, 2_048, 1_000, 0, -8];
    const COUNT: &[i64] = &[0, 8, 64, 500, 1_000, 4_000];
    (
        (0_u64..3_000, near(GUEST), near(COUNT), near(KERNEL), near(COUNT), near(KERNEL)),
        (any::<i32>(), any::<i64>(), 0_u8..6),
    )
        .prop_map(|((len, a, b, c, d, e), (t, u, sense))| {
            let (a, b) = (short(a), short(b));
            // Most loops want an end that lies some rounds behind a start.
            let (b, c, d, e) = match sense {
                0 => (b & -8, c, c.wrapping_add(d & -8), e),
                1 => (-(b & -8), c - 1_024, (c - 1_024).wrapping_add(d & -8), e - 1_024),
                2 => (b & 0xfff, c, d, (e - 1_024) & 0xfff),
                _ => (b, c, d, e),
            };
            // An index that overflows on the way: without a sign, and with it.
            let index = b & 0xfff;
            let (b, c) = match sense {
                4 => (-index, 1_024 + i64::from(index) - (1 << 32)),
                5 => (i32::MAX - index, 1_024 - i64::from(i32::MAX - index)),
                _ => (b, c),
            };
            let (a, t) = if sense < 4 { (a, t) } else { (a.wrapping_sub(b), t & 0xfff) };
            (len, (a, b, c, d, e, t, u))
        })
}

#[test]
fn loops_do_fused_what_they_do_linked() {
    let engine = engine();
    for shape in &SHAPES {
        let original = guest(shape);
        let Fused { bytes, notes } = fuse(&original).unwrap();
        let original = Module::new(&engine, original).unwrap();
        let fused = Module::new(&engine, bytes).unwrap();
        let linked = RefCell::new(Subject::linked(&engine, &original));
        let fused = RefCell::new(Subject::fused(&engine, &fused, &notes));
        let config = ProptestConfig {
            cases: 200,
            max_global_rejects: 10_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let check = |(len, locals)| {
            let theirs = linked.borrow_mut().run(len, locals, FUEL);
            // Whoever goes on for billions of rounds shows nothing more.
            prop_assume!(theirs.locals != Err(Trap::OutOfFuel));
            let ours = fused.borrow_mut().run(len, locals, 10 * FUEL);
            prop_assert_eq!(theirs.locals, ours.locals);
            prop_assert!(theirs.kernel == ours.kernel, "kernel memory");
            prop_assert!(theirs.guest == ours.guest, "guest memory");
            Ok(())
        };
        TestRunner::new_with_rng(config, rng)
            .run(&starts(), check)
            .unwrap_or_else(|err| panic!("{}: {err}", shape.name));
    }
}

#[test]
fn loops_that_copy_are_recognised_and_no_others() {
    for shape in &SHAPES {
        let Fused { bytes, .. } = fuse(&guest(shape)).unwrap();
        assert_eq!(copies_memory(&bytes), shape.copies, "{}", shape.name);
    }
}

/// Says whether any function of the guest's own copies memory.
fn copies_memory(bytes: &[u8]) -> bool {
    let mut bodies = Parser::new(0).parse_all(bytes).filter_map(|payload| match payload.unwrap() {
        Payload::CodeSectionEntry(body) => Some(body),
        _ => None,
    });
    // The two of the guest's own come first.
    bodies.by_ref().take(2).any(|body| {
        let operators = body.get_operators_reader().unwrap();
        operators.into_iter().any(|operator| matches!(operator, Ok(Operator::MemoryCopy { .. })))
    })
}
