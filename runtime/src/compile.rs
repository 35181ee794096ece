//! From the bytes of modules to code: validated, fused with the kernel where that can be, and compiled
//! or taken from the cache.

mod budget;
mod shared;

use std::sync::Arc;

use wasmtime::Module;

pub(crate) use self::shared::SharedCode;

use self::{
    budget::OverBudget,
    shared::{Form, Found, Key},
};
use crate::{
    cache::{self, Cache},
    caught::caught,
    engine::SharedEngine,
    error::LoadError,
    fuse::{self, FusedNotes},
    kept_code,
    link::CompiledModule,
    module_limits::ModuleLimits,
    source::NamedModule,
    survey,
};

/// How modules are compiled.
#[derive(Clone, Copy)]
pub(crate) struct Compiler<'a> {
    pub(crate) engine: &'a Arc<SharedEngine>,
    pub(crate) cache: Option<&'a Cache>,
    /// Whether the kernel may become part of a module that is alone.
    pub(crate) may_fuse: bool,
    /// Whether code stays in memory when no plug-in uses it.
    pub(crate) keeps: bool,
    pub(crate) limits: ModuleLimits,
}

impl Compiler<'_> {
    /// Compiles the modules of a plug-in, which share one limit of work.
    ///
    /// # Errors
    ///
    /// [`LoadError::InvalidModule`], [`LoadError::ModuleLimit`].
    pub(crate) fn compile(
        &self,
        modules: &[NamedModule<'_>],
    ) -> Result<Vec<CompiledModule>, LoadError> {
        let mut work = 0;
        let compile = |module: &NamedModule<'_>| {
            let NamedModule { name, bytes, .. } = module;
            let key = self.key(module, modules.len());
            let found = shared::get(key, || self.compile_or_find(bytes, key, &mut work))
                .map_err(|err| refused(name, err))?;
            Ok(CompiledModule { name: name.clone(), code: self.keep(key, found) })
        };
        modules.iter().map(compile).collect()
    }

    /// Does the same in the engine in which the plug-in fits, and says which that is.
    ///
    /// # Errors
    ///
    /// As [`Compiler::compile`].
    pub(crate) fn compile_where_it_fits(
        &self,
        modules: &[NamedModule<'_>],
    ) -> Result<(Arc<SharedEngine>, Vec<CompiledModule>), LoadError> {
        let engine = self.engine_that_fits(modules)?;
        let modules = Compiler { engine: &engine, ..*self }.compile(modules)?;
        Ok((engine, modules))
    }

    /// Returns this compiler's engine, or one without seats if the plug-in does not fit into one. To have
    /// the engine find that out would take compiling it.
    ///
    /// # Errors
    ///
    /// What the system says if an engine cannot be made.
    pub(crate) fn engine_that_fits(
        &self,
        modules: &[NamedModule<'_>],
    ) -> Result<Arc<SharedEngine>, LoadError> {
        let fits = || modules.iter().all(|module| survey::fits_seat(&module.bytes));
        if self.engine.has_seats() && !fits() {
            self.engine.without_seats()
        } else {
            Ok(Arc::clone(self.engine))
        }
    }

    /// Returns the modules of a plug-in if nothing has to be compiled for that, nor waited for.
    pub(crate) fn find(&self, modules: &[NamedModule<'_>]) -> Option<Vec<CompiledModule>> {
        let find = |module: &NamedModule<'_>| {
            let key = self.key(module, modules.len());
            let found = shared::find(key, || {
                let (module, fused) = self.cache?.load(&self.engine.engine, &self.file(key))?;
                Some(SharedCode { module, fused: fused.map(Arc::new) })
            })?;
            Some(CompiledModule { name: module.name.clone(), code: self.keep(key, found) })
        };
        modules.iter().map(find).collect()
    }

    /// Says what the code of one of so many modules is known by.
    fn key(&self, module: &NamedModule<'_>, n_modules: usize) -> Key {
        let form = if self.may_fuse && n_modules == 1 { Form::Fused } else { Form::Linked };
        Key { engine: self.engine.number, form, hash: module.hash }
    }

    /// Names the file in which a cache keeps code.
    fn file(&self, key: Key) -> String {
        cache::name(self.engine, key.form.version(), &key.hash)
    }

    fn keep(&self, key: Key, found: Found) -> Arc<SharedCode> {
        let code = match found {
            Found::Made(code) => code,
            Found::InUse(code) => {
                // Perhaps by a plug-in without a cache, so it need not be there yet.
                if let Some(cache) = self.cache {
                    cache.keep(&self.file(key), &code);
                }
                code
            }
        };
        if self.keeps {
            kept_code::keep(&code);
        }
        code
    }

    fn compile_or_find(
        &self,
        bytes: &[u8],
        key: Key,
        work: &mut u64,
    ) -> wasmtime::Result<SharedCode> {
        let mut compile = || caught("the compiler", || self.compile_one(bytes, key.form, work))?;
        let (module, fused) = match self.cache {
            Some(cache) => cache.module(&self.engine.engine, &self.file(key), compile),
            None => compile(),
        }?;
        Ok(SharedCode { module, fused: fused.map(Arc::new) })
    }

    fn compile_one(
        &self,
        bytes: &[u8],
        form: Form,
        work: &mut u64,
    ) -> wasmtime::Result<(Module, Option<FusedNotes>)> {
        let engine = &self.engine.engine;
        budget::check(bytes, &self.limits, work)?;
        if form == Form::Fused {
            // Before anything is appended that the module could name.
            Module::validate(engine, bytes)?;
            if let Some(fused) = fuse::fuse(bytes)
                // Where it is past a limit of the engine, which the parser sees, the guest's own may not be.
                && let Ok(module) = Module::new(engine, &fused.bytes)
            {
                return Ok((module, Some(fused.notes)));
            }
        }
        Ok((Module::new(engine, bytes)?, None))
    }
}

/// Says why a module is not compiled.
fn refused(module: &str, err: wasmtime::Error) -> LoadError {
    let module = module.to_owned();
    match err.downcast::<OverBudget>() {
        Ok(OverBudget { what, found, limit }) => {
            LoadError::ModuleLimit { module, what, found, limit }
        }
        Err(err) => LoadError::InvalidModule { module, source: err.into() },
    }
}
