//! What a host gets for finding mistakes: dumps and profiles.

use std::{env, fs, path::PathBuf, process};

#[cfg(any(not(feature = "profiling"), target_os = "linux"))]
use plugsmith::ProfilingStrategy;
use plugsmith::{DebugOptions, Plugin, PluginBuilder};

#[cfg(any(not(feature = "profiling"), feature = "unstable-wasmtime"))]
use crate::guest::load_error;
use crate::guest::{call, call_error, chain, manifest};

/// Traps with its input where a dump finds it.
const TRAPPING: &str = r#"(module
    (import "extism:host/env" "input_load_u64" (func $load (param i64) (result i64)))
    (import "extism:host/env" "error_set" (func $error (param i64)))
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (memory (export "memory") 1)
    (func $inner unreachable)
    (func (export "trap")
        (i64.store (i32.const 64) (call $load (i64.const 0)))
        (call $inner))
    (func (export "fail") (result i32) (call $error (call $input)) (i32.const 1))
    (func (export "run")))"#;

/// A file in a folder of the test's own, removed when dropped.
struct Dump(PathBuf);

impl Dump {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("plugsmith-{name}-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder.join("dump"))
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        fs::read(&self.0).ok()
    }
}

impl Drop for Dump {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap());
    }
}

fn trapping() -> PluginBuilder<'static> {
    PluginBuilder::new(manifest(TRAPPING)).with_debug_options(DebugOptions::none())
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn trap(plugin: &mut Plugin) {
    let err = plugin.call::<_, ()>("trap", "secrets!").unwrap_err();
    assert!(err.to_string().contains("unreachable"), "{err}");
}

#[test]
fn a_trap_leaves_a_core_dump() {
    let dump = Dump::new("core");
    let mut plugin = trapping().with_coredump(&dump.0).build().unwrap();
    call(&mut plugin, "run").unwrap();
    plugin.call::<_, ()>("fail", "no trap").unwrap_err();
    assert_eq!(dump.bytes(), None);
    trap(&mut plugin);
    let bytes = dump.bytes().unwrap();
    assert!(bytes.starts_with(b"\0asm"));
    for text in ["core", "plugsmith", "corestack", "secrets!"] {
        assert!(contains(&bytes, text), "{text}");
    }
    call(&mut plugin, "run").unwrap();
}

#[test]
fn a_failed_call_leaves_a_dump_of_the_exchange_memory() {
    let dump = Dump::new("memory");
    let mut plugin = trapping().with_memdump(&dump.0).build().unwrap();
    plugin.call::<_, ()>("run", "fine").unwrap();
    assert_eq!(dump.bytes(), None);
    plugin.call::<_, ()>("fail", "what went wrong").unwrap_err();
    assert!(contains(&dump.bytes().unwrap(), "what went wrong"));
    trap(&mut plugin);
    assert!(contains(&dump.bytes().unwrap(), "secrets!"));
}

#[cfg(unix)]
#[test]
fn dumps_are_closed_to_other_users() {
    use std::os::unix::fs::PermissionsExt as _;

    let (core, memory) = (Dump::new("closed-core"), Dump::new("closed-memory"));
    let mut plugin = trapping().with_coredump(&core.0).with_memdump(&memory.0).build().unwrap();
    trap(&mut plugin);
    for dump in [core, memory] {
        let mode = fs::metadata(&dump.0).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
}

#[test]
fn a_dump_that_cannot_be_written_does_not_hide_the_error() {
    let nowhere = "/nowhere/at/all";
    let mut plugin = trapping().with_coredump(nowhere).with_memdump(nowhere).build().unwrap();
    trap(&mut plugin);
    call(&mut plugin, "run").unwrap();
}

#[test]
fn without_options_nothing_is_dumped() {
    let mut plugin = trapping().build().unwrap();
    trap(&mut plugin);
    assert!(chain(call_error(&mut plugin, "trap")).contains("unreachable"));
}

#[cfg(not(feature = "profiling"))]
#[test]
fn a_profile_wants_the_feature() {
    let err = load_error(trapping().with_profiling_strategy(ProfilingStrategy::PerfMap));
    assert!(err.to_string().contains("feature `profiling`"), "{err}");
}

#[cfg(all(feature = "profiling", target_os = "linux"))]
#[test]
fn a_profiler_is_told_the_names_of_functions() {
    let builder = trapping().with_profiling_strategy(ProfilingStrategy::PerfMap);
    call(&mut builder.build().unwrap(), "run").unwrap();
    let map = PathBuf::from("/").join("tmp").join(format!("perf-{}.map", process::id()));
    let text = fs::read_to_string(&map).unwrap();
    let _ = fs::remove_file(map);
    assert!(text.contains("inner"), "{text}");
}

#[cfg(feature = "unstable-wasmtime")]
#[test]
fn a_hosts_own_engine_keeps_our_promises() {
    use std::time::Duration;

    use plugsmith::{CallError, wasmtime::Config};

    let mut config = Config::new();
    config.epoch_interruption(false).wasm_simd(false).wasm_relaxed_simd(false).wasm_memory64(true);
    let endless = r#"(module
        (func (export "endless") (loop $next (br $next)))
        (func (export "run")))"#;
    let manifest = manifest(endless).with_timeout(Duration::from_millis(20));
    let mut plugin =
        PluginBuilder::new(&manifest).with_wasmtime_config(config.clone()).build().unwrap();
    assert!(matches!(call_error(&mut plugin, "endless"), CallError::TimedOut { .. }));
    call(&mut plugin, "run").unwrap();
    let simd = r#"(module (func (export "run") (drop (v128.const i64x2 0 0))))"#;
    let simd = crate::guest::manifest(simd);
    load_error(PluginBuilder::new(&simd).with_wasmtime_config(config));
    PluginBuilder::new(&simd).build().unwrap();
}
