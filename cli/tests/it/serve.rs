//! `plugsmith serve`, the real one on a port of its own: statuses, limits, counts, and logs.

mod life;
mod server;

use std::{collections::BTreeMap, thread};

use self::server::Server;
use crate::{command::Folder, guests::ECHO};

#[test]
fn each_outcome_has_a_status() {
    let server = Server::start(ECHO, &["--timeout", "500ms", "--body-max", "100"]);
    for (method, path, body, status, expected) in [
        ("POST", "/echo", "hello", 200, "hello"),
        ("POST", "/echo", "", 200, ""),
        ("POST", "/%65cho?a=/b", "x", 200, "x"),
        ("GET", "/healthz", "", 200, "ok\n"),
        ("GET", "/readyz", "", 200, "ready\n"),
        ("HEAD", "/healthz", "", 200, ""),
    ] {
        let answer = server.ask(method, path, body);
        assert_eq!((answer.status, answer.text()), (status, expected), "{method} {path}");
    }
    let large = "x".repeat(101);
    for (method, path, body, status, kind) in [
        ("POST", "/ecko", "", 404, "no_export"),
        ("POST", "/", "", 404, "no_export"),
        ("POST", "/add", "", 404, "no_export"),
        ("GET", "/ecko", "", 404, "no_export"),
        ("GET", "/echo", "", 405, "method"),
        ("DELETE", "/echo", "", 405, "method"),
        ("POST", "/healthz", "", 404, "no_export"),
        ("PUT", "/metrics", "", 405, "method"),
        ("POST", "/%ff", "", 400, "bad_request"),
        ("POST", "/echo", &large, 413, "too_large"),
        ("POST", "/fail", "no", 422, "guest"),
        ("POST", "/trap", "", 422, "trap"),
        ("POST", "/status", "", 422, "status"),
        ("POST", "/spin", "", 504, "time_limit"),
    ] {
        let answer = server.ask(method, path, body);
        assert_eq!((answer.status, answer.kind().as_str()), (status, kind), "{method} {path}");
    }
    assert_eq!(server.ask("GET", "/echo", "").header("allow"), Some("post"));
    assert_eq!(server.ask("PUT", "/metrics", "").header("allow"), Some("get, head"));
    assert!(server.post("/fail", "my own words").text().contains("my own words"));
}

#[test]
fn what_is_compiled_and_signed_is_served() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let compiled =
        folder.run(&["precompile", "echo.wat", "-o", "plugin.wat", "--new-key", "secret.key"]);
    assert_eq!(compiled.status, 0, "{compiled:#?}");
    let server = Server::start_in(folder, &["--key", "secret.key"]);
    assert_eq!(server.post("/echo", "hello").text(), "hello");
}

#[test]
fn who_sends_no_more_ends_the_call() {
    let server = Server::start(ECHO, &[]);
    let mut client = server.connect();
    client.send("POST /spin HTTP/1.1\r\nHost: a\r\n\r\n");
    server.wait_for("plugsmith_calls_running", 1);
    client.end();
    assert_eq!(client.rest(), b"");
    server.wait_for("plugsmith_calls_running", 0);
}

#[test]
fn outputs_have_the_type_that_they_are_of() {
    let server = Server::start(ECHO, &[]);
    for (output, expected) in [
        (b"{\"a\": 1}".as_slice(), "application/json"),
        (b"text", "text/plain; charset=utf-8"),
        (b"\xff\x00", "application/octet-stream"),
    ] {
        let answer = server.post("/echo", output);
        assert_eq!(answer.header("content-type"), Some(expected));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.body, output);
    }
}

#[test]
fn connections_are_kept_and_requests_may_come_early() {
    let server = Server::start(ECHO, &[]);
    let mut client = server.connect();
    for text in ["one", "two"] {
        assert_eq!(client.ask("POST", "/echo", text).text(), text);
    }
    // Two at once, the first in pieces.
    client.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\none\r\n0\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ntwo",
    );
    assert_eq!(client.answer().text(), "one");
    assert_eq!(client.answer().text(), "two");
    // A failure of the plug-in's is none of the connection's.
    assert_eq!(client.ask("POST", "/trap", "").status, 422);
    assert_eq!(client.ask("POST", "/ecko", "").status, 404);
    client.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
    );
    assert_eq!(client.answer().status, 100);
    client.send("ok");
    assert_eq!(client.answer().text(), "ok");
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(client.answer().header("connection"), Some("close"));
    assert_eq!(client.rest(), b"");
}

