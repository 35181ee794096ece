//! Functions of the host that a plug-in may import, and the data they share.

mod typed;

use std::{
    any::Any,
    fmt,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex},
};

use wasmtime::{Caller, Linker};

use self::typed::{Define, Definition, NumberFn, ValueFn};
use crate::{
    caught,
    current_plugin::CurrentPlugin,
    error::{Error, LoadError},
    host,
    link::EXTISM_USER_MODULE,
    outcome::HostFailure,
    state::State,
    val::{self, Val, ValType},
};

/// Data that the calls of a host function share, behind a lock.
pub struct UserData<T> {
    data: Arc<Mutex<T>>,
}

impl<T> UserData<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self { data: Arc::new(Mutex::new(value)) }
    }

    /// Returns the value's lock.
    ///
    /// A host function that panics while it holds the lock does not poison it.
    ///
    /// # Errors
    ///
    /// None today; the signature is that of Extism's crate.
    pub fn get(&self) -> Result<Arc<Mutex<T>>, Error> {
        Ok(Arc::clone(&self.data))
    }
}

impl<T: Default> Default for UserData<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Clone for UserData<T> {
    fn clone(&self) -> Self {
        Self { data: Arc::clone(&self.data) }
    }
}

impl<T> fmt::Debug for UserData<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserData").finish_non_exhaustive()
    }
}

/// What runs when a guest calls a host function.
type Body = dyn Fn(&mut CurrentPlugin<'_>, &[Val], &mut [Val]) -> Result<(), Error> + Send + Sync;

/// A function of the host that plug-ins may import.
///
/// # Examples
///
/// ```
/// use plugsmith::{Function, UserData, ValType};
///
/// let double = Function::new(
///     "double",
///     [ValType::I64],
///     [ValType::I64],
///     UserData::new(()),
///     |_plugin, params, results, _data| {
///         results[0] = (params[0].unwrap_i64() * 2).into();
///         Ok(())
///     },
/// );
/// # #[cfg(feature = "wat")] {
/// let module = r#"(module
///     (import "extism:host/user" "double" (func $double (param i64) (result i64)))
///     (func (export "run") (result i32) (i32.wrap_i64 (call $double (i64.const 0)))))"#;
/// plugsmith::Plugin::new(module, [double], false)?.call::<(), ()>("run", ())?;
/// # }
/// # Ok::<(), plugsmith::Error>(())
/// ```
#[derive(Clone)]
pub struct Function {
    name: String,
    namespace: Option<String>,
    params: Vec<ValType>,
    results: Vec<ValType>,
    form: Form,
}

/// How a function is written.
#[derive(Clone)]
enum Form {
    /// Over values whose types are known when it is called.
    Dynamic(Arc<Body>),
    /// Over Rust types.
    Typed(Arc<Define>),
}

impl Function {
    /// Names a function, its types, the data it shares and its body, which gets the plug-in that
    /// calls, the arguments, a place for the results that holds zeros, and the data.
    ///
    /// A panic of the body becomes an error of the plug-in's call.
    pub fn new<T, F>(
        name: impl Into<String>,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
        user_data: UserData<T>,
        body: F,
    ) -> Self
    where
        T: Send + 'static,
        F: Fn(&mut CurrentPlugin<'_>, &[Val], &mut [Val], UserData<T>) -> Result<(), Error>
            + Send
            + Sync
            + 'static,
    {
        let body = move |plugin: &mut CurrentPlugin<'_>, params: &[Val], results: &mut [Val]| {
            let run = || body(plugin, params, results, user_data.clone());
            panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
                user_data.data.clear_poison();
                Err(HostPanic::new(&*panic).into())
            })
        };
        Self {
            name: name.into(),
            namespace: None,
            params: params.into_iter().collect(),
            results: results.into_iter().collect(),
            form: Form::Dynamic(Arc::new(body)),
        }
    }

    /// Makes a function of a closure over values.
    ///
    /// `body` gets the plug-in that calls, and up to eight arguments that can be decoded from bytes:
    /// texts, `Vec<u8>`, numbers, [`Json`](crate::convert::Json) and the other encodings. Each
    /// argument and the result cross the boundary as the offset of a block, so this is what plug-ins
    /// import with `#[host_fn]`. A body that returns `()` is a function without result.
    ///
    /// A panic of the body becomes an error of the plug-in's call.
    ///
    /// # Examples
    ///
    /// ```
    /// use plugsmith::{CurrentPlugin, Function, PluginBuilder, convert::Json};
    ///
    /// let find = Function::typed("find", |_: &mut CurrentPlugin<'_>, key: String, n: u32| {
    ///     Ok(Json(vec![key; n as usize]))
    /// });
    /// assert_eq!((find.params().len(), find.results().len()), (2, 1));
    /// # #[cfg(feature = "wat")] {
    /// let guest = r#"(module
    ///     (import "extism:host/user" "find" (func $find (param i64 i64) (result i64))))"#;
    /// PluginBuilder::new(guest).with_functions([find]).build()?;
    /// # }
    /// # Ok::<(), plugsmith::Error>(())
    /// ```
    pub fn typed<Arguments, Output>(
        name: impl Into<String>,
        body: impl ValueFn<Arguments, Output>,
    ) -> Self {
        Self::of_definition(name.into(), body.into_definition())
    }

    /// Makes a function of a closure over numbers: up to eight of `i32`, `u32`, `i64`, `u64`, `f32`
    /// and `f64`, and one or none as result.
    ///
    /// Numbers cross the boundary as they are, which is the fastest that a call of the host can be.
    /// A plug-in imports such a function as `extern "C"`, and not with `#[host_fn]`, which passes
    /// numbers in blocks.
    ///
    /// A panic of the body becomes an error of the plug-in's call.
    ///
    /// # Examples
    ///
    /// ```
    /// use plugsmith::{CurrentPlugin, Function, Plugin};
    ///
    /// let add = Function::numeric("add", |_: &mut CurrentPlugin<'_>, a: i64, b: i64| Ok(a + b));
    /// # #[cfg(feature = "wat")] {
    /// let guest = r#"(module
    ///     (import "extism:host/user" "add" (func $add (param i64 i64) (result i64)))
    ///     (func (export "run") (result i32)
    ///         (i32.wrap_i64 (call $add (i64.const 40) (i64.const -40)))))"#;
    /// Plugin::new(guest, [add], false)?.call::<(), ()>("run", ())?;
    /// # }
    /// # Ok::<(), plugsmith::Error>(())
    /// ```
    pub fn numeric<Arguments, Output>(
        name: impl Into<String>,
        body: impl NumberFn<Arguments, Output>,
    ) -> Self {
        Self::of_definition(name.into(), body.into_definition())
    }

    fn of_definition(name: String, definition: Definition) -> Self {
        let Definition { params, results, define } = definition;
        Self { name, namespace: None, params, results, form: Form::Typed(define) }
    }

    /// Returns the function's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the namespace, if another than [`EXTISM_USER_MODULE`] was set.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Sets the namespace that plug-ins import the function from.
    pub fn set_namespace(&mut self, namespace: impl Into<String>) {
        self.namespace = Some(namespace.into());
    }

    /// Sets the namespace that plug-ins import the function from.
    #[must_use]
    pub fn with_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.set_namespace(namespace);
        self
    }

    /// Returns the types of the parameters.
    pub fn params(&self) -> &[ValType] {
        &self.params
    }

    /// Returns the types of the results.
    pub fn results(&self) -> &[ValType] {
        &self.results
    }

    /// Adds the function to what plug-ins can import.
    ///
    /// # Errors
    ///
    /// [`LoadError::HostFunctionType`] if it takes or returns a reference.
    pub(crate) fn define(&self, linker: &mut Linker<State>) -> Result<(), LoadError> {
        let namespace = self.namespace().unwrap_or(EXTISM_USER_MODULE);
        match &self.form {
            Form::Dynamic(body) => self.define_dynamic(linker, namespace, body),
            Form::Typed(define) => define(linker, namespace, &self.name).map_err(LoadError::engine),
        }
    }

    fn define_dynamic(
        &self,
        linker: &mut Linker<State>,
        namespace: &str,
        body: &Arc<Body>,
    ) -> Result<(), LoadError> {
        let ty = val::function_type(linker.engine(), &self.params, &self.results)
            .ok_or_else(|| LoadError::HostFunctionType { name: self.name.clone() })?;
        let zeros: Vec<Val> = self.results.iter().filter_map(|ty| Val::zero(*ty)).collect();
        let (name, body) = (self.name.clone(), Arc::clone(body));
        linker
            .func_new(namespace, &self.name, ty, move |caller, params, results| {
                call(&name, &*body, caller, params, &zeros, results)
            })
            .map(|_| ())
            .map_err(LoadError::engine)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("namespace", &self.namespace().unwrap_or(EXTISM_USER_MODULE))
            .field("name", &self.name)
            .field("params", &self.params)
            .field("results", &self.results)
            .finish_non_exhaustive()
    }
}

