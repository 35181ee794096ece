//! What a host can call, and how plug-ins are initialised before.

use crate::{
    case::{Case, Does, HostFunction, Step},
    compare::check,
    probe,
};

const NOTE: HostFunction = HostFunction::new("note", &[], &[], Does::Nothing);

/// Initialisers: what a module exports, and what must have run before the first call, in this order.
const INITIALISERS: &[(&str, &str)] = &[
    ("constructors", r#"(func (export "__wasm_call_ctors") (call $note (i64.const 1)))"#),
    ("a reactor", r#"(func (export "_initialize") (call $note (i64.const 2)))"#),
    (
        "a reactor with constructors",
        r#"(func (export "__wasm_call_ctors") (call $note (i64.const 1)))
      (func (export "_initialize") (call $note (i64.const 2)))"#,
    ),
    ("Haskell", r#"(func (export "hs_init") (param i32 i32) (call $note (i64.const 3)))"#),
    (
        "Haskell as a reactor",
        r#"(func (export "hs_init") (param i32 i32) (call $note (i64.const 3)))
      (func (export "_initialize") (call $note (i64.const 2)))"#,
    ),
    (
        "Haskell with everything",
        r#"(func (export "hs_init") (param i32 i32) (call $note (i64.const 3)))
      (func (export "__wasm_call_ctors") (call $note (i64.const 1)))
      (func (export "_initialize") (call $note (i64.const 2)))"#,
    ),
    (
        "constructors of another type",
        r#"(func (export "__wasm_call_ctors") (param i32) (call $note (i64.const 1)))"#,
    ),
    ("a start function", r"(func $start (call $note (i64.const 4))) (start $start)"),
    ("nothing", ""),
];

#[test]
fn exports_that_exist() {
    let module = r#"(module
        (memory (export "memory") 1)
        (global (export "global") i32 (i32.const 0))
        (func (export "nothing"))
        (func (export "status") (result i32) (i32.const 0))
        (func (export "i64") (result i64) (i64.const 0))
        (func (export "f32") (result f32) (f32.const 0))
        (func (export "f64") (result f64) (f64.const 0))
        (func (export "two") (result i32 i32) (i32.const 0) (i32.const 0))
        (func (export "takes") (param i32))
        (func (export "takes_and_gives") (param i32 i64) (result i32) (i32.const 0))
        (func (export "") (result i32) (i32.const 0))
        (func (export "mit Umläuten") (result i32) (i32.const 0)))"#;
    let names = [
        "memory",
        "global",
        "nothing",
        "status",
        "i64",
        "f32",
        "f64",
        "two",
        "takes",
        "takes_and_gives",
        "",
        "mit Umläuten",
        "missing",
        "Nothing",
    ];
    let case = names.iter().fold(Case::new("exports", module), |case, name| {
        case.step(Step::Exists { export: (*name).to_owned() })
    });
    check([case
        .call("nothing", "")
        .call("status", "")
        .fail("two", "")
        .fail("takes", "")
        .fail("takes_and_gives", "")
        .call("", "")
        .call("mit Umläuten", "")
        .fail("missing", "")
        .call("status", "")]);
}

#[test]
fn modules_that_are_none() {
    let rows: [(&str, &[u8]); 8] = [
        ("no bytes", b""),
        ("text that is nothing", b"hello"),
        ("half a module", b"\0asm\x01\0\0"),
        ("another version", b"\0asm\x02\0\0\0"),
        ("a component", b"\0asm\x0d\0\x01\0"),
        ("half a text", b"(module (func"),
        ("a text with a mistake", b"(module (func (export \"run\") (call $missing)))"),
        ("a module that does not validate", b"\0asm\x01\0\0\0\x03\x02\x01\x00"),
    ];
    let in_manifest =
        rows.map(|(name, bytes)| Case::new(format!("{name}, in a manifest"), bytes).refused());
    let bare = rows.map(|(name, bytes)| Case::bytes(name, bytes).refused());
    check(in_manifest.into_iter().chain(bare));
}

#[test]
fn modules_as_bytes_and_as_text() {
    let text = r#"(module (func (export "run") (result i32) (i32.const 0)))"#;
    let binary = wat::parse_str(text).unwrap();
    let commented = format!(";; a comment\n{text}");
    let block = format!("(; a comment ;)\n{text}");
    check([
        Case::bytes("text", text).call("run", ""),
        Case::bytes("binary", &binary[..]).call("run", ""),
        Case::bytes("a comment before", commented.as_bytes()).call("run", ""),
        Case::bytes("a comment in brackets before", block.as_bytes()).call("run", ""),
        Case::new("text in a manifest", text).call("run", ""),
        Case::new("a comment in a manifest", &commented).call("run", ""),
        Case::new("binary in a manifest", &binary).call("run", ""),
    ]);
}

#[test]
fn initialisers_run_once_before_the_first_call() {
    let cases = INITIALISERS.iter().map(|(name, fields)| {
        let module = format!(
            r#"(global $notes (mut i64) (i64.const 0))
            (func $note (param i64)
                (global.set $notes (i64.add
                    (i64.mul (global.get $notes) (i64.const 10)) (local.get 0))))
            {fields}
            (func (export "run") (call $emit (global.get $notes)) (call $done))"#
        );
        Case::new(*name, probe::module(&module)).call("run", "").call("run", "")
    });
    check(cases);
}

#[test]
fn state_of_the_guest_is_kept_from_call_to_call() {
    let module = probe::module(
        r#"(import "extism:host/user" "note" (func $note))
        (global $n (mut i64) (i64.const 0))
        (func $count (global.set $n (i64.add (global.get $n) (i64.const 1))))
        (func (export "run") (call $count) (call $emit (global.get $n)) (call $done))
        (func (export "fail") (result i32)
            (call $count) (call $error_set (call $input_offset)) (i32.const 1))
        (func (export "status") (result i32) (call $count) (i32.const 9))
        (func (export "grow") (result i32) (i32.const 0) (drop (memory.grow (i32.const 1))))
        (func (export "size") (call $emit32 (memory.size)) (call $done))"#,
    );
    check([Case::new("state", module)
        .with_function(NOTE)
        .call("run", "")
        .call("run", "")
        .fail("fail", "an error")
        .call("run", "")
        .fail("status", "")
        .call("run", "")
        .step(Step::Reset)
        .call("run", "")
        .call("size", "")
        .call("grow", "")
        .call("size", "")]);
}

#[test]
fn a_command_runs_afresh_each_time() {
    let module = probe::module(
        r#"(global $n (mut i64) (i64.const 0))
        (func (export "_start")
            (global.set $n (i64.add (global.get $n) (i64.const 1)))
            (call $emit (global.get $n)) (call $done))
        (func (export "run")
            (global.set $n (i64.add (global.get $n) (i64.const 1)))
            (call $emit (global.get $n)) (call $done))"#,
    );
    check([
        Case::new("a command", &module)
            .step(Step::Exists { export: "_start".to_owned() })
            .call("_start", "")
            .call("_start", "")
            .call("run", "")
            .call("run", "")
            .call("_start", "")
            .call("run", ""),
        Case::new("a command with WASI", &module)
            .with_wasi()
            .call("_start", "")
            .call("_start", "")
            .call("run", ""),
    ]);
}
