//! Code compiled in a hurry behaves like optimised code, and gives way to it: each step by itself, so that
//! no test waits for a thread.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{env, fs, process, sync::Arc, thread};

use super::*;
use crate::{
    CompiledPlugin, Function, Manifest, Plugin, PluginBuilder, Wasm,
    builder::Source,
    error::{CallError, Error},
    load, source,
};

/// What a test asks of a guest, in text: it counts its calls, echoes, computes, and misbehaves.
const GUEST: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $offset (result i64)))
    (import "extism:host/env" "input_length" (func $length (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "load_u8" (func $load (param i64) (result i32)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (import "extism:host/user" "ask" (func $ask (param i64) (result i64)))
    (memory 1)
    (global $n (mut i32) (i32.const 0))
    (func $answer (param $byte i32)
        (local $block i64)
        (local.set $block (call $alloc (i64.const 1)))
        (call $store (local.get $block) (local.get $byte))
        (call $output (local.get $block) (i64.const 1)))
    (func (export "count")
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (call $answer (i32.add (global.get $n) (i32.const 48))))
    (func (export "echo") (call $output (call $offset) (call $length)))
    (func (export "sum") (result i32)
        (local $at i64) (local $sum i32)
        (loop $next
            (local.set $sum
                (i32.add (local.get $sum) (call $load (i64.add (call $offset) (local.get $at)))))
            (local.set $at (i64.add (local.get $at) (i64.const 1)))
            (br_if $next (i64.lt_u (local.get $at) (call $length))))
        (local.get $sum))
    (func (export "vectors") (result i32)
        (i32x4.extract_lane 2 (i32x4.add (v128.const i32x4 1 2 3 4) (i32x4.splat (i32.const 40)))))
    (func (export "copy") (result i32) (local $len i32)
        (i32.store (i32.const 5000) (i32.const 77))
        (local.set $len (i32.const 12000))
        (memory.copy (i32.const 32776) (i32.const 0) (local.get $len))
        (i32.load (i32.const 37776)))
    (func (export "floats") (result i32)
        (i32.trunc_sat_f64_s (f64.nearest (f64.mul (f64.sqrt (f64.const 2)) (f64.const 1000)))))
    (func (export "host") (result i32) (i32.wrap_i64 (call $ask (i64.const 20))))
    (func (export "refusing_host") (result i32) (i32.wrap_i64 (call $ask (i64.const 0))))
    (func $fail (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
    (func (export "divide") (result i32) (call $fail (i32.const 0)))
    (func (export "outside") (result i32) (i32.load (i32.const 65533)))
    (func (export "foreign") (result i32) (call $load (i64.const 1)))
    (func (export "grow") (result i32) (memory.grow (i32.const 9)))
    (func $deep (export "deep") (call $deep))
    (func (export "never") (loop $on (br $on))))"#;

/// Starts with a guest of a test's own, since optimised code that another test has in use is found.
fn builder(test: &str) -> PluginBuilder<'static> {
    let own = format!(r#"(memory 1) (export "{test}" (memory 0))"#);
    let wasm = wat::parse_str(GUEST.replace("(memory 1)", &own)).unwrap();
    let mut manifest = Manifest::new([Wasm::data(wasm)]);
    manifest.memory.max_pages = Some(4);
    let ask =
        Function::numeric("ask", |_: &mut crate::CurrentPlugin<'_>, number: i64| match number {
            0 => Err(Error::msg("ask for something")),
            number => Ok(number + 1),
        });
    PluginBuilder::new(manifest).with_functions([ask])
}

/// Makes a plug-in of code compiled in a hurry, if it may be, and what makes it better later.
fn start(builder: PluginBuilder<'_>) -> (CompiledPlugin, Option<Optimization>) {
    let PluginBuilder { source: Source::Input(input), functions, mut options } = builder else {
        panic!("an artifact is compiled already");
    };
    options.first_codegen = Codegen::Hurried;
    let (manifest, modules) = source::read(input, u64::MAX, source::Urls::Fetch).unwrap();
    let (shared, optimization) = load::start(manifest, modules, functions, options).unwrap();
    (CompiledPlugin { shared }, optimization)
}

fn hurried(builder: PluginBuilder<'_>) -> (CompiledPlugin, Optimization) {
    let (compiled, optimization) = start(builder);
    assert!(!compiled.is_optimized());
    (compiled, optimization.expect("it can be compiled in a hurry"))
}

fn optimize(compiled: &CompiledPlugin, optimization: Optimization) {
    Job { optimization, compiled: Arc::downgrade(&compiled.shared) }.run();
}

fn plugin(compiled: &CompiledPlugin) -> Plugin {
    Plugin::new_from_compiled(compiled).unwrap()
}

fn count(plugin: &mut Plugin) -> String {
    plugin.call("count", ()).unwrap()
}

/// What came of a call, with everything that a host is told.
fn outcome(plugin: &mut Plugin, export: &str) -> String {
    let outcome = plugin.call_get_error_code::<_, String>(export, "abc");
    outcome.unwrap_or_else(|(err, status)| format!("{status}: {err:?}"))
}

#[test]
fn both_kinds_of_code_behave_the_same() {
    let (fast, _) = hurried(builder("both"));
    let slow = builder("both").compile().unwrap();
    assert!(slow.is_optimized() && fast.is_fused() && slow.is_fused());
    let [mut fast, mut slow] = [&fast, &slow].map(plugin);
    for export in [
        "count",
        "echo",
        "sum",
        "vectors",
        "copy",
        "floats",
        "host",
        "refusing_host",
        "divide",
        "outside",
        "foreign",
        "grow",
        "count",
        "deep",
        "count",
        "missing",
    ] {
        let [fast, slow] = [&mut fast, &mut slow].map(|plugin| outcome(plugin, export));
        assert_eq!(fast, slow, "{export}");
    }
    let backtrace = outcome(&mut fast, "divide");
    assert!(backtrace.contains("fail") && backtrace.contains("divide"), "{backtrace}");
}

#[test]
fn code_in_a_hurry_can_be_interrupted() {
    let mut manifest = Manifest::new([Wasm::data(
        wat::parse_str(
            r#"(module (func (export "never") (loop $on (br $on))) (func (export "well")))"#,
        )
        .unwrap(),
    )]);
    let (endless, _) = hurried(PluginBuilder::new(&manifest));
    let mut endless = plugin(&endless);
    let cancel = endless.cancel_handle();
    thread::scope(|scope| {
        scope.spawn(|| cancel.cancel().unwrap());
        let err = endless.call::<_, ()>("never", ()).unwrap_err();
        assert!(matches!(err.downcast_ref(), Some(CallError::Cancelled)), "{err:?}");
    });
    endless.call::<_, ()>("well", ()).unwrap();
    manifest.timeout_ms = Some(20);
    let (limited, _) = hurried(PluginBuilder::new(&manifest));
    let mut limited = plugin(&limited);
    let err = limited.call::<_, ()>("never", ()).unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(CallError::TimedOut { .. })), "{err:?}");
    limited.call::<_, ()>("well", ()).unwrap();
}

#[test]
fn an_instance_keeps_its_code_and_the_next_one_gets_the_better() {
    let (compiled, optimization) = hurried(builder("kept"));
    let function = compiled.function::<(), String>("count").unwrap();
    let mut old = plugin(&compiled);
    assert_eq!(count(&mut old), "1");
    let hurried_code = Arc::downgrade(&compiled.shared.code.current().next().unwrap().0);
    optimize(&compiled, optimization);
    assert!(compiled.is_optimized() && compiled.wait_until_optimized() && compiled.is_fused());
    assert_eq!(count(&mut old), "2");
    let mut new = plugin(&compiled);
    assert_eq!(function.call(&mut new, ()).unwrap(), "1");
    assert_eq!(function.call(&mut old, ()).unwrap(), "3");
    assert!(hurried_code.strong_count() > 0, "an instance uses it");
    // Cancelling reaches the call in whichever engine it runs.
    for plugin in [&mut old, &mut new] {
        let cancel = plugin.cancel_handle();
        thread::scope(|scope| {
            scope.spawn(|| cancel.cancel().unwrap());
            let err = plugin.call::<_, ()>("never", ()).unwrap_err();
            assert!(matches!(err.downcast_ref(), Some(CallError::Cancelled)), "{err:?}");
        });
        plugin.call::<_, ()>("divide", ()).unwrap_err();
        assert_eq!(count(plugin), "1", "a fresh instance");
    }
    assert_eq!(hurried_code.strong_count(), 0, "nothing uses it any more");
}

#[test]
fn what_cannot_be_hurried_is_compiled_at_once() {
    let module = |fields: &str| format!("(module {fields} (func (export \"here\")))");
    let one = |fields: &str| PluginBuilder::new(wat::parse_str(module(fields)).unwrap());
    let side = Wasm::data(wat::parse_str("(module)").unwrap()).with_name("side");
    let main = Wasm::data(wat::parse_str(module("")).unwrap());
    for (what, builder) in [
        ("tail call", one("(func $f return_call $f)")),
        ("reference", one("(table 1 externref)")),
        ("exception", one("(tag $t) (func (throw $t))")),
        ("garbage collection", one("(type (struct)) (func (drop (struct.new 0)))")),
        (
            "relaxed vectors",
            one("(func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))"),
        ),
        ("several modules", PluginBuilder::new(Manifest::new([side, main]))),
        ("linked", one("").with_linked_kernel()),
        ("fuel", one("").with_fuel_limit(1_000)),
        ("debugging", one("").with_debug_info()),
        ("core dumps", one("").with_coredump("never-written")),
    ] {
        let (compiled, optimization) = start(builder);
        assert!(compiled.is_optimized() && optimization.is_none(), "{what}");
        plugin(&compiled).call::<_, ()>("here", ()).unwrap();
    }
}

#[test]
fn a_cache_gets_the_better_code_and_is_asked_first() {
    // The second one's instances do not fit a seat.
    for (number, fields) in ["", "(table 1 funcref)".repeat(5).as_str()].into_iter().enumerate() {
        let name = format!("plugsmith-fast-start-{}-{number}", process::id());
        let folder = env::temp_dir().join(name);
        let exports = r#"(func (export "here")) (func (export "cached"))"#;
        let wasm = wat::parse_str(format!("(module {fields} {exports})")).unwrap();
        let builder = || PluginBuilder::new(wasm.clone()).with_cache(&folder);
        let n_modules = || {
            let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
            names.filter(|name| name.to_string_lossy().ends_with(".module")).count()
        };
        let (compiled, optimization) = hurried(builder());
        assert_eq!(n_modules(), 0);
        drop(compiled.clone());
        optimize(&compiled, optimization);
        assert_eq!(n_modules(), 1);
        let (in_use, optimization) = start(builder());
        assert!(in_use.is_optimized() && optimization.is_none());
        drop((in_use, compiled));
        let (cached, optimization) = start(builder());
        assert!(cached.is_optimized() && optimization.is_none());
        plugin(&cached).call::<_, ()>("here", ()).unwrap();
        fs::remove_dir_all(&folder).unwrap();
    }
}

#[test]
fn a_plugin_that_cannot_be_optimised_stays_as_it_is() {
    let (compiled, mut optimization) = hurried(builder("stays"));
    for module in &mut optimization.modules {
        *module = NamedModule::new(module.name.clone(), b"\0asm\x01\0\0\0broken"[..].into());
    }
    optimize(&compiled, optimization);
    assert!(!compiled.wait_until_optimized() && !compiled.is_optimized());
    assert_eq!(count(&mut plugin(&compiled)), "1");
    let err = compiled.serialize().unwrap_err();
    assert_eq!(err.to_string(), "the plug-in could not be optimised");
}

#[test]
fn the_optimised_code_is_what_is_given_away() {
    let (compiled, optimization) = hurried(builder("given"));
    optimize(&compiled, optimization);
    let optimised = builder("given").compile().unwrap();
    assert!(compiled.serialize().unwrap() == optimised.serialize().unwrap());
}