/// Runs a host function between the engine's values and ours.
fn call(
    name: &str,
    body: &Body,
    mut caller: Caller<'_, State>,
    params: &[wasmtime::Val],
    zeros: &[Val],
    results: &mut [wasmtime::Val],
) -> wasmtime::Result<()> {
    caller.data_mut().deadline.note_start();
    let params: Vec<Val> = params.iter().filter_map(Val::from_engine).collect();
    let mut outputs = zeros.to_vec();
    let mut plugin = CurrentPlugin::new(caller);
    let outcome = body(&mut plugin, &params, &mut outputs)
        .map_err(|err| wasmtime::Error::new(HostFailure(err)));
    if outcome.is_err() {
        outputs = zeros.to_vec();
    }
    host::catch(plugin.caller(), outcome)?;
    for ((output, zero), result) in outputs.iter().zip(zeros).zip(results) {
        if output.ty() != zero.ty() {
            let err = ResultType { name: name.to_owned(), found: output.ty(), declared: zero.ty() };
            return Err(wasmtime::Error::new(HostFailure(err.into())));
        }
        *result = output.to_engine();
    }
    Ok(())
}

/// A host function returned another type than it declares.
#[derive(Debug, thiserror::Error)]
#[error("host function `{name}` returned {found:?}, but declares {declared:?}")]
struct ResultType {
    name: String,
    found: ValType,
    declared: ValType,
}

/// A host function panicked.
#[derive(Debug, thiserror::Error)]
#[error("host function panicked: {message}")]
pub(crate) struct HostPanic {
    message: String,
}

impl HostPanic {
    fn new(panic: &(dyn Any + Send)) -> Self {
        Self { message: caught::message(panic) }
    }
}
