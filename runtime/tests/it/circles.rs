//! Modules that import functions from each other in a circle.

use plugsmith::{CallError, Manifest, Plugin, Trap, Wasm};

use crate::guest::{call_error, chain, wasm};

/// Says whether a number is even by asking the other module about the one before it.
fn parity(asks: &str, own: &str, other: &str, at_zero: u8) -> String {
    format!(
        r#"(module
            (import "{asks}" "{other}" (func $other (param i32) (result i32)))
            (func $own (export "{own}") (param i32) (result i32)
                (if (result i32) (i32.eqz (local.get 0))
                    (then (i32.const {at_zero}))
                    (else (call $other (i32.sub (local.get 0) (i32.const 1))))))
            (func (export "even_7") (result i32) (call $own (i32.const 7)))
            (func (export "even_8") (result i32) (call $own (i32.const 8)))
            (func (export "endless") (drop (call $own (i32.const -1)))))"#
    )
}

fn even() -> Wasm {
    wasm(&parity("odd", "even", "odd", 1)).with_name("main")
}

fn odd() -> Wasm {
    wasm(&parity("main", "odd", "even", 0)).with_name("odd")
}

fn status(plugin: &mut Plugin, name: &str) -> i32 {
    plugin.call_get_error_code::<_, ()>(name, ()).map_or_else(|(_, status)| status, |()| 0)
}

#[test]
fn functions_may_be_imported_in_a_circle() {
    for modules in [[even(), odd()], [odd(), even()]] {
        let mut plugin = Plugin::new(Manifest::new(modules), [], false).unwrap();
        for _ in 0..2 {
            assert_eq!(status(&mut plugin, "even_7"), 0);
            assert_eq!(status(&mut plugin, "even_8"), 1);
        }
    }
}

#[test]
fn recursion_around_a_circle_ends_with_the_stack() {
    let mut plugin = Plugin::new(Manifest::new([even(), odd()]), [], false).unwrap();
    let err = call_error(&mut plugin, "endless");
    assert_eq!(err.trap(), Some(Trap::StackOverflow), "{}", chain(err));
    assert_eq!(status(&mut plugin, "even_8"), 1);
}

#[test]
fn a_memory_may_come_from_a_module_that_calls_back() {
    let main = r#"(module
        (import "side" "memory" (memory 1))
        (import "side" "twice" (func $twice))
        (func (export "bump")
            (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1))))
        (func (export "run") (result i32) (call $twice) (i32.load8_u (i32.const 0))))"#;
    let side = r#"(module
        (import "main" "bump" (func $bump))
        (memory (export "memory") 1)
        (func (export "twice") (call $bump) (call $bump)))"#;
    let modules = [wasm(main).with_name("main"), wasm(side).with_name("side")];
    let mut plugin = Plugin::new(Manifest::new(modules), [], false).unwrap();
    assert_eq!(status(&mut plugin, "run"), 2);
    assert_eq!(status(&mut plugin, "run"), 4);
}

#[test]
fn a_module_may_import_its_own_function() {
    let main = r#"(module
        (import "main" "seven" (func $seven (result i32)))
        (func (export "seven") (result i32) (i32.const 7))
        (func (export "run") (result i32) (call $seven)))"#;
    let modules = [wasm(main).with_name("main"), wasm("(module)").with_name("side")];
    let mut plugin = Plugin::new(Manifest::new(modules), [], false).unwrap();
    assert_eq!(status(&mut plugin, "run"), 7);
}

#[test]
fn initialisers_of_a_circle_run_when_all_of_it_exists() {
    let main = r#"(module
        (import "side" "ready" (func $ready (result i32)))
        (global $seen (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $seen (call $ready)))
        (func (export "base") (result i32) (i32.const 40))
        (func (export "run") (result i32) (global.get $seen)))"#;
    let side = r#"(module
        (import "main" "base" (func $base (result i32)))
        (global $ready (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $ready (i32.add (call $base) (i32.const 2))))
        (func (export "ready") (result i32) (global.get $ready)))"#;
    let modules = [wasm(side).with_name("side"), wasm(main).with_name("main")];
    let mut plugin = Plugin::new(Manifest::new(modules), [], false).unwrap();
    assert_eq!(status(&mut plugin, "run"), 42);
}

#[test]
fn initialisers_may_call_what_calls_the_last_of_a_circle() {
    let main = r#"(module
        (import "near" "f" (func $f (result i32)))
        (global $seen (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $seen (call $f)))
        (func (export "base") (result i32) (i32.const 1))
        (func (export "run") (result i32) (global.get $seen)))"#;
    let near = r#"(module
        (import "main" "base" (func (result i32)))
        (import "far" "g" (func $g (result i32)))
        (func (export "f") (result i32) (call $g))
        (func (export "five") (result i32) (i32.const 5)))"#;
    let far = r#"(module
        (import "near" "five" (func $five (result i32)))
        (func (export "g") (result i32) (call $five)))"#;
    let modules =
        [wasm(main).with_name("main"), wasm(near).with_name("near"), wasm(far).with_name("far")];
    let mut plugin = Plugin::new(Manifest::new(modules), [], false).unwrap();
    assert_eq!(status(&mut plugin, "run"), 5);
}

#[test]
fn a_start_function_that_calls_what_does_not_exist_yet_is_told_so() {
    let main = r#"(module
        (import "side" "f" (func $f))
        (func (export "g"))
        (func (export "run")))"#;
    let side = r#"(module
        (import "main" "g" (func $g))
        (func $start (call $g))
        (start $start)
        (func (export "f")))"#;
    let modules = [wasm(side).with_name("side"), wasm(main).with_name("main")];
    let mut plugin = Plugin::new(Manifest::new(modules), [], false).unwrap();
    let err = call_error(&mut plugin, "run");
    assert!(matches!(err, CallError::Host { .. }));
    assert!(chain(err).contains("module `main` is not instantiated yet, but its function `g`"));
}
