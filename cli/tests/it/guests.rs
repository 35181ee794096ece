//! Plug-ins that tests run, as WebAssembly text.

/// Returns its input; fails with it as its message; never ends; and says nothing.
pub(crate) const ECHO: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "input_length" (func $length (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "error_set" (func $error (param i64)))
    (func (export "echo") (call $output (call $input) (call $length)))
    (func (export "fail") (result i32) (call $error (call $input)) (i32.const 7))
    (func (export "spin") (loop $again (br $again)))
    (func (export "trap") (unreachable))
    (func (export "add") (param i32 i32) (result i32) (i32.const 0)))"#;
