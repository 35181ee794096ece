//! A plug-in compiled and linked as far as can be without an instance. Immutable, shared, cheap to
//! clone.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use foldhash::fast::RandomState;
use plugsmith_manifest::Manifest;
use wasmtime::{ExternType, Module, ValType};

#[cfg(feature = "wasi")]
use crate::wasi::{self, Wasi};
use crate::{
    artifact::ArtifactError,
    builder::{Options, PluginBuilder, Source},
    builds::{Builds, LinkOptions},
    compile::Compiler,
    engine::{EngineConfig, Places, SharedEngine},
    error::{CallError, Error, LoadError},
    fuse::FusedNotes,
    host::http::HttpAccess,
    host_fn::Function,
    limits::{DEFAULT_KERNEL_PAGE_LIMIT, MemoryLimits},
    link::{CompiledModule, EXTISM_ENV_MODULE, EXTISM_USER_MODULE, legacy},
    signature,
    source::{self, NamedModule},
};

/// A plug-in that is ready to be instantiated any number of times.
///
/// # Examples
///
/// ```
/// use plugsmith::{CompiledPlugin, Plugin, PluginBuilder};
///
/// # fn main() -> Result<(), plugsmith::Error> {
/// let module = br#"(module (func (export "ping")))"#;
/// # #[cfg(feature = "wat")] {
/// let compiled = CompiledPlugin::new(PluginBuilder::new(module))?;
/// let mut first = Plugin::new_from_compiled(&compiled)?;
/// let mut second = Plugin::new_from_compiled(&compiled)?;
/// first.call::<(), ()>("ping", ())?;
/// second.call::<(), ()>("ping", ())?;
/// # }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CompiledPlugin {
    pub(crate) shared: Arc<Compiled>,
}

/// What all plug-ins made from one compilation share.
pub(crate) struct Compiled {
    pub(crate) builds: Builds,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) limits: MemoryLimits,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) options: Options,
    pub(crate) http: Arc<HttpAccess>,
    /// What is granted of the system, if anything is that the plug-in uses.
    #[cfg(feature = "wasi")]
    pub(crate) wasi: Option<Wasi>,
    pub(crate) exports: ExportTable,
}

impl CompiledPlugin {
    /// Reads, compiles and links everything that `builder` names.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] that says what is wrong with the manifest, a module, or its imports.
    pub fn new(builder: PluginBuilder<'_>) -> Result<Self, Error> {
        Ok(Self { shared: Arc::new(compile(builder)?) })
    }

    /// Says whether the kernel became part of the plug-in's module, which is the faster form. So it
    /// is unless the plug-in has several modules, is debugged, or was asked to be
    /// [linked](PluginBuilder::with_linked_kernel).
    pub fn is_fused(&self) -> bool {
        self.shared.builds.first().plan.notes().is_some()
    }
}

impl fmt::Debug for CompiledPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledPlugin").finish_non_exhaustive()
    }
}

fn compile(builder: PluginBuilder<'_>) -> Result<Compiled, LoadError> {
    let PluginBuilder { source, functions, options } = builder;
    let (engine, manifest, modules) = match source {
        Source::Input(input) => {
            let (manifest, modules) = source::read(input)?;
            let (engine, modules) = compile_modules(&manifest, &modules, &functions, &options)?;
            (engine, manifest, modules)
        }
        Source::Artifact(artifact) => {
            let engine = engine(&options, artifact.is_fused())?;
            if let Some(function) = replacement(&functions, &engine).filter(|_| artifact.is_fused())
            {
                let name = function.name().to_owned();
                return Err(ArtifactError::ReplacedFunction { name }.into());
            }
            let modules = artifact.load(&engine.engine)?;
            (engine, artifact.manifest().clone(), modules)
        }
    };
    let limits = MemoryLimits {
        guest_pages: manifest.memory.max_pages,
        kernel_pages: options.kernel_page_limit.unwrap_or(DEFAULT_KERNEL_PAGE_LIMIT),
    };
    let time_limit = manifest.timeout_ms.map(Duration::from_millis);
    let http = Arc::new(HttpAccess::new(&manifest, options.http, limits.kernel_pages));
    let manifest = Arc::new(manifest);
    #[cfg(feature = "wasi")]
    let wasi = grant_wasi(&options, &manifest, &modules)?;
    let link_options = LinkOptions {
        functions,
        #[cfg(feature = "wasi")]
        wasi: options.wasi,
        manifest: Arc::clone(&manifest),
        limits,
    };
    let builds = Builds::new(engine, modules, link_options)?;
    let plan = &builds.first().plan;
    let exports = ExportTable::of(plan.main(), plan.notes());
    Ok(Compiled {
        builds,
        manifest,
        limits,
        time_limit,
        options,
        http,
        #[cfg(feature = "wasi")]
        wasi,
        exports,
    })
}

/// Compiles modules, in an engine with seats if the kernel may become part of the only one.
fn compile_modules(
    manifest: &Manifest,
    modules: &[NamedModule],
    functions: &[Function],
    options: &Options,
) -> Result<(Arc<SharedEngine>, Vec<CompiledModule>), LoadError> {
    let seated = engine(options, options.may_fuse() && modules.len() == 1)?;
    let cache = options.cache.open()?;
    let compile = |engine: &SharedEngine| {
        let compiler = Compiler {
            engine,
            cache: cache.as_ref(),
            may_fuse: options.may_fuse() && replacement(functions, engine).is_none(),
            page_limit: manifest.memory.max_pages,
        };
        compiler.compile(modules)
    };
    match compile(&seated) {
        Ok(compiled) => Ok((seated, compiled)),
        // It may be too large for a seat.
        Err(_) if seated.has_seats() => {
            let engine = seated.without_seats()?;
            let compiled = compile(&engine)?;
            Ok((engine, compiled))
        }
        Err(err) => Err(err),
    }
}

