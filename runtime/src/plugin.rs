//! A plug-in, as the host holds it: what it was compiled from, its instance while it has one, and
//! what outlives instances.

use std::{
    collections::{BTreeMap, hash_map::RandomState},
    fmt,
    hash::BuildHasher as _,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use uuid::Uuid;

use crate::{
    builder::PluginBuilder, compiled::CompiledPlugin, deadline::CancelFlag, error::Error,
    host::vars::Vars, host_fn::Function, instance::LiveInstance, report::CallReport,
    source::WasmInput,
};

/// A plug-in whose exports can be called.
///
/// Its instance is made at the first call and kept from call to call, the guest's memory included.
/// After a trap, a time-out, a cancellation or an exit, and after `_start`, the next call gets a
/// fresh one; variables are kept.
///
/// Calls do not nest: a call borrows its plug-in mutably till it returns, so a host function has no
/// way to call the plug-in that called it. One that reaches for it through a lock that the host shares
/// finds the lock taken, which `try_lock` tells and `lock` would wait for in vain.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "wat")] {
/// let mut plugin = plugsmith::Plugin::new(r#"(module (func (export "ping")))"#, [], false)?;
/// assert!(plugin.function_exists("ping"));
/// plugin.call::<(), ()>("ping", ())?;
/// # }
/// # Ok::<(), plugsmith::Error>(())
/// ```
pub struct Plugin {
    /// Identifies this plug-in in logs.
    pub id: Uuid,
    pub(crate) compiled: CompiledPlugin,
    pub(crate) live: Option<LiveInstance>,
    /// Where the export lies that was called last by its name.
    pub(crate) last_export: usize,
    /// The variables while no instance lives.
    pub(crate) vars: Vars,
    pub(crate) cancel: Arc<CancelFlag>,
    /// What the last call used.
    pub(crate) fuel_consumed: Option<u64>,
    /// What the last call took, where it was measured.
    pub(crate) report: Option<CallReport>,
}

impl Plugin {
    /// Loads a plug-in: a module, WebAssembly text, or a manifest.
    ///
    /// `imports` are functions of the host that the plug-in may call; `with_wasi` grants the system
    /// interface.
    ///
    /// # Errors
    ///
    /// A [`LoadError`](crate::LoadError).
    pub fn new<'a>(
        wasm: impl Into<WasmInput<'a>>,
        imports: impl IntoIterator<Item = Function>,
        with_wasi: bool,
    ) -> Result<Self, Error> {
        PluginBuilder::new(wasm).with_functions(imports).with_wasi(with_wasi).build()
    }

    /// Makes a plug-in of what is compiled already.
    ///
    /// # Errors
    ///
    /// None today; the signature is that of Extism's crate.
    pub fn new_from_compiled(compiled: &CompiledPlugin) -> Result<Self, Error> {
        Ok(Self {
            id: new_id(),
            compiled: compiled.clone(),
            live: None,
            last_export: 0,
            vars: Vars::default(),
            cancel: Arc::default(),
            fuel_consumed: None,
            report: None,
        })
    }

    /// Says whether the plug-in exports a function `name` that a host can call.
    pub fn function_exists(&self, name: impl AsRef<str>) -> bool {
        self.compiled.shared.exports.contains(name.as_ref())
    }

    /// Says whether the plug-in was granted the system interface.
    pub fn has_wasi(&self) -> bool {
        self.compiled.shared.options.wasi
    }

    /// Frees the memory through which inputs and outputs pass. The guest keeps its own state.
    ///
    /// # Errors
    ///
    /// None today; the signature is that of Extism's crate.
    pub fn reset(&mut self) -> Result<(), Error> {
        self.discard_spent_instance();
        if let Some(live) = &mut self.live {
            live.reset();
        }
        Ok(())
    }

    /// Has the next call, and all after it, run what `compiled` has: a new version of the plug-in, say,
    /// compiled while the old one was serving.
    ///
    /// The plug-in keeps its id, and its [handles](Plugin::cancel_handle) stay valid. Its instance ends,
    /// with the guest's own state. The new version's limits, grants and host functions hold from here on;
    /// variables that are kept may be more than its limit, and then the guest can set none before it
    /// removed some. A [`PluginFunction`](crate::PluginFunction) has to be looked up again.
    ///
    /// # Examples
    ///
    /// ```
    /// use plugsmith::{OwnVars, Plugin, PluginBuilder};
    ///
    /// # #[cfg(feature = "wat")] {
    /// let mut plugin = Plugin::new(r#"(module (func (export "old")))"#, [], false)?;
    /// plugin.vars_mut().insert("visits".into(), b"7".into());
    ///
    /// let new = PluginBuilder::new(r#"(module (func (export "new")))"#).compile()?;
    /// plugin.replace(&new, OwnVars::Keep);
    /// plugin.call::<(), ()>("new", ())?;
    /// assert_eq!(plugin.vars()["visits"], b"7");
    /// # }
    /// # Ok::<(), plugsmith::Error>(())
    /// ```
    pub fn replace(&mut self, compiled: &CompiledPlugin, vars: OwnVars) {
        self.discard_instance();
        if vars == OwnVars::Discard {
            self.vars = Vars::default();
        }
        self.compiled = compiled.clone();
        (self.fuel_consumed, self.report) = (None, None);
    }

    /// Returns a handle that ends a call of this plug-in from another thread.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle { id: self.id, flag: Arc::clone(&self.cancel) }
    }

    /// Returns how much fuel the last call used, or `None` without a fuel limit or a call.
    pub fn fuel_consumed(&self) -> Option<u64> {
        self.fuel_consumed
    }

    /// Returns what the last call took, or `None` if none was made or calls are not
    /// [measured](PluginBuilder::with_call_reports).
    pub fn last_call(&self) -> Option<&CallReport> {
        self.report.as_ref()
    }

    /// Returns the plug-in's own variables; there are none if it
    /// [shares](PluginBuilder::with_shared_vars) a store.
    pub fn vars(&self) -> &BTreeMap<String, Vec<u8>> {
        self.live.as_ref().map_or(&self.vars, LiveInstance::vars).map()
    }

    /// Returns the plug-in's own variables, to change. The host is bound by no limit.
    pub fn vars_mut(&mut self) -> &mut BTreeMap<String, Vec<u8>> {
        self.live.as_mut().map_or(&mut self.vars, LiveInstance::vars_mut).map_mut()
    }

    /// Drops the instance if it can serve no further call.
    pub(crate) fn discard_spent_instance(&mut self) {
        if self.live.as_ref().is_some_and(LiveInstance::is_spent) {
            self.discard_instance();
        }
    }

    /// Drops the instance; the variables stay.
    pub(crate) fn discard_instance(&mut self) {
        if let Some(live) = self.live.take() {
            self.vars = live.into_vars();
        }
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plugin({})", self.id)
    }
}

