//! The published Extism library, through its interface in C.
//!
//! Owns every declaration of that interface that the benchmark uses, and all unsafe code of the
//! benchmark. Once opened, the library stays for the life of the process: it has threads of its own.
//! What is made of it is owned by a value here, and freed with it.

#![expect(unsafe_code, reason = "the library is native code with an interface in C")]

use std::{
    env,
    ffi::{CStr, CString, OsStr, c_char, c_int, c_void},
    marker::PhantomData,
    path::Path,
    ptr, slice,
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use libloading::Library;

use crate::host_functions;

/// Names the file with which the library's cache of compiled modules is configured; empty for none.
const CACHE_VARIABLE: &str = "EXTISM_CACHE_CONFIG";

/// Declares the functions of the library, and a table of them that is filled from it by name.
macro_rules! api {
    ($($name:ident = $symbol:literal: fn($($parameter:ty),*) $(-> $result:ty)?;)*) => {
        struct Api {
            $($name: unsafe extern "C" fn($($parameter),*) $(-> $result)?,)*
        }

        impl Api {
            /// Finds each function in the library.
            fn find(library: &'static Library) -> Result<Self> {
                Ok(Self {
                    $($name: {
                        // SAFETY: the published header declares the function of this name so, and
                        // the library is never closed.
                        let symbol = unsafe { library.get($symbol) };
                        *symbol.with_context(|| format!("the library has no {:?}", $symbol))?
                    },)*
                })
            }
        }
    };
}

api! {
    version = c"extism_version": fn() -> *const c_char;
    compile = c"extism_compiled_plugin_new":
        fn(*const u8, u64, *const *mut FunctionHandle, u64, bool, *mut *mut c_char)
            -> *mut CompiledHandle;
    free_compiled = c"extism_compiled_plugin_free": fn(*mut CompiledHandle);
    instantiate = c"extism_plugin_new_from_compiled":
        fn(*mut CompiledHandle, *mut *mut c_char) -> *mut PluginHandle;
    free_message = c"extism_plugin_new_error_free": fn(*mut c_char);
    free_plugin = c"extism_plugin_free": fn(*mut PluginHandle);
    call = c"extism_plugin_call":
        fn(*mut PluginHandle, *const c_char, *const u8, u64) -> i32;
    error = c"extism_plugin_error": fn(*mut PluginHandle) -> *const c_char;
    output_length = c"extism_plugin_output_length": fn(*mut PluginHandle) -> u64;
    output_data = c"extism_plugin_output_data": fn(*mut PluginHandle) -> *const u8;
    new_function = c"extism_function_new":
        fn(*const c_char, *const c_int, u64, *const c_int, u64, Body, *mut c_void,
            Option<unsafe extern "C" fn(*mut c_void)>) -> *mut FunctionHandle;
    free_function = c"extism_function_free": fn(*mut FunctionHandle);
    memory = c"extism_current_plugin_memory": fn(*mut CurrentHandle) -> *mut u8;
    memory_length = c"extism_current_plugin_memory_length": fn(*mut CurrentHandle, u64) -> u64;
    memory_alloc = c"extism_current_plugin_memory_alloc": fn(*mut CurrentHandle, u64) -> u64;
}

/// Things of the library that are known by their addresses alone.
macro_rules! handles {
    ($($name:ident)*) => {
        $(
            #[repr(C)]
            struct $name {
                private: [u8; 0],
                /// Nothing is known of it, not even whether threads may share it.
                marker: PhantomData<*mut u8>,
            }
        )*
    };
}

handles! { CompiledHandle PluginHandle FunctionHandle CurrentHandle }

/// What the library calls for a host function: the plug-in that calls, the arguments, the results, and
/// the data that the function was made with.
type Body =
    unsafe extern "C" fn(*mut CurrentHandle, *const Number, u64, *mut Number, u64, *mut c_void);

/// A value of WebAssembly.
#[repr(C)]
struct Number {
    /// Which of the types it is.
    kind: c_int,
    /// Its bits, for the one type that is used here.
    bits: i64,
}

const _: () = assert!(size_of::<Number>() == 16);

/// The type `i64`.
const I64: c_int = 1;

/// The opened library.
#[derive(Clone, Copy)]
pub(crate) struct Peer {
    api: &'static Api,
}

impl Peer {
    /// Opens the library, without a cache of compiled modules.
    ///
    /// # Errors
    ///
    /// If it cannot be opened, or lacks a function.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        // SAFETY: opening it runs nothing but the initialisers of the Rust standard library in it.
        let library = unsafe { Library::new(path) };
        let library = library.with_context(|| format!("opening `{}`", path.display()))?;
        let library: &'static Library = Box::leak(Box::new(library));
        let peer = Self { api: Box::leak(Box::new(Api::find(library)?)) };
        Self::use_cache(None);
        Ok(peer)
    }

    /// The library's version.
    pub(crate) fn version(self) -> String {
        // SAFETY: it takes nothing and returns a text that is never freed.
        let version = unsafe { (self.api.version)() };
        // SAFETY: the text ends with a zero, as every text of C.
        unsafe { CStr::from_ptr(version) }.to_string_lossy().into_owned()
    }

    /// Has the library keep compiled modules as this file says, or nowhere.
    ///
    /// Its interface in C has no function for that, so it goes through the environment, which the
    /// library reads each time that it compiles.
    pub(crate) fn use_cache(config: Option<&Path>) {
        let value = config.map_or(OsStr::new(""), Path::as_os_str);
        // SAFETY: measures run one after the other, on this thread. Whatever other threads there are,
        // tickers and compilers of the libraries, they do not look at the environment.
        unsafe { env::set_var(CACHE_VARIABLE, value) };
    }

    /// Compiles a module, or what a manifest names.
    ///
    /// # Errors
    ///
    /// The library's own message.
    pub(crate) fn compile(self, wasm: &[u8], with_wasi: bool) -> Result<Compiled> {
        let functions = Functions::new(self.api)?;
        self.compile_with(functions, wasm, with_wasi)
    }

    fn compile_with(self, functions: Functions, wasm: &[u8], with_wasi: bool) -> Result<Compiled> {
        let (len, mut message) = (length(wasm), ptr::null_mut());
        let (array, n_functions) = (functions.handles.as_ptr(), functions.handles.len() as u64);
        let (start, compile) = (wasm.as_ptr(), self.api.compile);
        // SAFETY: both arrays are as long as said and outlive the call, in which they are only read.
        let handle =
            unsafe { compile(start, len, array, n_functions, with_wasi, &raw mut message) };
        if handle.is_null() {
            bail!("{}", take_message(self.api, message));
        }
        Ok(Compiled { api: self.api, handle, _functions: functions })
    }
}

