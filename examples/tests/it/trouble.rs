//! A plug-in that misbehaves: every failure is one typed error that a person understands, and the
//! next call works.

use std::{thread, time::Duration};

use plugsmith::{CallError, Error, Plugin, Trap, convert::Json};

use crate::{manifest, plugin};

/// Long enough for a slow machine to do what is asked, short enough to wait for.
const TIME_LIMIT: Duration = Duration::from_secs(1);

fn fail(plugin: &mut Plugin, export: &str, input: &str) -> CallError {
    match plugin.call::<&str, Vec<u8>>(export, input) {
        Ok(output) => panic!("`{export}` succeeded with {} bytes", output.len()),
        Err(err) => typed(err),
    }
}

fn typed(err: Error) -> CallError {
    err.downcast().expect("a failed call is a CallError")
}

/// Checks that the plug-in still does what it is asked.
fn check_usable(plugin: &mut Plugin) {
    let echo: String = plugin.call("echo", "still here").expect("the next call works");
    assert_eq!(echo, "still here");
}

#[test]
fn a_panic_brings_its_message_and_place() {
    let mut plugin = plugin("trouble");
    for message in ["out of stock", "", "ünïcödé \"quoted\"\nsecond line"] {
        let err = fail(&mut plugin, "panics", message);
        let CallError::Guest { message: said, trap: Some(trap), .. } = &err else {
            panic!("{err:?}");
        };
        assert!(said.contains("failures.rs:"), "{said}");
        assert!(said.contains(message), "{said}");
        assert_eq!(trap.cause, Trap::Unreachable);
        assert!(trap.frames.iter().any(|frame| frame.function.contains("panics")), "{trap}");
        assert_eq!(err.status(), -1);
        check_usable(&mut plugin);
    }
}

