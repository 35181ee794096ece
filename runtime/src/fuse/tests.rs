//! The kernel inside a guest, held to the model that the kernel's own tests use; and what becomes of
//! the guest.

use plugsmith_kernel::{
    CallStart, Heap, VecMemory, layout,
    testing::{Call, Function, Generator, Subject, Temper, Trial, Width},
};
use wasmtime::{
    Config, Engine, Instance, Linker, Memory, Module, PoolingAllocationConfig, Store, StoreLimits,
    StoreLimitsBuilder, Trap, Val,
};

use super::*;
use crate::kernel;

/// Calls each function of the kernel in the way that is named: `call`, `return_call`, or through a
/// table.
fn guest(how: &str) -> Vec<u8> {
    let word = |width: &Width| match width {
        Width::Four => "i32",
        Width::Eight => "i64",
    };
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    for (idx, function) in Function::ALL.into_iter().enumerate() {
        let name = function.name();
        let params: Vec<&str> = function.params().iter().map(word).collect();
        let arguments: Vec<String> =
            (0..params.len()).map(|idx| format!("(local.get {idx})")).collect();
        let (params, arguments) = (format!("(param {})", params.join(" ")), arguments.join(" "));
        let result = function.result();
        let result = result.map_or_else(String::new, |width| format!("(result {})", word(&width)));
        let call = match how {
            "table" => format!("(call_indirect {params} {result} {arguments} (i32.const {idx}))"),
            how => format!("({how} ${name} {arguments})"),
        };
        imports.push(format!(
            r#"(import "extism:host/env" "{name}" (func ${name} {params} {result}))"#
        ));
        exports.push(format!(r#"(func (export "{name}") {params} {result} (local f32) {call})"#));
    }
    let names: Vec<String> =
        Function::ALL.iter().map(|function| format!("${}", function.name())).collect();
    let wat = format!(
        "(module {} (memory 1) (global i32 (i32.const 1)) (table funcref (elem {})) {})",
        imports.join(" "),
        names.join(" "),
        exports.join(" ")
    );
    wat::parse_str(wat).unwrap()
}

fn engine() -> Engine {
    let mut config = Config::new();
    config.wasm_multi_memory(true).wasm_tail_call(true);
    Engine::new(&config).unwrap()
}

/// A fused guest that forwards calls to the kernel in it.
struct Forwarding {
    store: Store<Data>,
    instance: Instance,
    memory: Memory,
}

/// What its store knows.
struct Data {
    limits: StoreLimits,
    /// The kernel's, once there is one.
    memory: Option<Memory>,
}

impl Forwarding {
    fn new(how: &str, page_limit: u32) -> Self {
        let engine = engine();
        let Fused { bytes, notes } = fuse(&guest(how)).unwrap();
        let module = Module::new(&engine, &bytes).unwrap();
        let limit = page_limit as usize * layout::PAGE_LEN as usize;
        let limits = StoreLimitsBuilder::new().memory_size(limit).build();
        let mut store = Store::new(&engine, Data { limits, memory: None });
        store.limiter(|data| &mut data.limits);
        // What is called through the table.
        let mut linker = Linker::new(&engine);
        let memory_of = |data: &Data| data.memory.expect("the instance is made");
        kernel::define_functions(&mut linker, memory_of).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let memory = instance.get_memory(&mut store, &notes.memory_name()).unwrap();
        store.data_mut().memory = Some(memory);
        let mut fused = Self { store, instance, memory };
        fused.write(layout::POSITION, &u64::from(layout::GUEST_START).to_le_bytes());
        fused
    }

    fn register(&self, address: u32) -> u64 {
        let bytes = &self.memory.data(&self.store)[address as usize..];
        u64::from_le_bytes(*bytes.first_chunk().unwrap())
    }

    fn write(&mut self, address: u32, bytes: &[u8]) {
        self.memory.data_mut(&mut self.store)[address as usize..][..bytes.len()]
            .copy_from_slice(bytes);
    }

    fn reach(&mut self, end: u32) -> bool {
        let missing = (end as usize).saturating_sub(self.memory.data_size(&self.store));
        let n_pages = (missing as u64).div_ceil(u64::from(layout::PAGE_LEN));
        n_pages == 0 || self.memory.grow(&mut self.store, n_pages).is_ok()
    }
}

impl Subject for Forwarding {
    fn begin(&mut self, input: &[u8]) -> bool {
        if self.register(layout::LEDGER) != 0 {
            self.call(Call { function: Function::Reset, first: 0, second: 0 });
        }
        let start = CallStart::new(input.len() as u64);
        let Some(start) = start.filter(|start| self.reach(start.position())) else {
            self.call(Call { function: Function::Reset, first: 0, second: 0 });
            return false;
        };
        let padding = start.padding();
        self.write(layout::GUEST_START, input);
        self.write(padding.start, &[0; 16][..padding.len()]);
        let dirty_end = self.register(layout::DIRTY_END) & u64::from(u32::MAX);
        let registers = start.registers(u32::try_from(dirty_end).unwrap());
        self.write(layout::ROOT, &registers);
        true
    }

    fn call(&mut self, call: Call) -> u64 {
        let params: Vec<Val> = (call.function.params().iter().zip([call.first, call.second]))
            .map(|(width, value)| match width {
                Width::Four => Val::I32(u32::try_from(value & 0xffff_ffff).unwrap().cast_signed()),
                Width::Eight => Val::I64(value.cast_signed()),
            })
            .collect();
        let mut results = [Val::I64(0)];
        let n_results = usize::from(call.function.result().is_some());
        let function = self.instance.get_func(&mut self.store, call.function.name()).unwrap();
        function.call(&mut self.store, &params, &mut results[..n_results]).unwrap();
        match results[0] {
            Val::I32(value) => u64::from(value.cast_unsigned()),
            Val::I64(value) => value.cast_unsigned(),
            ref other => panic!("{other:?}"),
        }
    }

    fn memory(&self) -> &[u8] {
        self.memory.data(&self.store)
    }

    fn check(&self) {
        let heap = Heap::new(VecMemory::from_bytes(self.memory().to_vec()));
        heap.check();
        heap.check_untouched();
    }
}

fn run(how: &str, temper: Temper, seed: u64, n_steps: usize) {
    let page_limit = 18;
    let mut generator = Generator::from_seed(temper, seed);
    let mut trial = Trial::new(Forwarding::new(how, page_limit), page_limit, 500);
    for _ in 0..n_steps {
        let step = generator.next_step(trial.model());
        trial.step(step);
    }
    trial.check();
}

#[test]
fn hostile_calls_find_the_kernel_that_the_model_describes() {
    run("call", Temper::Hostile, 21, 60_000);
    run("call", Temper::Careful, 22, 30_000);
}

#[test]
fn tail_calls_and_references_find_it_too() {
    run("return_call", Temper::Hostile, 23, 10_000);
    run("table", Temper::Hostile, 24, 10_000);
}

#[test]
fn before_the_first_call_nothing_is_handed_out() {
    let mut fused = Forwarding::new("call", 18);
    let start = u64::from(layout::GUEST_START);
    for function in [Function::LoadU8, Function::LoadU64] {
        for first in [0, 1, 16, start - 1, start, start + 7, u64::MAX, u64::MAX - 6, 1 << 32] {
            assert_eq!(fused.call(Call { function, first, second: 0 }), 0);
        }
    }
    let before = fused.memory().to_vec();
    for first in [0, 16, start - 7, start - 1, start, start + 1, u64::MAX - 6] {
        fused.call(Call { function: Function::StoreU64, first, second: u64::MAX });
        fused.call(Call { function: Function::StoreU8, first, second: u64::MAX });
    }
    assert!(fused.memory() == before);
}

#[test]
fn functions_that_call_no_kernel_are_kept_byte_for_byte() {
    let wat = r#"(module
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (func $plain (param i32) (result i32) (i32.mul (local.get 0) (i32.const 77)))
        (func $calls (result i64) (call $alloc (i64.const 1)))
        (func $after (param f64) (result f64) (f64.sqrt (local.get 0)))
        (export "plain" (func $plain)) (export "calls" (func $calls)) (export "after" (func $after)))"#;
    let guest = wat::parse_str(wat).unwrap();
    let Fused { bytes, notes } = fuse(&guest).unwrap();
    let bodies = |bytes: &[u8]| Shape::read(bytes).unwrap().bodies;
    let (old, new) = (bodies(&guest), bodies(&bytes));
    assert!(new.len() > old.len());
    for idx in [0, 2] {
        assert_eq!(guest[old[idx].clone()], bytes[new[idx].clone()]);
        let (old, new) = (old[idx].start as u64, new[idx].start as u64);
        assert_eq!(notes.offsets.original(new), Some(old));
        assert_eq!(notes.offsets.original(new + 3), Some(old + 3));
    }
    assert_eq!(notes.offsets.original(new[3].start as u64), None, "the kernel is no guest's");
}

#[test]
fn what_a_guest_does_not_call_of_the_kernel_is_left_out() {
    let n_added = |imports: [&str; 2], body: &str| {
        let import = |name| {
            format!(
                r#"(import "extism:host/env" "{name}" (func ${name} (param i64) (result i64)))"#
            )
        };
        let imports = imports.map(import).concat();
        let wat = format!(
            r#"(module {imports} (table funcref (elem 0)) (func (export "run") (result i64) {body}))"#
        );
        let guest = wat::parse_str(wat).unwrap();
        let n_functions = |wasm: &[u8]| Shape::read(wasm).unwrap().n_functions;
        n_functions(&fuse(&guest).unwrap().bytes) - n_functions(&guest)
    };
    let imports = ["length", "alloc"];
    assert_eq!(n_added(imports, "(i64.const 1)"), 0);
    let length = n_added(imports, "(call $length (i64.const 1))");
    let both = "(call $alloc (call $length (i64.const 1)))";
    assert!(length > 0 && length < n_added(imports, both));
    assert_eq!(n_added(imports, &format!("(i64.add {both} {both})")), n_added(imports, both));
    // Written out, and called where that is not enough.
    let imports = ["length", "load_u64"];
    assert_eq!(n_added(imports, "(call $load_u64 (i64.const 1))"), 1);
    // Written out whole.
    let input = n_added(["length", "input_load_u64"], "(call $input_load_u64 (i64.const 1))");
    assert_eq!(input, 0);
}

#[test]
fn an_instance_needs_no_heap_for_objects() {
    let mut seats = PoolingAllocationConfig::default();
    seats.total_core_instances(1).max_memories_per_module(2).total_memories(2).total_gc_heaps(0);
    let mut config = Config::new();
    config.wasm_gc(true).wasm_multi_memory(true).allocation_strategy(seats);
    let engine = Engine::new(&config).unwrap();
    let has_room_for = |wasm: &[u8]| {
        let module = Module::new(&engine, wasm).unwrap();
        Instance::new(&mut Store::new(&engine, ()), &module, &[]).is_ok()
    };
    let guest = wat::parse_str("(module (memory 1) (global (mut i32) (i32.const 1)))").unwrap();
    assert!(has_room_for(&fuse(&guest).unwrap().bytes));
    assert!(!has_room_for(KERNEL_WASM));
}

#[test]
fn what_cannot_be_fused_is_left() {
    for wat in [
        r#"(module (import "extism:host/env" "extism_context" (global (mut externref))))"#,
        r#"(module (import "extism:env" "extism_extism_context" (global (mut externref))))"#,
        r#"(module (import "main" "itself" (func)) (func (export "itself")))"#,
    ] {
        assert!(fuse(&wat::parse_str(wat).unwrap()).is_none(), "{wat}");
    }
    assert!(fuse(b"\0asm\x01\0\0\0\x01").is_none());
}

#[test]
fn a_guest_that_would_grow_without_measure_is_left() {
    let calls = |n: usize| {
        let wat = format!(
            r#"(module (import "extism:host/env" "store_u64" (func (param i64 i64)))
                (func unreachable {}))"#,
            "call 0 ".repeat(n)
        );
        wat::parse_str(wat).unwrap()
    };
    assert!(fuse(&calls(10_000)).is_some());
    assert!(fuse(&calls(400_000)).is_none());
}

