//! Which of its exports a guest wants called before all others, once for each instance.
//!
//! Toolchains disagree. Haskell's wants `hs_init`, after `_initialize` where there is one; others
//! export `__wasm_call_ctors` or `_initialize`, and of those two only the first found is called.
//! `_start` is the program itself and never called here.

use wasmtime::{AsContextMut, ExternType, Instance, Module, TypedFunc, ValType};

/// The exports to call on a new instance, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct GuestInit {
    calls: Vec<InitCall>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InitCall {
    /// An export of type `() -> ()`.
    Plain(&'static str),
    /// `hs_init(argc, argv)`, with no arguments.
    HsInit,
}

impl InitCall {
    fn name(self) -> &'static str {
        match self {
            Self::Plain(name) => name,
            Self::HsInit => "hs_init",
        }
    }
}

impl GuestInit {
    /// Finds out what `module` wants.
    pub(crate) fn of(module: &Module) -> Self {
        let plain =
            |name: &'static str| is_function(module, name, &[]).then_some(InitCall::Plain(name));
        if is_function(module, "hs_init", &[ValType::I32, ValType::I32]) {
            let calls = plain("_initialize").into_iter().chain([InitCall::HsInit]).collect();
            return Self { calls };
        }
        let calls =
            plain("__wasm_call_ctors").or_else(|| plain("_initialize")).into_iter().collect();
        Self { calls }
    }

    /// Runs the initialisers of `instance`.
    ///
    /// # Errors
    ///
    /// The name of the one that failed, and the engine's error.
    pub(crate) fn run(
        &self,
        mut store: impl AsContextMut,
        instance: &Instance,
    ) -> Result<(), (&'static str, wasmtime::Error)> {
        self.calls
            .iter()
            .try_for_each(|&call| run(&mut store, instance, call).map_err(|err| (call.name(), err)))
    }
}

fn run(mut store: impl AsContextMut, instance: &Instance, call: InitCall) -> wasmtime::Result<()> {
    match call {
        InitCall::Plain(name) => {
            let init: TypedFunc<(), ()> = instance.get_typed_func(&mut store, name)?;
            init.call(store, ())
        }
        InitCall::HsInit => {
            let init: TypedFunc<(i32, i32), ()> =
                instance.get_typed_func(&mut store, call.name())?;
            init.call(store, (0, 0))
        }
    }
}

fn is_function(module: &Module, name: &str, params: &[ValType]) -> bool {
    let Some(ExternType::Func(ty)) = module.get_export(name) else { return false };
    ty.results().len() == 0
        && ty.params().len() == params.len()
        && ty.params().zip(params).all(|(found, wanted)| ValType::eq(&found, wanted))
}
