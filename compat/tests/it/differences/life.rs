//! What an instance is made of, and what one call leaves to the next.

use plugsmith::LogLevel;
use serde_json::json;

use super::{Expected, differ, numbers, ok};
use crate::{
    case::{Case, Does, HostFunction, data, named},
    here,
    outcome::Outcome,
    peer::{Peer, python},
    probe,
    server::Server,
};

const NOTE: HostFunction = HostFunction::new("note", &[], &[], Does::Nothing);

#[test]
fn main_is_instantiated_once() {
    let module = r#"(module (import "extism:host/user" "note" (func $note))
        (start $note) (func (export "run")))"#;
    let case = Case::new("a start function", module).with_function(NOTE).call("run", "");
    differ(
        case,
        Expected::from([ok()]).with_seen(&["note", "note"]),
        Expected::from([ok()]).with_seen(&["note"]),
    );
}

#[test]
fn a_trap_leaves_nothing_of_the_instance() {
    let module = probe::module(
        r#"(global $n (mut i64) (i64.const 0))
        (func (export "run")
            (global.set $n (i64.add (global.get $n) (i64.const 1)))
            (call $emit (global.get $n)) (call $done))
        (func (export "trap") unreachable)
        (func (export "loop") (loop $again (br $again)))"#,
    );
    let case = |failing: &str| {
        let case = Case::new(failing, &module).with("timeout_ms", json!(50));
        case.call("run", "").call("run", "").fail(failing, "").call("run", "")
    };
    let steps = |failure: Outcome, after| [numbers([1]), numbers([2]), failure, numbers([after])];
    let trap = || Outcome::stopped(134);
    differ(case("trap"), steps(trap(), 3), steps(trap(), 1));
    let late = || Outcome::Interrupted;
    differ(case("loop"), steps(late(), 3), steps(late(), 1));
}

#[test]
fn vars_outlive_a_command() {
    let module = probe::module(
        r#"(func (export "_start")
            (call $var_set (call $text (i32.const 0) (i32.const 3)) (call $input_offset)))
        (func (export "get") (call $give (call $var_get (call $text (i32.const 0) (i32.const 3)))))
        (data (i32.const 0) "key")"#,
    );
    let case = Case::new("vars", module).call("_start", "a value").call("get", "");
    differ(case, [ok(), ok()], [ok(), Outcome::output("a value")]);
}

#[test]
fn each_plugin_has_a_log_of_its_own() {
    let Some(python) = python() else { return };
    let mut peer = Peer::new(python);
    let case = |level| {
        let module = probe::run("(call $log_info (call $input_offset))");
        Case::new("a log", module).with_log_level(level).call("run", "a message")
    };
    let logged = || Expected::from([ok()]).with_log(&[("INFO", "a message")]);
    assert_eq!(peer.run(&case(LogLevel::Info)), logged().0);
    assert!(!peer.change_log(LogLevel::Error), "the peer has one log for all its life");
    assert_eq!(here::run(&case(LogLevel::Info)), logged().0);
    assert_eq!(here::run(&case(LogLevel::Error)), Expected::from([ok()]).0);
}

#[test]
fn the_status_of_a_response_is_known_in_its_own_call() {
    let server = Server::start();
    let guest = probe::module(
        r#"(func (export "ask") (drop (call $http_request (call $input_offset) (i64.const 0))))
        (func (export "status") (call $emit32 (call $http_status_code)) (call $done))"#,
    );
    let case = Case::new("a response", guest)
        .with("allowed_hosts", json!(["*"]))
        .call("ask", json!({ "url": server.url("127.0.0.1", "/text") }).to_string())
        .call("status", "");
    differ(case, [ok(), numbers([200])], [ok(), numbers([0])]);
}

#[test]
fn an_output_of_nothing_replaces_the_one_before() {
    let body = "(call $give (call $input_offset)) (call $output_set (i64.const 0) (i64.const 0))";
    let case = Case::new("an output of nothing", probe::run(body)).call("run", "an output");
    differ(case, [Outcome::output("an output")], [ok()]);
}

#[test]
fn constructors_run_in_every_module_that_has_them() {
    let library = r#"(module (global $n (mut i32) (i32.const 0))
        (func (export "__wasm_call_ctors") (global.set $n (i32.const 7)))
        (func (export "number") (result i32) (global.get $n)))"#;
    let main = r#"(module (import "lib" "number" (func $number (result i32)))
        (func (export "run") (result i32) (call $number)))"#;
    let modules = json!({ "wasm": [named("lib", library), data(main)] });
    let case = Case::manifest("a side module", modules).call("run", "");
    differ(case, [ok()], [Outcome::Status(7)]);

    let other = r#"(module (global $n (mut i32) (i32.const 0))
        (func (export "__wasm_call_ctors") (param i32))
        (func (export "_initialize") (global.set $n (i32.const 7)))
        (func (export "run") (result i32) (global.get $n)))"#;
    let case = Case::new("a reactor with constructors that take something", other);
    differ(case.call("run", ""), [ok()], [Outcome::Status(7)]);
}
