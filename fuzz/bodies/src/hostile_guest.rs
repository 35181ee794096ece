//! Whole hostile guests, through the public interface: whatever a guest calls, with whatever arguments, in
//! whatever order, the call ends as an outcome and hurts nobody.
//!
//! The guest does what a script says. It is compiled once in each of its forms, so that millions of scripts
//! can be tried. It is granted a part of everything there is: a folder to write to and one to read, settings,
//! variables, functions of the host, HTTP to addresses that are then refused for being private.

mod files;
mod guest;
mod imports;

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use plugsmith::{
    CallError, CompiledPlugin, CurrentPlugin, Function, Manifest, Plugin, PluginBuilder, UserData,
    ValType, Wasm, manifest::MemoryOptions,
};

use self::{files::Files, guest::SCRIPT_VARIABLE};

/// How long a call may take. Only what waits for a clock meets it.
const TIMEOUT_MS: u64 = 100;

/// How much fuel a call may use.
const FUEL: u64 = 3_000_000;

/// How many bytes all variables may have.
const VAR_BYTES: u64 = 4_096;

/// How long a message of the log may be: 64 KiB, and what says that it was cut.
const MESSAGE_LEN: usize = (64 << 10) + " … (4294967296 bytes)".len();

/// The longest message that any log had. It is kept for the caller to look at: what panics in the log's sink
/// is an error of the guest's call, like others.
static LONGEST_MESSAGE: AtomicUsize = AtomicUsize::new(0);

/// How often an honest call may be late, on a machine that has other things to do.
const MOST_LATE_CALLS: usize = 100;

/// Does scripts: the first byte chooses the form of the guest, the second how long the script for the
/// initialiser is; the rest is the script of the call.
///
/// # Panics
///
/// If a call does not end as it should, or another call notices.
pub fn try_scripts(bytes: &[u8]) -> bool {
    let Some(([form, init_len], scripts)) = bytes.split_first_chunk() else { return false };
    let init_len = usize::from(*init_len).min(scripts.len());
    let (init, script) = scripts.split_at(init_len);
    // The guest is compiled for folders that are there.
    let files = Files::make();
    let forms = forms();
    let compiled = &forms[usize::from(*form) % forms.len()];
    let make = || Plugin::new_from_compiled(compiled).expect("nothing runs before a call");
    let mut plugin = make();
    if !init.is_empty() {
        plugin.vars_mut().insert(SCRIPT_VARIABLE.to_owned(), init.to_vec());
    }
    for input in [script, init] {
        if let Err(err) = plugin.call::<_, Vec<u8>>("run", input) {
            assert!(err.downcast_ref::<CallError>().is_some(), "not an outcome: {err:?}");
            assert!(!format!("{err:#}").is_empty());
        }
        let fuel = plugin.fuel_consumed().expect("fuel is counted");
        assert!(fuel <= FUEL, "{fuel} units of fuel were used, {FUEL} were there");
    }
    let longest = LONGEST_MESSAGE.load(Ordering::Relaxed);
    assert!(longest <= MESSAGE_LEN, "a message of the log has {longest} bytes");
    // The host put its script there without regard to the limit.
    plugin.vars_mut().remove(SCRIPT_VARIABLE);
    let var_bytes: usize = plugin.vars().iter().map(|(key, value)| key.len() + value.len()).sum();
    assert!(var_bytes as u64 <= VAR_BYTES, "the variables have {var_bytes} bytes");
    check_echo(&mut plugin, "echo");

    // Made while the hostile one is there, so that it gets another seat; and when it is gone, its seat.
    let mut neighbour = make();
    check_echo(&mut neighbour, "probe");
    drop(plugin);
    let mut heir = make();
    check_echo(&mut heir, "probe");
    for plugin in [&neighbour, &heir] {
        assert!(plugin.vars().is_empty(), "another plug-in has its variables");
    }
    files.check();
    true
}

/// An honest call of a plug-in gives back what it got.
fn check_echo(plugin: &mut Plugin, export: &str) {
    const INPUT: &[u8] = b"what an honest caller says";
    for _ in 0..MOST_LATE_CALLS {
        match plugin.call::<_, Vec<u8>>(export, INPUT) {
            Ok(output) => {
                assert_eq!(output, INPUT, "`{export}`");
                return;
            }
            Err(err) => match err.downcast_ref() {
                Some(CallError::TimedOut { .. }) => {}
                _ => panic!("`{export}`: {err:?}"),
            },
        }
    }
    panic!("`{export}` is late {MOST_LATE_CALLS} times");
}

/// The guest, compiled once in each form: with the kernel in it, linked to one, and with nothing for the
/// system interface to work on.
fn forms() -> &'static [CompiledPlugin; 3] {
    /// Takes all extensions that are offered.
    const EXTENDED: &str = r#"(func (export "plugsmith_extensions") (param i64) (result i64)
        (local.get 0))"#;
    static FORMS: OnceLock<[CompiledPlugin; 3]> = OnceLock::new();
    FORMS.get_or_init(|| {
        let compile = |memory, more, change: fn(PluginBuilder<'_>) -> PluginBuilder<'_>| {
            change(builder(&guest::text(memory, more))).compile().expect("the guest is valid")
        };
        [
            compile("memory", "", |builder| builder),
            compile("memory", EXTENDED, |builder| {
                builder.with_linked_kernel().with_catchable_host_errors(true)
            }),
            compile("other", EXTENDED, |builder| builder.with_http_response_headers(true)),
        ]
    })
}

/// Grants a part of everything, and limits all of it.
fn builder(text: &str) -> PluginBuilder<'static> {
    let module = wat::parse_str(text).expect("the guest is WebAssembly");
    let limits = MemoryOptions::new()
        .with_max_pages(8)
        .with_max_http_response_bytes(1_000)
        .with_max_var_bytes(VAR_BYTES);
    let mut manifest = Manifest::new([Wasm::data(module)])
        .with_memory_options(limits)
        .with_config([("key", "value"), ("empty", ""), ("ключ", "значение")])
        .with_allowed_hosts(["127.0.0.1", "[::1]", "https://10.*:8443"])
        .with_allowed_paths(Files::grants());
    manifest.timeout_ms = Some(TIMEOUT_MS);
    PluginBuilder::new(manifest)
        .with_wasi(true)
        .with_wasi_args(["guest", "--argument"])
        .with_wasi_env("NAME", "value")
        .with_log_sink(|record| {
            LONGEST_MESSAGE.fetch_max(record.message.len(), Ordering::Relaxed);
        })
        .with_private_addresses_blocked(true)
        .with_fuel_limit(FUEL)
        .with_exchange_page_limit(32)
        .with_call_reports(true)
        .with_cache_disabled()
        .with_functions([shout_function(), handles_function()])
}

/// Takes a text, and gives one.
fn shout_function() -> Function {
    Function::typed("shout", |_: &mut CurrentPlugin<'_>, text: String| Ok(text.to_uppercase()))
}

/// Does with offsets what host functions do.
fn handles_function() -> Function {
    let types = [ValType::I64, ValType::I64];
    Function::new(
        "handles",
        types,
        [ValType::I64],
        UserData::new(()),
        |plugin, params, results, _| {
            let bytes: Vec<u8> = plugin.memory_get_val(&params[0])?;
            if let Some(handle) = plugin.memory_from_val(&params[1]) {
                plugin.memory_bytes_mut(handle)?.reverse();
                plugin.memory_free(handle)?;
            }
            if bytes.first() == Some(&b'!') {
                plugin.set_error(String::from_utf8_lossy(&bytes))?;
            }
            plugin.memory_set_val(&mut results[0], bytes)
        },
    )
}
