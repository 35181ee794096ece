//! Who provides what each module imports: resolved once for a compiled plug-in, carried out for each
//! instance.
//!
//! In order of precedence: the kernel and the host's built-ins for [`EXTISM_ENV_MODULE`], then the
//! other modules of the manifest, then host functions; namespaces of older interfaces come last.
//! Modules are instantiated in an order in which each finds its providers made, where there is one;
//! functions that are imported in a circle are looked up when they are called.

mod deferred;
mod fused;
pub(crate) mod legacy;
mod order;
mod resolve;

use std::{collections::HashMap, sync::Arc};

use plugsmith_manifest::MAIN_MODULE;
use wasmtime::{Extern, ExternType, FuncType, Instance, Linker, Module, Store};

use self::{
    deferred::{Command, LateFunction},
    fused::FusedPlan,
    order::{ModuleIdx, Need},
    resolve::Resolver,
};
use crate::{
    compile::SharedCode,
    error::LoadError,
    extensions::{self, Extensions},
    fuse::FusedNotes,
    guest_init::GuestInit,
    kernel::{Kernel, KernelModule},
    state::State,
};

/// The namespace of the kernel and of the host's built-in functions.
pub const EXTISM_ENV_MODULE: &str = "extism:host/env";

/// The namespace of host functions that name no other.
pub const EXTISM_USER_MODULE: &str = "extism:host/user";

/// The namespace of the system interface.
const WASI_NAMESPACE: &str = "wasi_snapshot_preview1";

/// A module of the manifest, compiled.
pub(crate) struct CompiledModule {
    pub(crate) name: String,
    pub(crate) code: Arc<SharedCode>,
}

/// How a plug-in is made into an instance.
pub(crate) enum Plan {
    /// Its only module has the kernel in it.
    Fused(FusedPlan),
    /// Its modules are linked to each other and to a kernel.
    Linked(LinkPlan),
}

impl Plan {
    /// Resolves every import of `modules` against each other, the kernel, and the host's functions
    /// in `linker`. `scratch` makes a store that types are asked of.
    ///
    /// # Errors
    ///
    /// [`LoadError::UnknownImport`], [`LoadError::ImportType`], [`LoadError::ImportCycle`].
    pub(crate) fn new(
        mut modules: Vec<CompiledModule>,
        linker: Linker<State>,
        kernel: &KernelModule,
        scratch: impl FnOnce() -> Store<State>,
    ) -> Result<Self, LoadError> {
        if let [only] = modules.as_slice()
            && let Some(notes) = only.code.fused.clone()
        {
            let only = modules.remove(0);
            return Ok(Self::Fused(FusedPlan::new(only, notes, linker, kernel, scratch)?));
        }
        let plan = LinkPlan::new(modules, linker, kernel, &mut scratch())?;
        // Not when the first call needs it, whose time is limited.
        kernel.compile().map_err(LoadError::engine)?;
        Ok(Self::Linked(plan))
    }

    /// Returns the main module, whose exports a host calls.
    pub(crate) fn main(&self) -> &Module {
        match self {
            Self::Fused(plan) => plan.module(),
            Self::Linked(plan) => plan.main(),
        }
    }

    /// Returns what is to be known of the module if the kernel is part of it.
    pub(crate) fn notes(&self) -> Option<&FusedNotes> {
        match self {
            Self::Fused(plan) => Some(plan.notes()),
            Self::Linked(_) => None,
        }
    }

    /// Returns every module and its name.
    pub(crate) fn named_modules(&self) -> Vec<(&str, &Module)> {
        match self {
            Self::Fused(plan) => vec![(plan.name.as_str(), plan.module())],
            Self::Linked(plan) => plan.named_modules().collect(),
        }
    }

    /// Returns the modules that this is a plan for.
    pub(crate) fn modules(&self) -> Vec<CompiledModule> {
        let compiled = |name: &String, code: &Arc<SharedCode>| CompiledModule {
            name: name.clone(),
            code: Arc::clone(code),
        };
        match self {
            Self::Fused(plan) => vec![compiled(&plan.name, &plan.code)],
            Self::Linked(plan) => {
                plan.modules.iter().map(|planned| compiled(&planned.name, &planned.code)).collect()
            }
        }
    }

    /// Makes an instance of everything, gives the store its kernel, and runs the initialisers.
    /// Returns the main module's instance.
    ///
    /// # Errors
    ///
    /// What was running, and how the engine stopped it.
    pub(crate) fn instantiate(
        &self,
        store: &mut Store<State>,
        kernel: &KernelModule,
        offered: Extensions,
    ) -> Result<Instance, (String, wasmtime::Error)> {
        match self {
            Self::Fused(plan) => plan.instantiate(store, offered),
            Self::Linked(plan) => {
                let kernel = Kernel::new(store, kernel)
                    .map_err(|err| ("instantiation of the kernel".to_owned(), err))?;
                store.data_mut().set_kernel(kernel);
                plan.instantiate(store, kernel, offered)
            }
        }
    }
}

