//! Who provides what each module imports: resolved once for a compiled plug-in, carried out for each
//! instance.
//!
//! In order of precedence: the kernel and the host's built-ins for [`ENV_MODULE`], then the other
//! modules of the manifest, then host functions. Modules are instantiated in an order in which each
//! finds its providers made; a circle among them has none and is refused.

use std::collections::HashMap;

use plugsmith_manifest::MAIN_MODULE;
use wasmtime::{Extern, ExternType, Instance, Linker, Module, Store};

use crate::{
    error::LoadError,
    guest_init::GuestInit,
    kernel::{Kernel, KernelModule},
    signature,
    state::State,
};

/// The namespace of the kernel and of the host's built-in functions.
pub const EXTISM_ENV_MODULE: &str = "extism:host/env";

/// The namespace of host functions that name no other.
pub const EXTISM_USER_MODULE: &str = "extism:host/user";

/// A module of the manifest, compiled.
pub(crate) struct CompiledModule {
    pub(crate) name: String,
    pub(crate) module: Module,
}

/// Which module of a plan, by place in the order of instantiation.
type ModuleIdx = usize;

/// How the modules of a plug-in are made into an instance.
pub(crate) struct LinkPlan {
    /// In the order of instantiation.
    modules: Vec<PlannedModule>,
    main: ModuleIdx,
    linker: Linker<State>,
}

struct PlannedModule {
    name: String,
    module: Module,
    imports: Vec<Provider>,
    init: GuestInit,
}

/// Who provides one import.
enum Provider {
    /// The kernel's export of this name.
    Kernel(String),
    /// An export of a module made earlier.
    Module(ModuleIdx, String),
    /// The host, under this namespace and name.
    Host(String, String),
}

impl LinkPlan {
    /// Resolves every import of `modules` against each other, the kernel, and the host's functions
    /// in `linker`. `scratch` is a store that types are asked of.
    ///
    /// # Errors
    ///
    /// [`LoadError::UnknownImport`], [`LoadError::ImportType`], [`LoadError::ImportCycle`].
    pub(crate) fn new(
        modules: Vec<CompiledModule>,
        linker: Linker<State>,
        kernel: &KernelModule,
        scratch: &mut Store<State>,
    ) -> Result<Self, LoadError> {
        let modules = in_order(modules)?;
        let main = modules
            .iter()
            .position(|module| module.name == MAIN_MODULE)
            .expect("a manifest names a main module");
        let mut plan = Self { modules: Vec::with_capacity(modules.len()), main, linker };
        for CompiledModule { name, module } in modules {
            let mut resolver = Resolver { plan: &plan, kernel, importer: &name, scratch };
            let imports = module
                .imports()
                .map(|import| resolver.resolve(import.module(), import.name(), &import.ty()))
                .collect::<Result<_, _>>()?;
            let init = GuestInit::of(&module);
            plan.modules.push(PlannedModule { name, module, imports, init });
        }
        Ok(plan)
    }

    /// Returns the main module, whose exports a host calls.
    pub(crate) fn main(&self) -> &Module {
        &self.modules[self.main].module
    }

    /// Makes an instance of every module and runs its initialisers. Returns the main one.
    ///
    /// # Errors
    ///
    /// What was running, and how the engine stopped it.
    pub(crate) fn instantiate(
        &self,
        store: &mut Store<State>,
        kernel: &Kernel,
    ) -> Result<Instance, (String, wasmtime::Error)> {
        let mut made: Vec<Instance> = Vec::with_capacity(self.modules.len());
        for planned in &self.modules {
            let externs: Vec<Extern> = planned
                .imports
                .iter()
                .map(|provider| self.provide(store, kernel, &made, provider))
                .collect();
            let instance = Instance::new(&mut *store, &planned.module, &externs)
                .map_err(|err| (format!("instantiation of module {}", planned.name), err))?;
            planned.init.run(&mut *store, &instance).map_err(|(init, err)| (init.into(), err))?;
            made.push(instance);
        }
        Ok(made[self.main])
    }

