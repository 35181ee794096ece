//! From the bytes of modules to code: validated, fused with the kernel where that can be, and compiled
//! or taken from the cache.

use std::sync::Arc;

use wasmtime::{Engine, Module};

use crate::{
    cache::Cache,
    error::LoadError,
    fuse::{self, FusedNotes},
    link::CompiledModule,
    source::NamedModule,
    survey,
};

/// How modules are compiled.
pub(crate) struct Compiler<'a> {
    pub(crate) engine: &'a Engine,
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
        modules: &[NamedModule],
    ) -> Result<Vec<CompiledModule>, LoadError> {
        let may_fuse = self.may_fuse && modules.len() == 1;
        let mut initial_pages = 0_u64;
        let mut compiled = Vec::with_capacity(modules.len());
        for NamedModule { name, bytes } in modules {
            let form = if may_fuse { fuse::VERSION } else { "linked" };
            let compile = || self.compile_one(bytes, may_fuse);
            let (module, fused) = match self.cache {
                Some(cache) => cache.module(self.engine, form, bytes, compile),
                None => compile(),
            }
            .map_err(|err| LoadError::InvalidModule { module: name.clone(), source: err.into() })?;
            initial_pages = initial_pages.saturating_add(survey::initial_pages(name, bytes)?);
            compiled.push(CompiledModule {
                name: name.clone(),
                module,
                fused: fused.map(Arc::new),
            });
        }
        survey::check_initial_pages(initial_pages, self.page_limit)?;
        Ok(compiled)
    }

    fn compile_one(
        &self,
        bytes: &[u8],
        may_fuse: bool,
    ) -> wasmtime::Result<(Module, Option<FusedNotes>)> {
        if may_fuse {
            // Before anything is appended that the module could name.
            Module::validate(self.engine, bytes)?;
            if let Some(fused) = fuse::fuse(bytes)
                // Where it goes past a limit of the engine, the guest's own module may not.
                && let Ok(module) = Module::new(self.engine, &fused.bytes)
            {
                return Ok((module, Some(fused.notes)));
            }
        }
        Ok((Module::new(self.engine, bytes)?, None))
    }
}