/// A plug-in that the library has compiled.
pub(crate) struct Compiled {
    api: &'static Api,
    handle: *mut CompiledHandle,
    /// What its plug-ins import.
    _functions: Functions,
}

impl Compiled {
    /// Makes a plug-in of it.
    ///
    /// # Errors
    ///
    /// The library's own message.
    pub(crate) fn instantiate(&self) -> Result<Plugin> {
        let mut message = ptr::null_mut();
        // SAFETY: the handle is that of a compiled plug-in, which lives as long as `self`.
        let handle = unsafe { (self.api.instantiate)(self.handle, &raw mut message) };
        if handle.is_null() {
            bail!("{}", take_message(self.api, message));
        }
        Ok(Plugin { api: self.api, handle })
    }
}

impl Drop for Compiled {
    fn drop(&mut self) {
        // SAFETY: the handle is freed here alone; plug-ins made of it hold what they need.
        unsafe { (self.api.free_compiled)(self.handle) };
    }
}

/// A plug-in of the library's.
pub(crate) struct Plugin {
    api: &'static Api,
    handle: *mut PluginHandle,
}

impl Plugin {
    /// Calls an export. The output is valid until the next call.
    ///
    /// # Errors
    ///
    /// The status and the library's own message.
    pub(crate) fn call(&mut self, export: &CStr, input: &[u8]) -> Result<&[u8]> {
        let (name, start, len) = (export.as_ptr(), input.as_ptr(), length(input));
        // SAFETY: the handle is that of a plug-in, and name and input outlive the call.
        let status = unsafe { (self.api.call)(self.handle, name, start, len) };
        if status != 0 {
            return Err(self.error(export, status));
        }
        // SAFETY: the handle is that of a plug-in.
        let len = unsafe { (self.api.output_length)(self.handle) };
        if len == 0 {
            return Ok(&[]);
        }
        // SAFETY: the handle is that of a plug-in.
        let start = unsafe { (self.api.output_data)(self.handle) };
        // SAFETY: the output has this length, and stays where it is until the plug-in is called or
        // freed, for which `self` would have to be borrowed again.
        Ok(unsafe { slice::from_raw_parts(start, usize::try_from(len)?) })
    }

    fn error(&self, export: &CStr, status: i32) -> anyhow::Error {
        // SAFETY: the handle is that of a plug-in.
        let message = unsafe { (self.api.error)(self.handle) };
        if message.is_null() {
            return anyhow!("`{}` returned {status}", export.to_string_lossy());
        }
        // SAFETY: the text ends with a zero, and stays until the plug-in is called again.
        let message = unsafe { CStr::from_ptr(message) }.to_string_lossy();
        anyhow!("`{}` returned {status}: {message}", export.to_string_lossy())
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        // SAFETY: the handle is freed here alone.
        unsafe { (self.api.free_plugin)(self.handle) };
    }
}

