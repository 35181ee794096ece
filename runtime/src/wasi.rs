//! WASI preview 1, the system interface that many toolchains build against: what of the system a
//! plug-in is granted, and the context of one instance.
//!
//! Nothing is inherited from the process: arguments, environment and paths are those that the host
//! names, standard input is empty, there is no network. Clocks and randomness are the system's,
//! unconditionally.
//!
//! The implementation is `wasmtime-wasi`'s. Its own adapter to the engine is not used, since it
//! waits with tokio's `block_on`: see `wait`. `functions` is ours instead.
//!
//! Invariant: whatever blocks, blocks no longer than the call may take.

mod functions;
mod open;
mod output;
mod paths;
mod wait;

use std::{
    env,
    error::Error as StdError,
    fmt,
    sync::{Mutex, PoisonError},
};

use plugsmith_manifest::Manifest;
use wasmtime::Module;
use wasmtime_wasi::{WasiCtxBuilder, p1::WasiP1Ctx};

use self::{
    open::OpenDescriptors,
    output::{Destination, GuestOutput, Stream},
    paths::{AllowedPath, FileName},
};
use crate::{
    error::{CallError, LoadError},
    log::GuestLog,
};

pub(crate) use self::functions::define;

/// The namespace of the interface.
pub(crate) const NAMESPACE: &str = "wasi_snapshot_preview1";

/// Has guests write to the host's own standard output and standard error, if set.
const INHERIT_VARIABLE: &str = "EXTISM_ENABLE_WASI_OUTPUT";

/// The first descriptor that stands for an allowed path; the rest follow in order.
const FIRST_PATH_DESCRIPTOR: usize = 3;

/// What a host says about the interface beside granting it.
#[derive(Debug, Clone, Default)]
pub(crate) struct WasiOptions {
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) inherit_output: bool,
}

/// What of the system a plug-in is granted.
#[derive(Debug)]
pub(crate) struct Wasi {
    options: WasiOptions,
    paths: Vec<AllowedPath>,
}

impl Wasi {
    /// Looks at everything that is granted.
    ///
    /// # Errors
    ///
    /// [`LoadError::AllowedPath`] and the like, [`LoadError::WasiText`].
    pub(crate) fn new(mut options: WasiOptions, manifest: &Manifest) -> Result<Self, LoadError> {
        let pairs = options.env.iter().flat_map(|(name, value)| [name, value]);
        if let Some(text) = options.args.iter().chain(pairs).find(|text| text.contains('\0')) {
            return Err(LoadError::WasiText { text: text.clone() });
        }
        if let Some((name, _)) = options.env.iter().find(|(name, _)| name.contains('=')) {
            return Err(LoadError::WasiText { text: name.clone() });
        }
        options.inherit_output |= env::var_os(INHERIT_VARIABLE).is_some();
        Ok(Self { options, paths: AllowedPath::all(manifest)? })
    }

    /// Makes the context of an instance.
    ///
    /// # Errors
    ///
    /// [`CallError::AllowedPath`] if a path is no longer there.
    pub(crate) fn context(
        &self,
        log: &GuestLog,
        open_limit: Option<u32>,
    ) -> Result<WasiContext, CallError> {
        let destination = if self.options.inherit_output {
            Destination::Inherit(log.clone())
        } else {
            Destination::Log(log.clone())
        };
        let outputs = [Stream::Stdout, Stream::Stderr]
            .map(|stream| GuestOutput::new(stream, destination.clone()));
        let mut builder = WasiCtxBuilder::new();
        builder
            .args(&self.options.args)
            .envs(&self.options.env)
            .stdout(outputs[0].clone())
            .stderr(outputs[1].clone())
            .allow_tcp(false)
            .allow_udp(false);
        self.paths.iter().try_for_each(|path| path.open(&mut builder))?;
        Ok(WasiContext {
            preview1: Mutex::new(builder.build_p1()),
            files: self.paths.iter().map(AllowedPath::file).collect(),
            outputs,
            open: OpenDescriptors::new(open_limit),
        })
    }
}

/// What one instance has of the system.
pub(crate) struct WasiContext {
    /// Never locked, only borrowed mutably: the lock makes a plug-in `Sync`.
    preview1: Mutex<WasiP1Ctx>,
    /// For each allowed path that is a single file, its name.
    files: Vec<Option<FileName>>,
    outputs: [GuestOutput; 2],
    open: OpenDescriptors,
}

impl WasiContext {
    /// Logs what the guest has written to lines that it did not end.
    pub(crate) fn end_call(&self) {
        self.outputs.iter().for_each(GuestOutput::finish_line);
    }

    fn preview1(&mut self) -> &mut WasiP1Ctx {
        self.preview1.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the file that is all that `descriptor` stands for, if so.
    fn file(&self, descriptor: i32) -> Option<&FileName> {
        let idx = usize::try_from(descriptor).ok()?.checked_sub(FIRST_PATH_DESCRIPTOR)?;
        self.files.get(idx)?.as_ref()
    }
}

/// Says whether any of `modules` imports the interface.
pub(crate) fn is_imported<'a>(mut modules: impl Iterator<Item = &'a Module>) -> bool {
    modules.any(|module| module.imports().any(|import| import.module() == NAMESPACE))
}

/// A guest ended itself by `proc_exit`. Travels through the engine as its error and is taken out
/// again by `outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) status: i32,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exited with status {}", self.status)
    }
}

impl StdError for Exit {}
