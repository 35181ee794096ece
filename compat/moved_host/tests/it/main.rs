//! A host program as it looks after a move from Extism: it says `extism`, and only the dependency has
//! another package. Every name of Extism's Rust interface is used here as its users use it.

#![forbid(unsafe_code)]

mod conversions;
mod current_plugin;
mod debugging;
mod functions;
mod loading;
mod macros;
mod manifests;
mod plugins;
mod pools;
mod renamed;

/// A guest that echoes its input, fails with it, and asks for its config and its vars.
const GUEST: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "input_length" (func $input_length (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "error_set" (func $error (param i64)))
    (import "extism:host/env" "config_get" (func $config (param i64) (result i64)))
    (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
    (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
    (import "extism:host/env" "log_info" (func $log (param i64)))
    (func $key (result i64) (local $key i64)
        (local.set $key (call $alloc (i64.const 1)))
        (call $store_u8 (local.get $key) (i32.const 107))
        (local.get $key))
    (func $give (param $block i64)
        (call $output (local.get $block) (call $length (local.get $block))))
    (func (export "echo") (result i32)
        (call $output (call $input) (call $input_length)) (i32.const 0))
    (func (export "fail") (result i32) (call $error (call $input)) (i32.const 7))
    (func (export "status") (result i32) (i32.const 9))
    (func (export "trap") unreachable)
    (func (export "loop") (loop $again (br $again)))
    (func (export "config") (call $give (call $config (call $input))))
    (func (export "remember") (call $var_set (call $key) (call $input)))
    (func (export "recall") (call $give (call $var_get (call $key))))
    (func (export "log") (call $log (call $input)))
    (func (export "takes") (param i32)))"#;
