//! Side modules that are programs: each call from another module gets a new instance.

use plugsmith::{CallError, HostError, Manifest, Plugin};

use crate::guest::{call, wasm};

/// Counts its calls, in vain, and ends the call if it must.
const COUNTER: &str = r#"(module
    (import "main" "base" (func $base (result i32)))
    (global $n (mut i32) (i32.const 0))
    (func (export "_start"))
    (func (export "__wasm_call_ctors") (global.set $n (i32.const 10)))
    (func (export "count") (result i32)
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (i32.add (global.get $n) (call $base)))
    (func (export "fail") unreachable))"#;

const MAIN: &str = r#"(module
    (import "tool" "count" (func $count (result i32)))
    (import "tool" "fail" (func $fail))
    (func (export "base") (result i32) (i32.const 100))
    (func (export "count") (result i32) (call $count))
    (func (export "fail") (call $fail))
    (func (export "many") (result i32)
        (local $i i32)
        (loop $next
            (drop (call $count))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (i32.const 999))))
        (call $count))
    (func (export "too_many")
        (loop $next (drop (call $count)) (br $next))))"#;

fn load() -> Plugin {
    let modules = [wasm(COUNTER).with_name("tool"), wasm(MAIN).with_name("main")];
    Plugin::new(Manifest::new(modules), [], false).unwrap()
}

fn status(plugin: &mut Plugin, name: &str) -> i32 {
    plugin.call_get_error_code::<_, ()>(name, ()).unwrap_err().1
}

#[test]
fn each_call_gets_a_new_instance_that_is_initialised() {
    let mut plugin = load();
    assert_eq!(status(&mut plugin, "count"), 111);
    assert_eq!(status(&mut plugin, "count"), 111);
}

#[test]
fn a_trap_of_a_command_is_one_of_the_call() {
    let mut plugin = load();
    let err = call(&mut plugin, "fail").unwrap_err();
    assert!(matches!(err, CallError::Trap { .. }), "{err}");
    assert_eq!(status(&mut plugin, "count"), 111);
}

#[test]
fn the_instances_of_commands_are_limited() {
    let mut plugin = load();
    assert_eq!(status(&mut plugin, "many"), 111);
    let CallError::Host { source, .. } = call(&mut plugin, "count").unwrap_err() else {
        panic!("the limit is an error of the host");
    };
    assert!(matches!(source.downcast_ref(), Some(HostError::CommandLimit { limit: 1_000 })));
    // A fresh instance of the plug-in, and with it of the limit.
    assert_eq!(status(&mut plugin, "count"), 111);
    call(&mut plugin, "too_many").unwrap_err();
    assert_eq!(status(&mut plugin, "count"), 111);
}

#[test]
fn a_module_with_both_entry_points_keeps_its_state() {
    let tool = COUNTER.replace(
        r#"(func (export "_start"))"#,
        r#"(func (export "_start")) (func (export "_initialize"))"#,
    );
    let modules = [wasm(&tool).with_name("tool"), wasm(MAIN).with_name("main")];
    let mut plugin = Plugin::new(Manifest::new(modules), [], false).unwrap();
    assert_eq!(status(&mut plugin, "count"), 111);
    assert_eq!(status(&mut plugin, "count"), 112);
}
