//! A plug-in of one module that the kernel is part of: an instance is made in one step.

use std::sync::Arc;

use wasmtime::{
    Caller, Extern, ExternType, FuncType, Instance, InstancePre, Linker, Module, ModuleExport,
    Store, TypedFunc, Val,
};

use super::{LinkPlan, PlannedModule, Provider};
use crate::{
    compile::SharedCode, error::LoadError, extensions::Extensions, fuse::FusedNotes,
    guest_init::GuestInit, kernel::Kernel, state::State,
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
    /// Makes a plan for the only module of another, which has resolved its imports.
    ///
    /// # Errors
    ///
    /// [`LoadError::Engine`] if the engine does not take what was resolved.
    pub(super) fn new(linked: LinkPlan, notes: Arc<FusedNotes>) -> Result<Self, LoadError> {
        let is_asked = !linked.asked.is_empty();
        let LinkPlan { mut modules, main, linker, .. } = linked;
        let planned = modules.swap_remove(main);
        let pre = prepare(&planned, linker, &notes).map_err(LoadError::engine)?;
        let PlannedModule { name, code, init, .. } = planned;
        let memory = code
            .module
            .get_export_index(&notes.kernel_name("memory"))
            .expect("a fused module exports the kernel's memory");
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

/// Looks up everything that the module imports.
fn prepare(
    planned: &PlannedModule,
    mut linker: Linker<State>,
    notes: &FusedNotes,
) -> wasmtime::Result<InstancePre<State>> {
    linker.allow_shadowing(true);
    for (import, provider) in planned.code.module.imports().zip(&planned.imports) {
        match provider {
            Provider::Kernel(name) => {
                let ExternType::Func(ty) = import.ty() else { continue };
                let name = notes.kernel_name(name);
                define_kernel(&mut linker, import.module(), import.name(), name, ty)?;
            }
            Provider::Host(namespace, name)
                if (namespace.as_str(), name.as_str()) != (import.module(), import.name()) =>
            {
                linker.alias(namespace, name, import.module(), import.name())?;
            }
            // Other modules provide nothing: there is none.
            _ => {}
        }
    }
    linker.instantiate_pre(&planned.code.module)
}

/// Defines a function of the kernel for what is no direct call of it: it finds the instance's own.
fn define_kernel(
    linker: &mut Linker<State>,
    namespace: &str,
    import: &str,
    name: String,
    ty: FuncType,
) -> wasmtime::Result<()> {
    let call = move |mut caller: Caller<'_, State>, params: &[Val], results: &mut [Val]| {
        let kernel = caller.data().kernel();
        match kernel.export(&mut caller, &name) {
            Some(Extern::Func(function)) => function.call(caller, params, results),
            _ => unreachable!("the kernel exports each function that it serves"),
        }
    };
    linker.func_new(namespace, import, ty, call).map(drop)
}
