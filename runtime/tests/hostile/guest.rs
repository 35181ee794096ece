//! A guest in text form that can do everything which the interface has, and behaves when it is asked to.

/// What every guest imports and exports: all functions of the host and the kernel, an echo to behave by,
/// and short ways to make blocks, to assert, and to loop.
const HEAD: &str = include_str!("guest.wat");

/// Returns a guest whose export `attack` has this body. It has four locals of type `i64`, `$a` to `$d`,
/// and four of type `i32`, `$i` to `$l`.
pub(crate) fn attacking(body: &str) -> String {
    with(
        "",
        &format!(
            r#"(func (export "attack")
            (local $a i64) (local $b i64) (local $c i64) (local $d i64)
            (local $i i32) (local $j i32) (local $k i32) (local $l i32)
            {body})"#
        ),
    )
}

/// Returns a guest with `imports` and `items` of its own, one of which exports `attack`.
pub(crate) fn with(imports: &str, items: &str) -> String {
    format!("(module {imports} {HEAD} {items})")
}

/// Returns a guest that imports nothing but what an echo needs.
pub(crate) fn small(items: &str) -> String {
    format!(
        r#"(module
            (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
            (import "extism:host/env" "input_length" (func $input_length (result i64)))
            (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
            (func (export "echo") (call $output_set (call $input_offset) (call $input_length)))
            {items})"#
    )
}
