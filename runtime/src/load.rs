//! The road from a builder to a compiled plug-in: read, compile or find, link.

use std::{sync::Arc, time::Duration};

use plugsmith_manifest::{Manifest, Wasm};

#[cfg(feature = "wasi")]
use crate::wasi::{self, Wasi};
use crate::{
    artifact::{Artifact, ArtifactError},
    builder::{Options, PluginBuilder, Source},
    builds::{Builds, LinkOptions},
    compile::Compiler,
    compiled::{Compiled, ExportTable},
    engine::{Codegen, Places, SharedEngine},
    error::LoadError,
    fast_start::{self, FastStart, Optimization},
    host::http::HttpAccess,
    host_fn::Function,
    kernel,
    limits::{DEFAULT_KERNEL_PAGE_LIMIT, MemoryLimits, TABLE_ELEMENT_LIMIT},
    link::{CompiledModule, EXTISM_ENV_MODULE, EXTISM_USER_MODULE, legacy},
    source::{self, NamedModule, Urls},
    survey,
    tiers::Tiers,
};

/// Reads, compiles and links everything that `builder` names.
///
/// # Errors
///
/// A [`LoadError`].
pub(crate) fn load(builder: PluginBuilder<'_>) -> Result<Arc<Compiled>, LoadError> {
    Ingredients::read(builder)?.load()
}

/// Everything that a builder names, read and still to be compiled.
pub(crate) struct Ingredients<'a> {
    material: Material<'a>,
    functions: Vec<Function>,
    options: Options,
}

enum Material<'a> {
    /// A manifest and its modules.
    Modules(Manifest, Vec<NamedModule<'a>>),
    Artifact(Artifact),
}

impl<'a> Ingredients<'a> {
    /// Reads everything that `builder` names.
    ///
    /// # Errors
    ///
    /// The [`LoadError`] of the first thing that cannot be read, or is no module.
    pub(crate) fn read(builder: PluginBuilder<'a>) -> Result<Self, LoadError> {
        let PluginBuilder { source, functions, options } = builder;
        let material = match source {
            Source::Input(input) => {
                let limit = options.module_limits.bytes.unwrap_or(u64::MAX);
                let (manifest, modules) = source::read(input, limit, Urls::Fetch)?;
                Material::Modules(manifest, modules)
            }
            Source::Artifact(artifact) => Material::Artifact(artifact),
        };
        Ok(Self { material, functions, options })
    }

    /// Returns a hash of all that was read, for comparison within this process. Options are not read.
    pub(crate) fn hash(&self) -> blake3::Hash {
        match &self.material {
            Material::Modules(manifest, modules) => hash(manifest, modules, Urls::Fetch),
            Material::Artifact(artifact) => artifact.hash(),
        }
    }

    /// Returns what [`hash_without_urls`] says of what was read, if it is asked.
    pub(crate) fn hash_without_urls(&self) -> Option<blake3::Hash> {
        match &self.material {
            Material::Modules(manifest, modules) => Some(hash(manifest, modules, Urls::PassOver)),
            Material::Artifact(_) => None,
        }
    }

    /// Compiles and links what was read.
    ///
    /// # Errors
    ///
    /// A [`LoadError`].
    pub(crate) fn load(self) -> Result<Arc<Compiled>, LoadError> {
        let Self { material, functions, options } = self;
        match material {
            Material::Modules(manifest, modules) => {
                let (compiled, optimization) = start(manifest, modules, functions, options)?;
                if let Some(optimization) = optimization {
                    optimization.begin(Arc::downgrade(&compiled));
                }
                Ok(compiled)
            }
            Material::Artifact(artifact) => load_artifact(&artifact, functions, options),
        }
    }
}

/// Reads what `builder` names, but not from URLs, and returns a hash of it. Returns `None` if it names none.
///
/// # Errors
///
/// As [`Ingredients::read`].
pub(crate) fn hash_without_urls(
    builder: &PluginBuilder<'_>,
) -> Result<Option<blake3::Hash>, LoadError> {
    match &builder.source {
        Source::Input(input) if source::names_url(input) => {
            let limit = builder.options.module_limits.bytes.unwrap_or(u64::MAX);
            let (manifest, modules) = source::read(input.clone(), limit, Urls::PassOver)?;
            Ok(Some(hash(&manifest, &modules, Urls::PassOver)))
        }
        Source::Input(_) | Source::Artifact(_) => Ok(None),
    }
}

/// Returns a hash of a manifest and its modules, those from URLs included or not.
fn hash(manifest: &Manifest, modules: &[NamedModule<'_>], urls: Urls) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{manifest:?}").as_bytes());
    for (NamedModule { name, hash, .. }, wasm) in modules.iter().zip(&manifest.wasm) {
        if urls == Urls::Fetch || !matches!(wasm, Wasm::Url { .. }) {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes()).update(hash);
        }
    }
    hasher.finalize()
}