#[test]
fn looking_for_loops_comes_to_an_end() {
    let call = "(i32.store8 (local.get 0) (call 0 (i64.extend_i32_u (local.get 0))))";
    let many = |text: &str| text.repeat(5_000);
    let branches = "(br_if 0 (i32.eqz (local.get 0)))";
    for body in [
        format!("(loop {})", many(call)),
        many(&format!("(loop {call} (br_if 0 (local.get 0)))")),
        format!("(loop {} {call} {})", many(branches), many(branches)),
        format!("(loop {} {call} {})", "(block ".repeat(900), ")".repeat(900)),
        format!("{} {call} {}", "(loop ".repeat(900), ")".repeat(900)),
        format!("(loop {call} {} (br 0))", many(&format!("(if (local.get 0) (then {branches}))"))),
    ] {
        let wat = format!(
            r#"(module (import "extism:host/env" "input_load_u8" (func (param i64) (result i32)))
                (memory 1) (func (param i32) {body}))"#
        );
        let Fused { bytes, .. } = fuse(&wat::parse_str(wat).unwrap()).unwrap();
        wasmparser::Validator::new().validate_all(&bytes).unwrap();
    }
}

#[test]
fn every_section_has_its_place() {
    for wat in [
        "(module)",
        "(module (func))",
        "(module (start $f) (func $f))",
        r#"(module (memory 1) (data "x") (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1))))"#,
        "(module (tag) (table 1 funcref) (elem (i32.const 0) $f) (func $f))",
        r#"(module (import "a" "m" (memory 1)) (import "a" "g" (global i32)) (global i64 (i64.const 1)) (memory 2))"#,
        "(module (rec (type $a (struct)) (type $b (func (param (ref $a))))) (func (type $b)))",
        r#"(module (import "env" "extism_load_u8" (func (param i64) (result i32))) (func (result i32) (call 0 (i64.const 5))))"#,
    ] {
        let guest = wat::parse_str(wat).unwrap();
        let Fused { bytes, .. } = fuse(&guest).unwrap();
        let mut features = wasmparser::WasmFeatures::default();
        features.set(wasmparser::WasmFeatures::GC | wasmparser::WasmFeatures::EXCEPTIONS, true);
        let mut validator = wasmparser::Validator::new_with_features(features);
        validator.validate_all(&bytes).unwrap();
    }
}