    fn provide(
        &self,
        store: &mut Store<State>,
        kernel: &Kernel,
        made: &[Instance],
        provider: &Provider,
    ) -> Extern {
        match provider {
            Provider::Kernel(name) => kernel.export(&mut *store, name),
            Provider::Module(idx, name) => made[*idx].get_export(&mut *store, name),
            Provider::Host(namespace, name) => self.linker.get(&mut *store, namespace, name).ok(),
        }
        .expect("every import was resolved when the plug-in was compiled")
    }
}

/// Finds the provider of an import of the module `importer`.
struct Resolver<'a> {
    plan: &'a LinkPlan,
    kernel: &'a KernelModule,
    importer: &'a str,
    scratch: &'a mut Store<State>,
}

impl Resolver<'_> {
    fn resolve(
        &mut self,
        namespace: &str,
        name: &str,
        wanted: &ExternType,
    ) -> Result<Provider, LoadError> {
        let (provider, accepted) =
            self.find(namespace, name).ok_or_else(|| self.unknown(namespace, name, wanted))?;
        if signature::fits(&accepted, wanted) {
            return Ok(provider);
        }
        Err(LoadError::ImportType {
            module: self.importer.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            found: signature::describe(wanted),
            accepted: signature::describe(&accepted),
        })
    }

    fn find(&mut self, namespace: &str, name: &str) -> Option<(Provider, ExternType)> {
        if namespace == EXTISM_ENV_MODULE
            && let Some(ty) = self.kernel.export_type(name)
        {
            return Some((Provider::Kernel(name.to_owned()), ty));
        }
        if let Some((idx, provider)) = self.module(namespace)
            && let Some(ty) = provider.module.get_export(name)
        {
            return Some((Provider::Module(idx, name.to_owned()), ty));
        }
        let function = self.plan.linker.get(&mut *self.scratch, namespace, name).ok()?;
        let provider = Provider::Host(namespace.to_owned(), name.to_owned());
        Some((provider, function.ty(&*self.scratch)))
    }

    fn module(&self, name: &str) -> Option<(ModuleIdx, &PlannedModule)> {
        self.plan.modules.iter().enumerate().find(|(_, module)| module.name == name)
    }

    fn unknown(&mut self, namespace: &str, name: &str, wanted: &ExternType) -> LoadError {
        LoadError::UnknownImport {
            module: self.importer.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            found: signature::describe(wanted),
            hint: self.hint(namespace, name, wanted),
        }
    }

    /// Says what to do about an import that nobody provides.
    fn hint(&mut self, namespace: &str, name: &str, wanted: &ExternType) -> String {
        if self.module(namespace).is_some() {
            return format!(": module `{namespace}` of the manifest has no export `{name}`");
        }
        match (namespace, wanted) {
            (EXTISM_ENV_MODULE, ExternType::Func(_)) => {
                ": the plug-in was built for another version of this interface; update the host or \
                 rebuild the plug-in"
                    .to_owned()
            }
            (EXTISM_ENV_MODULE, _) => ": only functions can be imported from there".to_owned(),
            ("wasi_snapshot_preview1", _) => self.wasi_hint().to_owned(),
            ("wasi_unstable", _) => {
                ": build the plug-in with a newer toolchain, for `wasm32-wasip1` or \
                 `wasm32-unknown-unknown`"
                    .to_owned()
            }
            ("env", _) if name.starts_with("extism_") => {
                ": the plug-in was built with a kit older than 1.0; rebuild it with a newer one"
                    .to_owned()
            }
            (_, ExternType::Func(_)) => format!(
                ": give the host a function `{name}` in namespace `{namespace}`, or a module of \
                 that name"
            ),
            _ => format!(": add a module named `{namespace}` that exports it to the manifest"),
        }
    }

    /// Says what to do about a function of the system interface.
    fn wasi_hint(&mut self) -> &'static str {
        let is_granted =
            self.plan.linker.get(&mut *self.scratch, "wasi_snapshot_preview1", "proc_exit").is_ok();
        if is_granted {
            ": WASI preview 1 has no such function"
        } else if cfg!(feature = "wasi") {
            ": grant WASI with `with_wasi(true)`, or build the plug-in for `wasm32-unknown-unknown`"
        } else {
            ": this build of the host has no WASI (feature `wasi`); build the plug-in for \
             `wasm32-unknown-unknown`"
        }
    }
}

