//! A pool of plug-ins that threads share: each borrows one, calls it, and gives it back.
//!
//! Invariants: at most `max_instances` plug-ins exist; whoever waits longest is served first; a slot
//! is never lost, whether making a plug-in fails, its user panics, or a waiter gives up.

use std::{
    collections::VecDeque,
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use plugsmith_convert::{FromBytes, ToBytes};
use uuid::Uuid;

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
    shared: Arc<Shared>,
}

struct Shared {
    source: Box<Source>,
    max_instances: usize,
    slots: Mutex<Slots>,
    /// Tells waiters that a slot is free or that the queue moved.
    changed: Condvar,
}

#[derive(Default)]
struct Slots {
    idle: Vec<Plugin>,
    /// Plug-ins that exist, idle or borrowed, or are being made.
    n_taken: usize,
    /// Those who wait, longest first.
    queue: VecDeque<Ticket>,
    next_ticket: Ticket,
}

type Ticket = u64;

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
        let shared = Shared {
            source: Box::new(source),
            max_instances: builder.max_instances,
            slots: Mutex::default(),
            changed: Condvar::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Returns how many plug-ins exist, idle or borrowed.
    pub fn count(&self) -> usize {
        self.shared.lock().n_taken
    }

    /// Borrows a plug-in, waiting up to `timeout` for one. Returns `None` if there was none in time.
    ///
    /// # Errors
    ///
    /// What the pool's source says, if a plug-in had to be made.
    pub fn get(&self, timeout: Duration) -> Result<Option<PoolPlugin>, Error> {
        let Some(slot) = self.shared.take_slot(timeout) else { return Ok(None) };
        let mut borrowed = PoolPlugin { plugin: slot, shared: Arc::clone(&self.shared) };
        if borrowed.plugin.is_none() {
            // Should this fail or panic, dropping `borrowed` gives the slot back.
            borrowed.plugin = Some((self.shared.source)()?);
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
            .field("max_instances", &self.shared.max_instances)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Takes a slot, with the plug-in in it if there is one, or returns `None` after `timeout`.
    #[expect(clippy::option_option, reason = "no slot and a slot without a plug-in are different")]
    fn take_slot(&self, timeout: Duration) -> Option<Option<Plugin>> {
        let mut slots = self.lock();
        if slots.queue.is_empty() && slots.has_room(self.max_instances) {
            return Some(slots.take());
        }
        let deadline = Instant::now().checked_add(timeout);
        let ticket = slots.next_ticket;
        slots.next_ticket += 1;
        slots.queue.push_back(ticket);
        loop {
            if slots.queue.front() == Some(&ticket) && slots.has_room(self.max_instances) {
                slots.queue.pop_front();
                // There may be room for the next in the queue too.
                self.changed.notify_all();
                return Some(slots.take());
            }
            // Without a deadline that the clock can name, wait for ever.
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            slots = match left {
                Some(Duration::ZERO) => {
                    slots.queue.retain(|&waiting| waiting != ticket);
                    self.changed.notify_all();
                    return None;
                }
                Some(left) => {
                    self.changed.wait_timeout(slots, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(slots).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Gives a slot back, with its plug-in if it is still good.
    fn give_back(&self, plugin: Option<Plugin>) {
        let mut slots = self.lock();
        match plugin {
            Some(plugin) => slots.idle.push(plugin),
            None => slots.n_taken -= 1,
        }
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn has_room(&self, max_instances: usize) -> bool {
        !self.idle.is_empty() || self.n_taken < max_instances
    }

    /// Takes an idle plug-in, or the right to make one.
    fn take(&mut self) -> Option<Plugin> {
        let plugin = self.idle.pop();
        self.n_taken += usize::from(plugin.is_none());
        plugin
    }
}

/// A plug-in borrowed from a pool, given back when dropped.
pub struct PoolPlugin {
    /// `None` only while it is made and after it was dropped.
    plugin: Option<Plugin>,
    shared: Arc<Shared>,
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
        self.plugin.as_ref().expect("a borrowed plug-in is there until it is dropped")
    }
}

impl DerefMut for PoolPlugin {
    fn deref_mut(&mut self) -> &mut Plugin {
        self.plugin.as_mut().expect("a borrowed plug-in is there until it is dropped")
    }
}

impl Drop for PoolPlugin {
    fn drop(&mut self) {
        // What a panicking thread leaves behind is replaced rather than trusted.
        let plugin = self.plugin.take().filter(|_| !thread::panicking());
        self.shared.give_back(plugin);
    }
}

impl fmt::Debug for PoolPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PoolPlugin").field(&self.plugin).finish()
    }
}
