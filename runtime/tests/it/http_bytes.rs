//! What counts as bytes of HTTP: whatever is sent and received, be it in vain.

use plugsmith::{CallError, CallLimits, Manifest, Plugin, PluginBuilder};

use crate::{
    guest::manifest,
    server::{Answer, Server, raw, response},
};

/// Takes a request as its input. `send` sends it with a body of a hundred bytes. `catch` sends it three times
/// without a body, catches what comes of the first two, and answers with what comes of the third. `refused`
/// does the one and then the other, and catches what comes of the first.
const CATCHING: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "load_u8" (func $load (param i64) (result i32)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "error_set" (func $error_set (param i64)))
    (import "extism:host/env" "http_request" (func $http (param i64 i64) (result i64)))
    (func (export "plugsmith_extensions") (param i64) (result i64) (local.get 0))
    (func $request (result i64)
        (local $copy i64) (local $at i64)
        (local.set $copy (call $alloc (call $length (call $input))))
        (loop $next
            (call $store (i64.add (local.get $copy) (local.get $at))
                (call $load (i64.add (call $input) (local.get $at))))
            (local.set $at (i64.add (local.get $at) (i64.const 1)))
            (br_if $next (i64.lt_u (local.get $at) (call $length (call $input)))))
        (local.get $copy))
    (func $answer (param $block i64)
        (call $output (local.get $block) (call $length (local.get $block))))
    (func $get (result i64) (call $http (call $request) (i64.const 0)))
    (func $send (result i64) (call $http (call $request) (call $alloc (i64.const 100))))
    (func $catch (param i64) (call $error_set (i64.const 0)))
    (func (export "send") (call $answer (call $send)))
    (func (export "refused") (call $catch (call $send)) (call $answer (call $get)))
    (func (export "catch")
        (call $catch (call $get)) (call $catch (call $get)) (call $answer (call $get))))"#;

fn granted() -> Manifest {
    manifest(CATCHING).with_allowed_hosts(["127.0.0.1"])
}

fn limited(manifest: &Manifest, http_bytes: u64) -> Plugin {
    let mut limits = CallLimits::default();
    limits.http_bytes = Some(http_bytes);
    PluginBuilder::new(manifest)
        .with_call_limits(limits)
        .with_catchable_host_errors(true)
        .build()
        .unwrap()
}

/// Has an export send a request to a server with these answers, under limits around the bytes that are
/// needed: with one less, the request that goes past the limit is refused, or its answer.
#[track_caller]
fn check(manifest: &Manifest, export: &str, needed: u64, answers: impl Fn() -> Vec<Answer>) {
    for limit in [needed - 1, needed, needed + 1] {
        let server = Server::start(answers());
        let request = format!(r#"{{"url":"{}","method":"POST"}}"#, server.url("/"));
        let outcome = limited(manifest, limit).call::<_, Vec<u8>>(export, request);
        if limit < needed {
            let err: CallError = outcome.unwrap_err().downcast().unwrap();
            let expected = format!("more than {limit} bytes, the limit");
            assert!(matches!(err, CallError::Guest { .. }), "{err:?}");
            assert!(err.to_string().contains(&expected), "{err}");
        } else {
            outcome.unwrap();
        }
    }
}

#[test]
fn a_body_counts_each_time_that_it_is_sent() {
    let again = || response("307 Temporary Redirect", "Location: /again\r\n", b"");
    check(&granted(), "send", 300, || vec![again(), again(), response("200 OK", "", b"")]);
    // As it does if what is answered then has bytes of its own.
    check(&granted(), "send", 203, || vec![again(), response("200 OK", "", b"abc")]);
    // Where the method changes, the body is not sent again.
    let elsewhere = || response("303 See Other", "Location: /other\r\n", b"");
    check(&granted(), "send", 103, || vec![elsewhere(), response("200 OK", "", b"abc")]);
}

#[test]
fn what_is_received_counts_whatever_comes_of_it() {
    let body = [b'x'; 100];
    let last = || response("200 OK", "", &body[..50]);
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n";
    let broken_off = || raw([&head[..], &body[..]].concat());
    check(&granted(), "catch", 250, || vec![broken_off(), broken_off(), last()]);
    // It is not read on, once it is known to be too long.
    let endless = || raw([b"HTTP/1.1 200 OK\r\n\r\n", &body[..]].concat());
    let mut manifest = granted();
    manifest.memory.max_http_response_bytes = Some(79);
    check(&manifest, "catch", 210, || vec![endless(), endless(), last()]);
}

#[test]
fn a_body_that_is_not_sent_does_not_count() {
    let server = Server::start([response("200 OK", "", &[b'x'; 99])]);
    let request = format!(r#"{{"url":"{}"}}"#, server.url("/"));
    let output: Vec<u8> = limited(&granted(), 99).call("refused", request).unwrap();
    assert_eq!(output.len(), 99);
    assert!(server.request().ends_with("\r\n\r\n"));
}
