//! The engines of the process: one for each configuration, shared by every plug-in that wants it.
//!
//! An engine compiles code and holds what compiled code has in common. Beside it stands the kernel,
//! compiled once. Engines live as long as the process: there are as many as configurations in use.
//!
//! An engine with *seats* keeps places for instances ready, each with the address space of its
//! memories, so that to make and to drop an instance hardly involves the operating system. What an
//! instance left in its place is gone before the next one gets it: the engine promises that.

use std::{
    collections::HashMap,
    hash::{Hash as _, Hasher},
    sync::{
        Arc, LazyLock, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy,
    WasmBacktraceDetails,
};

use crate::{
    builder::Options,
    deadline::{self, Checks},
    debug::ProfilingStrategy,
    error::LoadError,
    host::Builtins,
    kernel::{KERNEL_WASM, KernelModule},
    limits::TABLE_ELEMENT_LIMIT,
};

/// How many seats an engine has, and with how few it makes do where the system grants no more address
/// space: a memory takes four gibibytes of it, whatever its size.
const N_SEATS: [u32; 2] = [1_000, 100];

/// How many memories an instance on a seat may have: the kernel's, one of its own, and one for objects
/// that are garbage-collected.
pub(crate) const MEMORIES_PER_SEAT: u32 = 3;

/// How many tables an instance on a seat may have.
pub(crate) const TABLES_PER_SEAT: u32 = 4;

/// How many bytes the engine's own data of an instance on a seat may take.
pub(crate) const INSTANCE_BYTES_LIMIT: usize = 16 << 20;

/// How many elements a table of an instance on a seat may have: one more than any may have, so that it is
/// our limit which is met and named.
pub(crate) const TABLE_ELEMENTS_ON_SEAT: u64 = TABLE_ELEMENT_LIMIT + 1;

/// How many bytes of a memory on a seat that is free stay in physical memory: what an instance changed
/// of them is put back to what it was, which is faster than to have the system find pages for the next
/// one. At most a hundred free seats have such.
const KEPT_BYTES: usize = 128 << 10;

/// Which of its compilers an engine uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Codegen {
    /// Cranelift, which takes its time.
    #[default]
    Optimizing,
    /// Winch, which makes code in one go, and knows fewer proposals.
    Hurried,
}

/// What may differ from one engine to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct EngineConfig {
    /// Read DWARF: for source lines in backtraces, native debuggers and profilers.
    pub(crate) debug_info: bool,
    pub(crate) checks: Checks,
    /// Count fuel.
    pub(crate) fuel: bool,
    /// Keep what a core dump shows when a guest traps.
    pub(crate) coredump: bool,
    pub(crate) profiling: ProfilingStrategy,
    pub(crate) codegen: Codegen,
    pub(crate) places: Places,
}

/// Where instances are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum Places {
    /// Each where the system has room for it.
    #[default]
    Anew,
    /// On seats.
    Seats,
}

/// An engine and the kernel compiled for it.
pub(crate) struct SharedEngine {
    /// Tells it from every other of the process, of the past too.
    pub(crate) number: u64,
    pub(crate) engine: Engine,
    pub(crate) kernel: KernelModule,
    config: EngineConfig,
    seats: Option<Seats>,
    fingerprint: OnceLock<[u8; blake3::OUT_LEN]>,
    pub(crate) builtins: Builtins,
}

/// How many seats an engine has, and how many of them are taken.
#[derive(Debug)]
struct Seats {
    n_seats: u32,
    n_taken: AtomicU32,
}

/// A seat that is taken, till it is dropped.
pub(crate) struct Seat {
    engine: Arc<SharedEngine>,
}

impl SharedEngine {
    /// Returns the engine that a plug-in with these options runs in.
    ///
    /// # Errors
    ///
    /// [`LoadError::Engine`] if the machine cannot run compiled WebAssembly,
    /// [`LoadError::ProfilingDisabled`].
    pub(crate) fn of(
        options: &Options,
        codegen: Codegen,
        places: Places,
    ) -> Result<Arc<Self>, LoadError> {
        let config = EngineConfig {
            debug_info: options.debug.debug_info,
            checks: options.checks,
            fuel: options.counts_fuel(),
            coredump: options.debug.coredump.is_some(),
            profiling: options.debug.profiling_strategy,
            codegen,
            places,
        };
        #[cfg(feature = "unstable-wasmtime")]
        if let Some(base) = &options.engine_config {
            return Self::own(EngineConfig { places: Places::Anew, ..config }, base.clone());
        }
        Self::get(config)
    }

    /// Returns the engine for `config`, made at the first request.
    ///
    /// # Errors
    ///
    /// [`LoadError::Engine`] if the machine cannot run compiled WebAssembly,
    /// [`LoadError::ProfilingDisabled`].
    fn get(config: EngineConfig) -> Result<Arc<Self>, LoadError> {
        static ENGINES: LazyLock<Mutex<HashMap<EngineConfig, Arc<SharedEngine>>>> =
            LazyLock::new(Mutex::default);
        let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = engines.get(&config) {
            return Ok(Arc::clone(shared));
        }
        let shared = Arc::new(Self::new(config, config.base())?);
        engines.insert(config, Arc::clone(&shared));
        Ok(shared)
    }

    /// Makes an engine that nobody shares, from the host's own configuration.
    ///
    /// # Errors
    ///
    /// As [`SharedEngine::get`].
    #[cfg(feature = "unstable-wasmtime")]
    fn own(config: EngineConfig, base: Config) -> Result<Arc<Self>, LoadError> {
        Ok(Arc::new(Self::new(config, base)?))
    }

