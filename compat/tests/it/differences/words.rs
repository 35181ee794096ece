//! What a host is told of a failure.

use plugsmith::LogLevel;
use serde_json::{Value, json};

use super::{Expected, differ, ok, reasons, refused};
use crate::{
    case::Case,
    outcome::Outcome,
    peer::{Peer, python},
    probe,
};

#[test]
fn exports_that_cannot_be_called_are_told_from_others() {
    let module = r#"(module
        (memory (export "memory") 1)
        (global (export "global") i32 (i32.const 0))
        (func (export "i64") (result i64) (i64.const 0))
        (func (export "f32") (result f32) (f32.const 0)))"#;
    let case = Case::new("exports", module)
        .fail("i64", "")
        .fail("f32", "")
        .fail("memory", "")
        .fail("global", "");
    let minus_one = || Outcome::Status(-1);
    differ(
        case,
        [minus_one(), minus_one(), Outcome::NoExport, Outcome::NoExport],
        [Outcome::NotCallable, Outcome::NotCallable, Outcome::NotCallable, Outcome::NotCallable],
    );
}

#[test]
fn a_manifest_with_a_mistake_is_told_where() {
    let module = r#"(module (func (export "run")))"#;
    let rows: [(&str, Value, &str); 4] = [
        ("timeout_ms", json!("1s"), "timeout_ms"),
        ("timeoutMs", json!(1), "timeout_ms"),
        ("memory", json!({ "max_pages": -1 }), "memory.max_pages"),
        ("config", json!({ "key": 1 }), "config.key"),
    ];
    let Some(python) = python() else { return };
    let mut peer = Peer::new(python);
    for (key, value, named) in rows {
        let case = Case::new(key, module).with(key, value).refused();
        let (ours, theirs) = reasons(&case, &mut peer);
        assert!(theirs.ends_with("Unknown manifest format"), "{theirs}");
        assert!(ours.contains(named), "{ours}");
    }
}

#[test]
fn a_failure_is_told_with_its_cause() {
    let rows = [
        ("a trap", "unreachable", "unreachable"),
        ("a division", "(drop (i64.div_u (i64.const 1) (i64.const 0)))", "division by zero"),
        (
            "a key",
            "(drop (call $config_get (i64.const 999999)))",
            "no block starts at offset 999999",
        ),
        ("HTTP", "(drop (call $http_request (i64.const 0) (i64.const 0)))", "request"),
    ];
    let Some(python) = python() else { return };
    let mut peer = Peer::new(python);
    for (name, body, cause) in rows {
        let case = Case::new(name, probe::run(body)).fail("run", "");
        let (ours, theirs) = reasons(&case, &mut peer);
        let (first, rest) = theirs.split_once('\n').unwrap();
        assert_eq!(first, "error while executing at wasm backtrace:");
        assert!(rest.lines().all(|line| line.contains(" - ")), "{theirs}");
        assert!(ours.contains(cause), "{ours}");
    }
}

#[test]
fn a_failure_of_an_initialiser_is_a_trap_like_any_other() {
    for (name, fields, words) in [
        ("constructors", r#"(func (export "__wasm_call_ctors") unreachable)"#, "wasi runtime"),
        ("a reactor", r#"(func (export "_initialize") unreachable)"#, ""),
        (
            "Haskell",
            r#"(func (export "hs_init") (param i32 i32) unreachable)"#,
            "Haskell using hs_init",
        ),
    ] {
        let module = format!(r#"(module {fields} (func (export "run")))"#);
        let theirs = match words {
            "" => refused(),
            "wasi runtime" => [Outcome::said(-1, "failed to initialize wasi runtime")].into(),
            words => [Outcome::said(-1, &format!("failed to initialize {words}"))].into(),
        };
        differ(Case::new(name, module).fail("run", ""), theirs, [Outcome::stopped(134)]);
    }
}

#[test]
fn an_exit_has_any_status() {
    let module = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "run") (call $exit (i32.const 126))))"#;
    let case = Case::new("an exit", module).with_wasi().call("run", "");
    differ(case, [Outcome::stopped(-1)], [Outcome::stopped(126)]);
}

#[test]
fn an_exit_with_a_message_keeps_its_status() {
    let module = r#"(module
        (import "extism:host/env" "input_offset" (func $input (result i64)))
        (import "extism:host/env" "error_set" (func $error (param i64)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "run") (call $error (call $input)) (call $exit (i32.const 3))))"#;
    let case = Case::new("an exit", module).with_wasi().call("run", "a message");
    differ(case, [Outcome::said(-1, "a message")], [Outcome::said(3, "a message")]);
}

#[test]
fn a_message_that_is_no_text_is_logged_all_the_same() {
    let module = probe::run("(call $log_error (call $input_offset))");
    let case = Case::new("a message", module).with_log_level(LogLevel::Error).call("run", b"h\xff");
    let complaint = "unable to log message: Err(invalid utf-8 sequence of 1 bytes from index 1)";
    differ(
        case,
        Expected::from([ok()]).with_log(&[("ERROR", complaint)]),
        Expected::from([ok()]).with_log(&[("ERROR", "h\u{fffd}")]),
    );
}

#[test]
fn an_error_does_nothing_to_a_terminal() {
    let module = probe::run("(call $error_set (call $input_offset))");
    let case = Case::new("an error", module).call("run", b"\x1b[2J");
    differ(case, [Outcome::said(0, "\u{1b}[2J")], [Outcome::said(0, "\\u{1b}[2J")]);
}
