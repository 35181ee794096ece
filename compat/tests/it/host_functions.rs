//! Functions that the host program adds: namespaces, types, blocks that pass both ways.

use plugsmith::ValType;

use crate::{
    case::{Case, Does, HostFunction},
    compare::check,
    probe,
};

const PTR: ValType = ValType::I64;

const GREET: HostFunction = HostFunction::new("greet", &[PTR], &[PTR], Does::Reply);
const NOTE: HostFunction = HostFunction::new("note", &[PTR], &[], Does::Nothing);

#[test]
fn blocks_pass_both_ways() {
    let module = probe::module(
        r#"(import "extism:host/user" "greet" (func $greet (param i64) (result i64)))
        (import "desk" "greet" (func $desk (param i64) (result i64)))
        (import "desk" "join" (func $join (param i64 i64 i64) (result i64)))
        (import "extism:host/user" "note" (func $note (param i64)))
        (import "extism:host/user" "nothing" (func $nothing (param i64) (result i64)))
        (func (export "run") (call $give (call $greet (call $input_offset))))
        (func (export "desk") (call $give (call $desk (call $input_offset))))
        (func (export "twice") (call $give (call $greet (call $greet (call $input_offset)))))
        (func (export "join") (call $give (call $join
            (call $input_offset) (i64.const 0) (call $text (i32.const 0) (i32.const 5)))))
        (func (export "note") (call $note (call $input_offset)) (call $note (i64.const 0)))
        (func (export "nothing") (call $emit (call $nothing (call $input_offset))) (call $done))
        (func (export "kept") (local $a i64)
            (local.set $a (call $text (i32.const 0) (i32.const 5)))
            (call $note (local.get $a))
            (call $emit (call $length (local.get $a)))
            (call $emit (call $input_length))
            (call $done))
        (func (export "freed") (local $a i64)
            (local.set $a (call $text (i32.const 0) (i32.const 5)))
            (call $free (local.get $a))
            (call $give (call $greet (local.get $a))))
        (data (i32.const 0) "other")"#,
    );
    let case = Case::new("blocks", module)
        .with_function(GREET)
        .with_function(GREET.within("desk"))
        .with_function(
            HostFunction::new("join", &[PTR, PTR, PTR], &[PTR], Does::Reply).within("desk"),
        )
        .with_function(NOTE)
        .with_function(HostFunction::new("nothing", &[PTR], &[PTR], Does::Nothing));
    let inputs = ["Ada", "", "of eight", "more than eight", "mit Umläuten"];
    let exports = ["run", "desk", "twice", "join", "note", "nothing", "kept", "freed"];
    let calls = exports.iter().flat_map(|export| inputs.map(|input| (*export, input)));
    check([calls.fold(case, |case, (export, input)| case.call(export, input))]);
}

#[test]
fn numbers_pass_unchanged() {
    const TYPES: &[ValType] = &[ValType::I32, ValType::I64, ValType::F32, ValType::F64];
    let module = probe::module(
        r#"(import "extism:host/user" "numbers" (func $numbers (param i32 i64 f32 f64) (result i32 i64 f32 f64)))
        (func $send (param i32 i64 f32 f64) (local $f64 f64) (local $f32 f32) (local $i64 i64)
            (call $numbers (local.get 0) (local.get 1) (local.get 2) (local.get 3))
            (local.set $f64) (local.set $f32) (local.set $i64)
            (call $emit32) (call $emit (local.get $i64))
            (call $emit32 (i32.reinterpret_f32 (local.get $f32)))
            (call $emit (i64.reinterpret_f64 (local.get $f64))))
        (func (export "run")
            (call $send (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4))
            (call $send (i32.const -1) (i64.const -2) (f32.const -3) (f64.const -4))
            (call $send (i32.const 0x7fffffff) (i64.const 0x7fffffffffffffff)
                (f32.const inf) (f64.const -inf))
            (call $send (i32.const 0x80000000) (i64.const 0x8000000000000000)
                (f32.const nan) (f64.const nan))
            (call $send (i32.const 0) (i64.const 0) (f32.const -0.0) (f64.const 0.1))
            (call $send (i32.const 0) (i64.const 0)
                (f32.const nan:0x200001) (f64.const nan:0x4000000000001))
            (call $done))"#,
    );
    let numbers = HostFunction::new("numbers", TYPES, TYPES, Does::Numbers);
    check([Case::new("numbers", module).with_function(numbers).call("run", "")]);
}

#[test]
fn functions_are_matched_by_namespace_name_and_type() {
    let module = |import: &str| {
        let text = format!(r#"(module (import {import}) (func (export "run")))"#);
        wat::parse_str(text).unwrap()
    };
    let greet = r#""extism:host/user" "greet" (func (param i64) (result i64))"#;
    let case = |name: &str, import: &str| Case::new(name, module(import));
    check([
        case("the same", greet).with_function(GREET).call("run", ""),
        case("one that is not there", greet).refused(),
        case("another name", greet).with_function(NOTE).refused(),
        case("another namespace", greet).with_function(GREET.within("desk")).refused(),
        case("another type", r#""extism:host/user" "greet" (func (param i32) (result i64))"#)
            .with_function(GREET)
            .refused(),
        case("fewer results", r#""extism:host/user" "greet" (func (param i64))"#)
            .with_function(GREET)
            .refused(),
        case("no function", r#""extism:host/user" "greet" (global i64)"#)
            .with_function(GREET)
            .refused(),
        case("one that is not asked for", greet)
            .with_function(GREET)
            .with_function(NOTE)
            .call("run", ""),
    ]);
}
