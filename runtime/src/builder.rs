//! What can be said about a plug-in before it is compiled.

use std::path::PathBuf;

use crate::{
    artifact::Artifact,
    cache::CacheChoice,
    call_limits::CallLimits,
    compiled::CompiledPlugin,
    current_plugin::CurrentPlugin,
    deadline::Checks,
    debug::{DebugOptions, ProfilingStrategy},
    engine::Codegen,
    error::Error,
    extensions::Extensions,
    host::http::HttpOptions,
    host_fn::{Function, UserData},
    link::EXTISM_USER_MODULE,
    log::{LogLevel, LogOptions, LogRecord},
    module_limits::ModuleLimits,
    plugin::Plugin,
    shared_vars::SharedVars,
    source::WasmInput,
    val::{Val, ValType},
};

/// Choices that are not part of the manifest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) wasi: bool,
    #[cfg(feature = "wasi")]
    pub(crate) system: crate::wasi::WasiOptions,
    pub(crate) debug: DebugOptions,
    pub(crate) kernel: KernelForm,
    pub(crate) cache: CacheChoice,
    /// Whether code stays in memory when no plug-in uses it, if the host has said.
    pub(crate) kept_code: Option<bool>,
    #[cfg(feature = "unstable-wasmtime")]
    pub(crate) engine_config: Option<wasmtime::Config>,
    pub(crate) host_errors_catchable: bool,
    pub(crate) log: LogOptions,
    pub(crate) http: HttpOptions,
    pub(crate) checks: Checks,
    pub(crate) fuel_limit: Option<u64>,
    pub(crate) init_fuel_limit: Option<u64>,
    pub(crate) call_reports: bool,
    pub(crate) shared_vars: Option<SharedVars>,
    pub(crate) kernel_page_limit: Option<u32>,
    pub(crate) call_limits: CallLimits,
    pub(crate) module_limits: ModuleLimits,
    pub(crate) kept_bytes_limit: Option<u64>,
    /// What the first code is made by, where that may be.
    pub(crate) first_codegen: Codegen,
}

/// How a plug-in of one module comes to its kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum KernelForm {
    /// It becomes part of the module where that can be.
    #[default]
    Fused,
    /// It is a module of its own.
    Linked,
}

/// What a plug-in is made of.
#[derive(Debug, Clone)]
pub(crate) enum Source<'a> {
    /// What is still to be compiled.
    Input(WasmInput<'a>),
    /// What is compiled already.
    Artifact(Artifact),
}

impl Options {
    /// Says whether the kernel may become part of a module. A debugger wants the module as its author
    /// built it.
    pub(crate) fn may_fuse(&self) -> bool {
        self.kernel == KernelForm::Fused && !self.debug.debug_info && self.debug.coredump.is_none()
    }

    /// Says whether the plug-in may run on code compiled in a hurry. The two compilers do not count fuel
    /// alike, what is asked for to find mistakes wants the slow one, the host's own engine is as the host
    /// wants it, and the quick compiler is complete for one kind of processor only.
    pub(crate) fn may_start_fast(&self) -> bool {
        #[cfg(feature = "unstable-wasmtime")]
        if self.engine_config.is_some() {
            return false;
        }
        self.first_codegen == Codegen::Hurried
            && cfg!(all(feature = "fast-start", target_arch = "x86_64"))
            && self.may_fuse()
            && !self.counts_fuel()
            && self.debug.profiling_strategy == ProfilingStrategy::None
    }

    /// Says whether fuel is counted.
    pub(crate) fn counts_fuel(&self) -> bool {
        self.fuel_limit.is_some() || self.init_fuel_limit.is_some()
    }

    /// Says whether the host configured the engine itself.
    #[cfg_attr(
        not(feature = "unstable-wasmtime"),
        expect(
            clippy::unused_self,
            reason = "only with that feature there is something to look at"
        )
    )]
    pub(crate) fn has_own_engine(&self) -> bool {
        #[cfg(feature = "unstable-wasmtime")]
        return self.engine_config.is_some();
        #[cfg(not(feature = "unstable-wasmtime"))]
        false
    }

    /// Says whether a call leaves anything to tell of.
    pub(crate) fn measures_calls(&self) -> bool {
        self.call_reports || self.counts_fuel()
    }

    /// Returns what a guest is offered beyond the interface of Extism 1.x.
    pub(crate) fn extensions(&self) -> Extensions {
        if self.host_errors_catchable {
            Extensions::EMPTY_VALUES.with(Extensions::HOST_ERRORS)
        } else {
            Extensions::EMPTY_VALUES
        }
    }
}

