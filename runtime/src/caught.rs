//! Panics that end where they begin: those of host functions, and of code of others that reads what hostile
//! people wrote, which is the compiler and the HTTP client. No input is known that makes either panic. Should
//! there be one, it is an error of whoever asked, and not the end of a thread of the host's.

use std::{
    any::Any,
    panic::{self, AssertUnwindSafe},
};

/// Something panicked.
#[derive(Debug, thiserror::Error)]
#[error("{what} panicked: {message}")]
pub(crate) struct Panicked {
    what: &'static str,
    message: String,
}

/// Runs what may panic. What it changes must be fit for use after that.
///
/// # Errors
///
/// [`Panicked`], which says what.
pub(crate) fn caught<T>(what: &'static str, run: impl FnOnce() -> T) -> Result<T, Panicked> {
    panic::catch_unwind(AssertUnwindSafe(run))
        .map_err(|panic| Panicked { what, message: message(&*panic) })
}

/// Returns what a panic says.
pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|message| (*message).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(run: impl FnOnce(), expected: &str) {
        assert_eq!(caught("it", run).unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_panic_is_an_error_that_says_what_panicked() {
        assert_eq!(caught("it", || 7).unwrap(), 7);
        let n = 8;
        check(|| panic!("no"), "it panicked: no");
        check(|| panic!("no {n}"), "it panicked: no 8");
        check(|| panic::panic_any(n), "it panicked: no message");
    }
}
