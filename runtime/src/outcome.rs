//! What the host concludes from a call: status, trap, error block and exit code become an output or
//! one typed error, and the verdict whether the instance may serve another call.

use std::{
    error::Error as StdError,
    fmt::{self, Write as _},
};

#[cfg(feature = "wasi")]
use crate::wasi::Exit;
use crate::{
    deadline::Interruption,
    error::{BoxError, CallError, Error},
    fuse::FusedNotes,
    host::HostError,
    host_fn::HostPanic,
    limits::Refusal,
    shown,
};

/// Length in bytes of the longest symbol that is turned into the name its author wrote.
const MANGLED_LEN: usize = 4096;

/// What backtraces call the functions of a kernel that is part of the guest's module.
const KERNEL_FRAME: &str = "the kernel";

/// What made WebAssembly trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trap {
    /// An `unreachable` instruction ran: a panic, an abort, a failed assertion.
    Unreachable,
    /// The guest used up its stack.
    StackOverflow,
    /// A load, store or copy went outside the guest's memory.
    MemoryOutOfBounds,
    /// An access went outside a table.
    TableOutOfBounds,
    /// An indirect call met an empty table entry.
    IndirectCallToNull,
    /// An indirect call met a function of another type.
    IndirectCallType,
    /// An integer operation overflowed, or a float was out of an integer's range.
    IntegerOverflow,
    /// An integer was divided by zero.
    DivisionByZero,
    /// A float that is not a number was converted to an integer.
    BadConversion,
    /// The fuel was used up.
    OutOfFuel,
    /// An exception was thrown and nobody caught it.
    Exception,
    /// The heap of garbage-collected objects could not grow.
    HeapExhausted,
    /// Any other trap of the engine.
    Other,
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "executed `unreachable`",
            Self::StackOverflow => "call stack exhausted",
            Self::MemoryOutOfBounds => "memory access out of bounds",
            Self::TableOutOfBounds => "table access out of bounds",
            Self::IndirectCallToNull => "indirect call to an empty table entry",
            Self::IndirectCallType => "indirect call to a function of another type",
            Self::IntegerOverflow => "integer overflow",
            Self::DivisionByZero => "integer division by zero",
            Self::BadConversion => "conversion of not-a-number to an integer",
            Self::OutOfFuel => "fuel used up",
            Self::Exception => "uncaught exception",
            Self::HeapExhausted => "garbage-collected heap exhausted",
            Self::Other => "trap",
        })
    }
}

impl From<wasmtime::Trap> for Trap {
    fn from(trap: wasmtime::Trap) -> Self {
        use wasmtime::Trap as Engine;
        match trap {
            Engine::UnreachableCodeReached => Self::Unreachable,
            Engine::StackOverflow => Self::StackOverflow,
            Engine::MemoryOutOfBounds | Engine::HeapMisaligned => Self::MemoryOutOfBounds,
            Engine::TableOutOfBounds => Self::TableOutOfBounds,
            Engine::IndirectCallToNull => Self::IndirectCallToNull,
            Engine::BadSignature => Self::IndirectCallType,
            Engine::IntegerOverflow => Self::IntegerOverflow,
            Engine::IntegerDivisionByZero => Self::DivisionByZero,
            Engine::BadConversionToInteger => Self::BadConversion,
            Engine::OutOfFuel => Self::OutOfFuel,
            _ => Self::Other,
        }
    }
}

/// A trap and the guest's functions that were running, innermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuestTrap {
    /// What trapped.
    pub cause: Trap,
    /// The guest's call stack, innermost function first.
    pub frames: Vec<GuestFrame>,
}

impl fmt::Display for GuestTrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cause)?;
        for (idx, frame) in self.frames.iter().enumerate() {
            write!(f, "\n{idx:>4}: {frame}")?;
        }
        Ok(())
    }
}

impl StdError for GuestTrap {}

/// One function of the guest that was running.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuestFrame {
    /// The function's name, demangled, or its index where the module has no names.
    pub function: String,
    /// Offset in bytes of the instruction in the module's file.
    pub offset: Option<u64>,
    /// The source line, where the module carries debug information.
    pub source: Option<SourceLine>,
}

impl fmt::Display for GuestFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.function)?;
        match (&self.source, self.offset) {
            (Some(source), _) => write!(f, " at {}:{}", source.file, source.line),
            (None, Some(offset)) => write!(f, " at offset {offset:#x}"),
            (None, None) => Ok(()),
        }
    }
}

