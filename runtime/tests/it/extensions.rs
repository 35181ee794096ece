//! What guests and this host may agree on beyond the interface of Extism 1.x.

use plugsmith::{
    CallError, CurrentPlugin, Error, Function, Manifest, Plugin, PluginBuilder, UserData, ValType,
};

use crate::guest::{call, call_error, chain, wasm};

/// Takes the extensions of `$answer`, and calls host functions that fail.
fn asking(answer: &str) -> String {
    format!(
        r#"(module
            (import "extism:host/env" "error_get" (func $error_get (result i64)))
            (import "extism:host/env" "error_set" (func $error_set (param i64)))
            (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
            (import "extism:host/env" "length" (func $length (param i64) (result i64)))
            (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
            (import "extism:host/env" "output_set" (func $output (param i64 i64)))
            (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
            (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
            (import "extism:host/user" "fails" (func $fails (param i64) (result i64 f32)))
            (import "extism:host/user" "panics" (func $panics))
            (func (export "plugsmith_extensions") (param i64) (result i64) {answer})
            (func $key (result i64)
                (local $block i64)
                (local.set $block (call $alloc (i64.const 1)))
                (call $store (local.get $block) (i32.const 107))
                (local.get $block))
            (func (export "catch")
                (local $error i64)
                (call $fails (i64.const 5))
                (if (f32.ne (f32.const 0)) (then unreachable))
                (if (i64.ne (i64.const 0)) (then unreachable))
                (local.set $error (call $error_get))
                (call $error_set (i64.const 0))
                (call $output (local.get $error) (call $length (local.get $error))))
            (func (export "ignore") (call $fails (i64.const 5)) drop drop)
            (func (export "panic") (call $panics))
            (func (export "set_empty") (call $var_set (call $key) (i64.const 1)))
            (func (export "var") (result i32) (i32.wrap_i64 (call $var_get (call $key)))))"#
    )
}

/// Takes whatever it is offered.
const ALL: &str = "(local.get 0)";

fn functions() -> [Function; 2] {
    let fails = Function::new(
        "fails",
        [ValType::I64],
        [ValType::I64, ValType::F32],
        UserData::new(()),
        |_, params, results, _| {
            results[0] = 7_i64.into();
            let cause = std::io::Error::other("disk is full");
            let number = params[0].unwrap_i64();
            Err(Error::from(cause).context(format!("cannot keep {number}")))
        },
    );
    let panics = Function::new("panics", [], [], UserData::new(()), |_, _, _, _| {
        panic!("a mistake of the host")
    });
    [fails, panics]
}

fn plugin(answer: &str, catchable: bool) -> Plugin {
    PluginBuilder::new(Manifest::new([wasm(&asking(answer))]))
        .with_functions(functions())
        .with_catchable_host_errors(catchable)
        .build()
        .unwrap()
}

fn status(plugin: &mut Plugin, name: &str) -> i32 {
    plugin.call_get_error_code::<_, ()>(name, ()).map_or_else(|(_, status)| status, |()| 0)
}

#[test]
fn a_guest_that_agreed_catches_the_error_and_its_causes() {
    let mut plugin = plugin(ALL, true);
    for _ in 0..2 {
        assert_eq!(call(&mut plugin, "catch").unwrap(), "cannot keep 5: disk is full");
    }
}

#[test]
fn an_error_that_nobody_takes_back_is_the_calls() {
    let mut plugin = plugin(ALL, true);
    let err = call_error(&mut plugin, "ignore");
    assert!(matches!(err, CallError::Guest { .. }));
    assert_eq!(err.to_string(), "cannot keep 5: disk is full");
    call(&mut plugin, "catch").unwrap();
}

#[test]
fn panics_of_the_host_are_not_caught() {
    let mut plugin = plugin(ALL, true);
    let err = call_error(&mut plugin, "panic");
    assert!(chain(err).contains("a mistake of the host"));
    call(&mut plugin, "catch").unwrap();
}

#[test]
fn an_error_without_text_is_caught_too() {
    let guest = r#"(module
        (import "extism:host/user" "fails" (func $fails))
        (import "extism:host/env" "error_get" (func $error (result i64)))
        (import "extism:host/env" "error_set" (func $error_set (param i64)))
        (func (export "plugsmith_extensions") (param i64) (result i64) (local.get 0))
        (func (export "run") (result i32)
            (call $fails)
            (i64.eqz (call $error))
            (call $error_set (i64.const 0))))"#;
    let fails = Function::numeric("fails", |_: &mut CurrentPlugin<'_>| -> Result<(), Error> {
        Err(Error::msg(""))
    });
    let mut plugin = PluginBuilder::new(Manifest::new([wasm(guest)]))
        .with_functions([fails])
        .with_catchable_host_errors(true)
        .build()
        .unwrap();
    call(&mut plugin, "run").unwrap();
}

#[test]
fn nothing_is_caught_unless_host_and_guest_agree() {
    for (answer, catchable) in [(ALL, false), ("(i64.const 0)", true), ("(i64.const 1)", true)] {
        let mut plugin = plugin(answer, catchable);
        let err = call_error(&mut plugin, "catch");
        assert!(matches!(err, CallError::Host { .. }), "{err}");
    }
    // A guest that claims what it was not offered does not get it.
    let mut plugin = plugin("(i64.const -1)", false);
    assert!(matches!(call_error(&mut plugin, "catch"), CallError::Host { .. }));
}

#[test]
fn all_modules_that_call_the_host_must_agree() {
    let side = r#"(module
        (import "extism:host/user" "panics" (func $panics))
        (func (export "nothing")))"#;
    let harmless = r#"(module (func (export "nothing")))"#;
    for (side, is_caught) in [(side, false), (harmless, true)] {
        let modules = [wasm(&asking(ALL)).with_name("main"), wasm(side).with_name("side")];
        let mut plugin = PluginBuilder::new(Manifest::new(modules))
            .with_functions(functions())
            .with_catchable_host_errors(true)
            .build()
            .unwrap();
        assert_eq!(call(&mut plugin, "catch").is_ok(), is_caught);
    }
}

#[test]
fn empty_variables_are_told_from_missing_ones_if_agreed() {
    let mut agreed = plugin(ALL, false);
    assert_eq!(status(&mut agreed, "var"), 0);
    assert_eq!(status(&mut agreed, "set_empty"), 0);
    assert_eq!(status(&mut agreed, "var"), 1);
    // Offset 1 is no block for all others, as in Extism.
    let mut other = plugin("(i64.const 0)", false);
    assert!(matches!(call_error(&mut other, "set_empty"), CallError::Host { .. }));
    assert_eq!(status(&mut other, "var"), 0);
}

#[test]
fn a_guest_that_traps_when_asked_fails_its_call() {
    let mut plugin = plugin("unreachable", false);
    assert!(matches!(call_error(&mut plugin, "var"), CallError::Trap { .. }));
}

#[test]
fn an_export_of_another_type_is_not_asked() {
    let guest = r#"(module
        (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
        (func (export "plugsmith_extensions") (param i32) (result i64) unreachable)
        (func (export "run")))"#;
    let mut plugin = Plugin::new(Manifest::new([wasm(guest)]), [], false).unwrap();
    call(&mut plugin, "run").unwrap();
}
