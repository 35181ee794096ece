//! A pool of plug-ins that threads share: each borrows one, calls it, and gives it back.
//!
//! Owns the interface, and making plug-ins. Who gets which when is up to `pool/slots.rs`.
//!
//! Invariants: at most `max_instances` plug-ins exist; whoever waits longest is served first; a slot
//! is never lost, whether making a plug-in fails, its user panics, or a waiter gives up; whoever asks
//! after the source was replaced gets a plug-in of the new one.

mod slots;

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
    thread,
    time::Duration,
};

use plugsmith_convert::{FromBytes, ToBytes};
use uuid::Uuid;

use self::slots::{Slot, Slots};
use crate::{error::Error, plugin::Plugin};

/// Makes a plug-in for a pool.
type Source = dyn Fn() -> Result<Plugin, Error> + Send + Sync;

/// How large a pool may become.
#[derive(Debug, Clone)]
#[must_use]
pub struct PoolBuilder {
    /// The most plug-ins that exist at once.
    pub max_instances: usize,
}

impl PoolBuilder {
    /// Starts with as many plug-ins as the machine runs threads at once.
    pub fn new() -> Self {
        Self { max_instances: thread::available_parallelism().map_or(1, usize::from) }
    }

    /// Sets the most plug-ins that exist at once. With 0 there is none to get.
    pub fn with_max_instances(mut self, n_instances: usize) -> Self {
        self.max_instances = n_instances;
        self
    }

    /// Makes a pool whose plug-ins come from `source`, each when it is first needed.
    pub fn build<F>(self, source: F) -> Pool
    where
        F: Fn() -> Result<Plugin, Error> + Send + Sync + 'static,
    {
        Pool::new_from_builder(source, self)
    }
}

impl Default for PoolBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// Plug-ins that threads share.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use plugsmith::{Plugin, PluginBuilder, Pool};
///
/// # #[cfg(feature = "wat")] {
/// let compiled = PluginBuilder::new(r#"(module (func (export "ping")))"#).compile()?;
/// let pool = Pool::new(move || Plugin::new_from_compiled(&compiled));
/// let mut plugin = pool.get(Duration::from_secs(1))?.expect("nobody else wants one");
/// plugin.call::<(), ()>("ping", ())?;
/// # }
/// # Ok::<(), plugsmith::Error>(())
/// ```
#[derive(Clone)]
pub struct Pool {
    slots: Arc<Slots<Plugin, Arc<Source>>>,
}

impl Pool {
    /// Makes a pool of the default size whose plug-ins come from `source`.
    pub fn new<F>(source: F) -> Self
    where
        F: Fn() -> Result<Plugin, Error> + Send + Sync + 'static,
    {
        Self::new_from_builder(source, PoolBuilder::new())
    }

    /// Makes a pool as `builder` says whose plug-ins come from `source`.
    #[expect(clippy::needless_pass_by_value, reason = "the signature is that of Extism's crate")]
    pub fn new_from_builder<F>(source: F, builder: PoolBuilder) -> Self
    where
        F: Fn() -> Result<Plugin, Error> + Send + Sync + 'static,
    {
        Self { slots: Slots::new(builder.max_instances, Arc::new(source)) }
    }

    /// Returns how many plug-ins exist, idle or borrowed.
    pub fn count(&self) -> usize {
        self.slots.n_made()
    }

    /// Borrows a plug-in, waiting up to `timeout` for one. Returns `None` if there was none in time.
    ///
    /// # Errors
    ///
    /// What the pool's source says, if a plug-in had to be made.
    pub fn get(&self, timeout: Duration) -> Result<Option<PoolPlugin>, Error> {
        let Some(slot) = self.slots.take(timeout) else { return Ok(None) };
        let mut borrowed = PoolPlugin { slot };
        if borrowed.slot.item.is_none() {
            // Should this fail or panic, dropping `borrowed` gives the slot back.
            let source = self.slots.source(&mut borrowed.slot);
            borrowed.slot.item = Some(Box::new(source()?));
        }
        Ok(Some(borrowed))
    }

