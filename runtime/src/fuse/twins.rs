//! One guest in two forms, linked to a kernel and with the kernel in it, to be held to each other.
//!
//! Alike means: the same results or the same trap, the same bytes in every memory, the guest's and the
//! kernel's, and the same globals. What is not compared is how long it takes: fuel, and so where a
//! guest that runs out of it or of time is stopped, differs between the forms.

use plugsmith_kernel::{CallStart, layout};
use wasmtime::{
    Config, Engine, Extern, FuncType, Instance, Linker, Memory, Module, OptLevel, Store,
    StoreLimits, StoreLimitsBuilder, Trap, Val,
};

use super::{Fused, FusedNotes, fuse};
use crate::kernel::{self, KERNEL_WASM};

/// How much a call of the linked form may use before it counts as endless; the fused one has more, as
/// what is written ahead of a loop costs something.
const FUEL: u64 = 200_000;

/// How many pages a memory may have.
const PAGE_LIMIT: usize = 24;

/// How many elements a table may have.
const TABLE_LIMIT: usize = 10_000;

/// What a guest imports of the kernel, as text; the guest can call each by its name.
pub(super) const IMPORTS: &str = r#"
    (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
    (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
    (import "extism:host/env" "input_length" (func $input_length (result i64)))
    (import "extism:host/env" "load_u8" (func $load_u8 (param i64) (result i32)))
    (import "extism:host/env" "load_u64" (func $load_u64 (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "free" (func $free (param i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
    (import "extism:host/env" "error_set" (func $error_set (param i64)))
"#;

/// Makes code that stops, quickly rather than well.
pub(super) fn engine() -> Engine {
    let mut config = Config::new();
    config.wasm_multi_memory(true).consume_fuel(true).cranelift_opt_level(OptLevel::None);
    // Which of its forms a number has that is none, is the compiler's choice, each time.
    config.cranelift_nan_canonicalization(true);
    Engine::new(&config).expect("the engine can be configured so")
}

/// A number that a guest takes, returns or keeps, by its bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Integer(i64),
    Bits(u128),
    Reference,
}

impl From<&Val> for Number {
    fn from(value: &Val) -> Self {
        match value {
            Val::I32(number) => Self::Integer((*number).into()),
            Val::I64(number) => Self::Integer(*number),
            Val::F32(bits) => Self::Bits((*bits).into()),
            Val::F64(bits) => Self::Bits((*bits).into()),
            Val::V128(bits) => Self::Bits(bits.as_u128()),
            _ => Self::Reference,
        }
    }
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Results(Vec<Number>),
    Trap(Trap),
    /// Any other error of the engine, which says nothing about the guest.
    Refused,
}

/// A guest, compiled in both forms.
struct Code {
    kernel: Module,
    linked: Module,
    fused: Module,
    notes: FusedNotes,
}

/// The two forms of a guest.
pub(super) struct Twins {
    code: Code,
    /// Of the first call.
    input: Vec<u8>,
    linked: Form,
    fused: Form,
}

impl Twins {
    /// Makes both forms and begins a call, or returns `None` if the guest cannot be made into an
    /// instance; then neither form of it can.
    #[cfg(test)]
    pub(super) fn new(engine: &Engine, guest: &[u8], input: &[u8]) -> Option<Self> {
        let linked = Module::new(engine, guest).expect("the guest is valid");
        let fused = fuse(guest).expect("such guests are fused");
        Self::of(linked, fused, input)
    }

    /// As `new`, for what may be no module, or one that cannot be fused: then there are none.
    #[cfg(feature = "testing")]
    pub(super) fn if_valid(engine: &Engine, guest: &[u8], input: &[u8]) -> Option<Self> {
        let linked = Module::new(engine, guest).ok()?;
        Self::of(linked, fuse(guest)?, input)
    }

    fn of(linked: Module, fused: Fused, input: &[u8]) -> Option<Self> {
        let engine = linked.engine();
        let Fused { bytes, notes } = fused;
        let kernel = Module::new(engine, KERNEL_WASM).expect("the kernel is valid");
        let fused = Module::new(engine, &bytes).expect("the fused module is valid");
        let code = Code { kernel, linked, fused, notes };
        match (Form::linked(&code, input), Form::fused(&code, input)) {
            (Ok(linked), Ok(fused)) => Some(Self { code, input: input.to_vec(), linked, fused }),
            (Err(linked), Err(fused)) => {
                let trap = |err: &wasmtime::Error| err.downcast_ref::<Trap>().copied();
                assert_eq!(trap(&linked), trap(&fused), "{linked:?} {fused:?}");
                None
            }
            (linked, fused) => panic!("{:?} {:?}", linked.err(), fused.err()),
        }
    }

    /// Makes new instances of both.
    fn renew(&mut self) {
        self.linked = Form::linked(&self.code, &self.input).expect("it has been made before");
        self.fused = Form::fused(&self.code, &self.input).expect("it has been made before");
    }

    /// Begins another call, with a kernel that knows of none before, and `bytes` in the memory that
    /// the guest exports. Behind the input, `n_pending` bytes were handed out and are not yet zero.
    #[cfg(test)]
    pub(super) fn reset(&mut self, input: &[u8], n_pending: u32, bytes: &[u8]) {
        for form in [&mut self.linked, &mut self.fused] {
            form.kernel.data_mut(&mut form.store).fill(0);
            let position = begin(form.kernel, &mut form.store, input);
            if n_pending > 0 {
                let pending_end = (position + n_pending).to_le_bytes();
                let place = layout::PENDING_END as usize;
                form.kernel.data_mut(&mut form.store)[place..][..4].copy_from_slice(&pending_end);
            }
            let memory = form.instance.get_memory(&mut form.store, "guest");
            let memory = memory.expect("the guest exports its memory");
            memory.write(&mut form.store, 0, bytes).expect("the memory is as large");
        }
    }

    /// Calls an export of both, and compares. Returns `None` if it is endless, or recursion is.
    pub(super) fn call(&mut self, export: &str, params: &[Val]) -> Option<Outcome> {
        let linked = self.linked.call(export, params, FUEL);
        if linked == Outcome::Trap(Trap::OutOfFuel) {
            self.renew();
            return None;
        }
        let fused = self.fused.call(export, params, 10 * FUEL);
        // How deep the stack is depends on how large the frames are.
        if [&linked, &fused].contains(&&Outcome::Trap(Trap::StackOverflow)) {
            self.renew();
            return None;
        }
        assert_eq!(fused, linked, "fused, and linked: `{export}` {params:?}");
        self.compare(&format!("after `{export}` {params:?}"));
        Some(linked)
    }

    /// Returns the exported functions with their types.
    pub(super) fn functions(&mut self) -> Vec<(String, FuncType)> {
        let Form { store, instance, .. } = &mut self.linked;
        let exports: Vec<_> = instance
            .exports(&mut *store)
            .filter_map(|export| Some((export.name().to_owned(), export.into_func()?)))
            .collect();
        exports.into_iter().map(|(name, function)| (name, function.ty(&*store))).collect()
    }

    /// Compares all that calls leave.
    fn compare(&mut self, when: &str) {
        let (linked, fused) = (&mut self.linked, &mut self.fused);
        let bytes = |form: &Form| kernel::seen(form.kernel.data(&form.store).to_vec());
        assert!(bytes(linked) == bytes(fused), "kernel memory {when}");
        let names: Vec<String> = (linked.instance.exports(&mut linked.store))
            .map(|export| export.name().to_owned())
            .collect();
        for name in names {
            let (theirs, ours) = (linked.export(&name), fused.export(&name));
            match (theirs, ours) {
                (Extern::Memory(theirs), Extern::Memory(ours)) => {
                    let is_same = theirs.data(&linked.store) == ours.data(&fused.store);
                    assert!(is_same, "memory `{name}` {when}");
                }
                (Extern::Global(theirs), Extern::Global(ours)) => {
                    let theirs = Number::from(&theirs.get(&mut linked.store));
                    assert_eq!(
                        Number::from(&ours.get(&mut fused.store)),
                        theirs,
                        "`{name}` {when}"
                    );
                }
                _ => {}
            }
        }
    }
}

/// A guest and its kernel.
struct Form {
    store: Store<Data>,
    instance: Instance,
    kernel: Memory,
}

impl Form {
    fn linked(code: &Code, input: &[u8]) -> wasmtime::Result<Self> {
        let mut store = store(code.linked.engine());
        let kernel = Instance::new(&mut store, &code.kernel, &[])?;
        let memory = kernel.get_memory(&mut store, "memory").expect("the kernel has one");
        begin(memory, &mut store, input);
        let imports: Vec<Extern> = (code.linked.imports())
            .map(|import| {
                let function = kernel.get_export(&mut store, import.name());
                function.expect("the kernel has all that guests import")
            })
            .collect();
        let instance = Instance::new(&mut store, &code.linked, &imports)?;
        Ok(Self { store, instance, kernel: memory })
    }

    fn fused(code: &Code, input: &[u8]) -> wasmtime::Result<Self> {
        let mut store = store(code.fused.engine());
        let mut linker = Linker::new(code.fused.engine());
        let memory_of = |data: &Data| data.kernel.expect("the instance is made");
        kernel::define_functions(&mut linker, memory_of)?;
        let instance = linker.instantiate(&mut store, &code.fused)?;
        let kernel = instance.get_memory(&mut store, &code.notes.memory_name());
        let kernel = kernel.expect("the kernel is in the guest");
        store.data_mut().kernel = Some(kernel);
        begin(kernel, &mut store, input);
        if code.notes.has_start {
            let start = instance.get_func(&mut store, &code.notes.start_name());
            let start = start.expect("the notes say that it is there");
            start.call(&mut store, &[], &mut [])?;
        }
        Ok(Self { store, instance, kernel })
    }

    fn call(&mut self, export: &str, params: &[Val], fuel: u64) -> Outcome {
        self.store.set_fuel(fuel).expect("the engine counts fuel");
        let function = self.instance.get_func(&mut self.store, export);
        let function = function.expect("the guest exports it");
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        match function.call(&mut self.store, params, &mut results) {
            Ok(()) => Outcome::Results(results.iter().map(Number::from).collect()),
            Err(err) => err.downcast_ref().copied().map_or(Outcome::Refused, Outcome::Trap),
        }
    }

    fn export(&mut self, name: &str) -> Extern {
        self.instance.get_export(&mut self.store, name).expect("both export the same")
    }
}

/// What a store knows.
struct Data {
    limits: StoreLimits,
    /// The memory of the kernel that is in the guest, if it is in it.
    kernel: Option<Memory>,
}

fn store(engine: &Engine) -> Store<Data> {
    let limits = StoreLimitsBuilder::new();
    let limits = limits.memory_size(PAGE_LIMIT << 16).table_elements(TABLE_LIMIT).build();
    let mut store = Store::new(engine, Data { limits, kernel: None });
    store.limiter(|data| &mut data.limits);
    store.set_fuel(FUEL).expect("the engine counts fuel");
    store
}

/// Begins a call, as the host does after others that have left bytes everywhere, and returns where the
/// input's block ends.
fn begin(kernel: Memory, store: &mut Store<Data>, input: &[u8]) -> u32 {
    let start = CallStart::new(input.len() as u64).expect("the input is short");
    let bytes = kernel.data_mut(store);
    let registers = start.registers(u32::try_from(bytes.len()).expect("memories are small"));
    bytes[layout::ROOT as usize..][..registers.len()].copy_from_slice(&registers);
    let (block, rest) = bytes[layout::GUEST_START as usize..].split_at_mut(input.len());
    block.copy_from_slice(input);
    rest.fill(0xa5);
    let padding = start.padding();
    bytes[padding.start as usize..padding.end as usize].fill(0);
    start.position()
}
