//! HTTP requests of plug-ins: what is asked, what comes back, and who may ask whom.

use serde_json::{Value, json};

use crate::{
    case::Case,
    compare::{check, check_with},
    guest, probe,
    server::Server,
};

/// Sends the input as request, and gives the response as its body, status or headers.
fn asker() -> Vec<u8> {
    probe::module(
        r#"(func (export "ask") (call $give (call $http_request (call $input_offset) (i64.const 0))))
        (func (export "status") (drop (call $http_request (call $input_offset) (i64.const 0)))
            (call $emit32 (call $http_status_code)) (call $done))
        (func (export "headers") (drop (call $http_request (call $input_offset) (i64.const 0)))
            (call $emit (call $any (call $http_headers))) (call $done))
        (func (export "send") (call $give
            (call $http_request (call $input_offset) (call $text (i32.const 0) (i32.const 4)))))
        (func (export "send_nothing") (call $give
            (call $http_request (call $input_offset) (call $alloc (i64.const 0)))))
        (func (export "freed") (local $request i64) (local $body i64)
            (local.set $request (call $input_offset))
            (local.set $body (call $text (i32.const 0) (i32.const 4)))
            (drop (call $http_request (local.get $request) (local.get $body)))
            (call $emit (call $input_length)) (call $done))
        (func (export "last") (call $emit32 (call $http_status_code)) (call $done))
        (data (i32.const 0) "body")"#,
    )
}

fn request(url: &str, rest: Value) -> String {
    let mut request = rest;
    request["url"] = url.into();
    request.to_string()
}

/// Runs cases against a server, and compares what it was asked, too.
fn check_asking(server: &Server, cases: impl IntoIterator<Item = Case>) {
    check_with(cases, || server.take_asked());
}

#[test]
fn requests_and_responses() {
    let server = Server::start();
    let plain = |path: &str| request(&server.url("127.0.0.1", path), json!({}));
    let with = |path: &str, rest| request(&server.url("127.0.0.1", path), rest);
    let case = || Case::new("requests", asker()).with("allowed_hosts", json!(["127.0.0.1"]));
    let paths =
        ["/text", "/json", "/empty", "/headers", "/large", "/broken", "/nowhere", "/to_text"];
    let case = paths.iter().fold(case(), |case, path| {
        case.call("ask", plain(path)).call("status", plain(path)).call("headers", plain(path))
    });
    check_asking(
        &server,
        [case
            .call("freed", plain("/text"))
            .call("ask", with("/echo", json!({ "method": "get" })))
            .call("ask", with("/echo", json!({ "method": "HEAD" })))
            .call("ask", with("/echo", json!({ "headers": { "x-one": "1", "X-Two": "zwei" } })))
            .call("send", with("/echo", json!({ "method": "POST" })))
            .call("send", with("/echo", json!({ "method": "PUT", "headers": { "x-one": "1" } })))
            .call("send", with("/echo", json!({ "method": "patch" })))
            .call("send", with("/echo", json!({ "method": "DELETE" })))
            .call("send_nothing", with("/echo", json!({ "method": "POST" })))
            .call("ask", with("/text?query=1&other=a%20b#fragment", json!({})))
            .fail("ask", with("/text", json!({ "body": "x" })))
            .fail("ask", with("/text", json!({ "method": 7 })))
            .fail("ask", with("/text", json!({ "method": "G E T" })))
            .fail("ask", with("/text", json!({ "headers": { "x-one": 1 } })))
            .fail("ask", with("/text", json!({ "headers": { "x one": "1" } })))
            .call("ask", plain("/text"))],
    );
}

#[test]
fn headers_of_responses_are_read_where_the_host_allows_it() {
    let server = Server::start();
    let url = server.url("127.0.0.1", "/headers");
    let guest = probe::module(
        r#"(func (export "run") (drop (call $http_request (call $input_offset) (i64.const 0)))
            (call $give (call $http_headers)))"#,
    );
    let case = |name: &str| Case::new(name, &guest).with("allowed_hosts", json!(["*"]));
    check_asking(
        &server,
        [
            case("allowed").with_headers().call("run", request(&url, json!({}))),
            case("not allowed").call("run", request(&url, json!({}))),
        ],
    );
}