/// A place in the guest's source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceLine {
    /// The file as the guest's compiler named it.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
}

/// How running the guest ended, before it is judged.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The export returned this status; zero if it returns nothing.
    Returned(i32),
    /// It exited, perhaps before the export ran.
    Exited { status: i32, early: bool },
    /// The engine stopped it.
    Stopped(wasmtime::Error),
}

impl Ending {
    /// Tells an exit from all else that the engine stops a guest for.
    pub(crate) fn stopped(err: wasmtime::Error, early: bool) -> Self {
        match exit_status(&err) {
            Some(status) => Self::Exited { status, early },
            None => Self::Stopped(err),
        }
    }
}

/// All that is known when a call is over.
#[derive(Debug)]
pub(crate) struct Evidence<'a> {
    /// The function that ran.
    pub(crate) name: &'a str,
    pub(crate) ending: Ending,
    /// What the deadline said when it was disarmed.
    pub(crate) interruption: Option<Interruption>,
    /// The guest's error block.
    pub(crate) message: Option<String>,
    pub(crate) refusal: Option<Refusal>,
    /// There if the kernel is part of the guest's module.
    pub(crate) fused: Option<&'a FusedNotes>,
}

/// A failed call, and whether its instance may serve another.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: CallError,
    pub(crate) keep_instance: bool,
}

impl Evidence<'_> {
    /// Concludes whether the call succeeded.
    ///
    /// # Errors
    ///
    /// The [`Failure`], its error naming the first cause: an interruption before a trap, the guest's
    /// own words before its status.
    pub(crate) fn judge(self) -> Result<(), Failure> {
        let stopped = !matches!(self.ending, Ending::Returned(_));
        let Some((error, keep_instance)) = self.conclude() else { return Ok(()) };
        Err(Failure { error, keep_instance: keep_instance && !stopped })
    }

    fn conclude(self) -> Option<(CallError, bool)> {
        let Self { name, ending, interruption, message, refusal, fused } = self;
        let (ending, interruption) = match ending {
            Ending::Stopped(err) => match err.downcast::<Interruption>() {
                Ok(interruption) => (None, Some(interruption)),
                Err(err) => (Some(Ending::Stopped(err)), interruption),
            },
            ending => (Some(ending), interruption),
        };
        if let Some(interruption) = interruption {
            return Some((interruption.into(), false));
        }
        let error = match ending? {
            Ending::Returned(0) | Ending::Exited { status: 0, early: false }
                if message.is_none() =>
            {
                return None;
            }
            Ending::Returned(status) => match message {
                Some(message) => CallError::Guest { message, status, trap: None },
                None => CallError::Status { name: name.to_owned(), status },
            },
            Ending::Exited { status, .. } => match message {
                Some(message) => CallError::Guest { message, status, trap: None },
                None => CallError::Exit { name: name.to_owned(), status },
            },
            Ending::Stopped(err) => stopped(name, err, message, fused),
        };
        Some((with_refusal(error, refusal), true))
    }
}

impl From<Interruption> for CallError {
    fn from(interruption: Interruption) -> Self {
        match interruption {
            Interruption::TimedOut { limit } => Self::TimedOut { limit },
            Interruption::Cancelled => Self::Cancelled,
            Interruption::NoTicker => Self::NoTicker,
        }
    }
}

/// Returns the status that the guest ended itself with, if that is what stopped it.
#[cfg(feature = "wasi")]
fn exit_status(err: &wasmtime::Error) -> Option<i32> {
    err.downcast_ref::<Exit>().map(|exit| exit.status)
}

/// Returns nothing: without the system interface, a guest has no way to end itself.
#[cfg(not(feature = "wasi"))]
fn exit_status(_: &wasmtime::Error) -> Option<i32> {
    None
}

/// Concludes from an error of the engine what stopped the guest.
fn stopped(
    name: &str,
    err: wasmtime::Error,
    message: Option<String>,
    fused: Option<&FusedNotes>,
) -> CallError {
    let trap = cause(&err).map(|cause| GuestTrap { cause, frames: frames(&err, fused) });
    match (message, trap) {
        (Some(message), trap) => CallError::Guest { message, status: -1, trap },
        (None, Some(trap)) => CallError::Trap { name: name.to_owned(), trap },
        (None, None) => CallError::Host { name: name.to_owned(), source: host_error(err) },
    }
}

