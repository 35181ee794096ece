//! Small guests in WebAssembly text, for questions about one function of the host at a time.

/// Every function that a host provides, and its type.
const IMPORTS: [(&str, &str); 32] = [
    ("alloc", "(param i64) (result i64)"),
    ("free", "(param i64)"),
    ("length", "(param i64) (result i64)"),
    ("length_unsafe", "(param i64) (result i64)"),
    ("load_u8", "(param i64) (result i32)"),
    ("load_u64", "(param i64) (result i64)"),
    ("store_u8", "(param i64 i32)"),
    ("store_u64", "(param i64 i64)"),
    ("input_length", "(result i64)"),
    ("input_offset", "(result i64)"),
    ("input_load_u8", "(param i64) (result i32)"),
    ("input_load_u64", "(param i64) (result i64)"),
    ("input_set", "(param i64 i64)"),
    ("output_set", "(param i64 i64)"),
    ("output_offset", "(result i64)"),
    ("output_length", "(result i64)"),
    ("error_set", "(param i64)"),
    ("error_get", "(result i64)"),
    ("reset", ""),
    ("memory_bytes", "(result i64)"),
    ("config_get", "(param i64) (result i64)"),
    ("var_get", "(param i64) (result i64)"),
    ("var_set", "(param i64 i64)"),
    ("http_request", "(param i64 i64) (result i64)"),
    ("http_status_code", "(result i32)"),
    ("http_headers", "(result i64)"),
    ("log_trace", "(param i64)"),
    ("log_debug", "(param i64)"),
    ("log_info", "(param i64)"),
    ("log_warn", "(param i64)"),
    ("log_error", "(param i64)"),
    ("get_log_level", "(result i32)"),
];

/// What probes have at hand.
///
/// `$emit` collects numbers, which `$done` makes the output, eight bytes each. `$text` copies bytes
/// of the guest's memory, where a probe's data segments are, into a new block. `$give` makes a whole
/// block the output. `$any` says whether a number is not 0: offsets are never emitted themselves.
const HELPERS: &str = r#"
    (memory (export "memory") 2)
    (global $numbers (mut i32) (i32.const 65536))
    (func $emit (param $number i64)
        (i64.store (global.get $numbers) (local.get $number))
        (global.set $numbers (i32.add (global.get $numbers) (i32.const 8))))
    (func $emit32 (param $number i32) (call $emit (i64.extend_i32_u (local.get $number))))
    (func $any (param $number i64) (result i64)
        (i64.extend_i32_u (i64.ne (local.get $number) (i64.const 0))))
    (func $text (param $start i32) (param $len i32) (result i64)
        (local $block i64) (local $idx i32)
        (local.set $block (call $alloc (i64.extend_i32_u (local.get $len))))
        (block $end
            (loop $next
                (br_if $end (i32.ge_u (local.get $idx) (local.get $len)))
                (call $store_u8
                    (i64.add (local.get $block) (i64.extend_i32_u (local.get $idx)))
                    (i32.load8_u (i32.add (local.get $start) (local.get $idx))))
                (local.set $idx (i32.add (local.get $idx) (i32.const 1)))
                (br $next)))
        (local.get $block))
    (func $give (param $block i64)
        (call $output_set (local.get $block) (call $length (local.get $block))))
    (func $done
        (call $give
            (call $text (i32.const 65536) (i32.sub (global.get $numbers) (i32.const 65536))))
        (global.set $numbers (i32.const 65536)))
"#;

/// A guest whose export `run` has this body, and three locals for blocks: `$a`, `$b`, `$c`.
pub(crate) fn run(body: &str) -> Vec<u8> {
    module(&format!(r#"(func (export "run") (local $a i64) (local $b i64) (local $c i64) {body})"#))
}

/// A guest with these fields beside the imports and the helpers.
pub(crate) fn module(fields: &str) -> Vec<u8> {
    let mut text = String::from("(module");
    // Imports come before everything else.
    let (own_imports, fields): (Vec<_>, Vec<_>) =
        fields.lines().partition(|line| line.trim_start().starts_with("(import"));
    for (name, ty) in IMPORTS {
        let import = format!(r#"(import "extism:host/env" "{name}" (func ${name} {ty}))"#);
        text += &import;
    }
    text += &own_imports.join("\n");
    text += HELPERS;
    text += &fields.join("\n");
    text += ")";
    wat::parse_str(&text).unwrap_or_else(|err| panic!("{err}"))
}
