//! WASI preview 1: what a guest is granted, what it finds, how it exits.

use std::{fs, path::Path};

use serde_json::json;

use crate::{case::Case, compare::check};

/// What the probes have at hand: exchange memory, and the system interface as far as they use it.
fn module(fields: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
        (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
        (import "extism:host/env" "input_length" (func $input_length (result i64)))
        (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
        (import "extism:host/env" "error_set" (func $error_set (param i64)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $dir_name (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (memory (export "memory") 1)
        (func $give (param $start i32) (param $len i32)
            (local $block i64) (local $idx i32)
            (local.set $block (call $alloc (i64.extend_i32_u (local.get $len))))
            (block $end (loop $next
                (br_if $end (i32.ge_u (local.get $idx) (local.get $len)))
                (call $store_u8
                    (i64.add (local.get $block) (i64.extend_i32_u (local.get $idx)))
                    (i32.load8_u (i32.add (local.get $start) (local.get $idx))))
                (local.set $idx (i32.add (local.get $idx) (i32.const 1)))
                (br $next)))
            (call $output_set (local.get $block) (i64.extend_i32_u (local.get $len))))
        {fields})"#
    );
    wat::parse_str(&text).unwrap_or_else(|err| panic!("{err}"))
}

#[test]
fn a_guest_needs_the_grant() {
    let module = module(r#"(func (export "run"))"#);
    check([
        Case::new("granted", &module).with_wasi().call("run", ""),
        Case::new("not granted", &module).refused(),
        Case::new("granted in vain", r#"(module (func (export "run")))"#)
            .with_wasi()
            .call("run", ""),
    ]);
}

#[test]
fn a_guest_exits_with_a_status() {
    let exit = |status: i64| {
        format!(
            r#"(func (export "exit{status}") (call $exit (i32.const {status})))
            (func (export "output{status}")
                (call $output_set (call $input_offset) (call $input_length))
                (call $exit (i32.const {status})))"#
        )
    };
    let statuses = [0, 1, 3, 125, -1];
    let fields: String = statuses.iter().map(|status| exit(*status)).collect();
    let module = module(&format!(r#"{fields} (func (export "fine"))"#));
    let case = Case::new("exits", &module).with_wasi().call("exit0", "").call("output0", "kept");
    let case = statuses[1..].iter().fold(case, |case, status| {
        case.fail(format!("exit{status}"), "").fail(format!("output{status}"), "dropped")
    });
    check([case.call("fine", "")]);
}

#[test]
fn a_guest_finds_nothing_of_the_host() {
    let module = module(
        r#"(func (export "sizes")
            (drop (call $args (i32.const 0) (i32.const 4)))
            (drop (call $environ (i32.const 8) (i32.const 12)))
            (call $give (i32.const 0) (i32.const 16)))
        (func (export "prestat") (result i32) (call $prestat (i32.const 3) (i32.const 0)))
        (func (export "stdin")
            (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 16))
            (i32.store (i32.const 12) (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (call $give (i32.const 8) (i32.const 8)))
        (func (export "stdout")
            (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 16))
            (i32.store (i32.const 12) (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (call $give (i32.const 8) (i32.const 8)))
        (func (export "random") (result i32) (call $random (i32.const 0) (i32.const 8)))
        (func (export "clock") (result i32) (call $clock (i32.const 0) (i64.const 0) (i32.const 0)))
        (func (export "monotonic") (result i32) (call $clock (i32.const 1) (i64.const 0) (i32.const 0)))
        (func (export "yield") (result i32) (call $yield))
        (func (export "bad_pointer") (result i32) (call $random (i32.const -8) (i32.const 64)))"#,
    );
    check([Case::new("nothing", module)
        .with_wasi()
        .call("sizes", "")
        .fail("prestat", "")
        .call("stdin", "")
        .call("stdout", "")
        .call("random", "")
        .call("clock", "")
        .call("monotonic", "")
        .call("yield", "")]);
}

#[test]
fn a_guest_finds_the_paths_that_are_allowed() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compat_paths");
    let inner = folder.join("inner");
    fs::create_dir_all(&inner).unwrap();
    fs::write(folder.join("file.txt"), "in the folder").unwrap();
    fs::write(inner.join("file.txt"), "in the inner folder").unwrap();
    let module = module(
        r#"(func (export "name")
            (drop (call $prestat (i32.const 3) (i32.const 0)))
            (drop (call $dir_name (i32.const 3) (i32.const 64) (i32.load (i32.const 4))))
            (call $give (i32.const 64) (i32.load (i32.const 4))))
        (func $read_file (param $start i32) (param $len i32) (result i32) (local $status i32)
            (local.set $status (call $open (i32.const 3) (i32.const 0)
                (local.get $start) (local.get $len)
                (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0)))
            (if (local.get $status) (then (return (local.get $status))))
            (i32.store (i32.const 8) (i32.const 256)) (i32.store (i32.const 12) (i32.const 64))
            (local.set $status (call $read (i32.load (i32.const 0)) (i32.const 8) (i32.const 1) (i32.const 16)))
            (drop (call $close (i32.load (i32.const 0))))
            (call $give (i32.const 256) (i32.load (i32.const 16)))
            (local.get $status))
        (func (export "file") (result i32) (call $read_file (i32.const 128) (i32.const 8)))
        (func (export "inner") (result i32) (call $read_file (i32.const 136) (i32.const 14)))
        (func (export "outside") (result i32) (call $read_file (i32.const 150) (i32.const 11)))
        (func (export "absolute") (result i32) (call $read_file (i32.const 161) (i32.const 11)))
        (func (export "missing") (result i32) (call $read_file (i32.const 172) (i32.const 5)))
        (func (export "mkdir") (result i32) (call $mkdir (i32.const 3) (i32.const 136) (i32.const 5)))
        (func (export "writes") (result i32)
            (call $open (i32.const 3) (i32.const 0) (i32.const 128) (i32.const 8)
                (i32.const 0) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 0)))
        (data (i32.const 128) "file.txtinner/file.txt../file.txt/etc/passwdother")"#,
    );
    let folder = folder.into_os_string().into_string().unwrap();
    let case = |name: &str, host: String| {
        Case::new(name, &module).with_wasi().with("allowed_paths", json!({ host: "/mnt" }))
    };
    let reads = |case: Case| {
        case.call("name", "")
            .call("file", "")
            .call("inner", "")
            .fail("outside", "")
            .fail("absolute", "")
            .fail("missing", "")
            .fail("mkdir", "")
            .call("file", "")
    };
    check([
        reads(case("a folder", folder.clone())).call("writes", ""),
        reads(case("a folder to read", format!("ro:{folder}"))).fail("writes", ""),
        case("no folder", format!("{folder}/missing")).refused(),
        Case::new("no paths", &module).with_wasi().fail("file", "").fail("mkdir", ""),
    ]);
}
