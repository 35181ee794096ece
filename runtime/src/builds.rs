//! A plug-in's code in the engines that make instances of it, linked.
//!
//! Most instances come from an engine that keeps places for them ready, where making one costs little.
//! It has so many places; who comes when all are taken gets an instance from an engine that makes each
//! place anew. Plug-ins that the kernel could not become part of live there always: how many places an
//! instance of theirs takes is not known beforehand.

use std::sync::{Arc, OnceLock};

use plugsmith_manifest::Manifest;
use wasmtime::Store;

use crate::{
    compile::SharedCode,
    engine::{Seat, SharedEngine},
    error::LoadError,
    host,
    host_fn::Function,
    limits::MemoryLimits,
    link::{CompiledModule, Plan},
    precompiled, state,
};

/// A plug-in linked for one engine.
pub(crate) struct Build {
    pub(crate) engine: Arc<SharedEngine>,
    pub(crate) plan: Plan,
}

/// What a plug-in is linked with.
pub(crate) struct LinkOptions {
    pub(crate) functions: Vec<Function>,
    pub(crate) wasi: bool,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) limits: MemoryLimits,
}

/// A plug-in in every engine that it needs.
pub(crate) struct Builds {
    first: Arc<Build>,
    /// For those who find no seat; made for the first of them.
    spare: OnceLock<Arc<Build>>,
    options: Arc<LinkOptions>,
}

impl LinkOptions {
    fn link(
        &self,
        engine: Arc<SharedEngine>,
        modules: Vec<CompiledModule>,
    ) -> Result<Arc<Build>, LoadError> {
        let mut linker = engine.builtins.linker(&engine.engine, self.wasi)?;
        host::define(&mut linker, &self.functions)?;
        let scratch = || Store::new(&engine.engine, state::scratch(&self.manifest, self.limits));
        let plan = Plan::new(modules, linker, &engine.kernel, scratch)?;
        Ok(Arc::new(Build { engine, plan }))
    }
}

impl Builds {
    /// Links modules that `engine` compiled, in the engine where they are to live.
    ///
    /// # Errors
    ///
    /// [`LoadError::UnknownImport`], [`LoadError::ImportType`], [`LoadError::ImportCycle`],
    /// [`LoadError::HostFunctionType`], [`LoadError::Engine`].
    pub(crate) fn new(
        mut engine: Arc<SharedEngine>,
        mut modules: Vec<CompiledModule>,
        options: Arc<LinkOptions>,
    ) -> Result<Self, LoadError> {
        let is_fused = modules.iter().any(|module| module.code.fused.is_some());
        if engine.has_seats() && !is_fused {
            engine = engine.without_seats()?;
            modules = moved(modules, &engine)?;
        }
        let first = options.link(engine, modules)?;
        Ok(Self { first, spare: OnceLock::new(), options })
    }

    /// Returns the build that says what the plug-in is like. All are alike.
    pub(crate) fn first(&self) -> &Build {
        &self.first
    }

    /// Returns the build to make the next instance from, and the seat that is kept for it, if it needs
    /// one.
    ///
    /// # Errors
    ///
    /// [`LoadError::Engine`] if all seats are taken and there is no other engine to be had.
    pub(crate) fn next(&self) -> Result<(Arc<Build>, Option<Seat>), LoadError> {
        if !self.first.engine.has_seats() {
            return Ok((Arc::clone(&self.first), None));
        }
        if let Some(seat) = Seat::take(&self.first.engine) {
            return Ok((Arc::clone(&self.first), Some(seat)));
        }
        if let Some(spare) = self.spare.get() {
            return Ok((Arc::clone(spare), None));
        }
        // Should two do this at once, one of the two results is dropped.
        let engine = self.first.engine.without_seats()?;
        let modules = moved(self.first.plan.modules(), &engine)?;
        let spare = self.options.link(engine, modules)?;
        Ok((Arc::clone(self.spare.get_or_init(|| spare)), None))
    }
}

/// Moves modules to another engine of the same configuration.
fn moved(
    modules: Vec<CompiledModule>,
    engine: &SharedEngine,
) -> Result<Vec<CompiledModule>, LoadError> {
    let move_one = |CompiledModule { name, code }| {
        let module = precompiled::copy(&code.module, &engine.engine).map_err(LoadError::engine)?;
        let code = Arc::new(SharedCode { module, fused: code.fused.clone() });
        Ok(CompiledModule { name, code })
    };
    modules.into_iter().map(move_one).collect()
}
