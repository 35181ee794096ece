//! Variables that several plug-ins share, and those that the host looks into.

use std::{thread, time::Duration};

use plugsmith::{
    CallError, CompiledPlugin, CurrentPlugin, Function, Plugin, PluginBuilder, Pool, SharedVars,
};

use crate::guest::{call_error, manifest};

/// Keeps its input under `k`, and gives it back; removes it; asks the host to count.
const KEEPING: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
    (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
    (import "extism:host/user" "count" (func $count))
    (func $key (result i64)
        (local $block i64)
        (local.set $block (call $alloc (i64.const 1)))
        (call $store (local.get $block) (i32.const 107))
        (local.get $block))
    (func (export "set") (call $var_set (call $key) (call $input)))
    (func (export "remove") (call $var_set (call $key) (i64.const 0)))
    (func (export "get")
        (local $value i64)
        (local.set $value (call $var_get (call $key)))
        (call $output (local.get $value) (call $length (local.get $value))))
    (func (export "count") (call $count))
    (func (export "trap") unreachable))"#;

fn keeping() -> PluginBuilder<'static> {
    let count = Function::numeric("count", |plugin: &mut CurrentPlugin<'_>| {
        let bump = |value: &mut Vec<u8>| value.push(b'x');
        match plugin.shared_vars() {
            Some(vars) => vars.update(|map| bump(map.entry("n".to_owned()).or_default())),
            None => bump(plugin.vars_mut().entry("n".to_owned()).or_default()),
        }
        Ok(())
    });
    PluginBuilder::new(
        manifest(KEEPING)
            .with_memory_options(plugsmith::manifest::MemoryOptions::new().with_max_var_bytes(200)),
    )
    .with_functions([count])
}

fn set(plugin: &mut Plugin, value: &str) {
    plugin.call::<_, ()>("set", value).unwrap();
}

fn get(plugin: &mut Plugin) -> String {
    plugin.call("get", ()).unwrap()
}

fn compile(builder: PluginBuilder<'_>) -> CompiledPlugin {
    builder.compile().unwrap()
}

#[test]
fn plug_ins_share_a_store_if_they_are_given_one() {
    let vars = SharedVars::new();
    vars.set("k", "seed");
    let compiled = compile(keeping().with_shared_vars(vars.clone()));
    let mut a = Plugin::new_from_compiled(&compiled).unwrap();
    let mut b = Plugin::new_from_compiled(&compiled).unwrap();
    assert_eq!(get(&mut a), "seed");
    set(&mut a, "one");
    assert_eq!(get(&mut b), "one");
    call_error(&mut a, "trap");
    assert_eq!(get(&mut a), "one");
    b.call::<_, ()>("remove", ()).unwrap();
    assert_eq!((get(&mut a).as_str(), vars.get("k")), ("", None));
    assert!(a.vars().is_empty());
    assert_eq!(vars.remove("k"), None);
}

#[test]
fn without_a_store_each_has_its_own() {
    let compiled = compile(keeping());
    let mut a = Plugin::new_from_compiled(&compiled).unwrap();
    let mut b = Plugin::new_from_compiled(&compiled).unwrap();
    set(&mut a, "one");
    assert_eq!(get(&mut b), "");
}

#[test]
fn a_shared_store_has_the_limit_of_whoever_sets() {
    let vars: SharedVars = [("other", "x".repeat(100))].into_iter().collect();
    let mut plugin = keeping().with_shared_vars(vars.clone()).build().unwrap();
    let err = plugin.call::<_, ()>("set", "hello").unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(CallError::Host { .. })), "{err:?}");
    vars.remove("other");
    set(&mut plugin, "hello");
    assert_eq!(get(&mut plugin), "hello");
}

#[test]
fn the_plug_ins_of_a_pool_lose_no_count_of_the_hosts() {
    let vars = SharedVars::new();
    let compiled = compile(keeping().with_shared_vars(vars.clone()));
    let pool = Pool::new(move || Plugin::new_from_compiled(&compiled));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let mut plugin = pool.get(Duration::from_mins(1)).unwrap().unwrap();
                    plugin.call::<_, ()>("count", ()).unwrap();
                }
            });
        }
    });
    assert_eq!(vars.get("n").map(|n| n.len()), Some(200));
}

#[test]
fn a_host_seeds_and_reads_the_variables_of_a_plug_in() {
    let mut plugin = keeping().build().unwrap();
    plugin.vars_mut().insert("k".to_owned(), b"seed".to_vec());
    assert_eq!(get(&mut plugin), "seed");
    set(&mut plugin, "later");
    plugin.call::<_, ()>("count", ()).unwrap();
    assert_eq!(plugin.vars()["k"], b"later");
    assert_eq!(plugin.vars()["n"], b"x");
    call_error(&mut plugin, "trap");
    assert_eq!(plugin.vars()["k"], b"later");
}

#[test]
fn a_panic_of_the_host_leaves_the_store_usable() {
    let vars = SharedVars::new();
    let shared = vars.clone();
    thread::spawn(move || shared.update(|_| panic!("a mistake of the host"))).join().unwrap_err();
    vars.set("k", "v");
    assert_eq!(vars.get("k").as_deref(), Some(b"v".as_slice()));
}
