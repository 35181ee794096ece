//! The committed kernel in the engine, held to the model that the kernel's own tests use.
//!
//! The environment variable `PLUGSMITH_KERNEL` names another file to test instead, which is how a
//! kernel that another compiler built is checked.

use std::{collections::HashMap, env, fs};

use plugsmith_kernel::{
    CallStart, Heap, VecMemory, layout,
    testing::{Call, Function, Generator, Subject, Temper, Trial, Width},
};
use proptest::{collection, prelude::*};
use wasmparser::{Parser, Payload};
use wasmtime::{
    Engine, ExportType, ExternType, Func, HeapType, Instance, Memory, Module, Mutability, Store,
    StoreLimits, StoreLimitsBuilder, Val, ValType,
};

/// The module in an engine, with a limit on its memory.
struct Real {
    store: Store<StoreLimits>,
    memory: Memory,
    functions: HashMap<Function, Func>,
}

impl Real {
    fn new(page_limit: u32) -> Self {
        let engine = Engine::default();
        let module = Module::new(&engine, kernel()).expect("the kernel compiles");
        let limit = page_limit as usize * layout::PAGE_LEN as usize;
        let mut store = Store::new(&engine, StoreLimitsBuilder::new().memory_size(limit).build());
        store.limiter(|limits| limits);
        let instance = Instance::new(&mut store, &module, &[]).expect("the kernel needs nothing");
        let memory = instance.get_memory(&mut store, "memory").expect("the memory is exported");
        let mut functions = HashMap::new();
        for function in Function::ALL {
            let func = instance.get_func(&mut store, function.name());
            functions.insert(function, func.expect("every function is exported"));
        }
        Self { store, memory, functions }
    }

    fn register(&self, address: u32) -> u64 {
        let bytes = &self.memory.data(&self.store)[address as usize..][..8];
        u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
    }

    fn write(&mut self, address: u32, bytes: &[u8]) {
        self.memory.data_mut(&mut self.store)[address as usize..][..bytes.len()]
            .copy_from_slice(bytes);
    }

    /// Grows the memory until it has `end` bytes.
    fn reach(&mut self, end: u32) -> bool {
        let missing = (end as usize).saturating_sub(self.memory.data_size(&self.store));
        let n_pages = (missing as u64).div_ceil(u64::from(layout::PAGE_LEN));
        n_pages == 0 || self.memory.grow(&mut self.store, n_pages).is_ok()
    }

    fn reset(&mut self) {
        self.call(Call { function: Function::Reset, first: 0, second: 0 });
    }
}

impl Subject for Real {
    fn begin(&mut self, input: &[u8]) -> bool {
        if self.register(layout::LEDGER) != 0 {
            self.reset();
        }
        let start = CallStart::new(input.len() as u64);
        let Some(start) = start.filter(|start| self.reach(start.position())) else {
            self.reset();
            return false;
        };
        let padding = start.padding();
        self.write(layout::GUEST_START, input);
        self.write(padding.start, &[0; 16][..padding.len()]);
        let dirty_end = self.register(layout::DIRTY_END) & u64::from(u32::MAX);
        let registers = start.registers(u32::try_from(dirty_end).expect("it is half a word"));
        self.write(layout::ROOT, &registers);
        true
    }