/// How the modules of a plug-in are linked.
pub(crate) struct LinkPlan {
    /// In the order of instantiation.
    modules: Vec<PlannedModule>,
    main: ModuleIdx,
    linker: Linker<State>,
    /// The modules that extensions of the interface must be agreed on with; none if one of those
    /// that import host functions cannot be asked.
    asked: Vec<ModuleIdx>,
}

struct PlannedModule {
    name: String,
    /// Kept as long as the plan, so that others may share it.
    code: Arc<SharedCode>,
    role: Role,
    imports: Vec<Provider>,
    init: GuestInit,
    /// The module with which everything exists that the initialisers may want to call.
    init_after: ModuleIdx,
}

/// What a module is to those that import from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// One instance, which keeps its state.
    Library,
    /// A program with a start and an end: each call from another module gets a new instance.
    Command,
}

/// Who provides one import.
enum Provider {
    /// The kernel's export of this name.
    Kernel(String),
    /// An export of a module made earlier.
    Module(ModuleIdx, String),
    /// A function of a module made later.
    Late(ModuleIdx, String, FuncType),
    /// A function of a module that is made anew for each call.
    Command(ModuleIdx, String, FuncType),
    /// The host, under this namespace and name.
    Host(String, String),
}

impl Provider {
    /// Returns the module of the manifest that it is, if it is one.
    fn module(&self) -> Option<ModuleIdx> {
        match self {
            Self::Module(idx, _) | Self::Late(idx, ..) | Self::Command(idx, ..) => Some(*idx),
            Self::Kernel(_) | Self::Host(..) => None,
        }
    }
}

impl LinkPlan {
    /// Resolves every import of `modules` against each other, the kernel, and the host's functions
    /// in `linker`. `scratch` is a store that types are asked of.
    ///
    /// # Errors
    ///
    /// [`LoadError::UnknownImport`], [`LoadError::ImportType`], [`LoadError::ImportCycle`].
    fn new(
        modules: Vec<CompiledModule>,
        linker: Linker<State>,
        kernel: &KernelModule,
        scratch: &mut Store<State>,
    ) -> Result<Self, LoadError> {
        let modules: Vec<_> = in_order(modules)?.into_iter().map(PlannedModule::new).collect();
        let main = modules
            .iter()
            .position(|module| module.name == MAIN_MODULE)
            .expect("a manifest names a main module");
        let mut plan = Self { modules, main, linker, asked: Vec::new() };
        for importer in 0..plan.modules.len() {
            let module = plan.modules[importer].code.module.clone();
            let mut resolver = Resolver { plan: &plan, kernel, importer, scratch };
            let imports: Vec<Provider> = module
                .imports()
                .map(|import| resolver.resolve(import.module(), import.name(), &import.ty()))
                .collect::<Result<_, _>>()?;
            plan.modules[importer].imports = imports;
        }
        plan.settle_initialisers();
        plan.asked = plan.whom_to_ask();
        Ok(plan)
    }

    fn main(&self) -> &Module {
        &self.modules[self.main].code.module
    }

    fn named_modules(&self) -> impl Iterator<Item = (&str, &Module)> {
        self.modules.iter().map(|planned| (planned.name.as_str(), &planned.code.module))
    }

    /// Makes an instance of every module and runs its initialisers. Returns the main one.
    ///
    /// # Errors
    ///
    /// What was running, and how the engine stopped it.
    fn instantiate(
        &self,
        store: &mut Store<State>,
        kernel: Kernel,
        offered: Extensions,
    ) -> Result<Instance, (String, wasmtime::Error)> {
        let mut linking = Linking::new(self, store, kernel, offered);
        for (idx, planned) in self.modules.iter().enumerate() {
            linking
                .make(idx)
                .map_err(|err| (format!("instantiation of module {}", planned.name), err))?;
            linking.initialise_after(idx)?;
        }
        Ok(linking.made[self.main].expect("the main module is no command"))
    }

    fn whom_to_ask(&self) -> Vec<ModuleIdx> {
        let can_be_asked = |idx: &ModuleIdx| {
            let module = &self.modules[*idx];
            module.role == Role::Library && extensions::can_be_asked(&module.code.module)
        };
        let concerned = (0..self.modules.len()).filter(|&idx| self.modules[idx].calls_host());
        let concerned: Vec<ModuleIdx> = concerned.collect();
        if concerned.iter().all(can_be_asked) { concerned } else { Vec::new() }
    }

    /// Has the initialisers of each module wait for all that they may come to call, directly or
    /// through others.
    fn settle_initialisers(&mut self) {
        let need = |import: &Provider| Some(Need { provider: import.module()?, at_once: false });
        let needs_of = |planned: &PlannedModule| planned.imports.iter().filter_map(need).collect();
        let needs: Vec<Vec<Need>> = self.modules.iter().map(needs_of).collect();
        for (idx, planned) in self.modules.iter_mut().enumerate() {
            planned.init_after = order::reach(&needs, idx).into_iter().fold(idx, ModuleIdx::max);
        }
    }
}

