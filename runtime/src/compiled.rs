//! A plug-in compiled and linked as far as can be without an instance. Immutable, but for better code
//! that may take the place of the first; shared, cheap to clone.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use foldhash::fast::RandomState;
use plugsmith_manifest::Manifest;
use wasmtime::{ExternType, Module, ValType};

#[cfg(feature = "wasi")]
use crate::wasi::Wasi;
use crate::{
    builder::{Options, PluginBuilder},
    error::{CallError, Error},
    fuse::FusedNotes,
    host::http::HttpAccess,
    limits::MemoryLimits,
    load, shown, signature,
    tiers::Tiers,
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
    pub(crate) code: Tiers,
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
    /// A [`LoadError`](crate::LoadError) that says what is wrong with the manifest, a module, or its imports.
    pub fn new(builder: PluginBuilder<'_>) -> Result<Self, Error> {
        Ok(Self { shared: load::load(builder)? })
    }

    /// Says whether the kernel became part of the plug-in's module, which is the faster form. So it
    /// is unless the plug-in has several modules, is debugged, or was asked to be
    /// [linked](PluginBuilder::with_linked_kernel).
    pub fn is_fused(&self) -> bool {
        self.shared.code.current().first().plan.notes().is_some()
    }

    /// Returns how many instances find a place that is kept ready for them, which is where they are made
    /// fastest. All plug-ins of this process that have such places share them.
    ///
    /// 0 if the plug-in is not [fused](Self::is_fused), does not fit such a place, or the system grants this
    /// process too little address space. Its instances are then made wherever there is room.
    pub fn n_seats(&self) -> u32 {
        self.shared.code.current().first().engine.n_seats()
    }

    /// Says whether fresh instances run optimised code. So they do, but with a fast start (feature
    /// `fast-start`), as long as that code is being made, and if it cannot be made.
    pub fn is_optimized(&self) -> bool {
        self.shared.code.is_optimized()
    }

    /// Waits as long as optimised code is being made, and says whether there is any.
    ///
    /// Plug-ins that have an instance keep the code that it was made of until they get a fresh one.
    pub fn wait_until_optimized(&self) -> bool {
        self.shared.code.wait()
    }
}

impl fmt::Debug for CompiledPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledPlugin").finish_non_exhaustive()
    }
}

/// The export that is a program rather than a function.
const PROGRAM: &str = "_start";

/// Length in bytes of the longest name that gets a hint: the guest chooses the names compared.
const HINT_LEN: usize = 64;

/// What a host can call, by name, and why the rest cannot be called.
pub(crate) struct ExportTable {
    /// The guest chooses the names, so the hash has a random key.
    by_name: HashMap<Box<str>, Export, RandomState>,
    /// Those that can be called, each in its place.
    callable: Vec<(Box<str>, Callable)>,
}

/// One export of the main module.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Export {
    /// A function that a host can call, by its place among those.
    Callable(usize),
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
    pub(crate) fn of(module: &Module, notes: Option<&FusedNotes>) -> Self {
        let mut callable = Vec::new();
        let is_ours = |name: &str| notes.is_some_and(|notes| name.starts_with(&notes.prefix));
        let by_name = module
            .exports()
            .filter(|export| !is_ours(export.name()))
            .map(|export| {
                let found = match status_of(&export.ty()) {
                    Some(returns_status) => {
                        let (name, idx) = (export.name(), callable.len());
                        let found = Callable { idx, returns_status, is_program: name == PROGRAM };
                        callable.push((name.into(), found));
                        Export::Callable(idx)
                    }
                    None => Export::Other(signature::describe(&export.ty())),
                };
                (export.name().into(), found)
            })
            .collect();
        Self { by_name, callable }
    }

    /// Returns how many exports can be called.
    pub(crate) fn n_callable(&self) -> usize {
        self.callable.len()
    }

    /// Says whether a host can call an export `name`.
    pub(crate) fn contains(&self, name: &str) -> bool {
        matches!(self.by_name.get(name), Some(Export::Callable(_)))
    }

    /// Finds the export `name`, first where one was found `last`: most plug-ins are called for the same
    /// again and again, and comparing a name costs less than hashing it.
    ///
    /// # Errors
    ///
    /// [`CallError::NoExport`], [`CallError::ExportType`].
    pub(crate) fn resolve_again(
        &self,
        name: &str,
        last: &mut usize,
    ) -> Result<Callable, CallError> {
        if let Some((last_name, callable)) = self.callable.get(*last)
            && **last_name == *name
        {
            return Ok(*callable);
        }
        let callable = self.resolve(name)?;
        *last = callable.idx;
        Ok(callable)
    }

    /// Finds the export `name`.
    ///
    /// # Errors
    ///
    /// [`CallError::NoExport`], [`CallError::ExportType`].
    pub(crate) fn resolve(&self, name: &str) -> Result<Callable, CallError> {
        match self.by_name.get(name) {
            Some(Export::Callable(idx)) => Ok(self.callable[*idx].1),
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
            .map(|(_, candidate)| format!(", did you mean `{}`?", shown::name(candidate)))
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
