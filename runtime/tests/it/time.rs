//! Time limits and cancellation, wherever the guest may loop, and the call after.
//!
//! Nothing here measures time: an endless loop either ends by its limit or the test never does.

use std::{thread, time::Duration};

use plugsmith::{CallError, CompiledPlugin, Function, Plugin, PluginBuilder, UserData};

use crate::guest::{call, call_error, manifest, speaking};

const LIMIT: Duration = Duration::from_millis(20);

const LOOP: &str = "(loop $forever (br $forever))";

fn limited(exports: &str) -> Plugin {
    Plugin::new(manifest(&speaking("x", exports)).with_timeout(LIMIT), [], false).unwrap()
}

fn assert_timed_out(err: &CallError) {
    assert!(matches!(err, CallError::TimedOut { limit: LIMIT }), "{err:?}");
    assert_eq!(err.to_string(), "call ran past its limit of 20ms");
}

#[test]
fn an_endless_loop_ends_and_the_next_call_runs_on_a_fresh_instance() {
    let mut plugin = limited(&format!(r#"(func (export "loops") {LOOP})"#));
    for _ in 0..2 {
        assert_eq!(call(&mut plugin, "count").unwrap(), "1");
        assert_timed_out(&call_error(&mut plugin, "loops"));
    }
    assert_eq!(call(&mut plugin, "count").unwrap(), "1");
}

#[test]
fn endless_recursion_by_tail_calls_ends() {
    let exports = r#"(func $again (return_call $again)) (func (export "loops") (call $again))"#;
    assert_timed_out(&call_error(&mut limited(exports), "loops"));
}

#[test]
fn an_endless_start_function_ends() {
    let mut plugin = limited(&format!("(func $start {LOOP}) (start $start)"));
    assert_timed_out(&call_error(&mut plugin, "say"));
    assert_timed_out(&call_error(&mut plugin, "say"));
}

#[test]
fn endless_initialisers_end() {
    for init in ["_initialize", "__wasm_call_ctors"] {
        let mut plugin = limited(&format!(r#"(func (export "{init}") {LOOP})"#));
        assert_timed_out(&call_error(&mut plugin, "say"));
    }
    let mut plugin = limited(&format!(r#"(func (export "hs_init") (param i32 i32) {LOOP})"#));
    assert_timed_out(&call_error(&mut plugin, "say"));
}

#[test]
fn time_in_host_functions_counts_to_the_very_end() {
    let sleep = Function::new("sleep", [], [], UserData::new(()), |plugin, _, _, _| {
        assert!(plugin.time_remaining().is_some_and(|left| left <= LIMIT));
        thread::sleep(LIMIT * 2);
        assert_eq!(plugin.time_remaining(), Some(Duration::ZERO));
        Ok(())
    });
    let wat = r#"(module
        (import "extism:host/user" "sleep" (func $sleep))
        (func (export "sleeps") (call $sleep))
        (func (export "returns")))"#;
    let mut plugin = Plugin::new(manifest(wat).with_timeout(LIMIT), [sleep], false).unwrap();
    assert_timed_out(&call_error(&mut plugin, "sleeps"));
    assert_eq!(call(&mut plugin, "returns").unwrap(), "");
}

#[test]
fn a_limit_of_zero_stops_what_takes_any_time() {
    let wat = speaking("x", &format!(r#"(func (export "loops") {LOOP})"#));
    let mut plugin = Plugin::new(manifest(&wat).with_timeout(Duration::ZERO), [], false).unwrap();
    assert!(matches!(call_error(&mut plugin, "loops"), CallError::TimedOut { .. }));
}

#[test]
fn calls_within_the_limit_are_left_alone() {
    let wat = speaking("x", "");
    let manifest = manifest(&wat).with_timeout(Duration::from_mins(10));
    let mut plugin = Plugin::new(manifest, [], false).unwrap();
    for _ in 0..1000 {
        assert_eq!(call(&mut plugin, "say").unwrap(), "x");
    }
}

#[test]
fn cancelling_ends_the_running_call_and_only_that() {
    // Tells the host that it runs, then loops.
    let wat = format!(
        r#"(module
            (import "extism:host/user" "told" (func $told))
            (global $count (mut i32) (i32.const 0))
            (func (export "loops") (call $told) {LOOP})
            (func (export "count") (result i32)
                (global.set $count (i32.add (global.get $count) (i32.const 1)))
                (global.get $count)))"#
    );
    let mut plugin = Plugin::new(manifest(&wat), [told()], false).unwrap();
    for _ in 0..3 {
        let handle = plugin.cancel_handle();
        let err = plugin
            .call_with_host_context::<_, (), _>("loops", (), handle)
            .unwrap_err()
            .downcast::<CallError>()
            .unwrap();
        assert!(matches!(err, CallError::Cancelled), "{err:?}");
        assert_eq!(err.to_string(), "call was cancelled");
        assert_eq!(plugin.call_get_error_code::<_, ()>("count", ()).unwrap_err().1, 1);
    }
}

/// A host function that has the plug-in of the host context cancelled from another thread.
fn told() -> Function {
    Function::new("told", [], [], UserData::new(()), |plugin, _, _, _| {
        let handle = plugin.host_context::<plugsmith::CancelHandle>()?.clone();
        thread::spawn(move || handle.cancel());
        Ok(())
    })
}

#[test]
fn a_cancellation_before_a_call_is_not_lost_and_can_be_taken_back() {
    let mut plugin = limited("");
    let handle = plugin.cancel_handle();
    handle.cancel().unwrap();
    assert!(handle.is_cancelled());
    assert!(matches!(call_error(&mut plugin, "say"), CallError::Cancelled));
    assert!(!handle.is_cancelled());
    assert_eq!(call(&mut plugin, "say").unwrap(), "x");
    handle.cancel().unwrap();
    handle.clear();
    assert_eq!(call(&mut plugin, "say").unwrap(), "x");
}

/// A guest that tells the host, then goes through a loop, and then says that it is done.
const GOES_ON: &str = r#"(module
    (import "extism:host/user" "told" (func $told))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (func (export "goes_on")
        (local $left i32)
        (local.set $left (i32.const 1000))
        (call $told)
        (loop $next
            (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (call $output (call $alloc (i64.const 1)) (i64.const 1)))
    (func (export "returns")))"#;

/// Loads a guest as a part of one module with the kernel, and linked to it.
fn both_forms(builder: impl Fn() -> PluginBuilder<'static>) -> [Plugin; 2] {
    [builder(), builder().with_linked_kernel()].map(|builder| builder.build().unwrap())
}

#[test]
fn without_interruption_code_runs_to_its_end() {
    let cancel = Function::new("told", [], [], UserData::new(()), |plugin, _, _, _| {
        plugin.host_context::<plugsmith::CancelHandle>()?.cancel()
    });
    let load = |interruptible| {
        let builder = || {
            let manifest = manifest(GOES_ON).with_timeout(Duration::from_mins(10));
            let builder = PluginBuilder::new(manifest).with_functions([cancel.clone()]);
            builder.with_kept_code(true).with_interruption(interruptible)
        };
        both_forms(builder).map(|plugin| (interruptible, plugin))
    };
    // All live at once: what is compiled is shared in the process, and must not be by these.
    let plugins = [load(true), load(false), load(true), load(false)];
    for (interruptible, mut plugin) in plugins.into_iter().flatten() {
        let handle = plugin.cancel_handle();
        let outcome = plugin.call_with_host_context::<_, Vec<u8>, _>("goes_on", (), handle);
        if interruptible {
            let err = outcome.unwrap_err().downcast::<CallError>().unwrap();
            assert!(matches!(err, CallError::Cancelled), "{err:?}");
        } else {
            assert_eq!(outcome.unwrap(), [0]);
            assert!(matches!(call_error(&mut plugin, "returns"), CallError::Cancelled));
        }
        assert_eq!(call(&mut plugin, "returns").unwrap(), "");
    }
}

#[test]
fn without_interruption_a_call_in_which_the_host_overran_fails_in_the_end() {
    let overrun = Function::new("told", [], [], UserData::new(()), |plugin, _, _, _| {
        while plugin.time_remaining() != Some(Duration::ZERO) {
            thread::yield_now();
        }
        Ok(())
    });
    let builder = || {
        let builder = PluginBuilder::new(manifest(GOES_ON).with_timeout(LIMIT));
        builder.with_functions([overrun.clone()]).with_interruption(false)
    };
    for mut plugin in both_forms(builder) {
        assert_timed_out(&call_error(&mut plugin, "goes_on"));
        assert_eq!(call(&mut plugin, "returns").unwrap(), "");
    }
}

#[test]
fn without_interruption_fuel_ends_a_loop() {
    let builder = || {
        let wat = speaking("x", &format!(r#"(func (export "loops") {LOOP})"#));
        PluginBuilder::new(manifest(&wat)).with_interruption(false).with_fuel_limit(100_000)
    };
    for mut plugin in both_forms(builder) {
        let err = call_error(&mut plugin, "loops");
        assert_eq!(err.trap(), Some(plugsmith::Trap::OutOfFuel));
        assert_eq!(call(&mut plugin, "say").unwrap(), "x");
    }
}

#[test]
fn ending_one_plugin_leaves_others_of_the_same_compilation_alone() {
    let exports = format!(
        r#"(func (export "loops") {LOOP})
        (func (export "works")
            (local $left i32)
            (local.set $left (i32.const 30000000))
            (loop $next
                (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
            (call $say))"#
    );
    let with_limit = |limit| {
        let manifest = manifest(&speaking("done", &exports)).with_timeout(limit);
        PluginBuilder::new(manifest).compile().unwrap()
    };
    let (short, long): (CompiledPlugin, CompiledPlugin) =
        (with_limit(LIMIT), with_limit(Duration::from_mins(10)));
    let worker = thread::spawn(move || {
        let mut plugin = Plugin::new_from_compiled(&long).unwrap();
        call(&mut plugin, "works").unwrap()
    });
    let mut plugin = Plugin::new_from_compiled(&short).unwrap();
    assert_timed_out(&call_error(&mut plugin, "loops"));
    plugin.cancel_handle().cancel().unwrap();
    assert_eq!(worker.join().unwrap(), "done");
}

#[test]
fn fuel_ends_a_loop_and_is_given_anew_to_each_call() {
    let wat = speaking("x", &format!(r#"(func (export "loops") {LOOP})"#));
    let mut plugin = PluginBuilder::new(manifest(&wat)).with_fuel_limit(100_000).build().unwrap();
    assert_eq!(plugin.fuel_consumed(), None);
    for _ in 0..3 {
        let err = call_error(&mut plugin, "loops");
        assert_eq!(err.trap(), Some(plugsmith::Trap::OutOfFuel));
        assert_eq!(plugin.fuel_consumed(), Some(100_000));
        assert_eq!(call(&mut plugin, "say").unwrap(), "x");
        assert!(plugin.fuel_consumed().is_some_and(|fuel| fuel > 0 && fuel < 100_000));
    }
}

#[test]
fn a_call_does_not_pay_for_the_one_before() {
    let wat = r#"(module
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (func (export "alloc_many")
            (local $left i32)
            (local.set $left (i32.const 1000))
            (loop $next
                (drop (call $alloc (i64.const 1)))
                (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
        (func (export "nothing")))"#;
    let mut plugin = PluginBuilder::new(manifest(wat)).with_fuel_limit(10_000_000).build().unwrap();
    let mut fuel = |name| {
        plugin.call::<_, ()>(name, ()).unwrap();
        plugin.fuel_consumed().unwrap()
    };
    fuel("nothing");
    let before = fuel("nothing");
    assert!(fuel("alloc_many") > 1000);
    assert_eq!(fuel("nothing"), before);
}

#[test]
fn fuel_that_ends_in_the_kernel_is_out_of_fuel() {
    let wat = r#"(module
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (import "extism:host/env" "var_get" (func $var_get (param i64) (result i64)))
        (func $once (drop (call $var_get (call $alloc (i64.const 8)))))
        (func (export "ask") (call $once) (call $once) (call $once) (call $once)))"#;
    let manifest = manifest(wat);
    let needed = {
        let mut plugin = PluginBuilder::new(&manifest).with_fuel_limit(1_000_000).build().unwrap();
        plugin.call::<_, ()>("ask", ()).unwrap();
        plugin.call::<_, ()>("ask", ()).unwrap();
        plugin.fuel_consumed().unwrap()
    };
    let mut n_failed = 0;
    for fuel in (0..needed).step_by(7) {
        let mut plugin = PluginBuilder::new(&manifest).with_fuel_limit(fuel).build().unwrap();
        // Fuel is only looked at now and then, so the last units may be overdrawn.
        if let Err(err) = call(&mut plugin, "ask") {
            assert_eq!(err.trap(), Some(plugsmith::Trap::OutOfFuel), "{fuel} of {needed}: {err:?}");
            n_failed += 1;
        }
    }
    assert!(n_failed > 5);
}