/// The host functions that the measured plug-ins import.
struct Functions {
    api: &'static Api,
    handles: Vec<*mut FunctionHandle>,
}

impl Functions {
    fn new(api: &'static Api) -> Result<Self> {
        let mut functions = Self { api, handles: Vec::new() };
        let bodies: [(&str, Body); 2] =
            [(host_functions::NEXT, next), (host_functions::GREETING, greeting)];
        for (name, body) in bodies {
            let name = CString::new(name).context("a function's name is a text of C")?;
            let data = ptr::from_ref(api).cast_mut().cast();
            let (name, types) = (name.as_ptr(), [I64]);
            // SAFETY: name and types are copied before the function returns; the data is never
            // freed, and the bodies take it for what it is.
            let handle = unsafe {
                (api.new_function)(name, types.as_ptr(), 1, types.as_ptr(), 1, body, data, None)
            };
            ensure!(!handle.is_null(), "the library makes no host functions");
            functions.handles.push(handle);
        }
        Ok(functions)
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        for handle in self.handles.drain(..) {
            // SAFETY: the handle is freed here alone, and no plug-in is compiled with it any more.
            unsafe { (self.api.free_function)(handle) };
        }
    }
}

/// What plug-ins import as `next`.
unsafe extern "C" fn next(
    _current: *mut CurrentHandle,
    arguments: *const Number,
    _n_arguments: u64,
    results: *mut Number,
    _n_results: u64,
    _data: *mut c_void,
) {
    // SAFETY: the library passes as many arguments as the function has parameters: one.
    let argument = unsafe { arguments.read() };
    let result = Number { kind: I64, bits: host_functions::next(argument.bits) };
    // SAFETY: there is room for as many results as the function has: one.
    unsafe { results.write(result) };
}

/// What plug-ins import as `greeting`.
unsafe extern "C" fn greeting(
    current: *mut CurrentHandle,
    arguments: *const Number,
    _n_arguments: u64,
    results: *mut Number,
    _n_results: u64,
    data: *mut c_void,
) {
    // SAFETY: the function was made with this data, which is never freed.
    let api: &Api = unsafe { &*data.cast_const().cast() };
    // SAFETY: the library passes as many arguments as the function has parameters: one.
    let argument = unsafe { arguments.read() };
    let name = read_text(api, current, argument.bits.cast_unsigned());
    let offset = write_text(api, current, &host_functions::greeting(&name));
    let result = Number { kind: I64, bits: offset.cast_signed() };
    // SAFETY: there is room for as many results as the function has: one.
    unsafe { results.write(result) };
}

/// Copies a text out of exchange memory. `current` must be what the library passed to a host function
/// that has not returned.
fn read_text(api: &Api, current: *mut CurrentHandle, offset: u64) -> String {
    // SAFETY: any number may be asked about.
    let len = unsafe { (api.memory_length)(current, offset) };
    if len == 0 {
        return String::new();
    }
    let start = address(api, current, offset);
    let len = usize::try_from(len).expect("a block fits into memory");
    // SAFETY: the block at this offset is as long as the library said, and nothing writes to it while
    // the slice lives.
    let bytes = unsafe { slice::from_raw_parts(start, len) };
    String::from_utf8_lossy(bytes).into_owned()
}

/// Copies a text into a new block of exchange memory. `current` as in [`read_text`].
fn write_text(api: &Api, current: *mut CurrentHandle, text: &str) -> u64 {
    // SAFETY: any length may be asked for; 0 says that there is no room.
    let offset = unsafe { (api.memory_alloc)(current, length(text.as_bytes())) };
    if offset != 0 {
        let to = address(api, current, offset);
        // SAFETY: the block is as long as the text, and lies elsewhere.
        unsafe { ptr::copy_nonoverlapping(text.as_ptr(), to, text.len()) };
    }
    offset
}

/// Where a block lies in this process.
fn address(api: &Api, current: *mut CurrentHandle, offset: u64) -> *mut u8 {
    // SAFETY: `current` is what the library passed to a host function.
    let memory = unsafe { (api.memory)(current) };
    memory.wrapping_add(usize::try_from(offset).expect("a block lies in memory"))
}

/// Takes over what the library says about a failure.
fn take_message(api: &Api, message: *mut c_char) -> String {
    if message.is_null() {
        return "the library says nothing".to_owned();
    }
    // SAFETY: the text ends with a zero.
    let text = unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned();
    // SAFETY: the text is the caller's to free, and is freed here alone.
    unsafe { (api.free_message)(message) };
    text
}

fn length(bytes: &[u8]) -> u64 {
    bytes.len() as u64
}