/// Collects how a plug-in is to be loaded.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "wat")] {
/// let mut plugin = plugsmith::PluginBuilder::new(r#"(module (func (export "ping")))"#)
///     .with_fuel_limit(10_000)
///     .build()?;
/// plugin.call::<(), ()>("ping", ())?;
/// assert!(plugin.fuel_consumed().is_some_and(|fuel| fuel < 10_000));
/// # }
/// # Ok::<(), plugsmith::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct PluginBuilder<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) functions: Vec<Function>,
    pub(crate) options: Options,
}

impl<'a> PluginBuilder<'a> {
    /// Starts with a module, WebAssembly text, or a manifest, and nothing granted.
    pub fn new(plugin: impl Into<WasmInput<'a>>) -> Self {
        Self::of(Source::Input(plugin.into()))
    }

    pub(crate) fn of_artifact(artifact: Artifact) -> Self {
        Self::of(Source::Artifact(artifact))
    }

    fn of(source: Source<'a>) -> Self {
        Self { source, functions: Vec::new(), options: Options::default() }
    }

    /// Grants the system interface, WASI preview 1, or not (the default).
    ///
    /// With it come clocks and randomness as the system gives them, the manifest's `allowed_paths`,
    /// and the arguments and environment that are named here; nothing of them is inherited.
    /// Standard input is empty, and there is no network. What the plug-in writes to standard output
    /// and standard error is logged, line by line.
    ///
    /// A plug-in that imports the interface cannot be loaded without the grant, nor by a build
    /// without the feature `wasi`.
    pub fn with_wasi(mut self, wasi: bool) -> Self {
        self.options.wasi = wasi;
        self
    }