/// Returns a function that a plug-in of before Extism 1.0 gets where it would get the kernel's, which
/// then must not become part of it.
fn replacement<'a>(functions: &'a [Function], engine: &SharedEngine) -> Option<&'a Function> {
    functions.iter().find(|function| {
        let namespace = function.namespace().unwrap_or(EXTISM_USER_MODULE);
        match legacy::successor(namespace, function.name()) {
            Some((EXTISM_ENV_MODULE, name)) => engine.kernel.export_type(name).is_some(),
            _ => false,
        }
    })
}

fn engine(options: &Options, seats: bool) -> Result<Arc<SharedEngine>, LoadError> {
    let config = EngineConfig {
        debug_info: options.debug.debug_info,
        fuel: options.counts_fuel(),
        coredump: options.debug.coredump.is_some(),
        profiling: options.debug.profiling_strategy,
        places: if seats { Places::Seats } else { Places::Anew },
    };
    #[cfg(feature = "unstable-wasmtime")]
    if let Some(base) = &options.engine_config {
        return SharedEngine::own(EngineConfig { places: Places::Anew, ..config }, base.clone());
    }
    SharedEngine::get(config)
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

/// The export that is a program rather than a function.
const PROGRAM: &str = "_start";

/// Length in bytes of the longest name that gets a hint: the guest chooses the names compared.
const HINT_LEN: usize = 64;

/// What a host can call, by name, and why the rest cannot be called.
pub(crate) struct ExportTable {
    /// Looked up at every call. The guest chooses the names, so the hash has a random key.
    by_name: HashMap<Box<str>, Export, RandomState>,
    n_callable: usize,
}

/// One export of the main module.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Export {
    Callable(Callable),
    /// Not a function that a host can call, but this.
    Other(String),
}

/// A function that a host can call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Callable {
    /// Its place among the callable exports.
    pub(crate) idx: usize,
    /// Whether it returns a status.
    pub(crate) returns_status: bool,
    /// Whether it is a program, which an instance can run once, rather than a function.
    pub(crate) is_program: bool,
}

impl ExportTable {
    fn of(module: &Module, notes: Option<&FusedNotes>) -> Self {
        let mut n_callable = 0;
        let is_ours = |name: &str| notes.is_some_and(|notes| name.starts_with(&notes.prefix));
        let by_name = module
            .exports()
            .filter(|export| !is_ours(export.name()))
            .map(|export| {
                let found = match status_of(&export.ty()) {
                    Some(returns_status) => {
                        let idx = n_callable;
                        n_callable += 1;
                        let is_program = export.name() == PROGRAM;
                        Export::Callable(Callable { idx, returns_status, is_program })
                    }
                    None => Export::Other(signature::describe(&export.ty())),
                };
                (export.name().into(), found)
            })
            .collect();
        Self { by_name, n_callable }
    }

    /// Returns how many exports can be called.
    pub(crate) fn n_callable(&self) -> usize {
        self.n_callable
    }

    /// Says whether a host can call an export `name`.
    pub(crate) fn contains(&self, name: &str) -> bool {
        matches!(self.by_name.get(name), Some(Export::Callable(_)))
    }

    /// Finds the export `name`.
    ///
    /// # Errors
    ///
    /// [`CallError::NoExport`], [`CallError::ExportType`].
    pub(crate) fn resolve(&self, name: &str) -> Result<Callable, CallError> {
        match self.by_name.get(name) {
            Some(Export::Callable(callable)) => Ok(*callable),
            Some(Export::Other(found)) => {
                Err(CallError::ExportType { name: name.to_owned(), found: found.clone() })
            }
            None => Err(CallError::NoExport { name: name.to_owned(), hint: self.hint(name) }),
        }
    }

    /// Returns a question for the callable export whose name is nearest, if one is near.
    fn hint(&self, name: &str) -> String {
        let is_near = |candidate: &str| {
            name.len() <= HINT_LEN && candidate.len().abs_diff(name.len()) <= HINT_LEN / 3
        };
        self.by_name
            .iter()
            .filter(|(candidate, export)| {
                matches!(export, Export::Callable(_)) && is_near(candidate)
            })
            .map(|(candidate, _)| (strsim::damerau_levenshtein(name, candidate), candidate))
            .filter(|(distance, candidate)| *distance <= candidate.chars().count() / 3)
            .min()
            .map(|(_, candidate)| format!(", did you mean `{candidate}`?"))
            .unwrap_or_default()
    }
}

/// Says whether a host can call an export of this type, and if so, whether it returns a status.
fn status_of(ty: &ExternType) -> Option<bool> {
    let ExternType::Func(ty) = ty else { return None };
    let mut results = ty.results();
    match (ty.params().len(), results.next(), results.next()) {
        (0, None, None) => Some(false),
        (0, Some(ValType::I32), None) => Some(true),
        _ => None,
    }
}
