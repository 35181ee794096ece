//! Guests in text form, and short ways to load and call them.

use plugsmith::{CallError, Error, LoadError, Manifest, Plugin, PluginBuilder, Wasm};

/// Returns a guest in text form as a module.
pub(crate) fn wasm(wat: &str) -> Wasm {
    Wasm::data(wat::parse_str(wat).unwrap())
}

/// Returns a manifest for a guest in text form.
pub(crate) fn manifest(wat: &str) -> Manifest {
    Manifest::new([wasm(wat)])
}

/// Loads a guest in text form that is granted nothing.
pub(crate) fn plugin(wat: &str) -> Plugin {
    Plugin::new(manifest(wat), [], false).unwrap()
}

/// Calls an export with no input for a text.
pub(crate) fn call(plugin: &mut Plugin, name: &str) -> Result<String, CallError> {
    plugin.call::<(), String>(name, ()).map_err(|err| err.downcast().unwrap())
}

/// Calls an export that fails.
pub(crate) fn call_error(plugin: &mut Plugin, name: &str) -> CallError {
    call(plugin, name).unwrap_err()
}

/// Loads what cannot be loaded.
pub(crate) fn load_error(builder: PluginBuilder<'_>) -> LoadError {
    builder.compile().unwrap_err().downcast().unwrap()
}

/// Returns an error and all its causes, one a line.
pub(crate) fn chain(err: impl Into<Error>) -> String {
    let err: Error = err.into();
    err.chain().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A module that says `text` and whatever `exports` are, with functions to answer and to fail by.
///
/// `$say` makes the text its output, `$fail` makes it its error; a counter in guest memory shows
/// whether two calls met the same instance.
pub(crate) fn speaking(text: &str, exports: &str) -> String {
    let len = text.len();
    let data = text.escape_debug();
    format!(
        r#"(module
            (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
            (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
            (import "extism:host/env" "output_set" (func $output (param i64 i64)))
            (import "extism:host/env" "error_set" (func $error (param i64)))
            (memory (export "memory") 1)
            (data (i32.const 16) "{data}")
            (global $count (mut i32) (i32.const 0))
            (func $text (result i64)
                (local $at i32) (local $block i64)
                (local.set $block (call $alloc (i64.const {len})))
                (loop $next
                    (call $store
                        (i64.add (local.get $block) (i64.extend_i32_u (local.get $at)))
                        (i32.load8_u offset=16 (local.get $at)))
                    (local.set $at (i32.add (local.get $at) (i32.const 1)))
                    (br_if $next (i32.lt_u (local.get $at) (i32.const {len}))))
                (local.get $block))
            (func $say (call $output (call $text) (i64.const {len})))
            (func $fail (call $error (call $text)))
            (func (export "say") (call $say))
            (func (export "count")
                (local $block i64)
                (global.set $count (i32.add (global.get $count) (i32.const 1)))
                (local.set $block (call $alloc (i64.const 1)))
                (call $store (local.get $block) (i32.add (i32.const 48) (global.get $count)))
                (call $output (local.get $block) (i64.const 1)))
            {exports})"#
    )
}

/// A module with `exports` that echoes its input under the name `echo`.
pub(crate) fn echoing(exports: &str) -> String {
    format!(
        r#"(module
            (import "extism:host/env" "input_offset" (func $offset (result i64)))
            (import "extism:host/env" "input_length" (func $length (result i64)))
            (import "extism:host/env" "output_set" (func $output (param i64 i64)))
            (func (export "echo") (call $output (call $offset) (call $length)))
            {exports})"#
    )
}
