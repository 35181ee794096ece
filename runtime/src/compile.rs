//! From the bytes of modules to code: validated, fused with the kernel where that can be, and compiled
//! or taken from the cache.

mod shared;

use std::sync::Arc;

use wasmtime::Module;

pub(crate) use self::shared::SharedCode;

use self::shared::{Found, Key};
use crate::{
    cache::{self, Cache},
    engine::SharedEngine,
    error::LoadError,
    fuse::{self, FusedNotes},
    link::CompiledModule,
    source::NamedModule,
    survey,
};

/// How modules are compiled.
pub(crate) struct Compiler<'a> {
    pub(crate) engine: &'a SharedEngine,
    pub(crate) cache: Option<&'a Cache>,
    /// Whether the kernel may become part of a module that is alone.
    pub(crate) may_fuse: bool,
    /// How many pages of memory the guest may have.
    pub(crate) page_limit: Option<u32>,
}

impl Compiler<'_> {
    /// Compiles the modules of a plug-in.
    ///
    /// # Errors
    ///
    /// [`LoadError::InvalidModule`], [`LoadError::ReservedMemory`], [`LoadError::MemoryLimit`].
    pub(crate) fn compile(
        &self,
        modules: &[NamedModule<'_>],
    ) -> Result<Vec<CompiledModule>, LoadError> {
        let may_fuse = self.may_fuse && modules.len() == 1;
        let mut initial_pages = 0_u64;
        let mut compiled = Vec::with_capacity(modules.len());
        for NamedModule { name, bytes } in modules {
            let form = if may_fuse { fuse::VERSION } else { "linked" };
            let hash = *blake3::hash(bytes).as_bytes();
            let key = Key { engine: self.engine.number, form, hash };
            let found =
                shared::get(key, || self.compile_or_find(bytes, key, may_fuse)).map_err(|err| {
                    LoadError::InvalidModule { module: name.clone(), source: err.into() }
                })?;
            let code = match found {
                Found::Made(code) => code,
                Found::InUse(code) => {
                    // Perhaps by a plug-in without a cache, so it need not be there yet.
                    if let Some(cache) = self.cache {
                        cache.keep(&cache::name(self.engine, form, &hash), &code);
                    }
                    code
                }
            };
            initial_pages = initial_pages.saturating_add(survey::initial_pages(name, bytes)?);
            compiled.push(CompiledModule { name: name.clone(), code });
        }
        survey::check_initial_pages(initial_pages, self.page_limit)?;
        Ok(compiled)
    }

    fn compile_or_find(
        &self,
        bytes: &[u8],
        key: Key,
        may_fuse: bool,
    ) -> wasmtime::Result<SharedCode> {
        let compile = || self.compile_one(bytes, may_fuse);
        let (module, fused) = match self.cache {
            Some(cache) => {
                let name = cache::name(self.engine, key.form, &key.hash);
                cache.module(&self.engine.engine, &name, compile)
            }
            None => compile(),
        }?;
        Ok(SharedCode { module, fused: fused.map(Arc::new) })
    }

    fn compile_one(
        &self,
        bytes: &[u8],
        may_fuse: bool,
    ) -> wasmtime::Result<(Module, Option<FusedNotes>)> {
        let engine = &self.engine.engine;
        if may_fuse {
            // Before anything is appended that the module could name.
            Module::validate(engine, bytes)?;
            if let Some(fused) = fuse::fuse(bytes)
                // Where it goes past a limit of the engine, the guest's own module may not.
                && let Ok(module) = Module::new(engine, &fused.bytes)
            {
                return Ok((module, Some(fused.notes)));
            }
        }
        Ok((Module::new(engine, bytes)?, None))
    }
}