#[test]
fn hosts_are_asked_that_are_allowed() {
    let server = Server::start();
    let ask = request(&server.url("127.0.0.1", "/text"), json!({}));
    let granted = [
        json!(["127.0.0.1"]),
        json!(["*"]),
        json!(["127.*"]),
        json!(["127.0.0.?"]),
        json!(["127.0.0.[1-9]"]),
        json!(["other", "127.0.0.1"]),
    ];
    let refused = [
        Value::Null,
        json!([]),
        json!(["other"]),
        json!(["127.0.0"]),
        json!(["127.0.0.1.example"]),
        json!([""]),
        json!(["[127.0.0.1"]),
        json!(["127.0.0.[2-9]"]),
        json!(["127.0.0.1/"]),
    ];
    let case = |hosts: Value| {
        Case::new(format!("allowed_hosts {hosts}"), asker()).with("allowed_hosts", hosts)
    };
    let granted = granted.map(|hosts| case(hosts).call("ask", &ask).call("status", &ask));
    let refused = refused.map(|hosts| case(hosts).fail("ask", &ask).call("last", ""));
    let nothing = Case::new("nothing said", asker()).fail("ask", &ask);
    check_asking(&server, granted.into_iter().chain(refused).chain([nothing]));
}

#[test]
fn responses_have_a_limit() {
    let server = Server::start();
    let ask = |path: &str| request(&server.url("127.0.0.1", path), json!({}));
    let case = |name: &str, limit: u64| {
        Case::new(name, asker())
            .with("allowed_hosts", json!(["*"]))
            .with("memory", json!({ "max_http_response_bytes": limit }))
    };
    check_asking(
        &server,
        [
            case("just enough", 9).call("ask", ask("/text")),
            case("one byte less", 8).fail("ask", ask("/text")).call("ask", ask("/empty")),
            case("large enough", 100_000).call("ask", ask("/large")),
            case("not large enough", 99_999).fail("ask", ask("/large")),
        ],
    );
}

#[test]
fn a_server_that_is_not_there() {
    // Port 9 of loopback: nobody listens there where no service of another age does.
    let ask = request("http://127.0.0.1:9/", json!({}));
    let case = Case::new("no server", asker()).with("allowed_hosts", json!(["*"]));
    check([case
        .fail("ask", &ask)
        .fail("ask", request("ftp://127.0.0.1/", json!({})))
        .fail("ask", request("http://", json!({})))
        .fail("ask", request("", json!({})))
        .call("last", "")]);
}

#[test]
fn the_published_pdk_asks() {
    let server = Server::start();
    let url = |path: &str| server.url("127.0.0.1", path);
    let sends = |path: &str, text: &str| json!([url(path), text]).to_string();
    let functions = crate::published::functions();
    let case =
        Case::new("published", guest("published")).with("allowed_hosts", json!(["127.0.0.1"]));
    let case = functions.into_iter().fold(case, Case::with_function);
    let cases = [case.clone(), case.with_headers()].map(|case| {
        let case = ["/text", "/json", "/empty", "/headers", "/broken", "/to_text"]
            .iter()
            .fold(case, |case, path| case.call("asks", url(path)));
        case.call("sends", sends("/echo", "a text"))
            .call("sends", sends("/text", ""))
            .call("forwards", url("/text"))
            .call("fetches", url("/json"))
            .fail("fetches", url("/text"))
            .fail("asks", "http://localhost:9/")
    });
    check_asking(&server, cases);
}

#[test]
fn modules_are_loaded_from_a_server() {
    let server = Server::start();
    let url = server.url("127.0.0.1", "/nowhere");
    let manifest = |name: &str, module: Value| Case::manifest(name, json!({ "wasm": [module] }));
    check_asking(
        &server,
        [
            manifest("nothing there", json!({ "url": url })).refused(),
            manifest("no module", json!({ "url": server.url("127.0.0.1", "/text") })).refused(),
            manifest("no URL", json!({ "url": "nowhere" })).refused(),
            manifest("no server", json!({ "url": "http://127.0.0.1:9/" })).refused(),
        ],
    );
}
