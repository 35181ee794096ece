//! The system interface: what is granted and nothing else, exits, time, and hosts that run tokio.
//!
//! One guest does everything: it takes the path, text or status it works on as input, and returns
//! the interface's own error numbers as its status.

use std::{fs, path::PathBuf, thread, time::Duration};

use plugsmith::{
    CallError, CancelHandle, CompiledPlugin, Error, Function, LoadError, Manifest, Plugin,
    PluginBuilder, UserData,
};

use crate::guest::{chain, load_error, manifest};

mod files;
mod hosts;
mod output;

/// Numbers of errors.
pub(crate) const BADF: i32 = 8;

/// The guest.
const GUEST: &str = include_str!("wasi/guest.wat");

/// Returns a manifest for the guest.
fn guest() -> Manifest {
    manifest(GUEST)
}

/// Loads the guest with WASI granted.
fn granted(manifest: Manifest) -> Plugin {
    Plugin::new(manifest, [], true).unwrap()
}

/// Calls an export for text.
fn call(plugin: &mut Plugin, name: &str, input: &str) -> Result<String, CallError> {
    plugin.call::<&str, String>(name, input).map_err(|err: Error| err.downcast().unwrap())
}

/// Calls an export and returns its status.
fn status(plugin: &mut Plugin, name: &str, input: &str) -> i32 {
    match call(plugin, name, input) {
        Ok(_) => 0,
        Err(CallError::Status { status, .. }) => status,
        Err(err) => panic!("{}", chain(err)),
    }
}

/// A folder of one test, empty at first and removed in the end.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new(test: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("wasi_{test}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self { path }
    }

    /// Makes a folder in it.
    fn folder(&self, name: &str) -> String {
        let path = self.path.join(name);
        fs::create_dir_all(&path).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Makes a file in it.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.path.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path.join(name)).unwrap()
    }

    fn exists(&self, name: &str) -> bool {
        fs::symlink_metadata(self.path.join(name)).is_ok()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[test]
fn the_interface_exists_only_where_it_is_granted() {
    let err = load_error(PluginBuilder::new(guest()));
    assert!(matches!(err, LoadError::UnknownImport { .. }), "{err:?}");
    assert!(err.to_string().contains("with_wasi(true)"), "{err}");
    assert!(granted(guest()).has_wasi());

    let wat = r#"(module (import "wasi_snapshot_preview1" "sock_open" (func)))"#;
    let err = load_error(PluginBuilder::new(manifest(wat)).with_wasi(true));
    assert!(err.to_string().contains("WASI preview 1 has no such function"), "{err}");
    let wat = r#"(module (import "wasi_snapshot_preview1" "fd_write" (func)))"#;
    let err = load_error(PluginBuilder::new(manifest(wat)).with_wasi(true));
    assert!(matches!(err, LoadError::ImportType { .. }), "{err:?}");
}

#[test]
fn a_host_function_may_stand_in_for_one_of_the_interface() {
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (func (export "yields") (result i32) (call $yield)))"#;
    let yields = Function::new(
        "sched_yield",
        [],
        [plugsmith::ValType::I32],
        UserData::new(()),
        |_, _, results, _| {
            results[0] = 7_i32.into();
            Ok(())
        },
    )
    .with_namespace("wasi_snapshot_preview1");
    let mut plugin = Plugin::new(manifest(wat), [yields], true).unwrap();
    assert_eq!(status(&mut plugin, "yields", ""), 7);
}

#[test]
fn arguments_and_environment_are_those_given() {
    let mut plugin = granted(guest());
    assert_eq!(call(&mut plugin, "args", "").unwrap(), "");
    assert_eq!(call(&mut plugin, "env", "").unwrap(), "");

    let mut plugin = PluginBuilder::new(guest())
        .with_wasi(true)
        .with_wasi_args(["shop", "--fast"])
        .with_wasi_env("CITY", "Oslo")
        .with_wasi_env("LANG", "no")
        .with_wasi_env("CITY", "Bergen")
        .build()
        .unwrap();
    assert_eq!(call(&mut plugin, "args", "").unwrap(), "shop\0--fast\0");
    assert_eq!(call(&mut plugin, "env", "").unwrap(), "LANG=no\0CITY=Bergen\0");
}

