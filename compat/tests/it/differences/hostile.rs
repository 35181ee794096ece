//! What a hostile guest, or a careless manifest, can do to its host or see of it.

use serde_json::json;

use super::{Expected, died, differ, numbers, ok, refused};
use crate::{
    case::{Case, data, named},
    here,
    outcome::Outcome,
    peer::{Peer, python},
    probe,
    server::Server,
};

#[test]
fn a_guest_cannot_crash_its_host() {
    let rows = [
        ("a block of nearly 2^64 bytes as error", "(call $error_set (call $alloc (i64.const -1)))"),
        ("the same as key", "(drop (call $var_get (call $alloc (i64.const -1))))"),
        (
            "a forged block",
            "(local.set $a (call $alloc (i64.const 8)))
            (call $store_u64 (i64.sub (local.get $a) (i64.const 8)) (i64.const 0x7fffffff7fffffff))
            (drop (call $config_get (local.get $a)))",
        ),
    ];
    for (name, body) in rows {
        differ(Case::new(name, probe::run(body)).call("run", ""), died(), [ok()]);
    }
}

#[test]
fn a_guest_reads_nothing_but_what_is_its_own() {
    let before = "(call $emit (call $any (call $input_load_u64 (i64.const -8)))) (call $done)";
    differ(
        Case::new("what lies before the input", probe::run(before)).call("run", "0123456789"),
        [numbers([1])],
        [numbers([0])],
    );
    let header = "(local.set $a (call $alloc (i64.const 8)))
        (call $emit (call $any (call $load_u64 (i64.sub (local.get $a) (i64.const 12)))))
        (call $done)";
    differ(
        Case::new("a block's header", probe::run(header)).call("run", ""),
        [numbers([1])],
        [numbers([0])],
    );
    let freed = "(local.set $a (call $alloc (i64.const 24)))
        (call $store_u64 (i64.add (local.get $a) (i64.const 12)) (i64.const 1))
        (call $store_u64 (i64.add (local.get $a) (i64.const 16)) (i64.const 7))
        (call $emit (call $any
            (call $length_unsafe (i64.add (local.get $a) (i64.const 12)))))
        (call $store_u64 (local.get $a) (i64.const 1))
        (call $store_u64 (i64.add (local.get $a) (i64.const 8)) (i64.const 7))
        (call $emit (call $length_unsafe (i64.add (local.get $a) (i64.const 12)))) (call $done)";
    differ(
        Case::new("the middle of a block as block", probe::run(freed)).call("run", ""),
        [numbers([0, 7])],
        [numbers([0, 0])],
    );
}

#[test]
fn a_new_block_is_all_zeros() {
    let body = "(local.set $a (call $alloc (i64.const 40000)))
        (call $store_u64 (local.get $a) (i64.const 7)) (call $free (local.get $a))
        (local.set $b (call $alloc (i64.const 40000)))
        (call $emit (call $load_u64 (local.get $b))) (call $done)";
    differ(
        Case::new("a block that was another's", probe::run(body)).call("run", ""),
        [numbers([7])],
        [numbers([0])],
    );
}

#[test]
fn redirects_are_asked_about_again() {
    let server = Server::start();
    let guest = probe::run("(call $give (call $http_request (call $input_offset) (i64.const 0)))");
    let request = json!({ "url": server.url("127.0.0.1", "/to_localhost") }).to_string();
    differ(
        Case::new("a redirect", guest)
            .with("allowed_hosts", json!(["127.0.0.1"]))
            .call("run", request),
        [Outcome::output("some text")],
        [Outcome::stopped(-1)],
    );
}

#[test]
fn patterns_of_hosts_may_name_scheme_and_port() {
    let server = Server::start();
    let guest = probe::run("(call $give (call $http_request (call $input_offset) (i64.const 0)))");
    let request = json!({ "url": server.url("127.0.0.1", "/text") }).to_string();
    let port = server.port();
    for pattern in [
        format!("127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}"),
        format!("http://*:{port}"),
    ] {
        differ(
            Case::new(&pattern, &guest)
                .with("allowed_hosts", json!([pattern]))
                .call("run", &request),
            [Outcome::stopped(-1)],
            [Outcome::output("some text")],
        );
    }
}

#[test]
fn modules_may_import_from_each_other_in_a_circle() {
    let library = r#"(module (import "main" "seven" (func $seven (result i32)))
        (func (export "number") (result i32) (call $seven)))"#;
    let main = r#"(module (import "lib" "number" (func $number (result i32)))
        (func (export "seven") (result i32) (i32.const 7))
        (func (export "run") (result i32) (i32.sub (call $number) (i32.const 7))))"#;
    let case = Case::manifest("a circle", json!({ "wasm": [named("lib", library), data(main)] }));
    differ(case.call("run", ""), died(), [ok()]);
}

#[test]
fn a_manifest_names_no_memory_of_the_host() {
    let Some(python) = python() else { return };
    let module = wat::parse_str(r#"(module (func (export "run")))"#).unwrap();
    let mut peer = Peer::new(python);
    let address = peer.hold(&module);
    let pointer = json!({ "ptr": address, "len": module.len() });
    let case =
        Case::manifest("a pointer", json!({ "wasm": [{ "data": pointer }] })).call("run", "");
    assert_eq!(peer.run(&case), Expected::from([ok()]).0);
    assert_eq!(here::run(&case), refused().0);
}
