//! Messages to the host's log.
//!
//! A message that the host would drop is never put together: the macros ask first.

use core::fmt::Arguments;

use crate::{Memory, sys};

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Every step.
    Trace,
    /// What helps to find a mistake.
    Debug,
    /// What happens.
    Info,
    /// What is odd but can go on.
    Warn,
    /// What failed.
    Error,
}

impl LogLevel {
    /// Returns the number by which hosts know the level: 0 for `Trace` up to 4 for `Error`.
    #[must_use]
    pub const fn to_int(self) -> i32 {
        match self {
            Self::Trace => 0,
            Self::Debug => 1,
            Self::Info => 2,
            Self::Warn => 3,
            Self::Error => 4,
        }
    }
}

/// Whether the host keeps messages of this level.
pub(crate) fn is_kept(level: LogLevel) -> bool {
    let lowest = sys::get_log_level();
    lowest != i32::MAX && level.to_int() >= lowest
}

/// Puts a message together and sends it.
pub(crate) fn write(level: LogLevel, message: Arguments<'_>) {
    let block = match message.as_str() {
        Some(text) => Memory::from_bytes(text),
        None => Memory::from_bytes(message.to_string()),
    };
    // Without room for the message there is no log, and no reason to fail.
    if let Ok(block) = block {
        send(level, block);
    }
}

/// Sends a block of text, which the host then owns.
pub(crate) fn send(level: LogLevel, message: Memory) {
    let offset = message.offset();
    if offset == 0 {
        return;
    }
    match level {
        LogLevel::Trace => sys::log_trace(offset),
        LogLevel::Debug => sys::log_debug(offset),
        LogLevel::Info => sys::log_info(offset),
        LogLevel::Warn => sys::log_warn(offset),
        LogLevel::Error => sys::log_error(offset),
    }
}