#[test]
fn arguments_that_cannot_be_expressed_are_refused() {
    let builder = || PluginBuilder::new(guest()).with_wasi(true);
    for builder in [
        builder().with_wasi_args(["a\0b"]),
        builder().with_wasi_env("a\0b", ""),
        builder().with_wasi_env("a", "b\0"),
        builder().with_wasi_env("a=b", ""),
    ] {
        let err = load_error(builder);
        assert!(matches!(err, LoadError::WasiText { .. }), "{err:?}");
    }
}

#[test]
fn clocks_and_randomness_are_the_systems() {
    let mut plugin = granted(guest());
    assert_eq!(status(&mut plugin, "clock", ""), 0);
    assert_eq!(status(&mut plugin, "random", ""), 0);
}

#[test]
fn standard_input_is_empty_and_there_is_no_other_descriptor() {
    let mut plugin = granted(guest());
    assert_eq!(call(&mut plugin, "stdin", "").unwrap(), "");
    assert_eq!(status(&mut plugin, "name", ""), BADF);
    assert_eq!(status(&mut plugin, "read", "etc/passwd"), BADF);
}

#[test]
fn an_exit_with_zero_is_a_success_on_an_instance_of_its_own() {
    let mut plugin = granted(guest());
    for _ in 0..2 {
        assert_eq!(call(&mut plugin, "count", "").unwrap(), "1");
        assert_eq!(call(&mut plugin, "exit", "\0").unwrap(), "\0");
    }
    assert_eq!(call(&mut plugin, "count", "").unwrap(), "1");
}

#[test]
fn an_exit_with_another_status_is_an_error_with_that_status() {
    let mut plugin = granted(guest());
    for input in ["\u{1}", "\u{7f}"] {
        assert_eq!(call(&mut plugin, "count", "").unwrap(), "1");
        let err = call(&mut plugin, "exit", input).unwrap_err();
        let expected = i32::from(input.as_bytes()[0]);
        assert!(
            matches!(&err, CallError::Exit { name, status } if name == "exit" && *status == expected),
            "{err:?}"
        );
        assert_eq!(err.status(), expected);
        assert_eq!(err.to_string(), format!("`exit` exited with status {expected}"));
    }
    assert_eq!(call(&mut plugin, "count", "").unwrap(), "1");
}

#[test]
fn an_exit_before_the_export_ran_is_an_error() {
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "_initialize") (call $exit (i32.const 0)))
        (func (export "runs")))"#;
    let mut plugin = granted(manifest(wat));
    for _ in 0..2 {
        let err = call(&mut plugin, "runs", "").unwrap_err();
        assert!(
            matches!(&err, CallError::Exit { name, status: 0 } if name == "_initialize"),
            "{err:?}"
        );
        assert_eq!(err.status(), -1);
    }
}

#[test]
fn a_program_may_return_or_exit() {
    for body in ["", "(call $exit (i32.const 0))"] {
        let wat = format!(
            r#"(module
                (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (global $count (mut i32) (i32.const 0))
                (func (export "_start") {body})
                (func (export "count") (result i32)
                    (global.set $count (i32.add (global.get $count) (i32.const 1)))
                    (global.get $count)))"#
        );
        let mut plugin = granted(manifest(&wat));
        for _ in 0..2 {
            assert_eq!(status(&mut plugin, "count", ""), 1, "{body}");
            assert_eq!(call(&mut plugin, "_start", "").unwrap(), "", "{body}");
        }
    }
}

