//! Time and memory: what a limit covers, and what comes of reaching it.

use plugsmith::{CallError, Plugin};
use serde_json::json;

use super::{Expected, differ, numbers, ok};
use crate::{
    case::{Case, Does, HostFunction, Step, data},
    here,
    outcome::Outcome,
    peer::{Peer, python},
    probe,
};

/// Enough turns of a loop to run for longer than a few milliseconds, and no longer than a second.
const MANY: &str = "(local.set $n (i32.const 200000000))
    (loop $again (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))";

#[test]
fn cancelling_one_plugin_leaves_its_siblings_alone() {
    let module = probe::module(&format!(
        r#"(import "extism:host/user" "cancel" (func $cancel))
        (import "extism:host/user" "start" (func $start))
        (func (export "spin") (call $start) (loop $again (br $again)))
        (func (export "run") (local $n i32) (call $cancel) {MANY})"#
    ));
    let case = Case::new("a sibling", module)
        .with_function(HostFunction::new("cancel", &[], &[], Does::CancelSibling))
        .with_function(HostFunction::new("start", &[], &[], Does::Start))
        .call("run", "");
    differ(
        case,
        Expected::from([Outcome::Interrupted]).with_seen(&["cancel", "start"]),
        Expected::from([ok()]).with_seen(&["cancel", "start"]),
    );
}

#[test]
fn the_time_limit_covers_initialisers() {
    for (name, fields) in [
        ("constructors", r#"(func (export "__wasm_call_ctors") (local $n i32) MANY)"#),
        ("a reactor", r#"(func (export "_initialize") (local $n i32) MANY)"#),
        ("a start function", "(func $start (local $n i32) MANY) (start $start)"),
    ] {
        let fields = fields.replace("MANY", MANY);
        let module = probe::module(&format!(r#"{fields} (func (export "run"))"#));
        let case = Case::new(name, module).with("timeout_ms", json!(5)).call("run", "");
        differ(case, [ok()], [Outcome::Interrupted]);
    }
}

#[test]
fn the_time_limit_covers_host_functions() {
    let module = r#"(module (import "extism:host/user" "overrun" (func $overrun))
        (func (export "run") (call $overrun)))"#;
    let overrun = HostFunction::new("overrun", &[], &[], Does::Overrun);
    let case = Case::new("a host function", module)
        .with("timeout_ms", json!(20))
        .with_function(overrun)
        .call("run", "");
    differ(
        case,
        Expected::from([ok()]).with_seen(&["overrun"]),
        Expected::from([Outcome::Interrupted]).with_seen(&["overrun"]),
    );
}

#[test]
fn a_cancellation_before_a_call_is_kept() {
    let case = Case::new("a cancellation", r#"(module (func (export "run")))"#)
        .step(Step::Cancel)
        .call("run", "")
        .call("run", "");
    differ(case, [Outcome::Is(true), ok(), ok()], [Outcome::Is(true), Outcome::Interrupted, ok()]);
}

#[test]
fn cancelled_and_timed_out_are_two_errors() {
    let module = probe::module(
        r#"(import "extism:host/user" "cancel" (func $cancel))
        (func (export "cancel") (call $cancel) (loop $again (br $again)))
        (func (export "loop") (loop $again (br $again)))"#,
    );
    let cancel = HostFunction::new("cancel", &[], &[], Does::Cancel);
    let case = Case::new("both", module)
        .with("timeout_ms", json!(50))
        .with_function(cancel)
        .fail("loop", "")
        .fail("cancel", "");
    let Some(python) = python() else { return };
    let expected =
        Expected::from([Outcome::Interrupted, Outcome::Interrupted]).with_seen(&["cancel"]);
    assert_eq!(Peer::new(python).run(&case), expected.0, "the peer has one word for both");
    assert_eq!(here::run(&case), expected.0);

    let looping = r#"(module (func (export "run") (loop $again (br $again))))"#;
    let manifest = json!({ "wasm": [data(looping)], "timeout_ms": 50 }).to_string();
    let mut plugin = Plugin::new(manifest.as_bytes(), [], false).unwrap();
    let err = plugin.call::<(), ()>("run", ()).unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(CallError::TimedOut { .. })), "{err:?}");
    plugin.cancel_handle().cancel().unwrap();
    let err = plugin.call::<(), ()>("run", ()).unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(CallError::Cancelled)), "{err:?}");
}

/// Gives what `memory.grow` returns for each byte of the input, as pages.
const GROWING: &str = r#"(func (export "grow")
        (call $emit32 (memory.grow (call $input_load_u8 (i64.const 0)))) (call $done))"#;

#[test]
fn growth_beyond_the_limit_is_refused_as_webassembly_says() {
    let case = Case::new("growth", probe::module(GROWING))
        .with("memory", json!({ "max_pages": 20 }))
        .call("grow", [100]);
    differ(case, [Outcome::said(-1, "oom")], [numbers([0xffff_ffff])]);
}

#[test]
fn memory_has_a_limit_by_default() {
    let module = r#"(func (export "run")
        (call $emit32 (memory.grow (i32.const 16384))) (call $done))"#;
    let case = Case::new("a gibibyte more", probe::module(module)).call("run", "");
    differ(case, [numbers([2])], [numbers([0xffff_ffff])]);
}

#[test]
fn what_a_guest_starts_with_counts() {
    // Two pages at first, and eighteen more, are within the limit of twenty; nineteen are not.
    let case = Case::new("eighteen", probe::module(GROWING))
        .with("memory", json!({ "max_pages": 20 }))
        .call("grow", [18])
        .call("grow", [1]);
    let oom = || Outcome::said(-1, "oom");
    differ(case, [numbers([2]), numbers([20])], [numbers([2]), numbers([0xffff_ffff])]);
    let case = Case::new("nineteen", probe::module(GROWING))
        .with("memory", json!({ "max_pages": 20 }))
        .call("grow", [21]);
    differ(case, [oom()], [numbers([0xffff_ffff])]);
}

#[test]
fn exchange_memory_has_a_limit_of_its_own() {
    let echo = probe::run("(call $output_set (call $input_offset) (call $input_length))");
    let input = vec![b'x'; 3 << 20];
    let case =
        Case::new("an input", echo).with("memory", json!({ "max_pages": 20 })).call("run", &input);
    let no_room = Outcome::said(-1, "failed to allocate extism memory");
    differ(case, [no_room], [Outcome::Output(input)]);
}

#[test]
fn memory_grows_to_the_maximum_it_declares() {
    let module = r#"(module (memory (export "memory") 1 2)
        (func (export "run") (result i32) (i32.sub (memory.grow (i32.const 1)) (i32.const 1))))"#;
    let case = Case::new("a maximum", module).with("memory", json!({ "max_pages": 40 }));
    differ(case.call("run", ""), [Outcome::said(-1, "oom")], [ok()]);
}
