//! The kernel as a module of its own, for plug-ins that it is not part of.
//!
//! It is compiled for the first of those. What it exports is known without that.

use std::{
    collections::HashMap,
    sync::{LazyLock, OnceLock},
};

use wasmparser::{CompositeInnerType, ExternalKind, Parser, Payload};
use wasmtime::{
    Engine, ExternType, FuncType, GlobalType, Instance, Module, Mutability, Store, ValType,
};

use super::KERNEL_WASM;
use crate::state::State;

/// The kernel, compiled for an engine once it is needed.
#[derive(Debug)]
pub(crate) struct KernelModule {
    engine: Engine,
    module: OnceLock<Module>,
}

impl KernelModule {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, module: OnceLock::new() }
    }

    /// Compiles the kernel, unless that is done.
    ///
    /// # Errors
    ///
    /// If the engine cannot, which does not happen on a machine that it runs on.
    pub(crate) fn compile(&self) -> wasmtime::Result<&Module> {
        if let Some(module) = self.module.get() {
            return Ok(module);
        }
        let module = Module::new(&self.engine, KERNEL_WASM)?;
        Ok(self.module.get_or_init(|| module))
    }

    /// Makes an instance.
    pub(super) fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Instance> {
        Instance::new(store, self.compile()?, &[])
    }

    /// Returns the type of the export `name`, if a guest may import it: every function, and the
    /// one global.
    pub(crate) fn export_type(&self, name: &str) -> Option<ExternType> {
        Some(match EXPORTS.get(name)? {
            Export::Function { params, results } => {
                let (params, results) = (params.iter().cloned(), results.iter().cloned());
                FuncType::new(&self.engine, params, results).into()
            }
            Export::Global { ty, mutability } => GlobalType::new(ty.clone(), *mutability).into(),
        })
    }
}

/// Says whether the kernel exports something of this name that a guest may import.
pub(crate) fn exports(name: &str) -> bool {
    EXPORTS.contains_key(name)
}

/// What a guest may import from the kernel.
enum Export {
    Function { params: Vec<ValType>, results: Vec<ValType> },
    Global { ty: ValType, mutability: Mutability },
}

static EXPORTS: LazyLock<HashMap<&'static str, Export>> =
    LazyLock::new(|| read_exports().expect("the kernel is a valid module of known types"));

fn read_exports() -> Option<HashMap<&'static str, Export>> {
    let (mut types, mut functions, mut globals) = (Vec::new(), Vec::new(), Vec::new());
    let mut exports = HashMap::new();
    for payload in Parser::new(0).parse_all(KERNEL_WASM) {
        match payload.ok()? {
            Payload::TypeSection(section) => {
                for group in section {
                    types.extend(group.ok()?.into_types());
                }
            }
            Payload::FunctionSection(section) => {
                functions = section.into_iter().collect::<Result<_, _>>().ok()?;
            }
            Payload::GlobalSection(section) => {
                globals = section.into_iter().collect::<Result<_, _>>().ok()?;
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.ok()?;
                    let idx = export.index as usize;
                    let found = match export.kind {
                        ExternalKind::Func => {
                            let ty: &wasmparser::SubType =
                                types.get(*functions.get(idx)? as usize)?;
                            let CompositeInnerType::Func(ty) = &ty.composite_type.inner else {
                                return None;
                            };
                            let value_types = |types: &[wasmparser::ValType]| {
                                types.iter().copied().map(value_type).collect::<Option<_>>()
                            };
                            Export::Function {
                                params: value_types(ty.params())?,
                                results: value_types(ty.results())?,
                            }
                        }
                        ExternalKind::Global => {
                            let ty = globals
                                .get(idx)
                                .map(|global: &wasmparser::Global<'_>| global.ty)?;
                            let mutability =
                                if ty.mutable { Mutability::Var } else { Mutability::Const };
                            Export::Global { ty: value_type(ty.content_type)?, mutability }
                        }
                        _ => continue,
                    };
                    exports.insert(export.name, found);
                }
            }
            _ => {}
        }
    }
    Some(exports)
}

fn value_type(ty: wasmparser::ValType) -> Option<ValType> {
    match ty {
        wasmparser::ValType::I32 => Some(ValType::I32),
        wasmparser::ValType::I64 => Some(ValType::I64),
        wasmparser::ValType::EXTERNREF => Some(ValType::EXTERNREF),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature;

    #[test]
    fn what_it_exports_is_known_before_it_is_compiled() {
        let kernel = KernelModule::new(Engine::default());
        let known: Vec<_> = EXPORTS
            .keys()
            .map(|name| (*name, signature::describe(&kernel.export_type(name).unwrap())))
            .collect();
        let module = kernel.compile().unwrap();
        for (name, ty) in &known {
            assert_eq!(signature::describe(&module.get_export(name).unwrap()), *ty, "{name}");
        }
        let is_memory = |ty: &ExternType| matches!(ty, ExternType::Memory(_));
        let n_importable = module.exports().filter(|export| !is_memory(&export.ty())).count();
        assert_eq!(known.len(), n_importable);
    }
}