#[test]
fn a_guest_without_memory_is_told_so() {
    let wat = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "yields") (result i32) (call $yield))
        (func (export "exits") (call $exit (i32.const 3))))"#;
    let mut plugin = granted(manifest(wat));
    let err = call(&mut plugin, "yields", "").unwrap_err();
    assert!(chain(err).contains("exports no memory named `memory`"));
    assert_eq!(call(&mut plugin, "exits", "").unwrap_err().status(), 3);
}

#[test]
fn pointers_outside_the_memory_stop_the_guest() {
    let mut plugin = granted(guest());
    let err = call(&mut plugin, "wild", "").unwrap_err();
    assert!(matches!(err, CallError::Host { .. }), "{err:?}");
    assert_eq!(call(&mut plugin, "count", "").unwrap(), "1");
}

#[test]
fn a_sleep_ends_at_the_time_limit() {
    const LIMIT: Duration = Duration::from_millis(20);
    let mut plugin = granted(guest().with_timeout(LIMIT));
    for export in ["sleep", "sleep_until"] {
        assert_eq!(call(&mut plugin, "count", "").unwrap(), "1");
        let err = call(&mut plugin, export, "").unwrap_err();
        assert!(matches!(err, CallError::TimedOut { limit: LIMIT }), "{err:?}");
    }
    assert_eq!(call(&mut plugin, "count", "").unwrap(), "1");
}

#[test]
fn a_short_sleep_is_a_success() {
    let mut plugin = granted(guest().with_timeout(Duration::from_mins(10)));
    assert_eq!(status(&mut plugin, "nap", ""), 0);
    assert_eq!(status(&mut granted(guest()), "nap", ""), 0);
}

#[test]
fn a_sleep_ends_by_a_cancellation() {
    let told = Function::new("told", [], [], UserData::new(()), |plugin, _, _, _| {
        let handle = plugin.host_context::<CancelHandle>()?.clone();
        thread::spawn(move || handle.cancel());
        Ok(())
    });
    let wat = r#"(module
        (import "extism:host/user" "told" (func $told))
        (import "wasi_snapshot_preview1" "poll_oneoff"
            (func $poll (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        ;; An hour, in nanoseconds, on the monotonic clock.
        (data (i32.const 16) "\01")
        (data (i32.const 24) "\00\a0\b8\30\46\03\00\00")
        (func (export "sleeps") (result i32)
            (call $told)
            (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))))"#;
    let mut plugin = Plugin::new(manifest(wat), [told], true).unwrap();
    for _ in 0..2 {
        let handle = plugin.cancel_handle();
        let err: CallError = plugin
            .call_with_host_context::<_, (), _>("sleeps", (), handle)
            .unwrap_err()
            .downcast()
            .unwrap();
        assert!(matches!(err, CallError::Cancelled), "{err:?}");
    }
}

#[test]
fn each_plugin_has_a_context_of_its_own() {
    let folder = Folder::new("contexts");
    folder.file("a.txt", "text");
    let manifest = guest().with_allowed_path(folder.path.to_str().unwrap(), "/");
    let compiled = CompiledPlugin::new(PluginBuilder::new(manifest).with_wasi(true)).unwrap();
    let mut first = Plugin::new_from_compiled(&compiled).unwrap();
    let mut second = Plugin::new_from_compiled(&compiled).unwrap();
    assert_eq!(status(&mut first, "close", ""), 0);
    assert_eq!(status(&mut first, "read", "a.txt"), BADF);
    assert_eq!(call(&mut second, "read", "a.txt").unwrap(), "text");
    // A fresh instance has a fresh context.
    assert_eq!(call(&mut first, "exit", "\0").unwrap(), "\0");
    assert_eq!(call(&mut first, "read", "a.txt").unwrap(), "text");
}

#[test]
fn plugins_with_wasi_cross_threads() {
    fn crosses<T: Send + Sync>(value: T) -> T {
        value
    }
    let mut plugin = crosses(granted(guest()));
    let count = thread::spawn(move || call(&mut plugin, "count", "").unwrap()).join().unwrap();
    assert_eq!(count, "1");
}
