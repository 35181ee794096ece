//! How a plug-in function fails, and how the host learns why.
//!
//! The text is [`Error`]'s `Debug` form: the message, and every cause below it. It is what plug-ins
//! built with Extism's PDK send, so a host shows the same text for both. There is no backtrace in it:
//! WebAssembly has none to give.

use core::fmt;

use crate::{Error, Memory, ToMemory, sys};

/// What a plug-in function returns: a value, or an error with a status.
pub type FnResult<T> = Result<T, WithReturnCode<Error>>;

/// What a function shared with other modules returns.
pub type SharedFnResult<T> = Result<T, Error>;

/// A value, or an error, and the status that the export returns with it.
///
/// `?` makes one of any error, with status -1.
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::{Error, FnResult, WithReturnCode, plugin_fn};
///
/// #[plugin_fn]
/// pub fn halve(number: i32) -> FnResult<i32> {
///     if number % 2 != 0 {
///         return Err(WithReturnCode::new(Error::msg("odd"), 7));
///     }
///     Ok(number / 2)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithReturnCode<T>(pub T, pub i32);

impl<T> WithReturnCode<T> {
    /// Pairs a value or an error with a status.
    #[must_use]
    pub const fn new(value: T, status: i32) -> Self {
        Self(value, status)
    }
}

impl<E: Into<Error>> From<E> for WithReturnCode<Error> {
    fn from(err: E) -> Self {
        Self(err.into(), -1)
    }
}

impl<T: ToMemory> ToMemory for WithReturnCode<T> {
    fn to_memory(&self) -> Result<Memory, Error> {
        self.0.to_memory()
    }

    fn status(&self) -> i32 {
        self.1
    }
}

/// A function of the host failed.
///
/// Hosts may let plug-ins catch this; elsewhere a function that fails ends the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError {
    message: String,
}

impl HostError {
    pub(crate) const fn new(message: String) -> Self {
        Self { message }
    }

    /// Returns what the host says of the failure and its causes.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for HostError {}

/// Makes `err` the error of this call.
pub(crate) fn report(err: &Error) {
    let text = format!("{err:?}");
    // Natively, `RUST_BACKTRACE` adds what no host would ever see.
    let text = text.split("\n\nStack backtrace:\n").next().unwrap_or_default();
    report_text(text);
}

/// Makes `message` the error of this call; if the host has no room for it, there is none.
pub(crate) fn report_text(message: &str) {
    if let Ok(block) = Memory::from_bytes(message) {
        sys::error_set(block.offset());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::MockHost;

    #[test]
    fn the_host_learns_every_cause() {
        let host = MockHost::new();
        report(&Error::msg("cause").context("step").context("what failed"));
        let message = host.error().unwrap();
        let expected = "what failed\n\nCaused by:\n    0: step\n    1: cause";
        assert!(message.starts_with(expected), "{message}");
    }

    #[test]
    fn an_error_belongs_to_the_host() {
        let host = MockHost::new();
        report_text("first");
        report_text("second");
        assert_eq!((host.error().as_deref(), host.n_blocks()), (Some("second"), 0));
    }

    #[test]
    fn any_error_becomes_a_failure_with_a_status() {
        let parse = "x".parse::<u8>().unwrap_err();
        let failure = WithReturnCode::from(parse.clone());
        assert_eq!((failure.0.to_string(), failure.1), (parse.to_string(), -1));
    }
}
