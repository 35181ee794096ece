//! Plug-ins as WebAssembly text, for what no compiled one does: answering what a host must refuse.

/// A plug-in that gives a fixed output for each export, and has whatever else `more` adds.
///
/// `more` may use `$input_offset`, `$input_length` and `$output_set`.
pub(crate) fn answering(answers: &[(&str, &str)], more: &str) -> String {
    let mut start = 0;
    let exports = answers.iter().map(|(name, answer)| {
        let (here, len) = (start, answer.len());
        start += len;
        format!(
            "(data (i32.const {here}) \"{}\")
             (func (export \"{name}\") (call $answer (i32.const {here}) (i32.const {len})))",
            escaped(answer)
        )
    });
    let exports: Vec<_> = exports.collect();
    format!("(module {IMPORTS} {ANSWER} {} {more})", exports.join("\n"))
}

/// Each byte as WebAssembly text has it in a string.
fn escaped(text: &str) -> String {
    let bytes: Vec<_> = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    bytes.concat()
}

const IMPORTS: &str = r#"
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
    (import "extism:host/env" "input_length" (func $input_length (result i64)))
    (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
    (memory 1)"#;

/// Copies bytes of the guest's memory into a block, and makes that the output.
const ANSWER: &str = "
    (func $answer (param $start i32) (param $len i32)
        (local $block i64) (local $idx i32)
        (local.set $block (call $alloc (i64.extend_i32_u (local.get $len))))
        (block $done (loop $next
            (br_if $done (i32.eq (local.get $idx) (local.get $len)))
            (call $store_u8
                (i64.add (local.get $block) (i64.extend_i32_u (local.get $idx)))
                (i32.load8_u (i32.add (local.get $start) (local.get $idx))))
            (local.set $idx (i32.add (local.get $idx) (i32.const 1)))
            (br $next)))
        (call $output_set (local.get $block) (i64.extend_i32_u (local.get $len))))";
