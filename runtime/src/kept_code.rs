//! Code that no plug-in uses any more, kept in memory for the next that is loaded from the same bytes.
//!
//! A host that makes a plug-in for each request, always of the same bytes, would have its code given back
//! and loaded once more each time. So what was loaded most recently is kept, up to a number of modules and
//! of bytes. That is code and nothing else: instances are made anew, and what a plug-in may do is looked
//! at as ever.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    builder::{Options, PluginBuilder},
    compile::SharedCode,
};

/// How many modules are kept.
const MODULES_LIMIT: usize = 16;

/// How many bytes of code are kept, all modules together: 64 MiB. Much of it are pages of the cache's
/// files, which the system takes back when it has better use for them.
const BYTES_LIMIT: usize = 64 << 20;

impl PluginBuilder<'_> {
    /// Has the plug-in's compiled code stay in memory for a while when the last plug-in that uses it is
    /// dropped, or not. The default is that it does where there is a [cache](Self::with_cache).
    ///
    /// The next plug-in that is loaded from the same bytes, with the same choices of interruption, fuel
    /// and debugging, then finds its code there, which takes about a third of the time that a cache takes by itself. This also
    /// works without a cache. Of a process's modules the 16 that were loaded most recently are kept, as
    /// far as their code has 64 MiB at most; nothing of an instance is.
    ///
    /// Where the engine is the host's own, nothing is kept.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "wat")] {
    /// let module = r#"(module (func (export "ping")))"#;
    /// for _request in 0..3 {
    ///     let mut plugin = plugsmith::PluginBuilder::new(module).with_kept_code(true).build()?;
    ///     plugin.call::<(), ()>("ping", ())?;
    /// }
    /// # }
    /// # Ok::<(), plugsmith::Error>(())
    /// ```
    pub fn with_kept_code(mut self, kept: bool) -> Self {
        self.options.kept_code = Some(kept);
        self
    }
}

impl Options {
    /// Says whether code is to stay in memory when no plug-in uses it.
    pub(crate) fn keeps_code(&self, has_cache: bool) -> bool {
        // Nobody else ever finds code of an engine of one's own.
        self.kept_code.unwrap_or(has_cache) && !self.has_own_engine()
    }
}

/// Keeps code that was loaded now.
pub(crate) fn keep(code: &Arc<SharedCode>) {
    static KEPT: Mutex<Kept> = Mutex::new(Kept { codes: VecDeque::new() });
    let gone = KEPT
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .keep(Arc::clone(code), (MODULES_LIMIT, BYTES_LIMIT));
    // Giving code back takes a while, in which nobody has to wait.
    drop(gone);
}

/// Code that is kept, what was loaded most recently first.
#[derive(Default)]
struct Kept {
    codes: VecDeque<Arc<SharedCode>>,
}

impl Kept {
    /// Keeps `code` and as many others as the limits of modules and bytes allow. Returns the rest.
    fn keep(
        &mut self,
        code: Arc<SharedCode>,
        (modules_limit, bytes_limit): (usize, usize),
    ) -> Vec<Arc<SharedCode>> {
        self.codes.retain(|other| !Arc::ptr_eq(other, &code));
        self.codes.push_front(code);
        let mut n_bytes = 0_usize;
        let fits = |code: &Arc<SharedCode>| {
            n_bytes = n_bytes.saturating_add(code.len());
            n_bytes <= bytes_limit
        };
        let n_kept =
            self.codes.iter().take(modules_limit).map(fits).take_while(|fits| *fits).count();
        self.codes.drain(n_kept..).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use wasmtime::{Engine, Module};

    use super::*;

    #[test]
    fn code_outlives_its_plugin_where_it_is_to() {
        let folder = env::temp_dir().join(format!("plugsmith-kept-code-{}", process::id()));
        let wasm = wat::parse_str(r#"(module (func (export "kept")))"#).unwrap();
        let builder = || PluginBuilder::new(&wasm[..]).with_cache_disabled();
        let cached = || PluginBuilder::new(&wasm[..]).with_cache(&folder);
        let outlives = |builder: PluginBuilder<'_>| {
            let plugin = builder.compile().unwrap();
            let [module] =
                plugin.shared.code.current().first().plan.modules().try_into().ok().unwrap();
            let code = Arc::downgrade(&module.code);
            drop((plugin, module));
            code.strong_count() > 0
        };
        assert!(!outlives(builder()) && !outlives(cached().with_kept_code(false)));
        assert!(outlives(cached().with_fuel_limit(1_000_000)));
        assert!(outlives(builder().with_kept_code(true)));
        // It is found there.
        let [first, second] = [0; 2].map(|_| {
            let compiled = builder().compile().unwrap();
            Arc::as_ptr(&compiled.shared.code.current().first().plan.modules()[0].code)
        });
        assert_eq!(first, second);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(feature = "unstable-wasmtime")]
    #[test]
    fn code_of_an_engine_of_ones_own_is_not_kept() {
        let builder = PluginBuilder::new("").with_kept_code(true);
        assert!(builder.options.keeps_code(false));
        let config = wasmtime::Config::new();
        assert!(!builder.with_wasmtime_config(config).options.keeps_code(true));
    }

    #[test]
    fn what_was_loaded_most_recently_is_kept() {
        let engine = Engine::default();
        let wasm = wat::parse_str("(module (func))").unwrap();
        let [a, b, c] = [0; 3].map(|_| {
            Arc::new(SharedCode { module: Module::new(&engine, &wasm).unwrap(), fused: None })
        });
        let len = a.len();
        assert!(len > 0);
        let mut kept = Kept::default();
        let mut keep = |code: &Arc<SharedCode>, limits| {
            let gone = kept.keep(Arc::clone(code), limits);
            let held = kept.codes.iter().map(Arc::as_ptr).collect::<Vec<_>>();
            (held, gone.iter().map(Arc::as_ptr).collect::<Vec<_>>())
        };
        let [at, bt, ct] = [&a, &b, &c].map(Arc::as_ptr);
        let wide = (2, 10 * len);
        assert_eq!(keep(&a, wide), (vec![at], vec![]));
        assert_eq!(keep(&b, wide), (vec![bt, at], vec![]));
        // Not twice.
        assert_eq!(keep(&a, wide), (vec![at, bt], vec![]));
        assert_eq!(keep(&c, wide), (vec![ct, at], vec![bt]));
        // No more bytes than that.
        assert_eq!(keep(&b, (9, 2 * len)), (vec![bt, ct], vec![at]));
        assert_eq!(keep(&a, (9, len - 1)), (vec![], vec![at, bt, ct]));
    }
}
