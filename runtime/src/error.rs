//! What can go wrong: one enum for loading a plug-in, one for calling it.
//!
//! Both travel inside [`Error`], which is `anyhow::Error` as in Extism's Rust crates, so that code
//! written for those compiles; `err.downcast_ref::<CallError>()` gives the typed case. The engine's
//! own error types stay behind `#[source]`, as plain [`std::error::Error`]s.

use std::{error::Error as StdError, io, path::PathBuf, time::Duration};

pub use anyhow::Error;
use plugsmith_manifest::ManifestError;

use crate::{
    artifact::ArtifactError,
    cache::CacheError,
    outcome::{GuestTrap, Trap},
};

/// A cause whose type is not part of our promise.
pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a plug-in could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The manifest is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The input is neither WebAssembly nor a manifest.
    #[error(
        "input is neither a WebAssembly module, WebAssembly text nor a manifest in JSON or TOML: \
         it starts with `{start}`{hint}"
    )]
    UnknownInput {
        /// What to do about it, or empty.
        hint: &'static str,
        /// The first bytes of the input, escaped.
        start: String,
    },
    /// A module's file could not be read.
    #[error("module `{module}`: cannot read file `{}`", path.display())]
    ReadFile {
        /// The module's name in the manifest.
        module: String,
        /// The path as the manifest gives it.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A module could not be fetched from its URL.
    #[error("module `{module}`: cannot fetch `{url}`")]
    Fetch {
        /// The module's name in the manifest.
        module: String,
        /// The URL as the manifest gives it.
        url: String,
        /// What went wrong.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// This build of the host cannot load modules from this kind of source.
    #[error(
        "module `{module}`: loading from a {from} is switched off in this build (feature `{feature}`)"
    )]
    SourceDisabled {
        /// The module's name in the manifest.
        module: String,
        /// `file` or `URL`.
        from: &'static str,
        /// The cargo feature that switches it on.
        feature: &'static str,
    },
    /// A module is larger than the host accepts.
    #[error("module `{module}` has more than {limit} bytes, the limit for a module")]
    TooLarge {
        /// The module's name in the manifest.
        module: String,
        /// The largest size accepted, in bytes.
        limit: u64,
    },
    /// A module is larger or more involved than the host compiles.
    #[error("module `{module}`: {what} is {found}, the limit is {limit}")]
    ModuleLimit {
        /// The module's name in the manifest.
        module: String,
        /// What is past its limit.
        what: &'static str,
        /// How much of it there is, or is at least.
        found: u64,
        /// The limit, of [`ModuleLimits`](crate::ModuleLimits).
        limit: u64,
    },
    /// The manifest names more modules than the host links.
    #[error("the manifest names {found} modules, the limit is {limit}")]
    TooManyModules {
        /// How many it names.
        found: usize,
        /// How many it may name.
        limit: usize,
    },
    /// A module's bytes are not those that the manifest names.
    #[error(
        "module `{module}`: sha256 of the bytes is `{found}`, the manifest expects `{expected}`"
    )]
    HashMismatch {
        /// The module's name in the manifest.
        module: String,
        /// The hash in the manifest, in lower-case hexadecimal.
        expected: String,
        /// The hash of the bytes, in lower-case hexadecimal.
        found: String,
    },
    /// A module's bytes are not WebAssembly.
    #[error("module `{module}` is not WebAssembly: it starts with `{start}` instead of `\\0asm`")]
    NotWasm {
        /// The module's name in the manifest.
        module: String,
        /// The first bytes, escaped.
        start: String,
    },
    /// A module is a component of the component model.
    #[error(
        "module `{module}` is a WebAssembly component, which is not supported: build a core module \
         (for Rust, target `wasm32-unknown-unknown` or `wasm32-wasip1`)"
    )]
    Component {
        /// The module's name in the manifest.
        module: String,
    },
    /// WebAssembly text could not be parsed.
    #[error("module `{module}`: invalid WebAssembly text")]
    Text {
        /// The module's name in the manifest.
        module: String,
        /// Place and cause.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A module is broken, truncated, or uses a feature that the engine does not have.
    #[error("module `{module}` is not valid WebAssembly")]
    InvalidModule {
        /// The module's name in the manifest.
        module: String,
        /// Place and cause.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A module imports something that nobody provides.
    #[error(
        "module `{module}` imports `{namespace}::{name}` ({found}), which nobody provides{hint}"
    )]
    UnknownImport {
        /// The module's name in the manifest.
        module: String,
        /// The namespace of the import.
        namespace: String,
        /// The name of the import.
        name: String,
        /// The type it is imported with.
        found: String,
        /// What to do about it, or empty.
        hint: String,
    },
    /// A module imports something with another type than it has.
    #[error(
        "module `{module}` imports `{namespace}::{name}` as {found}, but it is provided as {accepted}"
    )]
    ImportType {
        /// The module's name in the manifest.
        module: String,
        /// The namespace of the import.
        namespace: String,
        /// The name of the import.
        name: String,
        /// The type it is imported with.
        found: String,
        /// The type it is provided with.
        accepted: String,
    },
    /// A host function takes or returns a reference, which cannot cross the boundary.
    #[error("host function `{name}` takes or returns a reference, which is not supported")]
    HostFunctionType {
        /// The function's name.
        name: String,
    },
    /// Modules import from each other in a circle.
    #[error("modules import from each other in a circle: {}", modules.join(" → "))]
    ImportCycle {
        /// The circle, its first module repeated at the end.
        modules: Vec<String>,
    },
    /// A module declares a memory with the maximum that marks the kernel's memory.
    #[error(
        "module `{module}` declares a memory with a maximum of {pages} pages, which is reserved: \
         declare {} or {} instead", pages - 1, pages + 1
    )]
    ReservedMemory {
        /// The module's name in the manifest.
        module: String,
        /// The maximum, in pages of 64 KiB.
        pages: u32,
    },
    /// The memories that the modules declare are larger than the limit from the start.
    #[error("modules need {needed} pages of memory to start, the limit is {limit}")]
    MemoryLimit {
        /// Pages of 64 KiB that the modules declare.
        needed: u64,
        /// The limit in pages of 64 KiB.
        limit: u32,
    },
    /// A path that the manifest allows is not there, or the host itself may not use it.
    #[error("allowed path `{path}` cannot be used")]
    AllowedPath {
        /// The host path as the manifest gives it, without `ro:`.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A path that the manifest allows is neither a directory nor a regular file.
    #[error("allowed path `{path}` is neither a directory nor a regular file")]
    AllowedPathKind {
        /// The host path as the manifest gives it, without `ro:`.
        path: String,
    },
    /// A path that the manifest allows has a name that the system interface cannot express.
    #[error("allowed path `{path}` is not valid UTF-8")]
    AllowedPathName {
        /// The path, as far as it can be shown.
        path: String,
    },
    /// An argument or environment variable of the plug-in cannot be expressed.
    #[error(
        "WASI argument or environment variable {text:?} contains a zero byte, or its name a `=`"
    )]
    WasiText {
        /// The argument, name or value.
        text: String,
    },
    /// The bytes given are no compiled plug-in for this program.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// There can be no cache where one was asked for.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// This build of the host knows no profilers.
    #[error("profiling is switched off in this build (feature `{feature}`)")]
    ProfilingDisabled {
        /// The cargo feature that switches it on.
        feature: &'static str,
    },
    /// The engine could not be set up on this machine.
    #[error("cannot set up the WebAssembly engine")]
    Engine {
        /// What the engine said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl LoadError {
    pub(crate) fn engine(err: wasmtime::Error) -> Self {
        Self::Engine { source: err.into() }
    }
}

