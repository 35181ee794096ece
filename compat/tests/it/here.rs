//! Runs a case on Plugsmith.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, Mutex,
        mpsc::{self, Sender},
    },
    thread,
    time::Duration,
};

use plugsmith::{
    CallError, CancelHandle, CurrentPlugin, Error, Function, LogRecord, MemoryHandle, Plugin,
    PluginBuilder, UserData, Val,
};

use crate::{
    case::{Case, Does, HostFunction, Step, to_hex},
    outcome::{Outcome, Reason, Report, Run},
};

/// Modules that this run has compiled: many cases load the same one, and compiling is what takes long.
/// An earlier run may have compiled by other rules, so nothing of it is kept.
static CACHE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compat_cache");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    folder
});

/// What the host functions of a case share.
#[derive(Default)]
struct Host {
    /// What they were given.
    seen: Vec<Vec<String>>,
    /// Ends the plug-in's calls, once it is loaded.
    cancel: Option<CancelHandle>,
    sibling: Option<Plugin>,
    /// Hears that the sibling has started.
    started: Option<Sender<()>>,
}

/// Loads the plug-in of a case and goes through its steps.
pub(crate) fn run(case: &Case) -> Report {
    let host = UserData::new(Host::default());
    let log = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&log);
    let source = case.source();
    let plugin = PluginBuilder::new(&source[..])
        .with_cache(&*CACHE)
        .with_wasi(case.wasi)
        .with_http_response_headers(case.headers)
        .with_functions(case.functions.iter().map(|function| function.build(case, &host)))
        .with_log_sink(move |record: &LogRecord<'_>| {
            sink.lock().unwrap().push((record.level.to_string(), record.message.to_owned()));
        })
        .with_log_level(case.log_level)
        .compile();
    let compiled = match plugin {
        Ok(compiled) => compiled,
        Err(err) => return Report::Refused(Reason(format!("{err:#}"))),
    };
    let mut plugin = Plugin::new_from_compiled(&compiled).unwrap();
    let sibling = case.has_sibling().then(|| Plugin::new_from_compiled(&compiled).unwrap());
    let handles = host.get().unwrap();
    let mut handles = handles.lock().unwrap();
    handles.cancel = Some(plugin.cancel_handle());
    handles.sibling = sibling;
    drop(handles);
    let steps = case.steps.iter().map(|step| take(&mut plugin, step)).collect();
    drop(plugin);
    let seen = std::mem::take(&mut host.get().unwrap().lock().unwrap().seen);
    let log = std::mem::take(&mut *log.lock().unwrap());
    Report::Loaded(Run { steps, seen, log })
}

fn take(plugin: &mut Plugin, step: &Step) -> Outcome {
    match step {
        Step::Call { export, input, .. } => match plugin.call(export, &input[..]) {
            Ok(output) => Outcome::Output(output),
            Err(err) => {
                let reason = Reason(format!("{err:#}"));
                failure(err.downcast_ref().expect("a failed call is a CallError"), reason)
            }
        },
        Step::Exists { export } => Outcome::Is(plugin.function_exists(export)),
        Step::Reset => Outcome::Is(plugin.reset().is_ok()),
        Step::Cancel => Outcome::Is(plugin.cancel_handle().cancel().is_ok()),
    }
}

fn failure(err: &CallError, reason: Reason) -> Outcome {
    match err {
        CallError::NoExport { .. } => Outcome::NoExport,
        CallError::ExportType { .. } => Outcome::NotCallable,
        CallError::Guest { message, .. } => {
            Outcome::Said { status: err.status(), message: message.clone() }
        }
        CallError::Status { status, .. } => Outcome::Status(*status),
        CallError::TimedOut { .. } | CallError::Cancelled => Outcome::Interrupted,
        CallError::MemoryLimit { cause, .. } => failure(cause, reason),
        _ => Outcome::Stopped { status: err.status(), reason },
    }
}

impl HostFunction {
    fn build(&self, case: &Case, host: &UserData<Host>) -> Function {
        let (name, does) = (self.name, self.does);
        let overrun = Duration::from_millis(case.timeout_ms());
        let body = move |plugin: &mut CurrentPlugin<'_>,
                         arguments: &[Val],
                         results: &mut [Val],
                         host: UserData<Host>| {
            let host = host.get()?;
            let mut lock = host.lock().expect("no host function panics");
            lock.serve(name, does, plugin, arguments, results)?;
            drop(lock);
            match does {
                Does::Overrun => wait_past(plugin, overrun),
                Does::CancelSibling => cancel_sibling(&host),
                _ => {}
            }
            Ok(())
        };
        let params = self.params.iter().copied();
        let results = self.results.iter().copied();
        let function = Function::new(self.name, params, results, host.clone(), body);
        match self.namespace {
            Some(namespace) => function.with_namespace(namespace),
            None => function,
        }
    }
}

impl Host {
    /// What a host function does is the same, word for word, in `peer.py`.
    fn serve(
        &mut self,
        name: &str,
        does: Does,
        plugin: &mut CurrentPlugin<'_>,
        arguments: &[Val],
        results: &mut [Val],
    ) -> Result<(), Error> {
        let mut seen = vec![name.to_owned()];
        if does == Does::Numbers {
            seen.extend(arguments.iter().map(bits));
            self.seen.push(seen);
            results.copy_from_slice(&arguments[..results.len()]);
            return Ok(());
        }
        let mut bytes = Vec::new();
        for argument in arguments {
            let handle = plugin.memory_from_val(argument).unwrap_or(MemoryHandle::null());
            bytes.push(plugin.memory_bytes(handle)?.to_vec());
        }
        seen.extend(bytes.iter().map(|bytes| to_hex(bytes)));
        self.seen.push(seen);
        match does {
            Does::Reply => {
                let reply = [name.as_bytes(), b"(", &bytes.join(&b", "[..]), b")"].concat();
                plugin.memory_set_val(&mut results[0], reply)?;
            }
            Does::Cancel => self.cancel.as_ref().expect("the plug-in is loaded").cancel()?,
            Does::Start => self.started.as_ref().expect("somebody waits").send(())?,
            Does::CancelSibling | Does::Nothing | Does::Numbers | Does::Overrun => {}
        }
        Ok(())
    }
}

/// Has the sibling run, and cancels it once it has started.
fn cancel_sibling(host: &Mutex<Host>) {
    let (sender, started) = mpsc::channel();
    let mut lock = host.lock().unwrap();
    lock.started = Some(sender);
    let mut sibling = lock.sibling.take().expect("there is a sibling");
    drop(lock);
    let cancel = sibling.cancel_handle();
    let thread = thread::spawn(move || sibling.call::<(), ()>("spin", ()).unwrap_err());
    started.recv().unwrap();
    cancel.cancel().unwrap();
    let err = thread.join().unwrap();
    assert!(matches!(err.downcast_ref(), Some(CallError::Cancelled)), "{err:?}");
}

/// Waits till the call is out of time.
fn wait_past(plugin: &mut CurrentPlugin<'_>, limit: Duration) {
    while plugin.time_remaining().is_some_and(|left| !left.is_zero()) {
        assert!(!limit.is_zero(), "a function that overruns needs a limit");
        thread::yield_now();
    }
}

/// The bits of a number, as a number.
fn bits(value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => bits.cast_signed().to_string(),
        Val::F64(bits) => bits.cast_signed().to_string(),
        Val::V128(_) => panic!("the C interface has no 128 bits"),
    }
}
