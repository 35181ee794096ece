//! How calls end: outputs, the guest's errors, statuses, traps, and the next call after each.

use plugsmith::{CallError, Error, GuestTrap, Plugin, Trap};

use crate::guest::{call, call_error, chain, echoing, plugin, speaking};

#[test]
fn bytes_pass_unchanged_at_every_size() {
    let mut plugin = plugin(&echoing(""));
    for len in [0, 1, 7, 8, 9, 15, 16, 17, 1000, 65_536, 1 << 20, 3 << 20, 5, 0] {
        let input: Vec<u8> = (0..len).map(|idx: u32| (idx * 31 % 251) as u8).collect();
        let output: &[u8] = plugin.call("echo", &input).unwrap();
        assert!(output == input, "{len} bytes");
    }
}

#[test]
fn a_call_without_output_returns_nothing_even_after_one_with() {
    let mut plugin = plugin(&speaking("hello", r#"(func (export "silent"))"#));
    assert_eq!(call(&mut plugin, "say").unwrap(), "hello");
    assert_eq!(call(&mut plugin, "silent").unwrap(), "");
    assert_eq!(call(&mut plugin, "say").unwrap(), "hello");
}

#[test]
fn a_guests_error_is_the_first_thing_said() {
    let exports = r#"
        (func (export "fails") (result i32) (call $fail) (i32.const 3))
        (func (export "fails_with_zero") (result i32) (call $fail) (i32.const 0))
        (func (export "fails_without_status") (call $fail))
        (func (export "takes_it_back") (call $fail) (call $error (i64.const 0)) (call $say))"#;
    let mut plugin = plugin(&speaking("no such merchant", exports));
    for (name, expected) in [("fails", 3), ("fails_with_zero", 0), ("fails_without_status", 0)] {
        let err = call_error(&mut plugin, name);
        assert_eq!(err.to_string(), "no such merchant");
        assert!(matches!(err, CallError::Guest { status, trap: None, .. } if status == expected));
        assert_eq!(call(&mut plugin, "say").unwrap(), "no such merchant");
    }
    assert_eq!(call(&mut plugin, "takes_it_back").unwrap(), "no such merchant");
}

#[test]
fn a_status_without_a_message_fails_every_kind_of_call() {
    let mut plugin =
        plugin(&speaking("x", r#"(func (export "seven") (result i32) (call $say) (i32.const 7))"#));
    let expected = "`seven` returned status 7 and no error message";
    assert_eq!(call_error(&mut plugin, "seven").to_string(), expected);
    let (err, status) = plugin.call_get_error_code::<_, String>("seven", ()).unwrap_err();
    assert_eq!((err.to_string().as_str(), status), (expected, 7));
    let err = plugin.call_with_host_context::<_, String, _>("seven", (), 1_u8).unwrap_err();
    assert_eq!(err.to_string(), expected);
}

#[test]
fn an_error_leaves_the_instance_and_a_trap_does_not() {
    let exports = r#"
        (func (export "fails") (call $fail))
        (func (export "traps") unreachable)"#;
    let mut plugin = plugin(&speaking("x", exports));
    assert_eq!(call(&mut plugin, "count").unwrap(), "1");
    call_error(&mut plugin, "fails");
    assert_eq!(call(&mut plugin, "count").unwrap(), "2");
    call_error(&mut plugin, "traps");
    assert_eq!(call(&mut plugin, "count").unwrap(), "1");
}

#[test]
fn every_trap_has_its_name() {
    let exports = r#"
        (table 2 funcref)
        (type $nothing (func))
        (type $number (func (result i32)))
        (func $forever (call $forever))
        (func (export "unreachable") unreachable)
        (func (export "stack") (call $forever))
        (func (export "load") (drop (i32.load (i32.const -1))))
        (func (export "table") (call_indirect (type $nothing) (i32.const 9)))
        (func (export "null") (call_indirect (type $nothing) (i32.const 1)))
        (elem (i32.const 0) $forever)
        (func (export "type") (drop (call_indirect (type $number) (i32.const 0))))
        (func (export "divide") (drop (i32.div_u (i32.const 1) (i32.const 0))))
        (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
        (func (export "convert") (drop (i32.trunc_f32_s (f32.const nan))))"#;
    let mut plugin = plugin(&speaking("x", exports));
    for (name, expected) in [
        ("unreachable", Trap::Unreachable),
        ("stack", Trap::StackOverflow),
        ("load", Trap::MemoryOutOfBounds),
        ("table", Trap::TableOutOfBounds),
        ("null", Trap::IndirectCallToNull),
        ("type", Trap::IndirectCallType),
        ("divide", Trap::DivisionByZero),
        ("overflow", Trap::IntegerOverflow),
        ("convert", Trap::BadConversion),
    ] {
        let err = call_error(&mut plugin, name);
        assert_eq!(err.trap(), Some(expected), "{name}");
        assert_eq!(err.status(), 134);
        assert!(err.to_string().starts_with(&format!("`{name}` trapped: ")), "{err}");
        assert_eq!(call(&mut plugin, "count").unwrap(), "1", "after {name}");
    }
}

#[test]
fn a_trap_shows_the_guests_call_stack_by_name() {
    let exports = r"
        (func $inner unreachable)
        (func $outer (call $inner))
        (func $traps (export ~traps~) (call $outer))"
        .replace('~', "\"");
    let mut plugin = plugin(&speaking("x", &exports));
    let err = Error::from(call_error(&mut plugin, "traps"));
    let trap: &GuestTrap = err.source().unwrap().downcast_ref().unwrap();
    let names: Vec<&str> = trap.frames.iter().map(|frame| frame.function.as_str()).collect();
    assert_eq!(names, ["inner", "outer", "traps"]);
    assert!(chain(err).contains("0: inner at offset 0x"));
}

#[test]
fn a_message_before_a_trap_comes_first_and_the_trap_is_the_cause() {
    let mut plugin = plugin(&speaking(
        "panicked at rules.rs:7",
        r#"(func (export "panics") (call $fail) unreachable)"#,
    ));
    let err = call_error(&mut plugin, "panics");
    assert_eq!(err.to_string(), "panicked at rules.rs:7");
    assert_eq!((err.trap(), err.status()), (Some(Trap::Unreachable), -1));
    assert!(chain(err).contains("executed `unreachable`"));
    assert_eq!(call(&mut plugin, "count").unwrap(), "1");
}

#[test]
fn missing_exports_are_named_with_the_nearest() {
    let mut plugin = plugin(&echoing(""));
    let err = call_error(&mut plugin, "repeat");
    assert_eq!(err.to_string(), "no exported function `repeat`");
    let err = call_error(&mut plugin, "ehco");
    assert_eq!(err.to_string(), "no exported function `ehco`, did you mean `echo`?");
    assert!(matches!(err, CallError::NoExport { .. }));
    assert_eq!(plugin.call::<_, String>("echo", "still here").unwrap(), "still here");
}

#[test]
fn exports_that_no_host_can_call_say_what_they_are() {
    let exports = r#"
        (memory (export "memory") 1)
        (func (export "takes") (param i32))
        (func (export "returns") (result i64) (i64.const 0))
        (func (export "returns_two") (result i32 i32) (i32.const 0) (i32.const 0))"#;
    let mut plugin = plugin(&echoing(exports));
    for (name, found) in [
        ("memory", "a memory"),
        ("takes", "(i32) -> ()"),
        ("returns", "() -> i64"),
        ("returns_two", "() -> (i32, i32)"),
    ] {
        let err = call_error(&mut plugin, name);
        let expected = format!(
            "export `{name}` is {found}, but a host can only call `() -> ()` and `() -> i32`"
        );
        assert_eq!(err.to_string(), expected);
        assert!(!plugin.function_exists(name));
    }
    assert!(plugin.function_exists("echo"));
}

#[test]
fn output_that_is_not_what_was_asked_for_is_named() {
    use plugsmith::convert::Json;

    let mut plugin = plugin(&echoing(""));
    let err = plugin.call::<_, Json<Vec<u8>>>("echo", "[1,").unwrap_err();
    assert_eq!(err.to_string(), "cannot decode the output of `echo`");
    assert!(chain(err).contains("line 1 column 3"));
    let err = plugin.call::<_, String>("echo", &[0xff_u8][..]).unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(CallError::Decode { .. })));
    let Json(numbers) = plugin.call::<_, Json<Vec<u8>>>("echo", "[1]").unwrap();
    assert_eq!(numbers, [1]);
}

#[test]
fn input_that_cannot_be_encoded_is_named() {
    use plugsmith::convert::Json;
    use std::collections::BTreeMap;

    let mut plugin = plugin(&echoing(""));
    let no_json = BTreeMap::from([((1, 2), 3)]);
    let err = plugin.call::<_, String>("echo", Json(no_json)).unwrap_err();
    assert_eq!(err.to_string(), "cannot encode the input of `echo`");
}

#[test]
fn a_hostile_output_range_is_ignored() {
    let exports = r#"
        (func (export "far") (call $output (i64.const 0xffffffff0000) (i64.const 9)))
        (func (export "wraps") (call $output (i64.const 1280) (i64.const -16)))
        (func (export "kernel") (call $output (i64.const 16) (i64.const 100)))
        (func (export "ahead") (call $output (i64.const 1280) (i64.const 100000)))"#;
    let mut plugin = plugin(&echoing(exports));
    for name in ["far", "wraps", "kernel", "ahead"] {
        assert_eq!(plugin.call::<_, String>(name, "input").unwrap(), "", "{name}");
    }
}

#[test]
fn one_calls_bytes_never_reach_the_next() {
    // Reads everything that can be loaded and makes it the output.
    let wat = r#"(module
        (import "extism:host/env" "load_u8" (func $load (param i64) (result i32)))
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (func (export "secrets") (result i32)
            (local $at i64) (local $sum i32)
            (drop (call $alloc (i64.const 5000)))
            (loop $next
                (local.set $sum (i32.or (local.get $sum) (call $load (local.get $at))))
                (local.set $at (i64.add (local.get $at) (i64.const 1)))
                (br_if $next (i64.lt_u (local.get $at) (i64.const 100000))))
            (local.get $sum)))"#;
    let mut plugin = plugin(wat);
    for secret in [&[0xff_u8; 3000][..], &[0xff; 17], &[0xff; 1]] {
        assert_eq!(plugin.call_get_error_code::<_, ()>("secrets", secret).unwrap_err().1, 255);
        plugin.call::<_, ()>("secrets", &[0_u8][..]).unwrap();
        plugin.call::<_, ()>("secrets", ()).unwrap();
    }
}

#[test]
fn a_plugin_can_move_between_threads() {
    fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<Plugin>();
    assert_send_sync::<plugsmith::CompiledPlugin>();
    assert_send_sync::<plugsmith::CancelHandle>();
    let mut plugin = plugin(&echoing(""));
    let output = std::thread::spawn(move || plugin.call::<_, String>("echo", "there").unwrap());
    assert_eq!(output.join().unwrap(), "there");
}

#[test]
fn an_uncaught_exception_is_the_guests_own_doing() {
    let exports = r#"(tag $oops) (func (export "throws") (throw $oops))"#;
    let mut plugin = plugin(&speaking("x", exports));
    let err = call_error(&mut plugin, "throws");
    assert_eq!(err.trap(), Some(Trap::Exception), "{err:?}");
    assert_eq!(call(&mut plugin, "count").unwrap(), "1");
}

#[test]
fn a_long_error_message_is_cut() {
    let wat = r#"(module
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (import "extism:host/env" "error_set" (func $error (param i64)))
        (func (export "shout") (call $error (call $alloc (i64.const 1000000)))))"#;
    let err = call_error(&mut plugin(wat), "shout").to_string();
    assert!(err.ends_with("… (1000000 bytes)"));
    assert!(err.len() < 70_000);
}

#[test]
fn long_names_get_no_hint() {
    let long = "n".repeat(100_000);
    let mut plugin = plugin(&echoing(&format!(r#"(func (export "{long}"))"#)));
    assert_eq!(call_error(&mut plugin, "ping").to_string(), "no exported function `ping`");
    let asked = "n".repeat(99_999);
    let err = call_error(&mut plugin, &asked).to_string();
    assert_eq!(err, format!("no exported function `{asked}`"));
    assert_eq!(call(&mut plugin, &long).unwrap(), "");
}
