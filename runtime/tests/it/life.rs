//! The life of an instance: initialisers, what is kept from call to call, programs.

use std::{
    error, fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use plugsmith::{
    CallError, CompiledPlugin, CurrentPlugin, Error, Function, Plugin, PluginBuilder,
    PluginFunction,
};

use crate::guest::{call, call_error, echoing, manifest, plugin, speaking};

/// Exports that note, as decimal digits of a number, in which order they ran.
fn noting(exports: &[(&str, &str, u32)]) -> String {
    use std::fmt::Write as _;

    let mut wat = String::from(
        r#"(module
        (global $ran (mut i32) (i32.const 0))
        (func $note (param i32)
            (global.set $ran
                (i32.add (i32.mul (global.get $ran) (i32.const 10)) (local.get 0))))
        (func (export "ran") (result i32) (global.get $ran))"#,
    );
    for (name, params, digit) in exports {
        write!(wat, r#"(func (export "{name}") {params} (call $note (i32.const {digit})))"#)
            .unwrap();
    }
    wat + ")"
}

#[test]
fn guests_initialise_as_their_toolchains_expect() {
    let hs_init = ("hs_init", "(param i32 i32)", 1);
    let ctors = ("__wasm_call_ctors", "", 2);
    let initialize = ("_initialize", "", 3);
    let start = ("_start", "", 4);
    for (exports, expected) in [
        (&[][..], 0),
        (&[ctors][..], 2),
        (&[initialize][..], 3),
        (&[ctors, initialize][..], 2),
        (&[hs_init][..], 1),
        (&[hs_init, initialize][..], 31),
        (&[hs_init, ctors, initialize][..], 31),
        (&[start][..], 0),
        (&[start, initialize][..], 3),
        (&[("_initialize", "(param i32)", 3)][..], 0),
        (&[("hs_init", "", 1)][..], 0),
    ] {
        let mut plugin = plugin(&noting(exports));
        for _ in 0..2 {
            let ran = plugin
                .call_get_error_code::<_, ()>("ran", ())
                .map_or_else(|(_, status)| status, |()| 0);
            assert_eq!(ran, expected, "{exports:?}");
        }
    }
}

#[test]
fn a_failing_initialiser_is_named_and_tried_again() {
    for (exports, expected) in [
        (r#"(func (export "_initialize") unreachable)"#, "`_initialize` trapped: "),
        ("(func $start unreachable) (start $start)", "`instantiation of module main` trapped: "),
    ] {
        let mut plugin = plugin(&speaking("x", exports));
        for _ in 0..2 {
            let err = call_error(&mut plugin, "say");
            assert!(err.to_string().starts_with(expected), "{err}");
        }
    }
}

#[test]
fn state_is_kept_from_call_to_call_and_not_shared() {
    let wat = speaking("x", "");
    let compiled = CompiledPlugin::new(PluginBuilder::new(manifest(&wat))).unwrap();
    let mut first = Plugin::new_from_compiled(&compiled).unwrap();
    let mut second = Plugin::new_from_compiled(&compiled).unwrap();
    assert_eq!(call(&mut first, "count").unwrap(), "1");
    assert_eq!(call(&mut first, "count").unwrap(), "2");
    assert_eq!(call(&mut second, "count").unwrap(), "1");
    first.reset().unwrap();
    assert_eq!(call(&mut first, "count").unwrap(), "3");
    assert_ne!(first.id, second.id);
}

#[test]
fn a_program_gets_an_instance_of_its_own() {
    let mut plugin = plugin(&speaking("ran", r#"(func (export "_start") (call $say))"#));
    assert_eq!(call(&mut plugin, "count").unwrap(), "1");
    assert_eq!(call(&mut plugin, "_start").unwrap(), "ran");
    assert_eq!(call(&mut plugin, "count").unwrap(), "1");
}

#[test]
fn segments_that_do_not_fit_fail_the_call_with_a_clear_error() {
    let mut plugin =
        plugin(r#"(module (memory 1) (data (i32.const 65535) "ab") (func (export "f")))"#);
    let err = call_error(&mut plugin, "f");
    assert!(matches!(err, CallError::Trap { .. } | CallError::Instantiate { .. }), "{err:?}");
}

/// An error of a host that cannot even be shown.
#[derive(Debug)]
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("this error has no text")
    }
}

impl error::Error for Unspeakable {}

#[test]
fn an_instance_that_a_panic_unwound_through_is_used_no_more() {
    let guest = r#"(module
        (import "extism:host/user" "fails" (func $fails))
        (global $n_calls (mut i32) (i32.const 0))
        (func (export "plugsmith_extensions") (param i64) (result i64) (local.get 0))
        (func $count (export "count") (result i32)
            (global.set $n_calls (i32.add (global.get $n_calls) (i32.const 1)))
            (global.get $n_calls))
        (func (export "fail") (drop (call $count)) (call $fails)))"#;
    let fails = Function::numeric("fails", |_: &mut CurrentPlugin<'_>| -> Result<(), Error> {
        Err(Unspeakable.into())
    });
    let mut plugin = PluginBuilder::new(manifest(guest))
        .with_functions([fails])
        .with_catchable_host_errors(true)
        .build()
        .unwrap();
    let unwound = catch_unwind(AssertUnwindSafe(|| plugin.call::<_, ()>("fail", ())));
    assert!(unwound.is_err());
    assert_eq!(plugin.call_get_error_code::<_, ()>("count", ()).unwrap_err().1, 1);
}

#[test]
fn a_function_that_was_looked_up_serves_all_plug_ins_of_one_compilation() {
    let compiled = PluginBuilder::new(manifest(&echoing(""))).compile().unwrap();
    let echo: PluginFunction<&str, String> = compiled.function("echo").unwrap();
    for _ in 0..2 {
        let mut plugin = Plugin::new_from_compiled(&compiled).unwrap();
        assert_eq!(echo.call(&mut plugin, "hello").unwrap(), "hello");
        assert_eq!(echo.clone().call(&mut plugin, "").unwrap(), "");
    }
    let mut other = plugin(&echoing(""));
    let err = echo.call(&mut other, "hello").unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(CallError::OtherPlugin { .. })), "{err}");
    assert_eq!(call(&mut other, "echo").unwrap(), "");
    let err = compiled.function::<(), ()>("ecko").unwrap_err();
    assert!(err.to_string().contains("did you mean `echo`?"), "{err}");
}
