//! Functions of other modules that are looked up when they are called: those of modules that do not
//! exist yet when their importer is made, and those of commands, which get a new instance for each
//! call.

use std::sync::{Arc, OnceLock};

use wasmtime::{AsContextMut, Caller, Extern, Func, FuncType, Instance, Module, Store, Val};

use crate::{guest_init::GuestInit, host::HostError, state::State};

/// How many instances of commands one instance of a plug-in may make. They stay in memory until it
/// ends.
const COMMAND_LIMIT: u32 = 1_000;

/// A function of a module that is made later.
pub(super) struct LateFunction {
    module: String,
    name: String,
    found: OnceLock<Func>,
}

impl LateFunction {
    pub(super) fn new(module: String, name: String) -> Arc<Self> {
        Arc::new(Self { module, name, found: OnceLock::new() })
    }

    /// Finds the function in the module, which now exists.
    pub(super) fn resolve(&self, store: &mut Store<State>, instance: &Instance) {
        if let Some(function) = instance.get_func(store, &self.name) {
            let _ = self.found.set(function);
        }
    }

    /// Makes a function that calls this one.
    pub(super) fn import(self: &Arc<Self>, store: &mut Store<State>, ty: FuncType) -> Extern {
        let late = Arc::clone(self);
        Func::new(store, ty, move |mut caller, params, results| {
            let function = *late.found.get().ok_or_else(|| HostError::ModuleNotReady {
                module: late.module.clone(),
                function: late.name.clone(),
            })?;
            call(&mut caller, function, params, results)
        })
        .into()
    }
}

/// A module of which each call gets a new instance.
pub(super) struct Command {
    name: String,
    module: Module,
    init: GuestInit,
    /// Set once everything that it imports exists.
    imports: OnceLock<Vec<Extern>>,
}

impl Command {
    pub(super) fn new(name: String, module: Module, init: GuestInit) -> Arc<Self> {
        Arc::new(Self { name, module, init, imports: OnceLock::new() })
    }

    pub(super) fn set_imports(&self, imports: Vec<Extern>) {
        let _ = self.imports.set(imports);
    }

    /// Makes a function that calls an export of a new instance.
    pub(super) fn import(
        self: &Arc<Self>,
        store: &mut Store<State>,
        name: String,
        ty: FuncType,
    ) -> Extern {
        let command = Arc::clone(self);
        Func::new(store, ty, move |mut caller, params, results| {
            caller.data_mut().deadline.note_start();
            let function = command.function(&mut caller, &name)?;
            call(&mut caller, function, params, results)
        })
        .into()
    }

    fn function(&self, caller: &mut Caller<'_, State>, name: &str) -> wasmtime::Result<Func> {
        let not_ready =
            || HostError::ModuleNotReady { module: self.name.clone(), function: name.to_owned() };
        let imports = self.imports.get().ok_or_else(not_ready)?;
        let n_commands = &mut caller.data_mut().n_commands;
        if *n_commands == COMMAND_LIMIT {
            return Err(HostError::CommandLimit { limit: COMMAND_LIMIT }.into());
        }
        *n_commands += 1;
        let instance = Instance::new(&mut *caller, &self.module, imports)?;
        self.init.run(&mut *caller, &instance).map_err(|(_, err)| err)?;
        Ok(instance.get_func(caller, name).expect("an import was resolved to this export"))
    }
}

/// Passes a call on.
fn call(
    caller: &mut Caller<'_, State>,
    function: Func,
    params: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    caller.data_mut().deadline.note_start();
    function.call(caller.as_context_mut(), params, results)
}
