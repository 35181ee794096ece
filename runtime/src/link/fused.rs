//! A plug-in of one module that the kernel is part of: an instance is made in one step.

use std::sync::Arc;

use wasmtime::{Instance, InstancePre, Linker, Module, ModuleExport, Store, TypedFunc};

use super::{CompiledModule, EXTISM_ENV_MODULE, LinkPlan, Provider, WASI_NAMESPACE, legacy};
use crate::{
    compile::SharedCode,
    error::LoadError,
    extensions::{self, Extensions},
    fuse::FusedNotes,
    guest_init::GuestInit,
    kernel::{self, Kernel, KernelModule},
    state::State,
};

/// How a fused module is made into an instance.
pub(crate) struct FusedPlan {
    pub(super) name: String,
    pub(super) code: Arc<SharedCode>,
    pre: InstancePre<State>,
    notes: Arc<FusedNotes>,
    /// The kernel's memory.
    memory: ModuleExport,
    init: GuestInit,
    /// The module knows of extensions of the interface, and imports host functions.
    is_asked: bool,
}

impl FusedPlan {
    /// Finds everything that the only module of a plug-in imports in `linker`, where the kernel's
    /// functions are, too.
    ///
    /// # Errors
    ///
    /// As [`super::Plan::new`].
    pub(super) fn new(
        compiled: CompiledModule,
        notes: Arc<FusedNotes>,
        linker: Linker<State>,
        kernel: &KernelModule,
        scratch: impl FnOnce() -> Store<State>,
    ) -> Result<Self, LoadError> {
        let CompiledModule { name, code } = &compiled;
        let (name, code) = (name.clone(), Arc::clone(code));
        // As good as always each import is there by its very name.
        let pre = match linker.instantiate_pre(&code.module) {
            Ok(pre) => pre,
            Err(_) => prepare(LinkPlan::new(vec![compiled], linker, kernel, &mut scratch())?)?,
        };
        let memory = code
            .module
            .get_export_index(&notes.memory_name())
            .expect("a fused module exports the kernel's memory");
        let init = GuestInit::of(&code.module);
        let is_asked = calls_host(&code.module) && extensions::can_be_asked(&code.module);
        Ok(Self { name, code, pre, notes, memory, init, is_asked })
    }

    pub(super) fn module(&self) -> &Module {
        &self.code.module
    }

    pub(crate) fn notes(&self) -> &Arc<FusedNotes> {
        &self.notes
    }

    /// Makes an instance, gives the store its kernel, and runs the initialisers.
    ///
    /// # Errors
    ///
    /// What was running, and how the engine stopped it.
    pub(super) fn instantiate(
        &self,
        store: &mut Store<State>,
        offered: Extensions,
    ) -> Result<Instance, (String, wasmtime::Error)> {
        let starting = |err| (format!("instantiation of module {}", self.name), err);
        let instance = self.pre.instantiate(&mut *store).map_err(starting)?;
        let kernel = Kernel::fused(store, instance, &self.memory);
        store.data_mut().set_kernel(kernel);
        if self.notes.has_start {
            self.start(store, &instance).map_err(starting)?;
        }
        if self.is_asked {
            let taken = offered.taken_by(&mut *store, &instance).map_err(starting)?;
            store.data_mut().extensions = taken;
        }
        self.init.run(store, &instance).map_err(|(init, err)| (init.into(), err))?;
        Ok(instance)
    }

    /// Runs the start function, which waited for the kernel.
    fn start(&self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<()> {
        let start: TypedFunc<(), ()> =
            instance.get_typed_func(&mut *store, &self.notes.start_name())?;
        start.call(store, ())
    }
}

/// Makes of a plan, which has resolved its only module's imports, what instances are made of.
///
/// # Errors
///
/// [`LoadError::Engine`] if the engine does not take what was resolved.
fn prepare(linked: LinkPlan) -> Result<InstancePre<State>, LoadError> {
    let LinkPlan { modules, main, mut linker, .. } = linked;
    let planned = &modules[main];
    linker.allow_shadowing(true);
    for (import, provider) in planned.code.module.imports().zip(&planned.imports) {
        let (namespace, name) = match provider {
            Provider::Kernel(name) => (EXTISM_ENV_MODULE, name),
            Provider::Host(namespace, name) => (namespace.as_str(), name),
            // Other modules provide nothing: there is none.
            _ => continue,
        };
        if (namespace, name.as_str()) != (import.module(), import.name()) {
            linker
                .alias(namespace, name, import.module(), import.name())
                .map_err(LoadError::engine)?;
        }
    }
    linker.instantiate_pre(&planned.code.module).map_err(LoadError::engine)
}

/// Says whether a module imports functions of the host, the kernel's and the system interface aside.
fn calls_host(module: &Module) -> bool {
    module.imports().any(|import| {
        let (namespace, name) = (import.module(), import.name());
        let (namespace, name) = legacy::successor(namespace, name).unwrap_or((namespace, name));
        let is_kernels = namespace == EXTISM_ENV_MODULE && kernel::exports(name);
        namespace != WASI_NAMESPACE && !is_kernels
    })
}
