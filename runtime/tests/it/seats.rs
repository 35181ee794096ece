//! Instances beyond the places that an engine keeps ready, and what is handed on with a place.

use std::time::Duration;

use plugsmith::{CompiledPlugin, Plugin, PluginBuilder};

use crate::guest::{call, call_error, manifest, plugin};

/// More than an engine keeps places ready.
const N_INSTANCES: usize = 1_050;

/// A guest that counts its calls in its memory, its kernel's, a table and a global.
const COUNTER: &str = r#"(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "load_u64" (func $load (param i64) (result i64)))
    (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
    (memory 2)
    (data (i32.const 70000) "\2a")
    (table $t 3 funcref)
    (global $n (mut i32) (i32.const 0))
    (func (export "count") (result i32)
        (local $block i64)
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
        (i32.store8 (i32.const 70000) (i32.add (i32.load8_u (i32.const 70000)) (i32.const 1)))
        (if (i32.ne (global.get $n) (i32.load (i32.const 8))) (then unreachable))
        (if (i32.ne (i32.add (global.get $n) (i32.const 42)) (i32.load8_u (i32.const 70000)))
            (then unreachable))
        (if (i32.ne (table.size $t) (i32.add (global.get $n) (i32.const 2))) (then unreachable))
        (drop (table.grow $t (ref.null func) (i32.const 1)))
        (if (i32.ne (memory.size) (i32.add (global.get $n) (i32.const 1))) (then unreachable))
        (drop (memory.grow (i32.const 1)))
        (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (i32.const 7))
        (local.set $block (call $alloc (i64.const 8)))
        (if (i64.ne (call $load (local.get $block)) (i64.const 0)) (then unreachable))
        (call $store (local.get $block) (i64.const -1))
        (i32.const 0)))"#;

fn compiled() -> CompiledPlugin {
    PluginBuilder::new(manifest(COUNTER).with_timeout(Duration::from_mins(1))).compile().unwrap()
}

#[test]
fn instances_beyond_the_places_kept_ready_work_as_the_others() {
    let compiled = compiled();
    let mut plugins: Vec<Plugin> =
        (0..N_INSTANCES).map(|_| Plugin::new_from_compiled(&compiled).unwrap()).collect();
    for _ in 0..2 {
        for plugin in &mut plugins {
            call(plugin, "count").unwrap();
        }
    }
}

#[test]
fn a_plugin_beyond_the_places_kept_ready_can_be_cancelled() {
    let compiled = compiled();
    let mut plugins: Vec<Plugin> =
        (0..N_INSTANCES).map(|_| Plugin::new_from_compiled(&compiled).unwrap()).collect();
    for plugin in &mut plugins {
        call(plugin, "count").unwrap();
    }
    let last = plugins.last_mut().unwrap();
    last.cancel_handle().cancel().unwrap();
    assert!(call_error(last, "count").to_string().contains("cancelled"));
    call(last, "count").unwrap();
}

#[test]
fn nothing_is_handed_on_with_a_place() {
    let compiled = compiled();
    for _ in 0..300 {
        let mut plugin = Plugin::new_from_compiled(&compiled).unwrap();
        for _ in 0..3 {
            call(&mut plugin, "count").unwrap();
        }
    }
}

#[test]
fn a_module_too_large_for_a_place_works_all_the_same() {
    let tables = "(table 1 funcref)".repeat(9);
    let memories = "(memory 1)".repeat(5);
    let wat = format!(r#"(module {memories} {tables} (func (export "ping")))"#);
    let mut plugin = plugin(&wat);
    assert_eq!(call(&mut plugin, "ping").unwrap(), "");
}

#[test]
fn how_many_places_are_kept_ready_is_told() {
    assert_eq!(compiled().n_seats(), 1_000);
    let linked = PluginBuilder::new(manifest(COUNTER)).with_linked_kernel().compile().unwrap();
    assert_eq!(linked.n_seats(), 0);
}
