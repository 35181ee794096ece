//! Host functions from closures over Rust types: what such a closure takes and returns, and how the
//! engine comes to call it.

use std::{
    any::TypeId,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use plugsmith_convert::{FromBytesOwned, ToBytes};
use wasmtime::{Caller, Linker};

use super::HostPanic;
use crate::{
    current_plugin::CurrentPlugin,
    error::Error,
    host,
    outcome::HostFailure,
    state::State,
    val::{PTR, ValType},
};

/// A number that crosses the boundary as it is.
pub trait Number: wasmtime::WasmTy + Default {
    /// Its type there.
    const TYPE: ValType;
}

/// What a function over numbers returns: one, or nothing.
pub trait NumberOrNothing: Default + Sized {
    /// What the engine is given.
    type Wasm: wasmtime::WasmRet + Default;
    /// Its type there, if it is a number.
    const TYPE: Option<ValType>;

    /// Returns what the engine is given.
    fn to_wasm(self) -> Self::Wasm;
}

impl NumberOrNothing for () {
    type Wasm = ();
    const TYPE: Option<ValType> = None;

    fn to_wasm(self) {}
}

macro_rules! number {
    ($($ty:ty: $wasm:ident),*) => {
        $(
            impl Number for $ty {
                const TYPE: ValType = ValType::$wasm;
            }

            impl NumberOrNothing for $ty {
                type Wasm = $ty;
                const TYPE: Option<ValType> = Some(ValType::$wasm);

                fn to_wasm(self) -> $ty {
                    self
                }
            }
        )*
    };
}

number!(i32: I32, u32: I32, i64: I64, u64: I64, f32: F32, f64: F64);

/// Adds a function to what plug-ins can import, under a namespace and a name.
pub(super) type Define =
    dyn Fn(&mut Linker<State>, &str, &str) -> wasmtime::Result<()> + Send + Sync;

/// A function as the engine knows it.
pub struct Definition {
    pub(super) params: Vec<ValType>,
    pub(super) results: Vec<ValType>,
    pub(super) define: Arc<Define>,
}

/// A closure whose arguments and result are values, each encoded in a block.
pub trait ValueFn<Arguments, Output> {
    /// Returns the function for the engine.
    fn into_definition(self) -> Definition;
}

/// A closure whose arguments and result are numbers.
pub trait NumberFn<Arguments, Output> {
    /// Returns the function for the engine.
    fn into_definition(self) -> Definition;
}

macro_rules! closure {
    ($n:literal: $($argument:ident $ty:ident),*) => {
        impl<F, $($ty,)* R> ValueFn<($($ty,)*), R> for F
        where
            F: Fn(&mut CurrentPlugin<'_>, $($ty),*) -> Result<R, Error>
                + Send
                + Sync
                + 'static,
            $($ty: FromBytesOwned,)*
            R: for<'a> ToBytes<'a> + 'static,
        {
            fn into_definition(self) -> Definition {
                let body = Arc::new(self);
                let has_result = TypeId::of::<R>() != TypeId::of::<()>();
                let define = move |linker: &mut Linker<State>, namespace: &str, name: &str| {
                    let body = Arc::clone(&body);
                    let call = move |caller: Caller<'_, State> $(, $argument: u64)*| {
                        run(caller, |plugin| {
                            $(let $argument = decode(plugin, $argument)?;)*
                            let output = body(plugin, $($argument),*)?;
                            if has_result { encode(plugin, &output) } else { Ok(0) }
                        })
                    };
                    if has_result {
                        linker.func_wrap(namespace, name, call)?;
                    } else {
                        let call = move |caller: Caller<'_, State> $(, $argument: u64)*| {
                            call(caller, $($argument),*).map(|_: u64| ())
                        };
                        linker.func_wrap(namespace, name, call)?;
                    }
                    Ok(())
                };
                let results = if has_result { vec![PTR] } else { Vec::new() };
                Definition { params: vec![PTR; $n], results, define: Arc::new(define) }
            }
        }

        impl<F, $($ty,)* R> NumberFn<($($ty,)*), R> for F
        where
            F: Fn(&mut CurrentPlugin<'_>, $($ty),*) -> Result<R, Error>
                + Send
                + Sync
                + 'static,
            $($ty: Number,)*
            R: NumberOrNothing,
        {
            fn into_definition(self) -> Definition {
                let body = Arc::new(self);
                let define = move |linker: &mut Linker<State>, namespace: &str, name: &str| {
                    let body = Arc::clone(&body);
                    let call = move |caller: Caller<'_, State> $(, $argument: $ty)*| {
                        run(caller, |plugin| Ok(body(plugin, $($argument),*)?.to_wasm()))
                    };
                    linker.func_wrap(namespace, name, call).map(|_| ())
                };
                Definition {
                    params: vec![$($ty::TYPE),*],
                    results: R::TYPE.into_iter().collect(),
                    define: Arc::new(define),
                }
            }
        }
    };
}

closure!(0:);
closure!(1: a A);
closure!(2: a A, b B);
closure!(3: a A, b B, c C);
closure!(4: a A, b B, c C, d D);
closure!(5: a A, b B, c C, d D, e E);
closure!(6: a A, b B, c C, d D, e E, f G);
closure!(7: a A, b B, c C, d D, e E, f G, g H);
closure!(8: a A, b B, c C, d D, e E, f G, g H, h I);

/// Runs the body of a host function for the engine; a panic is an error of the call.
fn run<R: Default>(
    mut caller: Caller<'_, State>,
    body: impl FnOnce(&mut CurrentPlugin<'_>) -> Result<R, Error>,
) -> wasmtime::Result<R> {
    caller.data_mut().deadline.note_start();
    let mut plugin = CurrentPlugin::new(caller);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| body(&mut plugin)))
        .unwrap_or_else(|panic| Err(HostPanic::new(&*panic).into()))
        .map_err(|err| wasmtime::Error::new(HostFailure(err)));
    host::catch(plugin.caller(), outcome)
}

fn decode<T: FromBytesOwned>(plugin: &mut CurrentPlugin<'_>, offset: u64) -> Result<T, Error> {
    plugin.argument(offset)
}

fn encode(plugin: &mut CurrentPlugin<'_>, output: &impl for<'a> ToBytes<'a>) -> Result<u64, Error> {
    Ok(plugin.memory_new(output)?.offset)
}