#[test]
fn names_of_a_guest_are_not_taken() {
    let guest = r#"(module (func (export "plugsmith:memory")) (func (export "plugsmith::x")))"#;
    let Fused { bytes, notes } = fuse(&wat::parse_str(guest).unwrap()).unwrap();
    assert_eq!(notes.prefix, "plugsmith:::");
    Module::new(&engine(), bytes).unwrap();
    for (names, expected) in [
        (&[][..], "plugsmith:"),
        (&["plugsmith", "x:plugsmith:"][..], "plugsmith:"),
        (&["plugsmith:"][..], "plugsmith::"),
        (&["plugsmith::::x:", "plugsmith:"][..], "plugsmith:::::"),
    ] {
        assert_eq!(unused_prefix(names), expected);
    }
}

#[test]
fn notes_survive_a_file() {
    let Fused { notes, .. } = fuse(&guest("call")).unwrap();
    assert!(notes.offsets.runs().len() > 10);
    assert_eq!(FusedNotes::from_bytes(&notes.to_bytes()), Some(notes));
    assert_eq!(FusedNotes::from_bytes(&[]), None);
    assert_eq!(FusedNotes::from_bytes(&[0, 9, 1]), None);
}

#[test]
fn a_trap_of_the_guest_is_where_it_was() {
    let wat = r#"(module
        (import "extism:host/env" "load_u64" (func $load (param i64) (result i64)))
        (func (export "run") (drop (call $load (i64.const 1))) unreachable))"#;
    let guest = wat::parse_str(wat).unwrap();
    let Fused { bytes, notes } = fuse(&guest).unwrap();
    let place = |bytes: &[u8]| {
        let engine = engine();
        let module = Module::new(&engine, bytes).unwrap();
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&module).unwrap();
        linker.allow_shadowing(true);
        linker.func_wrap("extism:host/env", "load_u64", |_: u64| 0_u64).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        let err = run.call(&mut store, ()).unwrap_err();
        assert_eq!(err.downcast_ref(), Some(&Trap::UnreachableCodeReached));
        let backtrace: &wasmtime::WasmBacktrace = err.downcast_ref().unwrap();
        backtrace.frames()[0].module_offset().unwrap() as u64
    };
    assert_eq!(notes.offsets.original(place(&bytes)), Some(place(&guest)));
}