    fn new(config: EngineConfig, mut base: Config) -> Result<Self, LoadError> {
        static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);
        if config.profiling != ProfilingStrategy::None && !cfg!(feature = "profiling") {
            return Err(LoadError::ProfilingDisabled { feature: "profiling" });
        }
        config.apply(&mut base);
        let seated =
            N_SEATS.iter().filter(|_| config.places == Places::Seats).find_map(|&n_seats| {
                let engine = Engine::new(base.clone().allocation_strategy(seats(n_seats))).ok()?;
                Some((engine, Some(Seats { n_seats, n_taken: AtomicU32::new(0) })))
            });
        let (engine, seats) = match seated {
            Some(seated) => seated,
            None => (Engine::new(&base).map_err(LoadError::engine)?, None),
        };
        deadline::watch(&engine);
        let kernel = KernelModule::new(engine.clone());
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            number,
            engine,
            kernel,
            config,
            seats,
            fingerprint: OnceLock::new(),
            builtins: Builtins::default(),
        })
    }

    /// Returns a hash of all that code compiled by this engine takes for granted of the machine, the
    /// engine and the kernel.
    pub(crate) fn fingerprint(&self) -> &[u8; blake3::OUT_LEN] {
        self.fingerprint.get_or_init(|| {
            let mut hasher = Blake3(blake3::Hasher::new());
            self.engine.precompile_compatibility_hash().hash(&mut hasher);
            *hasher.0.update(KERNEL_WASM).finalize().as_bytes()
        })
    }

    /// Returns how many seats there are.
    pub(crate) fn n_seats(&self) -> u32 {
        self.seats.as_ref().map_or(0, |seats| seats.n_seats)
    }

    /// Says whether instances are made on seats.
    pub(crate) fn has_seats(&self) -> bool {
        self.seats.is_some()
    }

    /// Returns the engine that is as this one, without seats.
    ///
    /// # Errors
    ///
    /// As [`SharedEngine::get`].
    pub(crate) fn without_seats(&self) -> Result<Arc<Self>, LoadError> {
        Self::get(EngineConfig { places: Places::Anew, ..self.config })
    }
}

impl Seat {
    /// Takes a seat of `engine`, if one is free.
    pub(crate) fn take(engine: &Arc<SharedEngine>) -> Option<Self> {
        let Seats { n_seats, n_taken } = engine.seats.as_ref()?;
        let one_more = |n_taken| (n_taken < *n_seats).then_some(n_taken + 1);
        // What the instance before left, the engine itself hands on.
        n_taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Self { engine: Arc::clone(engine) })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(seats) = &self.engine.seats {
            seats.n_taken.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Returns how the engine makes instances on seats.
fn seats(n_seats: u32) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(n_seats)
        .total_memories(n_seats * MEMORIES_PER_SEAT)
        .total_tables(n_seats * TABLES_PER_SEAT)
        .total_gc_heaps(n_seats)
        .total_component_instances(0)
        // The one for objects is none of the module's.
        .max_memories_per_module(MEMORIES_PER_SEAT - 1)
        .max_tables_per_module(TABLES_PER_SEAT)
        .max_core_instance_size(INSTANCE_BYTES_LIMIT)
        .max_memory_size(1 << 32)
        .table_elements(usize::try_from(TABLE_ELEMENTS_ON_SEAT).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(KEPT_BYTES)
        .table_keep_resident(KEPT_BYTES)
        .pagemap_scan(Enabled::Auto);
    // Guests run on the stack of their caller. By default the engine has the system set up a thousand more,
    // if it can use them at all, one by one, which is most of what a process's first load takes.
    #[cfg(feature = "wasi")]
    pool.total_stacks(0);
    InstanceAllocationStrategy::Pooling(pool)
}

impl EngineConfig {
    /// Returns a configuration with the proposals that plug-ins in the wild are built with, and without
    /// what only native debuggers and profilers read, a fifth of all that is compiled.
    fn base(self) -> Config {
        let mut config = Config::new();
        if !self.debug_info && self.profiling == ProfilingStrategy::None {
            config.debug_symbols(false);
            if cfg!(unix) {
                config.native_unwind_info(false);
            }
        }
        match self.codegen {
            Codegen::Optimizing => {
                config
                    .wasm_tail_call(true)
                    .wasm_function_references(true)
                    .wasm_gc(true)
                    .wasm_exceptions(true);
            }
            // It has the other defaults in common, and refuses modules that use more.
            Codegen::Hurried => {
                config.strategy(Strategy::Winch);
            }
        }
        config
    }

    /// Sets what our promises rest on.
    fn apply(self, config: &mut Config) {
        config
            .epoch_interruption(self.checks == Checks::Epochs)
            .debug_info(self.debug_info)
            .consume_fuel(self.fuel)
            .wasm_backtrace_details(details(self))
            .wasm_multi_memory(true)
            // Its memories have no bound but the machine's.
            .wasm_memory64(false);
        // Where nothing is asked for, what the host's own configuration says holds.
        if self.coredump {
            config.coredump_on_trap(true);
        }
        if self.profiling != ProfilingStrategy::None {
            config.profiler(self.profiling.to_engine());
        }
    }
}

/// Says whether backtraces read the guest's DWARF for source lines. It is read in the host's memory
/// and time, and hostile DWARF takes any amount of both: only for those who asked for it.
fn details(config: EngineConfig) -> WasmBacktraceDetails {
    if config.debug_info { WasmBacktraceDetails::Enable } else { WasmBacktraceDetails::Disable }
}

/// Lets an engine describe itself to BLAKE3.
struct Blake3(blake3::Hasher);

impl Hasher for Blake3 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let hash = self.0.finalize();
        u64::from_le_bytes(
            *hash.as_bytes().first_chunk().expect("a hash has more bytes than eight"),
        )
    }
}
