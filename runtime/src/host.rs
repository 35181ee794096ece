//! The functions that every plug-in finds in [`EXTISM_ENV_MODULE`] beside the kernel's, one file for
//! each capability, and how they take arguments and give results.

mod blocks;
mod builtins;
mod config;
pub(crate) mod http;
mod legacy;
mod log;
pub(crate) mod vars;

use wasmtime::{Caller, Linker};

pub(crate) use self::builtins::Builtins;
use self::http::HttpError;
use crate::{
    error::LoadError, extensions::Extensions, host_fn::Function, kernel, link::EXTISM_ENV_MODULE,
    outcome, state::State,
};

/// Why something that the host does for a guest failed. The guest traps, unless it may
/// [catch](crate::PluginBuilder::with_catchable_host_errors) what failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The guest passed an offset at which no block starts.
    #[error("no block starts at offset {offset}, given as {what}")]
    NoBlock {
        /// What the block was to hold.
        what: &'static str,
        /// The offset that the guest passed.
        offset: u64,
    },
    /// The guest passed text that is not UTF-8.
    #[error("{what} is not valid UTF-8")]
    NotUtf8 {
        /// What the text was.
        what: &'static str,
        /// Where it is broken.
        #[source]
        source: std::str::Utf8Error,
    },
    /// A result does not fit the exchange memory.
    #[error("exchange memory is exhausted: no room for {len} bytes")]
    ExchangeExhausted {
        /// Bytes that were needed.
        len: u64,
    },
    /// An HTTP request was refused, or failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// A handle names bytes that were not handed out in this call.
    #[error("no {length} bytes at offset {offset} were handed out in this call")]
    OutOfBounds {
        /// The handle's offset.
        offset: u64,
        /// The handle's length in bytes.
        length: u64,
    },
    /// The guest called the system interface and exports no memory for it to work on.
    #[error("the module exports no memory named `memory`")]
    NoMemory,
    /// The system gave no thread that waits for files and timers in the background.
    #[error("no thread could be started to wait for files and timers")]
    NoThread,
    /// A host function decodes more arguments than it declares parameters.
    #[error("the host function declares fewer parameters than it takes arguments")]
    MissingArgument,
    /// The call lent its host functions no value of this type.
    #[error("the call has no host context of type `{wanted}`")]
    NoContext {
        /// The type asked for.
        wanted: &'static str,
    },
    /// A module called another, from which it imports in a circle, before that was instantiated.
    #[error(
        "module `{module}` is not instantiated yet, but its function `{function}` was called: \
         modules that import from each other in a circle cannot call each other while they start"
    )]
    ModuleNotReady {
        /// The module that was called.
        module: String,
        /// The function that was called.
        function: String,
    },
    /// Too many instances of modules that are commands were made.
    #[error("modules that are commands were called {limit} times, the limit for one instance")]
    CommandLimit {
        /// The limit in calls.
        limit: u32,
    },
    /// The host allows no variables.
    #[error("variables are switched off: `memory.max_var_bytes` is 0")]
    VarsDisabled,
    /// The variables are larger than the host allows.
    #[error("variables would need {needed} bytes, the limit is {limit}")]
    VarsFull {
        /// Bytes of all variables together with the new one.
        needed: u64,
        /// The limit in bytes.
        limit: u64,
    },
}

/// Defines functions of the host program.
pub(crate) fn define(linker: &mut Linker<State>, functions: &[Function]) -> Result<(), LoadError> {
    // A later function replaces an earlier one of the same name.
    linker.allow_shadowing(true);
    functions.iter().try_for_each(|function| function.define(linker))?;
    // None replaces one of the kernel's under its own name.
    let is_kernels = |function: &Function| {
        function.namespace() == Some(EXTISM_ENV_MODULE) && kernel::exports(function.name())
    };
    if functions.iter().any(is_kernels) {
        builtins::define_kernel(linker)?;
    }
    Ok(())
}

/// Leaves a failure to a guest that agreed to take it: as its error message, with a result of zero.
/// What ends a call in any case is passed on.
pub(crate) fn catch<T: Default>(
    caller: &mut Caller<'_, State>,
    outcome: wasmtime::Result<T>,
) -> wasmtime::Result<T> {
    let Err(err) = outcome else { return outcome };
    if !caller.data().extensions.contains(Extensions::HOST_ERRORS) {
        return Err(err);
    }
    let Some(message) = outcome::catchable(&err) else { return Err(err) };
    let kernel = caller.data().kernel();
    let Some(block) = kernel.put(caller, message.as_bytes()) else { return Err(err) };
    kernel.set_error(caller, block.offset());
    Ok(T::default())
}

/// Frees the blocks that a guest passed to a function of the host, and [`catch`]es its failure.
///
/// Not before: what the function gave lies elsewhere, so a guest that frees what it passed, too, as
/// some do, frees nothing else.
fn finish<T: Default>(
    caller: &mut Caller<'_, State>,
    passed: impl IntoIterator<Item = u64>,
    outcome: wasmtime::Result<T>,
) -> wasmtime::Result<T> {
    let kernel = caller.data().kernel();
    for offset in passed.into_iter().filter(|offset| *offset != 0) {
        kernel.free(caller, offset);
    }
    catch(caller, outcome)
}

/// Puts `bytes` into a new block, which the guest then owns. No bytes are offset 0.
fn give(caller: &mut Caller<'_, State>, bytes: &[u8]) -> wasmtime::Result<u64> {
    let len = bytes.len() as u64;
    if len == 0 {
        return Ok(0);
    }
    let kernel = caller.data().kernel();
    let block = kernel.put(caller, bytes).ok_or(HostError::ExchangeExhausted { len })?;
    Ok(block.offset())
}
