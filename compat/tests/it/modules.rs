//! Plug-ins of several modules: names, links, and what a host sees of them.

use serde_json::{Value, json};

use crate::{
    case::{Case, Step, data, named},
    compare::check,
    probe,
};

/// Exports a function that gives a number, in a module or as one.
fn number(number: i32) -> String {
    format!(r#"(module (func (export "number") (result i32) (i32.const {number})))"#)
}

/// Returns the number of another module as its status, less what is expected: 0 is success.
fn user(module: &str, expected: i32) -> String {
    format!(
        r#"(module (import "{module}" "number" (func $number (result i32)))
        (func (export "run") (result i32) (i32.sub (call $number) (i32.const {expected}))))"#
    )
}

fn case(name: &str, modules: Value) -> Case {
    Case::manifest(name, json!({ "wasm": modules }))
}

#[test]
fn modules_have_names() {
    let (one, user) = (number(1), user("lib", 1));
    let unnamed = data(&user);
    check([
        case("main is named", json!([named("lib", &one), named("main", &user)])).call("run", ""),
        case("main comes first", json!([named("main", &user), named("lib", &one)])).call("run", ""),
        case("main is unnamed", json!([named("lib", &one), unnamed])).call("run", ""),
        case("main is unnamed and first", json!([unnamed, named("lib", &one)])).call("run", ""),
        case("the last is main", json!([named("lib", &one), named("other", &user)]))
            .call("run", ""),
        case("a name twice", json!([named("lib", &one), named("lib", &one), unnamed])).refused(),
        case("two without a name", json!([data(&one), data(&user)])).refused(),
        case("two of the name main", json!([named("main", &one), named("main", &user)])).refused(),
        case("the kernel's name", json!([named("extism:host/env", &one), unnamed])).refused(),
        case("a name of nothing", json!([named("", &one), data(self::user("", 1))]))
            .call("run", ""),
        case("a name with spaces", json!([named("a lib", &one), data(self::user("a lib", 1))]))
            .call("run", ""),
        case("a module that is missing", json!([named("other", &one), unnamed])).refused(),
    ]);
}

