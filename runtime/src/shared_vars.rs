//! Variables that several plug-ins share.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::host::vars::Vars;

/// A store of variables for all plug-ins that are given it, a pool's for example.
///
/// It takes the place of the variables that each plug-in has for itself. Clones are the same store.
/// Each read and each write of a plug-in is atomic, but a plug-in has no way to read and write in one
/// step: of two that count in the same variable, one count may be lost.
///
/// # Examples
///
/// ```
/// use plugsmith::{Plugin, PluginBuilder, Pool, SharedVars};
///
/// # #[cfg(feature = "wat")] {
/// let vars: SharedVars = [("currency", "EUR")].into_iter().collect();
/// let compiled = PluginBuilder::new(r#"(module (func (export "ping")))"#)
///     .with_shared_vars(vars.clone())
///     .compile()?;
/// let pool = Pool::new(move || Plugin::new_from_compiled(&compiled));
/// # let _ = pool;
/// assert_eq!(vars.get("currency").as_deref(), Some(b"EUR".as_slice()));
/// # }
/// # Ok::<(), plugsmith::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct SharedVars {
    vars: Arc<Mutex<Vars>>,
}

impl SharedVars {
    /// Makes an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the value of a variable.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.lock().map().get(key).cloned()
    }

    /// Sets a variable. The host is bound by no limit.
    pub fn set(&self, key: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.lock().map_mut().insert(key.into(), value.into());
    }

    /// Removes a variable, and returns the value that it had.
    pub fn remove(&self, key: &str) -> Option<Vec<u8>> {
        self.lock().map_mut().remove(key)
    }

    /// Reads and writes in one step: no plug-in sees anything in between.
    ///
    /// Plug-ins that read or write a variable meanwhile wait, whatever their time limit. A panic of
    /// `change` leaves the store as it is then, and usable.
    pub fn update<R>(&self, change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> R) -> R {
        change(self.lock().map_mut())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Vars> {
        self.vars.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Into<String>, V: Into<Vec<u8>>> FromIterator<(K, V)> for SharedVars {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(vars: I) -> Self {
        let store = Self::new();
        store.update(|map| {
            map.extend(vars.into_iter().map(|(key, value)| (key.into(), value.into())));
        });
        store
    }
}

impl fmt::Debug for SharedVars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedVars").field("len", &self.lock().map().len()).finish()
    }
}