/// Puts each module behind those it imports from; otherwise the manifest's order stays.
///
/// # Errors
///
/// [`LoadError::ImportCycle`] if there is no such order.
fn in_order(modules: Vec<CompiledModule>) -> Result<Vec<CompiledModule>, LoadError> {
    let by_name: HashMap<&str, ModuleIdx> =
        modules.iter().enumerate().map(|(idx, module)| (module.name.as_str(), idx)).collect();
    let providers: Vec<Vec<ModuleIdx>> = modules
        .iter()
        .enumerate()
        .map(|(importer, module)| {
            let mut providers: Vec<ModuleIdx> = module
                .module
                .imports()
                .filter_map(|import| by_name.get(import.module()).copied())
                .filter(|&provider| provider != importer)
                .collect();
            providers.sort_unstable();
            providers.dedup();
            providers
        })
        .collect();
    let order = topological_order(&providers).map_err(|cycle| LoadError::ImportCycle {
        modules: cycle.into_iter().map(|idx| modules[idx].name.clone()).collect(),
    })?;
    let mut modules: Vec<Option<CompiledModule>> = modules.into_iter().map(Some).collect();
    let take = |idx: ModuleIdx| modules[idx].take().expect("an order names each module once");
    Ok(order.into_iter().map(take).collect())
}

/// Orders `0..providers.len()` so that each stands behind its providers, or returns a circle, its
/// first element repeated at the end.
fn topological_order(providers: &[Vec<ModuleIdx>]) -> Result<Vec<ModuleIdx>, Vec<ModuleIdx>> {
    let mut n_missing: Vec<usize> = providers.iter().map(Vec::len).collect();
    let mut importers: Vec<Vec<ModuleIdx>> = vec![Vec::new(); providers.len()];
    for (importer, providers) in providers.iter().enumerate() {
        for &provider in providers {
            importers[provider].push(importer);
        }
    }
    let mut order: Vec<ModuleIdx> =
        (0..providers.len()).filter(|&idx| n_missing[idx] == 0).collect();
    let mut next = 0;
    while let Some(&provider) = order.get(next) {
        next += 1;
        for &importer in &importers[provider] {
            n_missing[importer] -= 1;
            if n_missing[importer] == 0 {
                order.push(importer);
            }
        }
    }
    match n_missing.iter().position(|&n_missing| n_missing > 0) {
        None => Ok(order),
        Some(stuck) => Err(circle_from(stuck, providers, &n_missing)),
    }
}

/// Follows providers that never got their turn until one comes up again.
fn circle_from(
    start: ModuleIdx,
    providers: &[Vec<ModuleIdx>],
    n_missing: &[usize],
) -> Vec<ModuleIdx> {
    let mut path = vec![start];
    loop {
        let last = path[path.len() - 1];
        let next = providers[last]
            .iter()
            .copied()
            .find(|&provider| n_missing[provider] > 0)
            .expect("whoever is stuck waits for another that is");
        if let Some(start) = path.iter().position(|&idx| idx == next) {
            path.drain(..start);
            path.push(next);
            return path;
        }
        path.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_come_before_importers() {
        assert_eq!(topological_order(&[vec![], vec![], vec![]]), Ok(vec![0, 1, 2]));
        assert_eq!(topological_order(&[vec![1, 2], vec![2], vec![]]), Ok(vec![2, 1, 0]));
    }

    #[test]
    fn a_circle_is_named_without_those_that_merely_lead_to_it() {
        assert_eq!(topological_order(&[vec![1], vec![2], vec![1]]), Err(vec![1, 2, 1]));
        assert_eq!(topological_order(&[vec![1], vec![0]]), Err(vec![0, 1, 0]));
    }
}
