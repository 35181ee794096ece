//! Which functions are short: those whose last call was.

use std::{
    collections::HashSet,
    sync::{PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

/// A call that takes no longer is short: handing it to another thread would cost about as much.
const SHORT: Duration = Duration::from_micros(50);

/// The names of short functions.
#[derive(Debug, Default)]
pub(crate) struct ShortFunctions(RwLock<HashSet<String>>);

impl ShortFunctions {
    /// Says whether a function's last call was short; of one that was never called, no.
    pub(crate) fn contains(&self, function: &str) -> bool {
        self.names().contains(function)
    }

    /// Takes down how long a call took.
    pub(crate) fn note(&self, function: &str, time: Duration) {
        let is_short = time <= SHORT;
        if is_short == self.contains(function) {
            return;
        }
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if is_short {
            names.insert(function.to_owned());
        } else {
            names.remove(function);
        }
    }

    fn names(&self) -> RwLockReadGuard<'_, HashSet<String>> {
        // No panic can leave them half done.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_call_counts() {
        let functions = ShortFunctions::default();
        assert!(!functions.contains("f"));
        for (time, is_short) in [(SHORT, true), (SHORT * 2, false), (Duration::ZERO, true)] {
            functions.note("f", time);
            assert_eq!((functions.contains("f"), functions.contains("g")), (is_short, false));
        }
    }
}