    /// Borrows a plug-in for `use_it`. Returns `None` if there was none in time.
    ///
    /// # Errors
    ///
    /// As [`Pool::get`], and what `use_it` says.
    pub fn with_plugin<T>(
        &self,
        timeout: Duration,
        use_it: impl FnOnce(&mut Plugin) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match self.get(timeout)? {
            Some(mut plugin) => use_it(&mut plugin).map(Some),
            None => Ok(None),
        }
    }

    /// Has plug-ins come from `source` from now on: a new version of the plug-in, say, compiled while the
    /// old one was serving.
    ///
    /// Whoever has a plug-in keeps it till it is given back, and it is dropped then; whoever asks for one
    /// after this has returned gets a new one. No call ends by it, and none waits for a new plug-in longer
    /// than one takes to be dropped and made.
    ///
    /// A plug-in's own variables end with it; those of [`SharedVars`](crate::SharedVars) that both sources
    /// give their plug-ins stay. A [`PluginFunction`](crate::PluginFunction) belongs to what it was looked
    /// up in, and serves no plug-in of another compilation.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use plugsmith::{Plugin, PluginBuilder, Pool};
    ///
    /// # #[cfg(feature = "wat")] {
    /// let old = PluginBuilder::new(r#"(module (func (export "old")))"#).compile()?;
    /// let pool = Pool::new(move || Plugin::new_from_compiled(&old));
    /// assert!(pool.function_exists("old", Duration::ZERO)?);
    ///
    /// let new = PluginBuilder::new(r#"(module (func (export "new")))"#).compile()?;
    /// pool.replace(move || Plugin::new_from_compiled(&new));
    /// assert!(pool.function_exists("new", Duration::ZERO)?);
    /// # }
    /// # Ok::<(), plugsmith::Error>(())
    /// ```
    pub fn replace<F>(&self, source: F)
    where
        F: Fn() -> Result<Plugin, Error> + Send + Sync + 'static,
    {
        self.slots.replace(Arc::new(source));
    }

    /// Says whether the plug-ins export a function `name`; false if none could be had in time.
    ///
    /// # Errors
    ///
    /// As [`Pool::get`].
    pub fn function_exists(&self, name: &str, timeout: Duration) -> Result<bool, Error> {
        let exists = self.with_plugin(timeout, |plugin| Ok(plugin.function_exists(name)))?;
        Ok(exists.unwrap_or(false))
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("count", &self.count())
            .field("max_instances", &self.slots.limit())
            .finish_non_exhaustive()
    }
}

/// A plug-in borrowed from a pool, given back when dropped.
pub struct PoolPlugin {
    /// Without an item only while that is made.
    slot: Slot<Plugin, Arc<Source>>,
}

impl PoolPlugin {
    /// Calls an export, as [`Plugin::call`].
    ///
    /// # Errors
    ///
    /// As [`Plugin::call`].
    pub fn call<'a, 'b, T: ToBytes<'a>, U: FromBytes<'b>>(
        &'b mut self,
        name: impl AsRef<str>,
        input: T,
    ) -> Result<U, Error> {
        (**self).call(name, input)
    }

    /// Returns the plug-in's id.
    pub fn id(&self) -> Uuid {
        self.id
    }
}

impl Deref for PoolPlugin {
    type Target = Plugin;

    fn deref(&self) -> &Plugin {
        self.slot.item.as_deref().expect("a borrowed plug-in is there until it is dropped")
    }
}

impl DerefMut for PoolPlugin {
    fn deref_mut(&mut self) -> &mut Plugin {
        self.slot.item.as_deref_mut().expect("a borrowed plug-in is there until it is dropped")
    }
}

impl Drop for PoolPlugin {
    fn drop(&mut self) {
        // What a panicking thread leaves behind is replaced rather than trusted.
        if thread::panicking() {
            self.slot.item = None;
        } else if let Some(plugin) = &mut self.slot.item {
            plugin.discard_spent_instance();
        }
        self.slot.give_back();
    }
}

impl fmt::Debug for PoolPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PoolPlugin").field(&self.slot.item).finish()
    }
}
