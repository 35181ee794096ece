//! Configuration, variables and logging, as a guest meets them, hostile arguments included.

use plugsmith::{CallError, HostError, Manifest, Plugin};

use crate::guest::{call, call_error, manifest};

/// Passes its input as a key to `config_get` and `var_get`, sets a variable of that key, and makes
/// what it got its output. `hostile_*` passes an offset at which no block starts.
const ASKING: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "free" (func $free (param i64)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
    (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
    (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
    (import "extism:host/env" "log_error" (func $log_error (param i64)))
    (import "extism:host/env" "get_log_level" (func $log_level (result i32)))
    (func $answer (param $block i64)
        (call $output (local.get $block) (call $length (local.get $block))))
    (func $byte (result i64)
        (local $block i64)
        (local.set $block (call $alloc (i64.const 1)))
        (call $store (local.get $block) (i32.const 33))
        (local.get $block))
    (func (export "config") (call $answer (call $config_get (call $input))))
    (func (export "var") (call $answer (call $var_get (call $input))))
    (func (export "config_and_free") (local $value i64) (local $key i64)
        (local.set $key (call $input))
        (local.set $value (call $config_get (local.get $key)))
        (call $free (local.get $key))
        (call $answer (local.get $value)))
    (func (export "var_and_free") (local $value i64) (local $key i64)
        (local.set $key (call $input))
        (local.set $value (call $var_get (local.get $key)))
        (call $free (local.get $key))
        (call $answer (local.get $value)))
    (func (export "set_to_key") (call $var_set (call $input) (call $input)))
    (func (export "set") (call $var_set (call $input) (call $byte)))
    (func (export "set_large") (call $var_set (call $input) (call $alloc (i64.const 1000))))
    (func (export "remove") (call $var_set (call $input) (i64.const 0)))
    (func (export "log") (call $log_error (call $input)))
    (func (export "freed") (result i32)
        (call $log_error (call $input))
        (i32.wrap_i64 (call $length (call $input))))
    (func (export "level") (result i32) (call $log_level))
    (func (export "hostile_config") (drop (call $config_get (i64.const 7))))
    (func (export "hostile_var") (drop (call $var_get (i64.const -1))))
    (func (export "hostile_set") (call $var_set (i64.const 0) (i64.const 0x7fffffffffffffff)))
    (func (export "inner") (drop (call $config_get (i64.add (call $input) (i64.const 1)))))
    (func (export "trap") unreachable))"#;

fn load(manifest: Manifest) -> Plugin {
    Plugin::new(manifest, [], false).unwrap()
}

fn ask(plugin: &mut Plugin, name: &str, key: &str) -> String {
    plugin.call(name, key).unwrap()
}

#[test]
fn configuration_is_what_the_manifest_says() {
    let mut plugin = load(manifest(ASKING).with_config_key("currency", "EUR"));
    assert_eq!(ask(&mut plugin, "config", "currency"), "EUR");
    assert_eq!(ask(&mut plugin, "config", "missing"), "");
    assert_eq!(ask(&mut plugin, "config", ""), "");
}

#[test]
fn variables_live_across_calls_and_instances() {
    let mut plugin = load(manifest(ASKING));
    assert_eq!(ask(&mut plugin, "var", "a"), "");
    ask(&mut plugin, "set", "a");
    assert_eq!(ask(&mut plugin, "var", "a"), "!");
    call_error(&mut plugin, "trap");
    assert_eq!(ask(&mut plugin, "var", "a"), "!");
    ask(&mut plugin, "remove", "a");
    assert_eq!(ask(&mut plugin, "var", "a"), "");
}

#[test]
fn what_is_given_is_never_what_was_passed() {
    let mut plugin = load(manifest(ASKING).with_config_key("currency", "EUR"));
    assert_eq!(ask(&mut plugin, "config_and_free", "currency"), "EUR");
    ask(&mut plugin, "set_to_key", "a");
    assert_eq!(ask(&mut plugin, "var_and_free", "a"), "a");
}

#[test]
fn variables_have_a_limit_and_what_is_refused_changes_nothing() {
    let limited = |bytes| {
        let mut manifest = manifest(ASKING);
        manifest.memory.max_var_bytes = Some(bytes);
        load(manifest)
    };
    let mut plugin = limited(1049);
    for _ in 0..3 {
        ask(&mut plugin, "set_large", "a");
    }
    let err = plugin.call::<_, ()>("set", "b").unwrap_err();
    let err = err.downcast_ref::<CallError>().unwrap();
    let CallError::Host { source, .. } = err else { panic!("{err:?}") };
    assert!(matches!(
        source.downcast_ref(),
        Some(HostError::VarsFull { needed: 1099, limit: 1049 })
    ));
    ask(&mut plugin, "remove", "a");
    ask(&mut plugin, "set", "b");

    let mut plugin = limited(0);
    let err = plugin.call::<_, ()>("set", "b").unwrap_err();
    assert!(format!("{err:?}").contains("variables are switched off"), "{err:?}");
    assert_eq!(ask(&mut plugin, "var", "b"), "");
}

#[test]
fn arguments_that_are_no_block_are_refused_and_the_next_call_runs() {
    let mut plugin = load(manifest(ASKING));
    for (name, offset) in
        [("hostile_config", 7), ("hostile_var", u64::MAX), ("hostile_set", i64::MAX as u64)]
    {
        let err = call_error(&mut plugin, name);
        let CallError::Host { source, .. } = &err else { panic!("{err:?}") };
        let Some(HostError::NoBlock { offset: found, .. }) = source.downcast_ref() else {
            panic!("{source:?}")
        };
        assert_eq!(*found, offset);
        assert_eq!(call(&mut plugin, "var").unwrap(), "");
    }
    assert!(plugin.call::<_, ()>("inner", "key").is_err());
}

#[test]
fn keys_must_be_text() {
    let mut plugin = load(manifest(ASKING));
    let err = plugin.call::<_, ()>("var", &b"\xff"[..]).unwrap_err();
    assert!(format!("{err:?}").contains("a variable's key is not valid UTF-8"), "{err:?}");
}

#[test]
fn without_a_subscriber_nothing_is_logged_and_messages_are_freed() {
    let mut plugin = load(manifest(ASKING));
    let (_, level) = plugin.call_get_error_code::<_, ()>("level", ()).unwrap_err();
    assert_eq!(level, i32::MAX);
    plugin.call::<_, ()>("log", "hello").unwrap();
    plugin.call::<_, ()>("freed", "hello").unwrap();
}
