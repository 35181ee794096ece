//! Guests in text form, and short ways to load and call them.

use plugsmith::{CallError, CallLimits, Error, Manifest, Plugin, PluginBuilder, Wasm};

/// Returns a manifest for a guest in text form.
pub(crate) fn manifest(wat: &str) -> Manifest {
    Manifest::new([Wasm::data(wat::parse_str(wat).unwrap())])
}

/// A guest whose `run` returns `number`, and which `mark` makes another than all others.
pub(crate) fn answering(number: u32, mark: &str) -> String {
    format!(
        r#"(module (func (export "run") (result i32) (i32.const {number})) (func (export "{mark}")))"#
    )
}

/// A guest that echoes its input as `echo`, with `exports` and `imports`.
pub(crate) fn echoing(imports: &str, exports: &str) -> String {
    format!(
        r#"(module
            (import "extism:host/env" "input_offset" (func $offset (result i64)))
            (import "extism:host/env" "input_length" (func $length (result i64)))
            (import "extism:host/env" "output_set" (func $output (param i64 i64)))
            {imports}
            (func (export "echo") (call $output (call $offset) (call $length)))
            {exports})"#
    )
}

/// Takes the limit of time off that plug-ins have by default.
pub(crate) fn untimed(builder: PluginBuilder<'_>) -> PluginBuilder<'_> {
    let mut limits = CallLimits::default();
    limits.time = None;
    builder.with_call_limits(limits)
}

/// Has the plug-in echo a text.
#[track_caller]
pub(crate) fn check_echo(plugin: &mut Plugin, text: &str) {
    assert_eq!(plugin.call::<&str, String>("echo", text).unwrap(), text);
}

/// Calls an export that fails.
#[track_caller]
pub(crate) fn call_error(plugin: &mut Plugin, name: &str) -> CallError {
    plugin.call::<(), ()>(name, ()).unwrap_err().downcast().unwrap()
}

/// Returns an error and all its causes, one a line.
pub(crate) fn chain(err: impl Into<Error>) -> String {
    let err: Error = err.into();
    err.chain().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
