//! The engines of the process: one for each configuration, shared by every plug-in that wants it.
//!
//! An engine compiles code and holds what compiled code has in common. Beside it stands the kernel,
//! compiled once. Engines live as long as the process: there are as many as configurations in use.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use wasmtime::{Config, Engine, WasmBacktraceDetails};

use crate::{deadline, error::LoadError, kernel::KernelModule};

/// What may differ from one engine to another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct EngineConfig {
    /// Read DWARF: for source lines in backtraces, native debuggers and profilers.
    pub(crate) debug_info: bool,
    /// Count fuel.
    pub(crate) fuel: bool,
}

/// An engine and the kernel compiled for it.
#[derive(Debug)]
pub(crate) struct SharedEngine {
    pub(crate) engine: Engine,
    pub(crate) kernel: KernelModule,
}

impl SharedEngine {
    /// Returns the engine for `config`, made at the first request.
    ///
    /// # Errors
    ///
    /// [`LoadError::Engine`] if the machine cannot run compiled WebAssembly.
    pub(crate) fn get(config: EngineConfig) -> Result<Arc<Self>, LoadError> {
        static ENGINES: LazyLock<Mutex<HashMap<EngineConfig, Arc<SharedEngine>>>> =
            LazyLock::new(Mutex::default);
        let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = engines.get(&config) {
            return Ok(Arc::clone(shared));
        }
        let shared = Arc::new(Self::new(config).map_err(LoadError::engine)?);
        engines.insert(config, Arc::clone(&shared));
        Ok(shared)
    }

    fn new(config: EngineConfig) -> wasmtime::Result<Self> {
        let engine = Engine::new(&engine_config(config))?;
        deadline::watch(&engine);
        let kernel = KernelModule::new(&engine)?;
        Ok(Self { engine, kernel })
    }
}

fn engine_config(config: EngineConfig) -> Config {
    let mut engine_config = Config::new();
    engine_config
        .epoch_interruption(true)
        .debug_info(config.debug_info)
        .consume_fuel(config.fuel)
        .wasm_backtrace_details(details(config))
        // Its memories have no bound but the machine's.
        .wasm_memory64(false)
        // The proposals that plug-ins in the wild are built with.
        .wasm_multi_memory(true)
        .wasm_tail_call(true)
        .wasm_function_references(true)
        .wasm_gc(true)
        .wasm_exceptions(true);
    engine_config
}

/// Says whether backtraces read the guest's DWARF for source lines. It is read in the host's memory
/// and time, and hostile DWARF takes any amount of both: only for those who asked for it.
fn details(config: EngineConfig) -> WasmBacktraceDetails {
    if config.debug_info { WasmBacktraceDetails::Enable } else { WasmBacktraceDetails::Disable }
}