#[test]
fn modules_import_from_each_other() {
    let relay = |from: &str| {
        format!(
            r#"(module (import "{from}" "number" (func $n (result i32))) (export "number" (func $n)))"#
        )
    };
    let global = r#"(module (global (export "g") i32 (i32.const 0)))"#;
    let memory = r#"(module (memory (export "memory") 1) (data (i32.const 0) "\07"))"#;
    let table = r#"(module (table (export "t") 1 funcref) (elem (i32.const 0) $f) (func $f (result i32) (i32.const 0)))"#;
    check([
        case("a chain", json!([
            named("a", number(5)), named("b", relay("a")), named("c", relay("b")), data(user("c", 5))
        ])).call("run", ""),
        case("a chain in the other order", json!([
            named("main", user("c", 5)), named("c", relay("b")), named("b", relay("a")), named("a", number(5))
        ])).call("run", ""),
        case("two users of one", json!([
            named("a", number(5)), named("b", relay("a")),
            data(r#"(module (import "a" "number" (func $a (result i32)))
                (import "b" "number" (func $b (result i32)))
                (func (export "run") (result i32) (i32.sub (call $a) (call $b))))"#)
        ])).call("run", ""),
        case("a global", json!([
            named("lib", global),
            data(r#"(module (import "lib" "g" (global i32)) (func (export "run") (result i32) (global.get 0)))"#)
        ])).call("run", ""),
        case("a memory", json!([
            named("lib", memory),
            data(r#"(module (import "lib" "memory" (memory 1))
                (func (export "run") (result i32) (i32.sub (i32.load8_u (i32.const 0)) (i32.const 7))))"#)
        ])).call("run", ""),
        case("a table", json!([
            named("lib", table),
            data(r#"(module (import "lib" "t" (table 1 funcref))
                (func (export "run") (result i32) (call_indirect (result i32) (i32.const 0))))"#)
        ])).call("run", ""),
        case("another type", json!([
            named("lib", number(1)),
            data(r#"(module (import "lib" "number" (func (param i32))) (func (export "run")))"#)
        ])).refused(),
        case("another name", json!([
            named("lib", number(1)),
            data(r#"(module (import "lib" "numbers" (func (result i32))) (func (export "run")))"#)
        ])).refused(),
        case("the kernel's memory", json!([
            data(r#"(module (import "extism:host/env" "memory" (memory 1)) (func (export "run")))"#)
        ])).refused(),
        case("a function that no host has", json!([
            data(r#"(module (import "extism:host/env" "teleport" (func)) (func (export "run")))"#)
        ])).refused(),
        case("a function of the host by another type", json!([
            data(r#"(module (import "extism:host/env" "alloc" (func (param i32) (result i32))) (func (export "run")))"#)
        ])).refused(),
    ]);
}

#[test]
fn only_main_is_called() {
    let exists = |case: Case, export: &str| case.step(Step::Exists { export: export.to_owned() });
    let case = case("exports", json!([named("lib", number(0)), data(user("lib", 0))]));
    let case = exists(exists(case, "run"), "number");
    check([case.call("run", "").fail("number", "")]);
}

#[test]
fn a_module_may_stand_in_for_the_hosts_functions() {
    let user = r#"(module (import "extism:host/user" "number" (func $number (result i32)))
        (func (export "run") (result i32) (i32.sub (call $number) (i32.const 3))))"#;
    check([case(
        "the user's namespace",
        json!([named("extism:host/user", number(3)), data(user)]),
    )
    .call("run", "")]);
}

#[test]
fn modules_share_exchange_memory_and_vars() {
    let library = probe::module(
        r#"(func (export "keep") (param $block i64)
            (call $var_set (call $text (i32.const 0) (i32.const 3)) (local.get $block)))
        (func (export "shout") (param $block i64) (result i64)
            (call $store_u8 (local.get $block) (i32.const 33)) (local.get $block))
        (func (export "fail") (call $error_set (call $input_offset)))
        (func (export "trap") unreachable)
        (data (i32.const 0) "key")"#,
    );
    let user = probe::module(
        r#"(import "lib" "keep" (func $keep (param i64)))
        (import "lib" "shout" (func $shout (param i64) (result i64)))
        (import "lib" "fail" (func $fail))
        (import "lib" "trap" (func $trap))
        (func (export "keep") (call $keep (call $input_offset))
            (call $give (call $var_get (call $text (i32.const 0) (i32.const 3)))))
        (func (export "shout") (call $give (call $shout (call $input_offset))))
        (func (export "fail") (result i32) (call $fail) (i32.const 1))
        (func (export "trap") (call $trap))
        (data (i32.const 0) "key")"#,
    );
    check([case("shared", json!([named("lib", library), data(user)]))
        .call("keep", "a value")
        .call("shout", "hello")
        .call("shout", "h")
        .fail("fail", "an error")
        .call("keep", "another")
        .fail("trap", "")
        .call("keep", "a third")]);
}

#[test]
fn side_modules_are_initialised() {
    let library = |export: &str| {
        format!(
            r#"(module (global $n (mut i32) (i32.const 0))
            (func (export "{export}") (global.set $n (i32.const 7)))
            (func (export "number") (result i32) (global.get $n)))"#
        )
    };
    let started = r#"(module (global $n (mut i32) (i32.const 0))
        (func $start (global.set $n (i32.const 7))) (start $start)
        (func (export "number") (result i32) (global.get $n)))"#;
    check([
        case("a reactor", json!([named("lib", library("_initialize")), data(user("lib", 7))]))
            .call("run", "")
            .call("run", ""),
        case("a start function", json!([named("lib", started), data(user("lib", 7))]))
            .call("run", "")
            .call("run", ""),
    ]);
}

#[test]
fn a_command_as_side_module_is_afresh_for_each_call() {
    let command = r#"(module (global $n (mut i32) (i32.const 0))
        (func (export "_start"))
        (func (export "number") (result i32)
            (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))"#;
    check([case("a command", json!([named("lib", command), data(user("lib", 1))]))
        .call("run", "")
        .call("run", "")]);
}