/// Returns what the guest itself did to be stopped, if it was that.
fn cause(err: &wasmtime::Error) -> Option<Trap> {
    if err.is::<wasmtime::ThrownException>() {
        return Some(Trap::Exception);
    }
    if err.is::<wasmtime::GcHeapOutOfMemory<()>>() {
        return Some(Trap::HeapExhausted);
    }
    err.downcast_ref::<wasmtime::Trap>().map(|trap| (*trap).into())
}

/// Returns what a host function failed with, free of the engine's wrapping.
fn host_error(err: wasmtime::Error) -> Error {
    let err = match err.downcast::<HostFailure>() {
        Ok(HostFailure(source)) => return source,
        Err(err) => err,
    };
    match err.downcast::<HostError>() {
        Ok(err) => err.into(),
        Err(err) => Error::from_boxed(BoxError::from(err)),
    }
}

/// What a guest is told of an error that has no text, since a block has at least one byte.
const NO_TEXT: &str = "a host function failed";

/// Returns what a guest that catches errors is told of one, unless it ends the call in any case.
pub(crate) fn catchable(err: &wasmtime::Error) -> Option<String> {
    let text = text_of(err)?;
    Some(if text.is_empty() { NO_TEXT.to_owned() } else { text })
}

/// Returns the text of a host function's error and its causes, unless it was a panic.
fn text_of(err: &wasmtime::Error) -> Option<String> {
    if let Some(HostFailure(source)) = err.downcast_ref() {
        return (!source.is::<HostPanic>()).then(|| format!("{source:#}"));
    }
    let mut cause: Option<&dyn StdError> = Some(err.downcast_ref::<HostError>()?);
    let mut message = String::new();
    while let Some(err) = cause {
        let separator = if message.is_empty() { "" } else { ": " };
        write!(message, "{separator}{err}").expect("a string takes any text");
        cause = err.source();
    }
    Some(message)
}

/// The error of a user's host function on its way through the engine.
#[derive(Debug)]
pub(crate) struct HostFailure(pub(crate) Error);

impl fmt::Display for HostFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for HostFailure {}

fn with_refusal(cause: CallError, refusal: Option<Refusal>) -> CallError {
    let Some(refusal) = refusal else { return cause };
    let (what, limit, unit) = match refusal {
        Refusal::GuestMemory { limit_pages } => {
            ("guest memory", u64::from(limit_pages), "pages of 64 KiB")
        }
        Refusal::KernelMemory { limit_pages } => {
            ("exchange memory", u64::from(limit_pages), "pages of 64 KiB")
        }
        Refusal::Table { limit_elements } => ("tables", limit_elements, "elements"),
    };
    CallError::MemoryLimit { what, limit, unit, cause: Box::new(cause) }
}

fn frames(err: &wasmtime::Error, fused: Option<&FusedNotes>) -> Vec<GuestFrame> {
    let Some(backtrace) = err.downcast_ref::<wasmtime::WasmBacktrace>() else { return Vec::new() };
    backtrace.frames().iter().map(|frame| GuestFrame::of(frame, fused)).collect()
}

impl GuestFrame {
    fn of(frame: &wasmtime::FrameInfo, fused: Option<&FusedNotes>) -> Self {
        let symbol = frame.symbols().first();
        let function = match (symbol.and_then(|symbol| symbol.name()), frame.func_name()) {
            (Some(name), _) | (None, Some(name)) => demangle(name),
            (None, None) => format!("function {}", frame.func_index()),
        };
        let source = symbol.and_then(|symbol| {
            Some(SourceLine {
                file: shown::name(symbol.file()?).into_owned(),
                line: symbol.line()?,
            })
        });
        let offset = frame.module_offset().map(|offset| offset as u64);
        let Some(notes) = fused else { return Self { function, offset, source } };
        let offset = offset.and_then(|offset| notes.offsets.original(offset));
        let function = if offset.is_some() { function } else { KERNEL_FRAME.to_owned() };
        Self { function, offset, source }
    }
}

/// Turns a symbol into the name its author wrote, where it is mangled as Rust does.
fn demangle(name: &str) -> String {
    if name.len() > MANGLED_LEN {
        return shown::name(name).into_owned();
    }
    shown::name(&format!("{:#}", rustc_demangle::demangle(name))).into_owned()
}
