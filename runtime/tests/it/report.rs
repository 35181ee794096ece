//! What a call took: reports, and fuel.

use plugsmith::{CallError, CallReport, CurrentPlugin, Function, Plugin, PluginBuilder, Trap};

use crate::guest::{call, call_error, manifest};

/// Loops as often as its input is long, at start-up ten thousand times; and asks the host.
const BUSY: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $offset (result i64)))
    (import "extism:host/env" "input_length" (func $length (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/user" "wait" (func $wait))
    (memory (export "memory") 2)
    (func $loop (param $n i64)
        (loop $next
            (local.set $n (i64.sub (local.get $n) (i64.const 1)))
            (br_if $next (i64.gt_s (local.get $n) (i64.const 0)))))
    (func (export "_initialize") (call $loop (i64.const 10000)))
    (func (export "echo") (call $output (call $offset) (call $length)))
    (func (export "loop") (call $loop (call $length)))
    (func (export "endless") (loop $next (br $next)))
    (func (export "asks") (call $wait))
    (func (export "grows") (drop (memory.grow (i32.const 3)))))"#;

fn busy() -> PluginBuilder<'static> {
    let wait = Function::numeric("wait", |_: &mut CurrentPlugin<'_>| {
        let start = std::time::Instant::now();
        while start.elapsed().is_zero() {}
        Ok(())
    });
    PluginBuilder::new(manifest(BUSY)).with_functions([wait])
}

fn report(plugin: &mut Plugin, name: &str, input: &str) -> CallReport {
    plugin.call::<_, ()>(name, input).unwrap();
    plugin.last_call().unwrap().clone()
}

#[test]
fn a_report_has_the_sizes_of_the_call() {
    let mut plugin = busy().with_call_reports(true).build().unwrap();
    assert_eq!(plugin.last_call(), None);
    plugin.call::<_, String>("echo", "hello").unwrap();
    let echo = plugin.last_call().unwrap();
    assert_eq!((echo.input_len, echo.output_len, echo.fuel), (5, 5, None));
    assert_eq!((echo.guest_memory, echo.exchange_memory), (2 << 16, 16 << 16));
    assert_eq!(report(&mut plugin, "grows", "").guest_memory, 5 << 16);
}

#[test]
fn a_call_that_is_refused_leaves_no_report_of_the_one_before() {
    let mut plugin = busy().with_call_reports(true).with_fuel_limit(1 << 20).build().unwrap();
    plugin.call::<_, String>("echo", "hello").unwrap();
    assert!(plugin.fuel_consumed().is_some());
    assert!(matches!(call_error(&mut plugin, "missing"), CallError::NoExport { .. }));
    assert_eq!((plugin.last_call(), plugin.fuel_consumed()), (None, None));
}

#[test]
fn time_is_told_apart() {
    let mut plugin = busy().with_call_reports(true).build().unwrap();
    let asks = report(&mut plugin, "asks", "");
    assert!(!asks.host_time.is_zero());
    assert!(asks.time >= asks.guest_time + asks.host_time);
    let echo = report(&mut plugin, "echo", "");
    assert!(echo.host_time.is_zero(), "the kernel is no host function: {echo:?}");
}

#[test]
fn failed_calls_are_reported_and_unmeasured_ones_are_not() {
    let mut plugin = busy().with_call_reports(true).with_fuel_limit(50_000).build().unwrap();
    assert_eq!(call_error(&mut plugin, "endless").trap(), Some(Trap::OutOfFuel));
    let report = plugin.last_call().unwrap();
    assert!(report.fuel.is_some_and(|fuel| fuel >= 50_000), "{report:?}");
    assert_eq!(report.output_len, 0);
    let mut plugin = busy().build().unwrap();
    call(&mut plugin, "echo").unwrap();
    assert_eq!(plugin.last_call(), None);
}

#[test]
fn initialisers_may_have_fuel_of_their_own() {
    // About 40,000 units at start-up.
    let mut plugin = busy().with_fuel_limit(10_000).build().unwrap();
    assert_eq!(call_error(&mut plugin, "echo").trap(), Some(Trap::OutOfFuel));
    let mut plugin =
        busy().with_fuel_limit(10_000).with_initialization_fuel_limit(100_000).build().unwrap();
    call(&mut plugin, "echo").unwrap();
    let first = plugin.fuel_consumed().unwrap();
    call(&mut plugin, "echo").unwrap();
    let second = plugin.fuel_consumed().unwrap();
    assert!(first > 40_000 && second < 100, "{first} {second}");
    assert_eq!(call_error(&mut plugin, "endless").trap(), Some(Trap::OutOfFuel));
    call(&mut plugin, "echo").unwrap();
}

#[test]
fn a_limit_of_initialisers_alone_leaves_calls_free() {
    let mut plugin = busy().with_initialization_fuel_limit(100_000).build().unwrap();
    plugin.call::<_, ()>("loop", "x".repeat(100_000)).unwrap();
    assert!(plugin.fuel_consumed().unwrap() > 400_000);
    let mut plugin = busy().with_initialization_fuel_limit(10_000).build().unwrap();
    let CallError::Trap { name, trap, .. } = call_error(&mut plugin, "echo") else {
        panic!("the initialiser runs out of fuel");
    };
    assert_eq!((name.as_str(), trap.cause), ("_initialize", Trap::OutOfFuel));
}