/// Sends a request of a page, and returns the answer's status, and who may see it.
fn ask_as(server: &Server, method: &str, origin: &str) -> (u16, Option<String>) {
    let mut client = server.connect();
    client.send(format!(
        "{method} /echo HTTP/1.1\r\nHost: a\r\nOrigin: {origin}\r\nContent-Length: 0\r\n\r\n"
    ));
    let answer = client.answer();
    (answer.status, answer.header("access-control-allow-origin").map(str::to_owned))
}

#[test]
fn web_pages_call_only_if_their_origin_is_allowed() {
    let server = Server::start(ECHO, &[]);
    for origin in ["https://a.example", "http://127.0.0.1:8080", "null", "*", ""] {
        for method in ["POST", "OPTIONS", "GET"] {
            assert_eq!(ask_as(&server, method, origin), (403, None), "{method} {origin}");
        }
    }
    assert_eq!(server.count("plugsmith_refused_requests_total{kind=\"origin\"}"), 15);
    assert_eq!(server.post("/echo", "hello").text(), "hello");

    let allowed = ["--allow-origin", "https://a.example", "--allow-origin", "http://b.example:81"];
    let server = Server::start(ECHO, &allowed);
    for origin in ["https://a.example", "http://b.example:81"] {
        for (method, status) in [("POST", 200), ("OPTIONS", 200), ("GET", 405)] {
            let seen_by = Some(origin.to_owned());
            assert_eq!(ask_as(&server, method, origin), (status, seen_by), "{method} {origin}");
        }
    }
    for origin in ["http://a.example", "https://a.example:81", "https://a.example.b.example"] {
        assert_eq!(ask_as(&server, "POST", origin), (403, None), "{origin}");
    }
    let answer = server.post("/echo", "hello");
    assert_eq!((answer.text(), answer.header("vary")), ("hello", Some("origin")));

    let server = Server::start(ECHO, &["--allow-origin", "*"]);
    assert_eq!(ask_as(&server, "POST", "null"), (200, Some("*".to_owned())));
    let mut client = server.connect();
    client.send("OPTIONS /echo HTTP/1.1\r\nHost: a\r\nOrigin: http://c.example\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.header("access-control-allow-methods"), Some("post"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("content-type"));
}

#[test]
fn what_is_no_origin_is_refused() {
    let folder = Folder::with(&[("plugin.wat", ECHO)]);
    for text in ["a.example", "https://a.example/", "https://A.example", "null", "file:///a", ""] {
        let ran = folder.run(&["serve", "plugin.wat", "--port", "0", "--allow-origin", text]);
        assert_eq!(ran.status, 2, "{text}: {ran:#?}");
        assert!(ran.stderr.contains("an origin is a scheme, a host"), "{text}: {ran:#?}");
    }
}

#[test]
fn what_makes_no_sense_ends_the_connection() {
    let server = Server::start(ECHO, &["--body-max", "10"]);
    for (request, status) in [
        ("nonsense\r\n\r\n", 400),
        ("POST /echo HTTP/1.1\r\n\r\n", 400),
        (
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n", 413),
        // Refused before it is sent.
        (
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n",
            413,
        ),
        (
            "POST /ecko HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
            404,
        ),
    ] {
        let mut client = server.connect();
        client.send(request);
        let answer = client.answer();
        assert_eq!(answer.status, status, "{request:?}");
        assert_eq!(answer.header("connection"), Some("close"), "{request:?}");
        assert_eq!(client.rest(), b"", "{request:?}");
    }
}

#[test]
fn slow_clients_hold_nobody_up() {
    let server = Server::start(ECHO, &["--client-time", "500ms", "--connections", "2"]);
    let silent = server.connect();
    assert_eq!(silent.rest(), b"");
    let mut slow = server.connect();
    slow.send("POST /echo HTT");
    let answer = slow.answer();
    assert_eq!((answer.status, answer.kind().as_str()), (408, "slow_client"));
    let mut slow = server.connect();
    slow.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
    let answer = slow.answer();
    assert_eq!((answer.status, answer.kind().as_str()), (408, "slow_client"));
    // More of them than there is room for: they lose their places to who comes after.
    let clients: Vec<_> = (0..8).map(|_| server.connect()).collect();
    assert_eq!(server.post("/echo", "still here").text(), "still here");
    drop(clients);
}

#[test]
fn who_finds_no_room_is_told_so() {
    let server = Server::start(ECHO, &["--instances", "1", "--queue", "1", "--queue-time", "50ms"]);
    let mut spinning = server.connect();
    spinning.send("POST /spin HTTP/1.1\r\nHost: a\r\n\r\n");
    server.wait_for("plugsmith_calls_running", 1);
    let answer = server.post("/echo", "waits in vain");
    assert_eq!((answer.status, answer.kind().as_str()), (503, "queue_time"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    // A call ends with its client.
    drop(spinning);
    server.wait_for("plugsmith_calls_running", 0);
    assert_eq!(server.post("/echo", "my turn").text(), "my turn");
    assert_eq!(server.count(r#"plugsmith_calls_total{function="spin",outcome="cancelled"}"#), 1);
}

#[test]
fn a_queue_of_none_lets_nobody_wait() {
    let server = Server::start(ECHO, &["--instances", "1", "--queue", "0"]);
    let mut spinning = server.connect();
    spinning.send("POST /spin HTTP/1.1\r\nHost: a\r\n\r\n");
    server.wait_for("plugsmith_calls_running", 1);
    let answer = server.post("/echo", "no room");
    assert_eq!((answer.status, answer.kind().as_str()), (503, "queue_full"));
    assert_eq!(server.count(r#"plugsmith_refused_requests_total{kind="queue_full"}"#), 1);
}

#[test]
fn many_clients_are_all_answered() {
    let server = Server::start(ECHO, &["--instances", "2"]);
    thread::scope(|scope| {
        for client_idx in 0..8 {
            let mut client = server.connect();
            scope.spawn(move || {
                for round in 0..50 {
                    let text = format!("{round} of {client_idx}");
                    let answer = client.ask("POST", "/echo", &text);
                    assert_eq!((answer.status, answer.text()), (200, text.as_str()));
                }
            });
        }
    });
    assert_eq!(server.count(r#"plugsmith_calls_total{function="echo",outcome="ok"}"#), 400);
    assert!(server.count("plugsmith_instances") <= 2);
}

#[test]
fn metrics_are_in_prometheus_text() {
    let server = Server::start(ECHO, &[]);
    for path in ["/echo", "/echo", "/fail", "/trap", "/ecko"] {
        server.post(path, "x");
    }
    let answer = server.ask("GET", "/metrics", "");
    let kind = Some("text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(answer.header("content-type"), kind);
    let mut types = BTreeMap::new();
    let mut samples = BTreeMap::new();
    for line in answer.text().lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let words: Vec<_> = comment.splitn(3, ' ').collect();
            match words[..] {
                ["TYPE", name, kind] => assert_eq!(types.insert(name, kind), None, "{line}"),
                ["HELP", _, help] => assert!(!help.is_empty()),
                _ => panic!("{line}"),
            }
            continue;
        }
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        let plain = name.split('{').next().expect("a name");
        let of_histogram = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| plain.strip_suffix(end))
            .filter(|family| types.get(family) == Some(&"histogram"));
        let family = of_histogram.unwrap_or(plain);
        assert!(types.contains_key(family), "{line}");
        let value: f64 = value.parse().expect("a number");
        assert_eq!(samples.insert(name, value), None, "{line}");
    }
    let buckets = answer.text().lines().filter(|line| line.contains("_bucket{"));
    let counts: Vec<u64> = buckets
        .map(|line| line.rsplit_once(' ').expect("a value").1.parse().expect("a count"))
        .collect();
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!(counts.last(), Some(&4));
    for (name, value) in [
        (r#"plugsmith_calls_total{function="echo",outcome="ok"}"#, 2.0),
        (r#"plugsmith_calls_total{function="fail",outcome="guest"}"#, 1.0),
        (r#"plugsmith_calls_total{function="trap",outcome="trap"}"#, 1.0),
        (r#"plugsmith_refused_requests_total{kind="no_export"}"#, 1.0),
        ("plugsmith_call_duration_seconds_count", 4.0),
        ("plugsmith_reloads_total", 0.0),
        ("plugsmith_refused_reloads_total", 0.0),
        ("plugsmith_instances", 1.0),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let server = Server::start(ECHO, &[]);
    let port = server.port.to_string();
    let folder = Folder::with(&[("plugin.wat", ECHO)]);
    let ran = folder.run(&["serve", "plugin.wat", "--port", &port]);
    assert_eq!(ran.status, 5);
    assert!(ran.stderr.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{}", ran.stderr);
    assert!(ran.stderr.contains("--port"), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_served_is_refused_at_the_start() {
    let folder = Folder::with(&[("broken.wat", "(module (")]);
    assert_eq!(folder.run(&["serve", "broken.wat", "--port", "0"]).status, 3);
    assert_eq!(folder.run(&["serve", "none.wasm", "--port", "0"]).status, 3);
    assert_eq!(folder.run(&["serve", "-", "--watch", "--port", "0"]).status, 2);
    for number in ["0", "65536", "18446744073709551615"] {
        let ran = folder.run(&["serve", "broken.wat", "--instances", number]);
        assert_eq!(ran.status, 2, "{ran:#?}");
    }
}