/// What becomes of a plug-in's own variables when it is [replaced](Plugin::replace). Those that it
/// [shares](PluginBuilder::with_shared_vars) stay where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnVars {
    /// The new version finds them as the old one left them.
    Keep,
    /// The new version starts with none.
    Discard,
}

/// Returns an id that no other plug-in has, of this process or another, without asking the system for
/// random bytes each time.
fn new_id() -> Uuid {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let [high, low] = [0, 1].map(|half| KEY.hash_one((number, half)));
    let bits = u128::from(high) << u64::BITS | u128::from(low);
    uuid::Builder::from_random_bytes(bits.to_ne_bytes()).into_uuid()
}

/// Ends a call from another thread.
///
/// A cancellation is never lost: it stays pending until one call has ended by it, the one under way
/// or else the next, or until [`CancelHandle::clear`] takes it back. The call after runs as usual.
/// While a host function or an HTTP request runs, the call ends when that does. A call of code that runs
/// [uninterrupted](PluginBuilder::with_interruption) goes on in most cases, and the next one ends: in a
/// [`Pool`](crate::Pool), that may be somebody else's.
#[derive(Clone)]
pub struct CancelHandle {
    /// The plug-in that the handle belongs to.
    pub id: Uuid,
    flag: Arc<CancelFlag>,
}

impl CancelHandle {
    /// Ends the call under way, or else the next, with
    /// [`CallError::Cancelled`](crate::CallError::Cancelled).
    ///
    /// # Errors
    ///
    /// None today; the signature is that of Extism's crate.
    pub fn cancel(&self) -> Result<(), Error> {
        self.flag.raise();
        Ok(())
    }

    /// Takes a cancellation back that has not ended a call yet.
    pub fn clear(&self) {
        self.flag.lower();
    }

    /// Says whether a cancellation is pending.
    pub fn is_cancelled(&self) -> bool {
        self.flag.is_raised()
    }
}

impl fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CancelHandle({})", self.id)
    }
}
