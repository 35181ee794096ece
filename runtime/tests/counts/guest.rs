//! The guest whose calls are counted. Each export does one thing.

use std::time::Duration;

use plugsmith::{CurrentPlugin, Function, Manifest, Plugin, PluginBuilder, Wasm};

/// It copies by loops over words, as guests do that compilers made.
const GUEST: &str = r#"(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "free" (func $free (param i64)))
    (import "extism:host/env" "input_length" (func $input_length (result i64)))
    (import "extism:host/env" "input_load_u64" (func $input_load (param i64) (result i64)))
    (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
    (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
    (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
    (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
    (import "extism:host/env" "log_trace" (func $log (param i64)))
    (import "extism:host/user" "next" (func $next (param i64) (result i64)))
    (import "extism:host/user" "shorten" (func $shorten (param i64) (result i64)))
    (memory (export "memory") 32)
    (data (i32.const 0) "key")
    (func $key (result i64)
        (local $block i64)
        (local.set $block (call $alloc (i64.const 3)))
        (call $store_u8 (local.get $block) (i32.const 107))
        (call $store_u8 (i64.add (local.get $block) (i64.const 1)) (i32.const 101))
        (call $store_u8 (i64.add (local.get $block) (i64.const 2)) (i32.const 121))
        (local.get $block))

    (func (export "empty"))
    (func (export "status") (result i32) i32.const 0)
    (func (export "reflect") (call $output (call $input_offset) (call $input_length)))
    (func (export "echo")
        (local $at i64) (local $len i64) (local $block i64)
        (local.set $len (call $input_length))
        (local.set $block (call $alloc (local.get $len)))
        (loop $in
            (i64.store (i32.wrap_i64 (local.get $at)) (call $input_load (local.get $at)))
            (br_if $in (i64.lt_u
                (local.tee $at (i64.add (local.get $at) (i64.const 8)))
                (local.get $len))))
        (local.set $at (i64.const 0))
        (loop $out
            (call $store
                (i64.add (local.get $block) (local.get $at))
                (i64.load (i32.wrap_i64 (local.get $at))))
            (br_if $out (i64.lt_u
                (local.tee $at (i64.add (local.get $at) (i64.const 8)))
                (local.get $len))))
        (call $output (local.get $block) (local.get $len)))

    (func (export "numbers")
        (local $n i64)
        (loop $again
            (br_if $again (i64.lt_u
                (local.tee $n (call $next (local.get $n)))
                (i64.const 20)))))
    (func (export "texts") (call $free (call $shorten (call $key))))
    (func (export "config_get") (call $free (call $config_get (call $key))))
    (func (export "var_get") (call $free (call $var_get (call $key))))
    (func (export "var_set") (call $var_set (call $key) (call $key)))
    (func (export "log") (call $log (call $key)))
    (func (export "blocks")
        (local $n i64)
        (loop $again
            (call $free (call $alloc (i64.const 64)))
            (br_if $again (i64.lt_u
                (local.tee $n (i64.add (local.get $n) (i64.const 1)))
                (i64.const 20))))))"#;

/// Begins to load the guest, with a time limit and what its exports ask for.
pub(crate) fn builder() -> PluginBuilder<'static> {
    let wasm = wat::parse_str(GUEST).unwrap();
    let manifest = Manifest::new([Wasm::data(wasm)])
        .with_timeout(Duration::from_mins(10))
        .with_config_key("key", "value");
    PluginBuilder::new(manifest).with_functions([
        Function::numeric("next", |_: &mut CurrentPlugin<'_>, number: i64| Ok(number + 1)),
        Function::typed("shorten", |_: &mut CurrentPlugin<'_>, mut text: String| {
            text.pop();
            Ok(text)
        }),
    ])
}

/// Loads the guest and calls it till nothing is new to it.
pub(crate) fn warm(builder: PluginBuilder<'_>) -> Plugin {
    let mut plugin = builder.build().unwrap();
    for name in ["empty", "status", "numbers", "texts", "config_get", "var_set", "var_get", "log"] {
        for _ in 0..3 {
            plugin.call::<(), ()>(name, ()).unwrap();
        }
    }
    plugin
}