#[test]
fn an_error_brings_its_message_and_status() {
    let mut plugin = plugin("trouble");
    let rows = [
        ("fails", "no such shelf", "no such shelf", -1),
        ("fails_with_causes", "", "cannot decide", -1),
        ("fails_with_causes", "", "no such shelf", -1),
        ("fails_with_status", "7", "failed as asked", 7),
        ("fails_with_status", "-2147483648", "failed as asked", i32::MIN),
        ("decodes", r#"{"x":1}"#, "missing field `y`", -1),
        ("decodes", "", "EOF", -1),
    ];
    for (export, input, words, status) in rows {
        let err = fail(&mut plugin, export, input);
        let CallError::Guest { message, trap: None, .. } = &err else { panic!("{err:?}") };
        assert!(message.contains(words), "{export}: {message}");
        assert!(err.to_string().starts_with(message.as_str()), "{export}: {err}");
        assert_eq!(err.status(), status, "{export}");
        check_usable(&mut plugin);
    }
}

#[test]
fn a_status_without_a_message_is_an_error() {
    let mut plugin = plugin("trouble");
    let err = fail(&mut plugin, "returns_status", "");
    assert!(matches!(&err, CallError::Status { name, status: 3 } if name == "returns_status"));
    let err = fail(&mut plugin, "succeeds_with_status", "9");
    assert!(matches!(&err, CallError::Status { status: 9, .. }), "{err:?}");
    check_usable(&mut plugin);
}

#[test]
fn the_status_of_a_failure_can_be_had_with_the_error() {
    let mut plugin = plugin("trouble");
    let rows = [("fails_with_status", "7", 7), ("fails", "no", -1), ("traps", "", 134)];
    for (export, input, expected) in rows {
        let Err((_, status)) = plugin.call_get_error_code::<&str, String>(export, input) else {
            panic!("`{export}` succeeded");
        };
        assert_eq!(status, expected, "{export}");
    }
    check_usable(&mut plugin);
}

#[test]
fn a_trap_says_what_trapped_and_where() {
    let mut plugin = plugin("trouble");
    let rows = [("traps", Trap::Unreachable), ("recurses", Trap::StackOverflow)];
    for (export, cause) in rows {
        let err = fail(&mut plugin, export, "");
        let CallError::Trap { name, trap } = &err else { panic!("{err:?}") };
        assert_eq!((name.as_str(), trap.cause), (export, cause));
        assert!(!trap.frames.is_empty());
        check_usable(&mut plugin);
    }
}

#[test]
fn an_endless_loop_ends_at_the_time_limit() {
    let manifest = manifest("trouble").with_timeout(TIME_LIMIT);
    let mut plugin = Plugin::new(manifest, [], false).expect("the example plug-in loads");
    let err = fail(&mut plugin, "loops", "");
    assert!(matches!(&err, CallError::TimedOut { limit } if *limit == TIME_LIMIT), "{err:?}");
    check_usable(&mut plugin);
}

#[test]
fn an_endless_loop_ends_when_it_is_cancelled() {
    let mut plugin = plugin("trouble");
    let handle = plugin.cancel_handle();
    // Whether the cancellation comes before the loop or while it runs: it ends the call.
    let canceller = thread::spawn(move || handle.cancel());
    let err = fail(&mut plugin, "loops", "");
    assert!(matches!(err, CallError::Cancelled), "{err:?}");
    canceller.join().expect("the thread ends").expect("a plug-in can be cancelled");
}

#[test]
fn memory_without_end_ends_at_the_limit() {
    let manifest = manifest("trouble").with_memory_max(64);
    let mut plugin = Plugin::new(manifest, [], false).expect("the example plug-in loads");
    let err = fail(&mut plugin, "allocates", "");
    let CallError::MemoryLimit { limit: 64, .. } = &err else { panic!("{err:?}") };
    assert!(err.to_string().contains("64 pages"), "{err}");
    check_usable(&mut plugin);
}

#[test]
fn refused_growth_is_the_guests_to_handle() {
    let manifest = manifest("trouble").with_memory_max(64);
    let mut plugin = Plugin::new(manifest, [], false).expect("the example plug-in loads");
    let mut grow = |n_pages: &str| {
        let Json(before) =
            plugin.call::<&str, Json<i64>>("grows", n_pages).expect("growing is no failure");
        before
    };
    let before = grow("0");
    assert!((1..64).contains(&before), "{before} pages");
    assert_eq!(grow("64"), -1);
    assert_eq!(grow(&(64 - before).to_string()), before);
    assert_eq!(grow("1"), -1);
    check_usable(&mut plugin);
}

#[test]
fn output_of_another_type_is_the_callers_error() {
    let mut plugin = plugin("trouble");
    let rows = [
        plugin.call::<&str, Json<u32>>("gives_no_json", "").map(|_| ()),
        plugin.call::<&str, String>("gives_no_json", "").map(|_| ()),
        plugin.call::<&str, Json<u32>>("echo", "").map(|_| ()),
    ];
    for outcome in rows {
        let err = typed(outcome.expect_err("the bytes are of another type"));
        assert!(matches!(err, CallError::Decode { .. }), "{err:?}");
    }
    check_usable(&mut plugin);
}

#[test]
fn exports_that_no_host_can_call_are_refused_by_their_type() {
    let mut plugin = plugin("trouble");
    let rows = [("returns_i64", "() -> i64"), ("takes_argument", "(i32) -> i32")];
    for (export, signature) in rows {
        assert!(!plugin.function_exists(export), "{export}");
        let err = fail(&mut plugin, export, "");
        let CallError::ExportType { name, found } = &err else { panic!("{err:?}") };
        assert_eq!(name, export);
        assert!(found.contains(signature), "{found}");
        assert!(err.to_string().contains("() -> i32"), "{err}");
    }
    check_usable(&mut plugin);
}

#[test]
fn an_export_that_returns_nothing_succeeds() {
    let mut plugin = plugin("trouble");
    let output: String = plugin.call("returns_nothing", "").expect("no status means success");
    assert_eq!(output, "done");
}

#[test]
fn after_a_panic_memory_is_fresh_and_vars_are_kept() {
    let mut plugin = plugin("trouble");
    let mut count = |export: &str| {
        let Json(n_calls) = plugin.call::<&str, Json<u32>>(export, "").expect("counting works");
        n_calls
    };
    assert_eq!([count("counts"), count("counts"), count("counts_in_var")], [1, 2, 1]);
    let err = fail(&mut plugin, "counts_and_panics", "");
    assert!(err.to_string().contains("call 3 went wrong"), "{err}");
    let mut count = |export: &str| {
        let Json(n_calls) = plugin.call::<&str, Json<u32>>(export, "").expect("counting works");
        n_calls
    };
    assert_eq!([count("counts"), count("counts_in_var")], [1, 3]);
}
