//! The code that a plug-in's instances are made of, which may be replaced by better code once.
//!
//! An instance keeps the code that it was made of: its stack and its pointers belong to that. So each
//! holds its own reference, and what no instance is made of any more is given back.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::builds::Builds;

/// What fresh instances are made of, now and later.
pub(crate) struct Tiers {
    current: RwLock<Arc<Builds>>,
    /// Whether `current` is optimised; empty as long as that is still being tried.
    optimized: OnceLock<bool>,
}

impl Tiers {
    /// Starts with code that is as good as it gets.
    pub(crate) fn optimized(builds: Builds) -> Self {
        Self { optimized: OnceLock::from(true), ..Self::hurried(builds) }
    }

    /// Starts with code that is about to be replaced: [`Tiers::settle`] must follow.
    pub(crate) fn hurried(builds: Builds) -> Self {
        Self { current: RwLock::new(Arc::new(builds)), optimized: OnceLock::new() }
    }

    /// Returns what a fresh instance is made of.
    pub(crate) fn current(&self) -> Arc<Builds> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the wait for better code: here it is, or there will be none.
    pub(crate) fn settle(&self, better: Option<Builds>) {
        let is_better = better.is_some();
        if let Some(builds) = better {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            *current = Arc::new(builds);
        }
        // Whoever waits sees the better code from here on.
        let _ = self.optimized.set(is_better);
    }

    /// Says whether fresh instances are made of optimised code.
    pub(crate) fn is_optimized(&self) -> bool {
        self.optimized.get() == Some(&true)
    }

    /// Waits until there is optimised code, or none will come, and says which.
    pub(crate) fn wait(&self) -> bool {
        *self.optimized.wait()
    }
}
