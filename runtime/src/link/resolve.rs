//! Finds out who provides an import.

use wasmtime::{ExternType, Store};

use super::{
    EXTISM_ENV_MODULE, LinkPlan, PlannedModule, Provider, Role, WASI_NAMESPACE, legacy,
    order::ModuleIdx,
};
use crate::{error::LoadError, kernel::KernelModule, shown, signature, state::State};

/// Finds the provider of each import of one module.
pub(super) struct Resolver<'a> {
    /// All modules are in it, their imports perhaps not resolved yet.
    pub(super) plan: &'a LinkPlan,
    pub(super) kernel: &'a KernelModule,
    pub(super) importer: ModuleIdx,
    pub(super) scratch: &'a mut Store<State>,
}

impl Resolver<'_> {
    /// Finds who provides `namespace::name` and whether it fits.
    ///
    /// # Errors
    ///
    /// [`LoadError::UnknownImport`], [`LoadError::ImportType`].
    pub(super) fn resolve(
        &mut self,
        namespace: &str,
        name: &str,
        wanted: &ExternType,
    ) -> Result<Provider, LoadError> {
        let (provider, accepted) = self
            .find(namespace, name)
            .or_else(|| {
                let (namespace, name) = legacy::successor(namespace, name)?;
                self.find(namespace, name)
            })
            .ok_or_else(|| self.unknown(namespace, name, wanted))?;
        if signature::fits(&accepted, wanted) {
            return Ok(provider);
        }
        Err(LoadError::ImportType {
            module: self.importer().name.clone(),
            namespace: shown::name(namespace).into_owned(),
            name: shown::name(name).into_owned(),
            found: signature::describe(wanted),
            accepted: signature::describe(&accepted),
        })
    }

    fn importer(&self) -> &PlannedModule {
        &self.plan.modules[self.importer]
    }

    fn find(&mut self, namespace: &str, name: &str) -> Option<(Provider, ExternType)> {
        if namespace == EXTISM_ENV_MODULE
            && let Some(ty) = self.kernel.export_type(name)
        {
            return Some((Provider::Kernel(name.to_owned()), ty));
        }
        let module = self.module(namespace);
        match module {
            Some(idx) if idx != self.importer => self.export(idx, name),
            _ => None,
        }
        .or_else(|| self.host_function(namespace, name))
        // A module may import from itself, what only it has.
        .or_else(|| self.export(module.filter(|&idx| idx == self.importer)?, name))
    }

    fn module(&self, name: &str) -> Option<ModuleIdx> {
        self.plan.modules.iter().position(|module| module.name == name)
    }

    fn export(&self, idx: ModuleIdx, name: &str) -> Option<(Provider, ExternType)> {
        let module = &self.plan.modules[idx];
        let ty = module.code.module.get_export(name)?;
        let name = name.to_owned();
        let provider = match (&ty, module.role) {
            (ExternType::Func(ty), Role::Command) => Provider::Command(idx, name, ty.clone()),
            (_, Role::Library) if idx < self.importer => Provider::Module(idx, name),
            (ExternType::Func(ty), Role::Library) => Provider::Late(idx, name, ty.clone()),
            // A command has other memories at each call, and a module none before it exists.
            _ => return None,
        };
        Some((provider, ty))
    }

    fn host_function(&mut self, namespace: &str, name: &str) -> Option<(Provider, ExternType)> {
        let function = self.plan.linker.get(&mut *self.scratch, namespace, name).ok()?;
        let provider = Provider::Host(namespace.to_owned(), name.to_owned());
        Some((provider, function.ty(&*self.scratch)))
    }

    fn unknown(&mut self, namespace: &str, name: &str, wanted: &ExternType) -> LoadError {
        LoadError::UnknownImport {
            module: self.importer().name.clone(),
            namespace: shown::name(namespace).into_owned(),
            name: shown::name(name).into_owned(),
            found: signature::describe(wanted),
            hint: self.hint(namespace, name, wanted),
        }
    }

    /// Says what to do about an import that nobody provides.
    fn hint(&mut self, namespace: &str, name: &str, wanted: &ExternType) -> String {
        if let Some(idx) = self.module(namespace) {
            return self.module_hint(idx, name);
        }
        let (shown_namespace, shown_name) = (shown::name(namespace), shown::name(name));
        match (namespace, wanted) {
            (EXTISM_ENV_MODULE | "extism:env", ExternType::Func(_)) => {
                ": the plug-in was built for another version of this interface; update the host or \
                 rebuild the plug-in"
                    .to_owned()
            }
            (EXTISM_ENV_MODULE | "extism:env", _) => {
                ": only functions can be imported from there".to_owned()
            }
            (WASI_NAMESPACE, _) => self.wasi_hint().to_owned(),
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
                ": give the host a function `{shown_name}` in namespace `{shown_namespace}`, or a module of \
                 that name"
            ),
            _ => {
                format!(": add a module named `{shown_namespace}` that exports it to the manifest")
            }
        }
    }

    /// Says why a module of the manifest does not provide `name`.
    fn module_hint(&self, idx: ModuleIdx, name: &str) -> String {
        let PlannedModule { name: namespace, code, role, .. } = &self.plan.modules[idx];
        match (code.module.get_export(name), role) {
            (None, _) => {
                let name = shown::name(name);
                format!(": module `{namespace}` of the manifest has no export `{name}`")
            }
            (Some(_), Role::Command) => format!(
                ": module `{namespace}` is a command (it exports `_start`), of which only \
                 functions can be imported"
            ),
            (Some(_), Role::Library) => ": of itself a module can import only functions".to_owned(),
        }
    }

    /// Says what to do about a function of the system interface.
    fn wasi_hint(&mut self) -> &'static str {
        let is_granted =
            self.plan.linker.get(&mut *self.scratch, WASI_NAMESPACE, "proc_exit").is_ok();
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