/// Why a call failed.
///
/// After every failure the plug-in is usable: the next call runs, on a fresh instance where the old
/// one cannot be trusted any more (after a trap, a time-out, a cancellation, an exit).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The plug-in exports no function of this name.
    #[error("no exported function `{name}`{hint}")]
    NoExport {
        /// The name asked for.
        name: String,
        /// The nearest name there is, as a question, or empty.
        hint: String,
    },
    /// The plug-in exports a function of this name that cannot be called by a host.
    #[error("export `{name}` is {found}, but a host can only call `() -> ()` and `() -> i32`")]
    ExportType {
        /// The name asked for.
        name: String,
        /// What the export is.
        found: String,
    },
    /// A function was called on a plug-in that was compiled apart from what it was looked up in.
    #[error(
        "function `{name}` was looked up in another plug-in: look it up in what this one was \
         compiled to"
    )]
    OtherPlugin {
        /// The export's name.
        name: String,
    },
    /// The input could not be turned into bytes.
    #[error("cannot encode the input of `{name}`")]
    Encode {
        /// The export that was to be called.
        name: String,
        /// What the encoding said.
        #[source]
        source: Error,
    },
    /// The output is not what the caller asked for. The call itself went well.
    #[error("cannot decode the output of `{name}`")]
    Decode {
        /// The export that was called.
        name: String,
        /// What the decoding said.
        #[source]
        source: Error,
    },
    /// The input does not fit the memory through which it is passed.
    #[error("input of {len} bytes does not fit the exchange memory, whose limit is {limit} bytes")]
    InputTooLarge {
        /// Size of the input in bytes.
        len: u64,
        /// Limit of the exchange memory in bytes.
        limit: u64,
    },
    /// The guest reported an error.
    #[error("{message}")]
    Guest {
        /// The guest's own words.
        message: String,
        /// The status that the export returned; -1 if it had none to return.
        status: i32,
        /// Where the guest stopped, if it trapped after reporting the error, as a panic does.
        #[source]
        trap: Option<GuestTrap>,
    },
    /// The export returned a status other than zero and no error message.
    #[error("`{name}` returned status {status} and no error message")]
    Status {
        /// The export that was called.
        name: String,
        /// The status, not zero.
        status: i32,
    },
    /// The guest trapped without a message of its own.
    #[error("`{name}` trapped: {}", trap.cause)]
    Trap {
        /// The function that was running: an export, or an initialiser.
        name: String,
        /// What happened and where.
        #[source]
        trap: GuestTrap,
    },
    /// A function of the host failed.
    #[error("a host function failed during `{name}`")]
    Host {
        /// The export that was called.
        name: String,
        /// What the host function returned.
        #[source]
        source: Error,
    },
    /// The guest ended itself with a status other than zero, or before the export ran.
    #[error("`{name}` exited with status {status}")]
    Exit {
        /// The function that was running: an export, or an initialiser.
        name: String,
        /// The status it exited with.
        status: i32,
    },
    /// The time limit passed. The instance is discarded and the plug-in stays usable.
    #[error("call ran past its limit of {limit:?}")]
    TimedOut {
        /// The limit that was set; where it is counted from, [`CallLimits::time`](crate::CallLimits) says.
        limit: Duration,
    },
    /// A [`CancelHandle`](crate::CancelHandle) ended the call.
    #[error("call was cancelled")]
    Cancelled,
    /// The call failed after the guest had been refused memory.
    #[error("{what} reached its limit of {limit} {unit}, then the call failed")]
    MemoryLimit {
        /// What was to grow.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// What the limit counts.
        unit: &'static str,
        /// How the call failed.
        #[source]
        cause: Box<CallError>,
    },
    /// A path that the manifest allows was there when the plug-in was loaded, and is no longer.
    #[error("allowed path `{path}` cannot be used any more")]
    AllowedPath {
        /// The host path as the manifest gives it, without `ro:`.
        path: String,
        /// What the system said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// An instance could not be made.
    #[error("cannot make an instance of the plug-in")]
    Instantiate {
        /// What the engine said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The system gave no thread to keep the time limit with.
    #[error("no thread could be started to keep the time limit")]
    NoTicker,
}

impl CallError {
    /// Returns the status that Extism's interface reports for this failure: the guest's own if it
    /// returned one or exited with one, 134 for a trap without a message, a time-out and a
    /// cancellation, and -1 for all else.
    #[must_use]
    pub fn status(&self) -> i32 {
        /// What a shell reports for a process that was aborted.
        const TRAPPED: i32 = 134;
        match self {
            Self::Trap { .. } | Self::TimedOut { .. } | Self::Cancelled => TRAPPED,
            Self::Exit { status: 0, .. } => -1,
            Self::Guest { status, .. }
            | Self::Status { status, .. }
            | Self::Exit { status, .. } => *status,
            Self::MemoryLimit { cause, .. } => cause.status(),
            _ => -1,
        }
    }

    /// Returns what trapped, if the call ended in a trap.
    #[must_use]
    pub fn trap(&self) -> Option<Trap> {
        match self {
            Self::Guest { trap, .. } => trap.as_ref().map(|trap| trap.cause),
            Self::Trap { trap, .. } => Some(trap.cause),
            Self::MemoryLimit { cause, .. } => cause.trap(),
            _ => None,
        }
    }
}
