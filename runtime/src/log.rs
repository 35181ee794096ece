//! Where a plug-in's log goes: to a function that the host names, or to `tracing`.
//!
//! What is logged are the messages of the guest's `log_*` calls and the lines it writes to standard
//! output and standard error.

use std::{
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing::{Level, level_filters::LevelFilter};
use uuid::Uuid;

/// How important a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Every step.
    Trace,
    /// What helps to find a mistake.
    Debug,
    /// What happens.
    Info,
    /// What is odd.
    Warn,
    /// What failed.
    Error,
}

impl LogLevel {
    /// The levels in the order of the numbers that guests know them by.
    pub(crate) const ALL: [Self; 5] =
        [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error];

    fn of(level: Level) -> Self {
        match level {
            Level::TRACE => Self::Trace,
            Level::DEBUG => Self::Debug,
            Level::INFO => Self::Info,
            Level::WARN => Self::Warn,
            Level::ERROR => Self::Error,
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        })
    }
}

/// How a message came to be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogSource {
    /// The guest asked for it.
    Guest,
    /// The guest wrote a line to its standard output, which is logged at [`LogLevel::Info`].
    Stdout,
    /// The guest wrote a line to its standard error, which is logged at [`LogLevel::Warn`].
    Stderr,
}

/// One message of a plug-in. Its text is the guest's own, but for what a terminal would take for a command,
/// which is spelt out, and for what is past 64 KiB.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct LogRecord<'a> {
    /// The plug-in's id.
    pub plugin: Uuid,
    /// The plug-in's name, if the host gave it one.
    pub name: Option<&'a str>,
    /// How important the guest says it is.
    pub level: LogLevel,
    /// How it came to be logged.
    pub source: LogSource,
    /// The text, without the end of its line.
    pub message: &'a str,
}

/// What gets a plug-in's messages instead of `tracing`.
type Sink = dyn Fn(&LogRecord<'_>) + Send + Sync;

/// What a host says about the log of a plug-in.
#[derive(Clone, Default)]
pub(crate) struct LogOptions {
    name: Option<Arc<str>>,
    /// The least level that is logged; `None` where nothing was said, and everything is.
    threshold: Option<Threshold>,
    sink: Option<Arc<Sink>>,
}

/// The least level that is logged, or `None` for silence.
type Threshold = Option<LogLevel>;

impl LogOptions {
    pub(crate) fn set_name(&mut self, name: String) {
        self.name = Some(name.into());
    }

    pub(crate) fn set_threshold(&mut self, level: Threshold) {
        self.threshold = Some(level);
    }

    pub(crate) fn set_sink(&mut self, sink: impl Fn(&LogRecord<'_>) + Send + Sync + 'static) {
        self.sink = Some(Arc::new(sink));
    }
}

impl fmt::Debug for LogOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogOptions")
            .field("name", &self.name)
            .field("threshold", &self.threshold)
            .field("sink", &self.sink.is_some())
            .finish()
    }
}

/// What a message costs beyond its text, in bytes.
const RECORD_BYTES: usize = 64;

/// What a call has logged that reached its limit.
const OVERSPENT: u64 = u64::MAX;

/// Whether bytes are within the limit of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spending {
    Allowed,
    /// They are not, and were the first.
    FirstRefused,
    Refused,
}

/// The log of one plug-in.
#[derive(Debug, Clone)]
pub(crate) struct GuestLog {
    plugin: Uuid,
    options: LogOptions,
    /// The most that is logged in one call, in bytes.
    limit: u64,
    /// What the call under way has logged. Clones share it.
    spent: Arc<AtomicU64>,
}

/// The host's own sink panicked.
#[derive(Debug, thiserror::Error)]
#[error("the log sink panicked")]
pub(crate) struct SinkPanic;

impl GuestLog {
    pub(crate) fn new(plugin: Uuid, options: LogOptions, limit: Option<u64>) -> Self {
        Self { plugin, options, limit: limit.unwrap_or(u64::MAX), spent: Arc::default() }
    }

    /// Forgets what earlier calls logged.
    pub(crate) fn begin_call(&self) {
        self.spent.store(0, Ordering::Relaxed);
    }

    /// Counts bytes against the limit, and says whether they may be logged.
    pub(crate) fn spend(&self, n_bytes: usize) -> Spending {
        let spent = self.spent.load(Ordering::Relaxed);
        if spent == OVERSPENT {
            return Spending::Refused;
        }
        match spent.checked_add(n_bytes as u64) {
            Some(spent) if spent <= self.limit && spent < OVERSPENT => {
                self.spent.store(spent, Ordering::Relaxed);
                Spending::Allowed
            }
            _ => {
                self.spent.store(OVERSPENT, Ordering::Relaxed);
                Spending::FirstRefused
            }
        }
    }

    pub(crate) fn plugin(&self) -> Uuid {
        self.plugin
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.options.name.as_deref()
    }

    /// Returns the least level that is logged now, or `None` if nothing is.
    pub(crate) fn threshold(&self) -> Option<LogLevel> {
        let ours = self.options.threshold.unwrap_or(Some(LogLevel::Trace))?;
        if self.options.sink.is_some() {
            return Some(ours);
        }
        let theirs = LogLevel::of(LevelFilter::current().into_level()?);
        Some(ours.max(theirs))
    }

    /// Says whether a message of this level is logged.
    pub(crate) fn takes(&self, level: LogLevel) -> bool {
        self.threshold().is_some_and(|threshold| level >= threshold)
    }

    /// Logs a message whose level is one that the log takes. What is past the call's limit is dropped.
    ///
    /// # Errors
    ///
    /// [`SinkPanic`].
    pub(crate) fn write(
        &self,
        level: LogLevel,
        source: LogSource,
        message: &str,
    ) -> Result<(), SinkPanic> {
        match self.spend(message.len() + RECORD_BYTES) {
            Spending::Allowed => self.hand_on(level, source, message),
            Spending::FirstRefused => {
                let limit = self.limit;
                let note = format!(
                    "the log of this call reached its limit of {limit} bytes: the rest is dropped"
                );
                self.hand_on(LogLevel::Warn.max(level), source, &note)
            }
            Spending::Refused => Ok(()),
        }
    }

    fn hand_on(&self, level: LogLevel, source: LogSource, message: &str) -> Result<(), SinkPanic> {
        let name = self.name();
        let record = LogRecord { plugin: self.plugin, name, level, source, message };
        let Some(sink) = &self.options.sink else {
            trace(&record);
            return Ok(());
        };
        panic::catch_unwind(AssertUnwindSafe(|| sink(&record))).or(Err(SinkPanic))
    }
}

/// Hands a message to `tracing`.
fn trace(record: &LogRecord<'_>) {
    /// Writes an event of a level, which `tracing` wants to know when the program is compiled.
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(
                target: "plugsmith::guest",
                Level::$level,
                plugin = %record.plugin,
                name = record.name,
                stream = match record.source {
                    LogSource::Guest => None,
                    LogSource::Stdout => Some("stdout"),
                    LogSource::Stderr => Some("stderr"),
                },
                "{}",
                record.message
            )
        };
    }
    match record.level {
        LogLevel::Trace => event!(TRACE),
        LogLevel::Debug => event!(DEBUG),
        LogLevel::Info => event!(INFO),
        LogLevel::Warn => event!(WARN),
        LogLevel::Error => event!(ERROR),
    }
}