    fn call(&mut self, call: Call) -> u64 {
        let values = [call.first, call.second];
        let params: Vec<Val> = (call.function.params().iter().zip(values))
            .map(|(width, value)| match width {
                Width::Four => {
                    let [a, b, c, d, ..] = value.to_le_bytes();
                    Val::I32(i32::from_le_bytes([a, b, c, d]))
                }
                Width::Eight => Val::I64(value.cast_signed()),
            })
            .collect();
        let mut results = [Val::I64(0)];
        let n_results = usize::from(call.function.result().is_some());
        self.functions[&call.function]
            .call(&mut self.store, &params, &mut results[..n_results])
            .expect("the kernel never traps");
        match results[0] {
            Val::I32(value) => u64::from(value.cast_unsigned()),
            Val::I64(value) => value.cast_unsigned(),
            ref other => panic!("`{}` gave {other:?}", call.function.name()),
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

fn kernel() -> Vec<u8> {
    let path = env::var_os("PLUGSMITH_KERNEL")
        .unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/src/kernel.wasm").into());
    fs::read(path).expect("the kernel is there")
}

fn run(generator: &mut Generator, page_limit: u32, check_interval: u64, n_steps: usize) {
    let mut trial = Trial::new(Real::new(page_limit), page_limit, check_interval);
    for _ in 0..n_steps {
        let step = generator.next_step(trial.model());
        trial.step(step);
    }
    trial.check();
}

#[test]
fn a_million_hostile_calls_change_only_what_they_may() {
    for (seed, page_limit) in [(11, 16), (12, 18), (13, 40), (14, 17)] {
        let mut generator = Generator::from_seed(Temper::Hostile, seed);
        run(&mut generator, page_limit, 200, 250_000);
    }
}

#[test]
fn every_step_of_a_hostile_guest_is_looked_at() {
    run(&mut Generator::from_seed(Temper::Hostile, 15), 17, 1, 4000);
}

#[test]
fn careful_calls_get_what_they_ask_for() {
    run(&mut Generator::from_seed(Temper::Careful, 16), 24, 50, 50_000);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_steps_agree_with_the_model(
        choices in collection::vec(any::<u64>(), 0..600),
        careful in any::<bool>(),
    ) {
        let temper = if careful { Temper::Careful } else { Temper::Hostile };
        let n_steps = choices.len() / 4;
        run(&mut Generator::from_choices(temper, choices), 17, 4, n_steps);
    }
}

#[test]
fn exports_are_those_of_the_guest_abi() {
    let module = Module::new(&Engine::default(), kernel()).expect("the kernel compiles");
    assert_eq!(module.imports().count(), 0);
    let exports: Vec<_> = module.exports().collect();
    let (functions, others) = exports.split_at(Function::ALL.len());
    for (function, export) in Function::ALL.iter().zip(functions) {
        let ExternType::Func(func_type) = export.ty() else {
            panic!("`{}` is a function", export.name());
        };
        let widths = |types: &mut dyn Iterator<Item = ValType>| -> Vec<Width> {
            types.map(|ty| if ty.is_i32() { Width::Four } else { Width::Eight }).collect()
        };
        assert_eq!(export.name(), function.name());
        assert_eq!(widths(&mut func_type.params()), function.params());
        assert_eq!(widths(&mut func_type.results()), Vec::from_iter(function.result()));
    }
    let names: Vec<&str> = others.iter().map(ExportType::name).collect();
    assert_eq!(names, ["memory", "extism_context"]);
    let memory = others[0].ty().unwrap_memory().clone();
    assert_eq!(memory.minimum(), u64::from(layout::INITIAL_PAGES));
    assert_eq!(memory.maximum(), Some(u64::from(layout::MAX_PAGES)));
    let global = others[1].ty().unwrap_global().clone();
    assert_eq!(global.mutability(), Mutability::Var);
    let ValType::Ref(context) = global.content() else { panic!("the context is a reference") };
    assert!(context.is_nullable() && matches!(context.heap_type(), HeapType::Extern));
}

#[test]
fn module_is_small_and_has_nothing_but_code() {
    let kernel = kernel();
    assert!(kernel.len() < 8 * 1024, "{} bytes", kernel.len());
    let mut sections = Vec::new();
    for payload in Parser::new(0).parse_all(&kernel) {
        sections.push(match payload.expect("the kernel is well formed") {
            Payload::Version { .. } | Payload::End(_) | Payload::CodeSectionEntry(_) => continue,
            Payload::TypeSection(_) => "type",
            Payload::FunctionSection(_) => "function",
            Payload::MemorySection(_) => "memory",
            Payload::GlobalSection(_) => "global",
            Payload::ExportSection(_) => "export",
            Payload::CodeSectionStart { .. } => "code",
            other => panic!("the kernel has no need for {other:?}"),
        });
    }
    assert_eq!(sections, ["type", "function", "memory", "global", "export", "code"]);
}
