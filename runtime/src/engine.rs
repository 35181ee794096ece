//! The engines of the process: one for each configuration, shared by every plug-in that wants it.
//!
//! An engine compiles code and holds what compiled code has in common. Beside it stands the kernel,
//! compiled once. Engines live as long as the process: there are as many as configurations in use.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use wasmtime::{Config, Engine, WasmBacktraceDetails};

use crate::{deadline, debug::ProfilingStrategy, error::LoadError, kernel::KernelModule};

/// What may differ from one engine to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct EngineConfig {
    /// Read DWARF: for source lines in backtraces, native debuggers and profilers.
    pub(crate) debug_info: bool,
    /// Count fuel.
    pub(crate) fuel: bool,
    /// Keep what a core dump shows when a guest traps.
    pub(crate) coredump: bool,
    pub(crate) profiling: ProfilingStrategy,
}

/// An engine and the kernel compiled for it.
#[derive(Debug)]
pub(crate) struct SharedEngine {
    /// Tells it from every other of the process, of the past too.
    pub(crate) number: u64,
    pub(crate) engine: Engine,
    pub(crate) kernel: KernelModule,
}

impl SharedEngine {
    /// Returns the engine for `config`, made at the first request.
    ///
    /// # Errors
    ///
    /// [`LoadError::Engine`] if the machine cannot run compiled WebAssembly,
    /// [`LoadError::ProfilingDisabled`].
    pub(crate) fn get(config: EngineConfig) -> Result<Arc<Self>, LoadError> {
        static ENGINES: LazyLock<Mutex<HashMap<EngineConfig, Arc<SharedEngine>>>> =
            LazyLock::new(Mutex::default);
        let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = engines.get(&config) {
            return Ok(Arc::clone(shared));
        }
        let shared = Arc::new(Self::new(config, base_config())?);
        engines.insert(config, Arc::clone(&shared));
        Ok(shared)
    }

    /// Makes an engine that nobody shares, from the host's own configuration.
    ///
    /// # Errors
    ///
    /// As [`SharedEngine::get`].
    #[cfg(feature = "unstable-wasmtime")]
    pub(crate) fn own(config: EngineConfig, base: Config) -> Result<Arc<Self>, LoadError> {
        Ok(Arc::new(Self::new(config, base)?))
    }

    fn new(config: EngineConfig, mut base: Config) -> Result<Self, LoadError> {
        static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);
        if config.profiling != ProfilingStrategy::None && !cfg!(feature = "profiling") {
            return Err(LoadError::ProfilingDisabled { feature: "profiling" });
        }
        config.apply(&mut base);
        let engine = Engine::new(&base).map_err(LoadError::engine)?;
        deadline::watch(&engine);
        let kernel = KernelModule::new(&engine).map_err(LoadError::engine)?;
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        Ok(Self { number, engine, kernel })
    }
}

/// Returns a configuration with the proposals that plug-ins in the wild are built with.
fn base_config() -> Config {
    let mut config = Config::new();
    config.wasm_tail_call(true).wasm_function_references(true).wasm_gc(true).wasm_exceptions(true);
    config
}

impl EngineConfig {
    /// Sets what our promises rest on.
    fn apply(self, config: &mut Config) {
        config
            .epoch_interruption(true)
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
