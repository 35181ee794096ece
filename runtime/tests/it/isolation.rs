//! What one plug-in has, no other sees: of the same compilation, of the same pool, of the same process.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use plugsmith::{
    CallError, CompiledPlugin, LogRecord, Manifest, Plugin, PluginBuilder, Pool, PoolBuilder,
};

use crate::guest::{call, call_error, manifest};

/// Hides a secret wherever a guest can, looks for one wherever that may be, and misbehaves.
const GUEST: &str = r#"(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "load_u64" (func $load (param i64) (result i64)))
    (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
    (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
    (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
    (import "extism:host/env" "log_info" (func $log (param i64)))
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "http_request" (func $http (param i64 i64) (result i64)))
    (import "extism:host/env" "http_status_code" (func $http_status (result i32)))
    (import "extism:host/env" "http_headers" (func $http_headers (result i64)))
    (memory 2 64)
    (data (i32.const 100000) "known")
    (table $table 2 64 funcref)
    (global $secret (mut i64) (i64.const 0))
    (elem declare func $hide)

    (func $letter (result i64) (local $block i64)
        (local.set $block (call $alloc (i64.const 1)))
        (call $store_u8 (local.get $block) (i32.const 75))
        (local.get $block))
    (func $answer (param $block i64)
        (call $output (local.get $block) (call $length (local.get $block))))

    (func $hide (export "hide") (local $at i64) (local $block i64)
        (global.set $secret (i64.const -1))
        (drop (memory.grow (i32.const 30)))
        (memory.fill (i32.const 0) (i32.const 83) (i32.const 2097152))
        (drop (table.grow $table (ref.func $hide) (i32.const 8)))
        (table.set $table (i32.const 0) (ref.func $hide))
        (local.set $block (call $alloc (i64.const 2000000)))
        (loop $next
            (call $store (i64.add (local.get $block) (local.get $at)) (i64.const -1))
            (local.set $at (i64.add (local.get $at) (i64.const 8)))
            (br_if $next (i64.lt_u (local.get $at) (i64.const 2000000))))
        (call $var_set (call $letter) (call $letter)))
    (func (export "hide_and_trap") (call $hide) unreachable)

    (func $empty (param $found i64) (if (i64.ne (local.get $found) (i64.const 0)) (then unreachable)))
    (func (export "seek") (local $at i64) (local $block i64)
        (call $empty (global.get $secret))
        (call $empty (i64.extend_i32_u (i32.ne (memory.size) (i32.const 2))))
        (call $empty (i64.extend_i32_u (i32.ne (table.size $table) (i32.const 2))))
        (call $empty (i64.extend_i32_u (i32.eqz (ref.is_null (table.get $table (i32.const 0))))))
        (call $empty (i64.extend_i32_u (i32.ne (i32.load8_u (i32.const 100004)) (i32.const 110))))
        (i64.store (i32.const 100000) (i64.const 0))
        (drop (memory.grow (i32.const 30)))
        (loop $next
            (call $empty (i64.load (i32.wrap_i64 (local.get $at))))
            (local.set $at (i64.add (local.get $at) (i64.const 8)))
            (br_if $next (i64.lt_u (local.get $at) (i64.const 2097152))))
        (drop (table.grow $table (ref.null func) (i32.const 8)))
        (call $empty (i64.extend_i32_u (i32.eqz (ref.is_null (table.get $table (i32.const 9))))))
        (call $empty (call $var_get (call $letter)))
        (local.set $block (call $alloc (i64.const 2000000)))
        (local.set $at (i64.const 0))
        (loop $again
            (call $empty (call $load (i64.add (local.get $block) (local.get $at))))
            (local.set $at (i64.add (local.get $at) (i64.const 8)))
            (br_if $again (i64.lt_u (local.get $at) (i64.const 2000000))))
        (call $empty (i64.extend_i32_u (call $http_status)))
        (call $empty (call $http_headers)))

    (func (export "remember") (call $var_set (call $letter) (call $letter)))
    (func (export "recall") (call $answer (call $var_get (call $letter))))
    (func (export "configured") (call $answer (call $config_get (call $letter))))
    (func (export "logs") (call $log (call $letter)))
    (func (export "fetch") (result i32)
        (call $answer (call $http (call $input) (i64.const 0)))
        (i32.sub (call $http_status) (i32.const 200)))
    (func (export "works") (local $n i32)
        (local.set $n (i32.const 20000000))
        (loop $next (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "spins") (loop $forever (br $forever))))"#;

/// Longer than any of this takes.
const LONG: Duration = Duration::from_mins(10);

fn guest() -> Manifest {
    manifest(GUEST).with_timeout(LONG)
}

fn compiled() -> CompiledPlugin {
    PluginBuilder::new(guest()).compile().unwrap()
}

fn new(compiled: &CompiledPlugin) -> Plugin {
    Plugin::new_from_compiled(compiled).unwrap()
}

fn pool_of(n_instances: usize, compiled: CompiledPlugin) -> Pool {
    PoolBuilder::new()
        .with_max_instances(n_instances)
        .build(move || Plugin::new_from_compiled(&compiled))
}

fn assert_clean(plugin: &mut Plugin) {
    assert_eq!(call(plugin, "seek").unwrap(), "");
}

#[test]
fn memory_is_not_shared_and_starts_as_it_was_written() {
    let compiled = compiled();
    let (mut first, mut second) = (new(&compiled), new(&compiled));
    call(&mut first, "hide").unwrap();
    assert_clean(&mut second);
    // In the very place that the first had.
    drop(first);
    assert_clean(&mut new(&compiled));
    let trap = call_error(&mut second, "hide_and_trap");
    assert!(matches!(trap, CallError::Trap { .. }), "{trap:?}");
    second.vars_mut().clear();
    assert_clean(&mut second);
}

#[test]
fn a_place_is_clean_for_a_plug_in_of_another_compilation() {
    let other = manifest(&GUEST.replace(r#"(export "works")"#, r#"(export "other")"#));
    let other = PluginBuilder::new(other.with_timeout(LONG)).compile().unwrap();
    for _ in 0..3 {
        let mut first = new(&compiled());
        call(&mut first, "hide").unwrap();
        drop(first);
        assert_clean(&mut new(&other));
    }
}

#[test]
fn plug_ins_of_a_pool_do_not_see_each_other() {
    let pool = pool_of(2, compiled());
    let mut first = pool.get(LONG).unwrap().unwrap();
    let mut second = pool.get(LONG).unwrap().unwrap();
    assert_ne!(first.id(), second.id());
    call(&mut first, "hide").unwrap();
    assert_clean(&mut second);
}

#[test]
fn variables_are_each_plug_ins_own() {
    let compiled = compiled();
    let (mut first, mut second) = (new(&compiled), new(&compiled));
    call(&mut first, "remember").unwrap();
    assert_eq!(call(&mut first, "recall").unwrap(), "K");
    assert_eq!(call(&mut second, "recall").unwrap(), "");
    assert!(second.vars().is_empty());
}

#[test]
fn configuration_belongs_to_a_compilation() {
    let configured = |value: &str| {
        let manifest = guest().with_config_key("K", value);
        PluginBuilder::new(manifest).build().unwrap()
    };
    let (mut first, mut second, mut third) =
        (configured("one"), configured("two"), new(&compiled()));
    assert_eq!(call(&mut first, "configured").unwrap(), "one");
    assert_eq!(call(&mut second, "configured").unwrap(), "two");
    assert_eq!(call(&mut third, "configured").unwrap(), "");
}

#[test]
fn a_cancellation_ends_the_call_of_one_plug_in_only() {
    let compiled = compiled();
    let (mut first, mut second) = (new(&compiled), new(&compiled));
    first.cancel_handle().cancel().unwrap();
    let worker = thread::spawn(move || call(&mut second, "works").map(|_| second));
    assert!(matches!(call_error(&mut first, "spins"), CallError::Cancelled));
    let mut second = worker.join().unwrap().unwrap();
    assert!(!second.cancel_handle().is_cancelled());
    assert_clean(&mut second);
}

#[test]
fn a_deadline_ends_the_calls_of_its_own_compilation_only() {
    let limited = PluginBuilder::new(manifest(GUEST).with_timeout(Duration::from_millis(20)));
    let mut limited = limited.build().unwrap();
    let mut other = new(&compiled());
    let worker = thread::spawn(move || call(&mut other, "works").map(|_| other));
    for _ in 0..3 {
        assert!(matches!(call_error(&mut limited, "spins"), CallError::TimedOut { .. }));
    }
    assert_clean(&mut worker.join().unwrap().unwrap());
}

#[test]
fn what_is_logged_says_whose_it_is_and_goes_to_its_own_log() {
    let seen: Arc<Mutex<Vec<(String, plugsmith::LogLevel)>>> = Arc::default();
    let logging = |name: &'static str| {
        let seen = Arc::clone(&seen);
        let sink = move |record: &LogRecord<'_>| {
            let text = format!("{name} {} {}", record.plugin, record.message);
            seen.lock().unwrap().push((text, record.level));
        };
        PluginBuilder::new(guest()).with_log_sink(sink).build().unwrap()
    };
    let (mut first, mut second) = (logging("one"), logging("two"));
    call(&mut first, "logs").unwrap();
    call(&mut second, "logs").unwrap();
    let texts: Vec<String> = seen.lock().unwrap().iter().map(|(text, _)| text.clone()).collect();
    assert_eq!(texts, [format!("one {} K", first.id), format!("two {} K", second.id)]);
}

#[cfg(feature = "http")]
#[test]
fn what_a_server_said_is_known_to_who_asked() {
    use crate::server::{Server, response};

    let server = Server::start([response("200 OK", "X-Secret: S\r\n", b"answer")]);
    let manifest = guest().with_allowed_hosts(["127.0.0.1"]);
    let builder = PluginBuilder::new(manifest).with_http_response_headers(true);
    let compiled = builder.compile().unwrap();
    let (mut first, mut second) = (new(&compiled), new(&compiled));
    let request = format!(r#"{{"url":"{}"}}"#, server.url("/"));
    assert_eq!(first.call::<_, String>("fetch", request).unwrap(), "answer");
    assert_clean(&mut second);
    assert_clean(&mut first);
}