    /// Adds program arguments for a plug-in that is granted WASI. By convention the first is the
    /// program's name. The default is none.
    #[cfg(feature = "wasi")]
    pub fn with_wasi_args(mut self, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.system.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds an environment variable for a plug-in that is granted WASI; a later value replaces an
    /// earlier one. The default is none.
    #[cfg(feature = "wasi")]
    pub fn with_wasi_env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, env) = (name.into(), &mut self.options.system.env);
        env.retain(|(other, _)| *other != name);
        env.push((name, value.into()));
        self
    }

    /// Has a plug-in that is granted WASI write to the host's own standard output and standard
    /// error, or not (the default), when what it writes is logged line by line.
    ///
    /// The environment variable `EXTISM_ENABLE_WASI_OUTPUT`, if set, does so for all plug-ins.
    #[cfg(feature = "wasi")]
    pub fn with_wasi_output(mut self, inherit: bool) -> Self {
        self.options.system.inherit_output = inherit;
        self
    }

    /// Names the plug-in in its log.
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.options.log.set_name(name.into());
        self
    }

    /// Has `sink` get everything that the plug-in logs, instead of `tracing`.
    ///
    /// What is logged are messages of the guest, and the lines that it writes to standard output
    /// and standard error. Without a sink they are events of `tracing`, of target
    /// `plugsmith::guest`, with the fields `plugin` (its id), `name` and `stream`.
    ///
    /// A panic of the sink becomes an error of the plug-in's call, unless it was called for a last line
    /// without an end, which is logged when the call is over.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// use plugsmith::{LogLevel, LogRecord, PluginBuilder};
    ///
    /// # #[cfg(feature = "wat")] {
    /// let guest = r#"(module
    ///     (import "extism:host/env" "log_info" (func $info (param i64)))
    ///     (import "extism:host/env" "input_offset" (func $input (result i64)))
    ///     (func (export "say") (call $info (call $input))))"#;
    /// let (sender, receiver) = mpsc::channel();
    /// let sink = move |record: &LogRecord<'_>| {
    ///     let _ = sender.send(format!("{} {}", record.level, record.message));
    /// };
    /// let mut plugin = PluginBuilder::new(guest)
    ///     .with_log_sink(sink)
    ///     .with_log_level(LogLevel::Info)
    ///     .build()?;
    /// plugin.call::<_, ()>("say", "hello")?;
    /// assert_eq!(receiver.try_recv()?, "INFO hello");
    /// # }
    /// # Ok::<(), plugsmith::Error>(())
    /// ```
    pub fn with_log_sink(mut self, sink: impl Fn(&LogRecord<'_>) + Send + Sync + 'static) -> Self {
        self.options.log.set_sink(sink);
        self
    }

    /// Sets the least level that the plug-in logs; `None` silences it. The default is everything
    /// for a sink, and what the subscriber wants for `tracing`. Guests can ask, and spare
    /// themselves what is not logged.
    pub fn with_log_level(mut self, level: impl Into<Option<LogLevel>>) -> Self {
        self.options.log.set_threshold(level.into());
        self
    }

    /// Adds a host function: see [`Function::new`].
    pub fn with_function<T, F>(
        self,
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
        self.with_function_in_namespace(EXTISM_USER_MODULE, name, params, results, user_data, body)
    }

    /// Adds a host function in a namespace of its own: see [`Function::new`].
    pub fn with_function_in_namespace<T, F>(
        self,
        namespace: impl Into<String>,
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
        let function = Function::new(name, params, results, user_data, body);
        self.with_functions([function.with_namespace(namespace)])
    }

    /// Adds host functions.
    pub fn with_functions(mut self, functions: impl IntoIterator<Item = Function>) -> Self {
        self.functions.extend(functions);
        self
    }

    /// Lets the plug-in catch the errors of host functions, or not (the default), when they end its
    /// call.
    ///
    /// Only a plug-in that was built to be told catches anything: one built with `plugsmith-pdk` gets
    /// an `Err` with the text of the error and its causes from the functions of `#[host_fn]`, from
    /// `http::request`, `var` and `config`. For all others nothing changes. Time-outs, cancellations
    /// and panics end the call in any case.
    pub fn with_catchable_host_errors(mut self, catchable: bool) -> Self {
        self.options.host_errors_catchable = catchable;
        self
    }

    /// Lets the plug-in read the headers of the responses to its HTTP requests, or not (the
    /// default).
    pub fn with_http_response_headers(mut self, readable: bool) -> Self {
        self.options.http.response_headers = readable;
        self
    }

    /// Keeps the plug-in's HTTP requests out of private networks, or not (the default), whatever the
    /// manifest's `allowed_hosts` say.
    ///
    /// Refused are loopback, private, link-local, unique-local, shared, multicast, reserved and
    /// unspecified addresses, and IPv6 addresses that stand for such. What counts are the addresses
    /// that a request, and each of its redirects, would be sent to, not the names.
    pub fn with_private_addresses_blocked(mut self, blocked: bool) -> Self {
        self.options.http.private_addresses_blocked = blocked;
        self
    }

    /// Has the plug-in's debug information (DWARF) read: for source lines in backtraces, native
    /// debuggers and profilers.
    ///
    /// Only for plug-ins that you trust: no limit covers the time and memory that reading it takes.
    pub fn with_debug_info(mut self) -> Self {
        self.options.debug.debug_info = true;
        self
    }

    /// Keeps the plug-in's module as its author built it, and links it to the kernel as a module of
    /// its own, instead of making the kernel part of it.
    ///
    /// Plug-ins behave the same in both forms, but for the fuel that they use; this one is slower, and
    /// there for comparison.
    pub fn with_linked_kernel(mut self) -> Self {
        self.options.kernel = KernelForm::Linked;
        self
    }

    /// Has the plug-in start on code that is compiled in a hurry, or not (the default), while better code
    /// is made in the background.
    ///
    /// It starts several times sooner and then runs several times slower, until fresh instances are made
    /// of the better code: when a `Plugin` is made, when one's instance had to be discarded, when a
    /// [`Pool`](crate::Pool) makes another. A plug-in that serves one call after another keeps its
    /// instance, and so its code. Code compiled in a hurry uses more stack, so a guest that recurses
    /// deeply may trap on it that would not otherwise.
    ///
    /// [`CompiledPlugin::is_optimized`](crate::CompiledPlugin::is_optimized) tells which code fresh
    /// instances get, and
    /// [`wait_until_optimized`](crate::CompiledPlugin::wait_until_optimized) waits for it. A cache is
    /// asked first and gets the better code only.
    ///
    /// Compiled at the usual pace all the same are plug-ins that are not
    /// [fused](crate::CompiledPlugin::is_fused) with the kernel, such as those of several modules; that
    /// use references, tail calls, exceptions or other young proposals; that have a limit of fuel, core
    /// dumps or a profiler; and all of them on processors other than x86-64.
    #[cfg(feature = "fast-start")]
    pub fn with_fast_start(mut self, fast: bool) -> Self {
        self.options.first_codegen = if fast { Codegen::Hurried } else { Codegen::Optimizing };
        self
    }

    /// Has a native profiler told about the plug-in's code. All but
    /// [`ProfilingStrategy::None`], the default, want the feature `profiling`.
    pub fn with_profiling_strategy(mut self, strategy: impl Into<ProfilingStrategy>) -> Self {
        self.options.debug.profiling_strategy = strategy.into();
        self
    }

    /// Has a WebAssembly core dump written to the file `path` when the guest traps: its memories,
    /// globals and stack, for tools such as `wasmgdb`. The default is none. Only for hosts that
    /// may keep what is in the guest's memory.
    pub fn with_coredump(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.debug.coredump = Some(path.into());
        self
    }

    /// Has the memory through which inputs and outputs pass written to the file `path` when a call
    /// fails. The default is none.
    pub fn with_memdump(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.debug.memdump = Some(path.into());
        self
    }

    /// Sets all choices for finding mistakes at once. The default is what the environment says: see
    /// [`DebugOptions`].
    pub fn with_debug_options(mut self, options: DebugOptions) -> Self {
        self.options.debug = options;
        self
    }

    /// Configures the engine, for what has no option here.
    ///
    /// The plug-in then has an engine of its own, which takes some milliseconds to make. What this
    /// library's promises rest on is set over it: epochs, fuel, 32-bit and several memories,
    /// backtraces and debug information as said elsewhere. The rest of the configuration is yours,
    /// and no promise of this library covers it.
    #[cfg(feature = "unstable-wasmtime")]
    pub fn with_wasmtime_config(mut self, config: wasmtime::Config) -> Self {
        self.options.engine_config = Some(config);
        self
    }

    /// Gives each call `fuel` units of fuel, about one for each WebAssembly instruction.
    ///
    /// The initialisers of a new instance use the fuel of the call that they are part of, unless
    /// they have a [limit of their own](Self::with_initialization_fuel_limit).
    pub fn with_fuel_limit(mut self, fuel: u64) -> Self {
        self.options.fuel_limit = Some(fuel);
        self
    }

    /// Gives the start functions and initialisers of each new instance `fuel` units of fuel of their
    /// own.
    pub fn with_initialization_fuel_limit(mut self, fuel: u64) -> Self {
        self.options.init_fuel_limit = Some(fuel);
        self
    }

    /// Has each call measured, or not (the default): see [`Plugin::last_call`]. A measured call
    /// reads the clock at its start and end, and at each call of a host function.
    pub fn with_call_reports(mut self, measured: bool) -> Self {
        self.options.call_reports = measured;
        self
    }

    /// Has the plug-in share its variables with all others that are given the same store, instead of
    /// having its own. `memory.max_var_bytes` of the manifest then bounds what the store holds when
    /// this plug-in sets a variable.
    pub fn with_shared_vars(mut self, vars: SharedVars) -> Self {
        self.options.shared_vars = Some(vars);
        self
    }

    /// Compiles and makes one plug-in.
    ///
    /// # Errors
    ///
    /// A [`LoadError`](crate::LoadError).
    pub fn build(self) -> Result<Plugin, Error> {
        Plugin::new_from_compiled(&self.compile()?)
    }

    /// Compiles, for any number of plug-ins.
    ///
    /// # Errors
    ///
    /// A [`LoadError`](crate::LoadError).
    pub fn compile(self) -> Result<CompiledPlugin, Error> {
        CompiledPlugin::new(self)
    }
}