impl PlannedModule {
    fn new(compiled: CompiledModule) -> Self {
        let CompiledModule { name, code } = compiled;
        let module = &code.module;
        let role = if name == MAIN_MODULE { Role::Library } else { Role::of(module) };
        let init = GuestInit::of(module);
        Self { name, code, role, imports: Vec::new(), init, init_after: 0 }
    }

    /// Says whether it imports functions of the host, the system interface aside.
    fn calls_host(&self) -> bool {
        let is_host = |import: &Provider| matches!(import, Provider::Host(namespace, _) if namespace != WASI_NAMESPACE);
        self.imports.iter().any(is_host)
    }
}

impl Role {
    /// Tells what a side module is from its exports, as WASI's preview 1 has it.
    fn of(module: &Module) -> Self {
        let is_exported = |name| module.get_export(name).is_some();
        if is_exported("_start") && !is_exported("_initialize") {
            Self::Command
        } else {
            Self::Library
        }
    }
}

/// An instance of a plug-in that is being made.
struct Linking<'a> {
    plan: &'a LinkPlan,
    store: &'a mut Store<State>,
    kernel: Kernel,
    /// By place in the plan. Commands have no instance here.
    made: Vec<Option<Instance>>,
    offered: Extensions,
    commands: HashMap<ModuleIdx, Arc<Command>>,
    late: Vec<(ModuleIdx, Arc<LateFunction>)>,
}

impl<'a> Linking<'a> {
    fn new(
        plan: &'a LinkPlan,
        store: &'a mut Store<State>,
        kernel: Kernel,
        offered: Extensions,
    ) -> Self {
        let made = Vec::with_capacity(plan.modules.len());
        Self { plan, store, kernel, made, offered, commands: HashMap::new(), late: Vec::new() }
    }

    /// Makes the next module.
    fn make(&mut self, idx: ModuleIdx) -> wasmtime::Result<()> {
        let planned = &self.plan.modules[idx];
        let imports: Vec<Extern> =
            planned.imports.iter().map(|provider| self.provide(provider)).collect();
        if planned.role == Role::Command {
            self.command(idx).set_imports(imports);
            self.made.push(None);
            return Ok(());
        }
        let instance = Instance::new(&mut *self.store, &planned.code.module, &imports)?;
        self.made.push(Some(instance));
        for (_, late) in self.late.iter().filter(|(provider, _)| *provider == idx) {
            late.resolve(self.store, &instance);
        }
        if self.plan.asked.contains(&idx) {
            self.offered = self.offered.taken_by(&mut *self.store, &instance)?;
            if self.plan.asked.last() == Some(&idx) {
                self.store.data_mut().extensions = self.offered;
            }
        }
        Ok(())
    }

    /// Runs the initialisers of the modules that waited for this one, in order.
    fn initialise_after(&mut self, idx: ModuleIdx) -> Result<(), (String, wasmtime::Error)> {
        for (planned, instance) in self.plan.modules.iter().zip(&self.made) {
            if let Some(instance) = instance
                && planned.init_after == idx
            {
                planned
                    .init
                    .run(&mut *self.store, instance)
                    .map_err(|(init, err)| (init.into(), err))?;
            }
        }
        Ok(())
    }

    fn provide(&mut self, provider: &Provider) -> Extern {
        match provider {
            Provider::Kernel(name) => self.kernel.export(&mut *self.store, name),
            Provider::Module(idx, name) => {
                self.made[*idx].and_then(|instance| instance.get_export(&mut *self.store, name))
            }
            Provider::Late(idx, name, ty) => {
                let late = LateFunction::new(self.plan.modules[*idx].name.clone(), name.clone());
                self.late.push((*idx, Arc::clone(&late)));
                Some(late.import(self.store, ty.clone()))
            }
            Provider::Command(idx, name, ty) => {
                Some(self.command(*idx).import(self.store, name.clone(), ty.clone()))
            }
            Provider::Host(namespace, name) => {
                self.plan.linker.get(&mut *self.store, namespace, name).ok()
            }
        }
        .expect("every import was resolved when the plug-in was compiled")
    }

    fn command(&mut self, idx: ModuleIdx) -> Arc<Command> {
        let planned = &self.plan.modules[idx];
        let command = self.commands.entry(idx).or_insert_with(|| {
            Command::new(planned.name.clone(), planned.code.module.clone(), planned.init.clone())
        });
        Arc::clone(command)
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
    let needs: Vec<Vec<Need>> = modules
        .iter()
        .enumerate()
        .map(|(importer, module)| {
            let imports = module.code.module.imports();
            imports
                .filter_map(|import| {
                    let provider = *by_name.get(import.module())?;
                    let at_once = !matches!(import.ty(), ExternType::Func(_));
                    (provider != importer).then_some(Need { provider, at_once })
                })
                .collect()
        })
        .collect();
    let order = order::order(&needs).map_err(|cycle| LoadError::ImportCycle {
        modules: cycle.into_iter().map(|idx| modules[idx].name.clone()).collect(),
    })?;
    let mut modules: Vec<Option<CompiledModule>> = modules.into_iter().map(Some).collect();
    let take = |idx: ModuleIdx| modules[idx].take().expect("an order names each module once");
    Ok(order.into_iter().map(take).collect())
}