/// Makes a plug-in, and what makes it better, if there is something to be made better.
///
/// # Errors
///
/// As [`load`].
pub(crate) fn start(
    manifest: Manifest,
    modules: Vec<NamedModule<'_>>,
    functions: Vec<Function>,
    options: Options,
) -> Result<(Arc<Compiled>, Option<Optimization>), LoadError> {
    let limits = options.module_limits;
    let may_fuse = options.may_fuse() && modules.len() == 1;
    let engine = engine(&options, may_fuse)?;
    let cache = options.cache.open()?;
    let may_fuse = may_fuse && !functions.iter().any(replaces_kernel);
    let keeps = options.keeps_code(cache.is_some());
    let compiler = Compiler { engine: &engine, cache: cache.as_ref(), may_fuse, keeps, limits };
    let hurried = if options.may_start_fast() {
        fast_start::compile(&compiler, &modules, &options)
    } else {
        None
    };
    let is_hurried = matches!(hurried, Some(FastStart::Hurried(..)));
    let (first_engine, code) = match hurried {
        Some(FastStart::Found(engine, code) | FastStart::Hurried(engine, code)) => (engine, code),
        None => compiler.compile_where_it_fits(&modules)?,
    };
    survey::check_memories(&modules, guest_pages(&manifest, &options))?;
    let surroundings = link_options(manifest, functions, &options);
    let plugin = finish(first_engine, code, &surroundings, options, is_hurried)?;
    let optimization = is_hurried.then(|| {
        let modules = modules.into_iter().map(NamedModule::into_owned).collect();
        Optimization { modules, engine, cache, may_fuse, keeps, limits, options: surroundings }
    });
    Ok((plugin, optimization))
}

fn load_artifact(
    artifact: &Artifact,
    functions: Vec<Function>,
    options: Options,
) -> Result<Arc<Compiled>, LoadError> {
    let engine = engine(&options, artifact.is_fused())?;
    let replacement = functions.iter().find(|function| replaces_kernel(function));
    if let Some(function) = replacement.filter(|_| artifact.is_fused()) {
        return Err(ArtifactError::ReplacedFunction { name: function.name().to_owned() }.into());
    }
    let modules = artifact.load(&engine.engine)?;
    let surroundings = link_options(artifact.manifest().clone(), functions, &options);
    finish(engine, modules, &surroundings, options, false)
}

/// Returns the engine that optimises a plug-in's code, with seats if it may be fused.
fn engine(options: &Options, may_fuse: bool) -> Result<Arc<SharedEngine>, LoadError> {
    let places = if may_fuse { Places::Seats } else { Places::Anew };
    SharedEngine::of(options, Codegen::Optimizing, places)
}

/// Says whether a plug-in of before Extism 1.0 gets this function where it would get the kernel's, which
/// then must not become part of it.
fn replaces_kernel(function: &Function) -> bool {
    let namespace = function.namespace().unwrap_or(EXTISM_USER_MODULE);
    match legacy::successor(namespace, function.name()) {
        Some((EXTISM_ENV_MODULE, name)) => kernel::exports(name),
        _ => false,
    }
}

fn link_options(
    manifest: Manifest,
    functions: Vec<Function>,
    options: &Options,
) -> Arc<LinkOptions> {
    let limits = MemoryLimits {
        guest_pages: guest_pages(&manifest, options),
        kernel_pages: options.kernel_page_limit.unwrap_or(DEFAULT_KERNEL_PAGE_LIMIT),
        table_elements: options.call_limits.table_elements.min(TABLE_ELEMENT_LIMIT),
    };
    Arc::new(LinkOptions { functions, wasi: options.wasi, manifest: Arc::new(manifest), limits })
}

/// Returns how many pages all memories of a guest may have.
fn guest_pages(manifest: &Manifest, options: &Options) -> Option<u32> {
    manifest.memory.max_pages.or(options.call_limits.memory_pages)
}

/// Links a plug-in's first code.
fn finish(
    engine: Arc<SharedEngine>,
    modules: Vec<CompiledModule>,
    surroundings: &Arc<LinkOptions>,
    options: Options,
    is_hurried: bool,
) -> Result<Arc<Compiled>, LoadError> {
    let LinkOptions { manifest, limits, .. } = &**surroundings;
    let http = Arc::new(HttpAccess::new(manifest, options.http, limits.kernel_pages));
    #[cfg(feature = "wasi")]
    let wasi = grant_wasi(&options, manifest, &modules)?;
    let builds = Builds::new(engine, modules, Arc::clone(surroundings))?;
    let plan = &builds.first().plan;
    let exports = ExportTable::of(plan.main(), plan.notes());
    Ok(Arc::new(Compiled {
        code: if is_hurried { Tiers::hurried(builds) } else { Tiers::optimized(builds) },
        manifest: Arc::clone(manifest),
        limits: *limits,
        time_limit: manifest.timeout_ms.map(Duration::from_millis).or(options.call_limits.time),
        options,
        http,
        #[cfg(feature = "wasi")]
        wasi,
        exports,
    }))
}

/// Returns what is granted of the system, if it is granted and a module uses it.
#[cfg(feature = "wasi")]
fn grant_wasi(
    options: &Options,
    manifest: &Manifest,
    modules: &[CompiledModule],
) -> Result<Option<Wasi>, LoadError> {
    if !options.wasi {
        return Ok(None);
    }
    let wasi = Wasi::new(options.system.clone(), manifest)?;
    let is_imported = wasi::is_imported(modules.iter().map(|module| &module.code.module));
    Ok(is_imported.then_some(wasi))
}
