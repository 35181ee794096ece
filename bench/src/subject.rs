//! What is measured: one operation, done by each side as often as asked.

use std::time::Instant;

use anyhow::{Result, ensure};

use crate::sampling::as_float;

/// Does an operation so many times, and returns what that cost altogether, in the measure's unit.
pub(crate) type Run = Box<dyn FnMut(u64) -> Result<f64>>;

/// The same operation on each side.
pub(crate) struct Subjects {
    pub(crate) ours: Run,
    pub(crate) peer: Side,
    pub(crate) limit: Side,
}

/// A side that may have nothing to measure.
pub(crate) enum Side {
    Runs(Run),
    /// There is nothing, for this reason.
    Absent(String),
}

impl Side {
    /// A side without anything like it.
    pub(crate) fn absent(reason: &str) -> Self {
        Self::Absent(reason.to_owned())
    }
}

/// Makes a subject of something that can be repeated and timed from outside.
pub(crate) fn repeat(mut operation: impl FnMut() -> Result<()> + 'static) -> Run {
    timed(1, move |n_operations| (0..n_operations).try_for_each(|_| operation()))
}

/// Makes a subject of something that repeats itself, each time doing `n_parts` operations.
pub(crate) fn timed(n_parts: u64, mut run: impl FnMut(u64) -> Result<()> + 'static) -> Run {
    Box::new(move |n_operations| {
        let started = Instant::now();
        run(n_operations)?;
        Ok(started.elapsed().as_secs_f64() * 1e9 / as_float(n_parts))
    })
}

/// Looks once at what a side returns, before it is timed.
///
/// # Errors
///
/// If it is not what is expected.
pub(crate) fn check(side: &str, export: &str, output: &[u8], expected: &[u8]) -> Result<()> {
    let show = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
    ensure!(
        output == expected,
        "`{export}` on {side} returned {} bytes, `{}`, and should return {}, `{}`",
        output.len(),
        show(output),
        expected.len(),
        show(expected)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc};

    use super::*;

    #[test]
    fn an_operation_is_repeated_as_often_as_asked() {
        let count = Rc::new(Cell::new(0));
        let counter = Rc::clone(&count);
        let mut run = repeat(move || {
            counter.set(counter.get() + 1);
            Ok(())
        });
        assert!(run(5).unwrap() >= 0.0);
        assert_eq!(count.get(), 5);
    }

    #[test]
    fn a_wrong_output_is_told() {
        assert!(check("Plugsmith", "echo", b"ab", b"ab").is_ok());
        let err = check("Plugsmith", "echo", b"ab", b"abc").unwrap_err();
        let expected = "`echo` on Plugsmith returned 2 bytes, `ab`, and should return 3, `abc`";
        assert_eq!(err.to_string(), expected);
    }
}
