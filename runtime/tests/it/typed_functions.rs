//! Host functions from closures over Rust types.

use plugsmith::{
    CallError, CurrentPlugin, Error, Function, Plugin, PluginBuilder, ValType, convert::Json,
};

use crate::guest::{call, call_error, chain, load_error, manifest};

/// Passes its input to `f` twice, and gives what it got.
const VALUES: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/user" "f" (func $f (param i64 i64) (result i64)))
    (import "extism:host/user" "note" (func $note (param i64)))
    (func (export "run")
        (local $value i64)
        (call $note (call $input))
        (local.set $value (call $f (call $input) (call $input)))
        (call $output (local.get $value) (call $length (local.get $value))))
    (func (export "stray") (drop (call $f (i64.const 12345) (i64.const 0)))))"#;

fn values<F>(f: F) -> Plugin
where
    F: Fn(&mut CurrentPlugin<'_>, String, Vec<u8>) -> Result<Json<(String, usize)>, Error>
        + Send
        + Sync
        + 'static,
{
    let note = Function::typed("note", |plugin: &mut CurrentPlugin<'_>, text: String| {
        plugin.vars_mut().insert("note".to_owned(), text.into_bytes());
        Ok(())
    });
    let functions = [Function::typed("f", f), note];
    assert_eq!(functions[0].params(), [ValType::I64, ValType::I64]);
    assert_eq!(functions[0].results(), [ValType::I64]);
    assert!(functions[1].results().is_empty());
    Plugin::new(manifest(VALUES), functions, false).unwrap()
}

#[test]
fn values_are_decoded_and_encoded() {
    let mut plugin = values(|_, text, bytes| Ok(Json((text, bytes.len()))));
    let answer: Json<(String, usize)> = plugin.call("run", "häuser").unwrap();
    assert_eq!(answer.0, ("häuser".to_owned(), 7));
    assert_eq!(plugin.vars()["note"], "häuser".as_bytes());
    let answer: Json<(String, usize)> = plugin.call("run", "").unwrap();
    assert_eq!(answer.0, (String::new(), 0));
}

#[test]
fn what_cannot_be_decoded_fails_the_call() {
    let mut plugin = values(|_, text, bytes| Ok(Json((text, bytes.len()))));
    let err = plugin.call::<_, String>("run", [0xff_u8].as_slice()).unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(CallError::Host { .. })), "{err:?}");
    assert!(chain(call_error(&mut plugin, "stray")).contains("12345"));
    plugin.call::<_, String>("run", "next").unwrap();
}

#[test]
fn errors_and_panics_of_a_closure_fail_the_call() {
    let mut plugin = values(|_, text, _| match text.as_str() {
        "panic" => panic!("what a mistake"),
        _ => Err(Error::msg("no can do")),
    });
    for (input, expected) in [("panic", "what a mistake"), ("error", "no can do")] {
        let err = plugin.call::<_, String>("run", input).unwrap_err();
        assert!(chain(err).contains(expected));
    }
}

#[test]
fn numbers_cross_as_they_are() {
    let guest = r#"(module
        (import "extism:host/user" "mix"
            (func $mix (param i32 i32 i64 i64 f32 f64) (result f64)))
        (import "extism:host/user" "seven" (func $seven (result i32)))
        (import "extism:host/user" "fail" (func $fail (param i64)))
        (func (export "run") (result i32)
            (i32.trunc_f64_s (call $mix (i32.const -1) (i32.const -1) (i64.const -2)
                (i64.const 3) (f32.const 0.5) (f64.const 0.25))))
        (func (export "seven") (result i32) (call $seven))
        (func (export "fail") (call $fail (i64.const 9))))"#;
    let mix = Function::numeric(
        "mix",
        |_: &mut CurrentPlugin<'_>, a: i32, b: u32, c: i64, d: u64, e: f32, f: f64| {
            assert_eq!((a, b, c, d), (-1, u32::MAX, -2, 3));
            Ok(f64::from(e) + f + 40.25)
        },
    );
    let seven = Function::numeric("seven", |_: &mut CurrentPlugin<'_>| Ok(7));
    let fail = Function::numeric("fail", |_: &mut CurrentPlugin<'_>, n: i64| {
        Err::<(), _>(Error::msg(format!("not {n}")))
    });
    let mut plugin = Plugin::new(manifest(guest), [mix, seven, fail], false).unwrap();
    for (name, expected) in [("run", 41), ("seven", 7)] {
        assert_eq!(plugin.call_get_error_code::<_, ()>(name, ()).unwrap_err().1, expected);
    }
    assert!(chain(call_error(&mut plugin, "fail")).contains("not 9"));
    assert!(call(&mut plugin, "seven").is_err());
}

#[test]
fn another_type_is_refused_when_the_plug_in_is_loaded() {
    let guest = r#"(module (import "shop" "f" (func (param i32))))"#;
    let f = Function::numeric("f", |_: &mut CurrentPlugin<'_>, _: i64| Ok(()));
    let builder = PluginBuilder::new(manifest(guest)).with_functions([f.with_namespace("shop")]);
    let err = load_error(builder);
    assert!(err.to_string().contains("as (i32) -> (), but it is provided as (i64) -> ()"), "{err}");
}
