//! Runs WebAssembly plug-ins inside a host program: isolated, limited, fast.
//!
//! A host loads a [`Plugin`] from a module or a [`Manifest`] and calls its exports with an input and
//! for an output. The guest has memory of its own and no file, network or clock but what the host
//! grants; time and memory are limited by the manifest. Plug-ins are those of Extism 1.x: any of
//! them runs here, written in whatever language.
//!
//! # Examples
//!
//! ```
//! use plugsmith::{Manifest, Plugin, Wasm};
//!
//! # fn main() -> Result<(), plugsmith::Error> {
//! # #[cfg(feature = "wat")] {
//! let module = br#"(module
//!     (import "extism:host/env" "input_offset" (func $offset (result i64)))
//!     (import "extism:host/env" "input_length" (func $length (result i64)))
//!     (import "extism:host/env" "output_set" (func $output (param i64 i64)))
//!     (func (export "echo") (call $output (call $offset) (call $length))))"#;
//! let manifest = Manifest::new([Wasm::data(module.to_vec())]).with_timeout(std::time::Duration::from_secs(1));
//! let mut plugin = Plugin::new(&manifest, [], false)?;
//! let output: String = plugin.call("echo", "hello")?;
//! assert_eq!(output, "hello");
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! This crate names no type of its engine in its interface (but with the feature `unstable-wasmtime`),
//! contains no unsafe code but for loading code that is compiled already, and panics on no input.

#![deny(unsafe_code)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod artifact;
mod artifact_key;
mod builder;
mod builds;
mod cache;
mod call;
mod call_limits;
mod caught;
mod compile;
mod compiled;
mod current_plugin;
mod deadline;
mod debug;
mod dump;
mod engine;
mod error;
mod extensions;
mod fast_start;
mod fetch;
mod fuse;
mod guest_init;
mod host;
mod host_fn;
mod host_fn_macro;
mod instance;
mod kept_code;
mod kept_memory;
mod kernel;
mod known_files;
mod limits;
mod link;
mod load;
mod log;
#[cfg(feature = "log-callback")]
mod log_callback;
mod memory;
mod module_limits;
mod outcome;
mod plugin;
mod plugin_function;
mod pool;
mod precompiled;
mod private_files;
mod reload;
mod report;
mod shared_vars;
mod shown;
mod signature;
mod source;
mod state;
mod survey;
mod sync;
mod tiers;
mod typed_plugin;
mod val;
mod version;
#[cfg(feature = "wasi")]
mod wasi;
#[cfg(feature = "watch")]
mod watch;

pub use plugsmith_convert::{self as convert, FromBytes, FromBytesOwned, MemoryHandle, ToBytes};
pub use plugsmith_manifest::{self as manifest, Manifest, Wasm, WasmMetadata};

/// The engine, for [`PluginBuilder::with_wasmtime_config`]. Its version changes with ours.
#[cfg(feature = "unstable-wasmtime")]
pub use wasmtime;

#[cfg(feature = "log-callback")]
pub use crate::log_callback::{LogCallbackError, set_log_callback};
#[cfg(feature = "watch")]
pub use crate::watch::{Watch, WatchError, WatchOptions};
pub use crate::{
    artifact::ArtifactError,
    artifact_key::KeyFileError,
    builder::PluginBuilder,
    cache::{CacheCleared, CacheError, CacheFolder, CacheSetting, CachedModule, ConfigError},
    call_limits::CallLimits,
    compiled::CompiledPlugin,
    current_plugin::CurrentPlugin,
    debug::{DebugOptions, ProfilingStrategy},
    error::{CallError, Error, LoadError},
    host::{HostError, http::HttpError},
    host_fn::{Function, UserData},
    link::{EXTISM_ENV_MODULE, EXTISM_USER_MODULE},
    log::{LogLevel, LogRecord, LogSource},
    module_limits::ModuleLimits,
    outcome::{GuestFrame, GuestTrap, SourceLine, Trap},
    plugin::{CancelHandle, OwnVars, Plugin},
    plugin_function::PluginFunction,
    pool::{Pool, PoolBuilder, PoolPlugin},
    precompiled::ArtifactKey,
    reload::Reloader,
    report::CallReport,
    shared_vars::SharedVars,
    source::{ModuleBytes, WasmInput},
    val::{PTR, Val, ValType},
    version::extism_version,
};
