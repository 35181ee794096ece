//! HTTP requests of guests: what is granted, what is refused, and what servers may do to them.

use std::{io::Write, net::TcpListener, time::Duration};

use flate2::{Compression, write::GzEncoder};
use plugsmith::{
    CallError, Error, HostError, HttpError, Manifest, Plugin, PluginBuilder, manifest::Mistake,
};

use crate::{
    guest::{chain, manifest},
    server::{Answer, Server, raw, response, stalling},
};

/// Takes a request as its input and sends it, without a body or with the body `hi`.
const SENDING: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "http_request" (func $request (param i64 i64) (result i64)))
    (import "extism:host/env" "http_status_code" (func $status (result i32)))
    (import "extism:host/env" "http_headers" (func $headers (result i64)))
    (func $answer (param $block i64)
        (call $output (local.get $block) (call $length (local.get $block))))
    (func $body (result i64)
        (local $block i64)
        (local.set $block (call $alloc (i64.const 2)))
        (call $store (local.get $block) (i32.const 104))
        (call $store (i64.add (local.get $block) (i64.const 1)) (i32.const 105))
        (local.get $block))
    (func $get (result i64) (call $request (call $input) (i64.const 0)))
    (func (export "get") (call $answer (call $get)))
    (func (export "send") (call $answer (call $request (call $input) (call $body))))
    (func (export "status") (result i32) (drop (call $get)) (call $status))
    (func (export "headers") (drop (call $get)) (call $answer (call $headers)))
    (func (export "before") (result i32) (call $answer (call $headers)) (call $status))
    (func (export "is_null") (result i32)
        (if (result i32) (i64.eqz (call $get)) (then (i32.const 7)) (else (i32.const 8))))
    (func (export "freed") (result i32)
        (local $body i64) (local $input i64)
        (local.set $input (call $input))
        (local.set $body (call $body))
        (drop (call $request (local.get $input) (local.get $body)))
        (i32.add (i32.const 5) (i32.wrap_i64
            (i64.add (call $length (local.get $input)) (call $length (local.get $body))))))
    (func (export "hostile_request") (drop (call $request (i64.const 7) (i64.const 0))))
    (func (export "hostile_body") (drop (call $request (call $input) (i64.const -1)))))"#;

fn granted(hosts: &[&str]) -> Manifest {
    manifest(SENDING).with_allowed_hosts(hosts.iter().copied())
}

fn load(manifest: Manifest) -> Plugin {
    Plugin::new(manifest, [], false).unwrap()
}

fn loopback() -> Plugin {
    load(granted(&["127.0.0.1"]))
}

fn to(url: &str) -> String {
    format!(r#"{{"url":"{url}"}}"#)
}

fn get(plugin: &mut Plugin, url: &str) -> Result<String, CallError> {
    plugin.call("get", to(url)).map_err(|err| err.downcast().unwrap())
}

/// Returns the status of an export that has no error to report.
fn status(plugin: &mut Plugin, name: &str, request: &str) -> i32 {
    match plugin.call_get_error_code::<_, ()>(name, request) {
        Ok(()) => 0,
        Err((err, status)) => {
            assert!(matches!(err.downcast_ref(), Some(CallError::Status { .. })), "{err:?}");
            status
        }
    }
}

fn http_error(err: &CallError) -> &HttpError {
    let CallError::Host { source, .. } = err else { panic!("{err:?}") };
    let Some(HostError::Http(err)) = source.downcast_ref() else { panic!("{source:?}") };
    err
}

/// Has a request fail, and after it another succeed.
fn fail(plugin: &mut Plugin, url: &str) -> CallError {
    let err = get(plugin, url).unwrap_err();
    let server = Server::start([response("200 OK", "", b"next")]);
    assert_eq!(get(plugin, &server.url("/")).unwrap(), "next");
    err
}

/// Returns a port on which nobody has connected when the closure is asked.
fn silent() -> (String, impl Fn()) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    let is_silent = move || {
        let err = listener.accept().unwrap_err();
        assert_eq!(err.kind(), std::io::ErrorKind::WouldBlock);
    };
    (url, is_silent)
}

fn redirect(location: &str) -> Answer {
    response("302 Found", &format!("Location: {location}\r\n"), b"moved")
}

#[test]
fn a_granted_request_is_sent_and_answered() {
    let server = Server::start((0..2).map(|_| response("200 OK", "", b"hello")));
    let mut plugin = loopback();
    let request = format!(
        r#"{{"url":"{}","method":"put","headers":{{"X-Key":"v","Content-Length":"99"}}}}"#,
        server.url("/path?query=1#fragment")
    );
    let output: String = plugin.call("send", &request).unwrap();
    assert_eq!(output, "hello");
    let sent = server.request().to_lowercase();
    assert!(sent.starts_with("put /path?query=1 http/1.1\r\n"), "{sent}");
    assert!(sent.ends_with("\r\n\r\nhi"), "{sent}");
    for line in [
        &format!("host: 127.0.0.1:{}", server.port()),
        "x-key: v",
        "content-length: 2",
        "accept-encoding: gzip",
        &format!("user-agent: plugsmith/{}", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(sent.contains(&format!("\r\n{line}\r\n")), "{line}: {sent}");
    }
    assert_eq!(get(&mut plugin, &server.url("/")).unwrap(), "hello");
    let sent = server.request().to_lowercase();
    assert!(!sent.contains("content-length") && !sent.contains("transfer-encoding"), "{sent}");
}

#[test]
fn each_request_has_a_connection_of_its_own() {
    let keeping = || stalling("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let server = Server::start([keeping(), keeping()]);
    let mut plugin = loopback();
    for _ in 0..2 {
        assert_eq!(get(&mut plugin, &server.url("/")).unwrap(), "hello");
    }
}

#[test]
fn a_method_that_wants_a_body_says_that_there_is_none() {
    let server = Server::start([response("200 OK", "", b"")]);
    let request = format!(r#"{{"url":"{}","method":"POST"}}"#, server.url("/"));
    loopback().call::<_, ()>("get", request).unwrap();
    assert!(server.request().to_lowercase().contains("\r\ncontent-length: 0\r\n"));
}

#[test]
fn what_is_not_granted_is_refused_before_anyone_is_asked() {
    let (url, is_silent) = silent();
    let nothing = manifest(SENDING);
    for manifest in [
        nothing.clone(),
        nothing.disallow_all_hosts(),
        granted(&["localhost", "127.0.0.2", "127.0.0.1:1", "https://127.0.0.1:*", "127.0.0.1/"]),
    ] {
        let err = get(&mut load(manifest), &url).unwrap_err();
        let HttpError::NotAllowed { url: found } = http_error(&err) else { panic!("{err:?}") };
        assert_eq!(*found, url);
    }
    is_silent();
}

#[test]
fn grants_may_name_scheme_and_port() {
    for pattern in ["127.0.0.1", "*", "127.*", "http://127.0.0.1:PORT", "127.0.0.1:*", "*:PORT"] {
        let server = Server::start([response("200 OK", "", b"hello")]);
        let pattern = pattern.replace("PORT", &server.port().to_string());
        let mut plugin = load(granted(&[&pattern]));
        assert_eq!(get(&mut plugin, &server.url("/")).unwrap(), "hello", "{pattern}");
    }
}

#[test]
fn redirects_are_followed_as_far_as_the_grant_goes() {
    let second = Server::start([response("200 OK", "", b"there")]);
    let first = Server::start([redirect("/next"), redirect(&second.url("/"))]);
    let request = format!(
        r#"{{"url":"{}","method":"POST","headers":{{"authorization":"secret","x-key":"v"}}}}"#,
        first.url("/")
    );
    let output: String = loopback().call("send", request).unwrap();
    assert_eq!(output, "there");
    let sent = [first.request(), first.request(), second.request()].map(|it| it.to_lowercase());
    for (sent, start, has_secret) in
        [(&sent[0], "post / ", true), (&sent[1], "get /next ", true), (&sent[2], "get / ", false)]
    {
        assert!(sent.starts_with(start), "{sent}");
        assert!(sent.contains("\r\nx-key: v\r\n"), "{sent}");
        assert_eq!(sent.contains("secret"), has_secret, "{sent}");
    }
}

#[test]
fn a_redirect_to_a_place_not_granted_is_refused_before_that_is_asked() {
    let (url, is_silent) = silent();
    for location in
        [url.as_str(), "http://localhost:1/", "file:///etc/passwd", "http://u:p@127.0.0.1/"]
    {
        let server = Server::start([redirect(location)]);
        let mut plugin = load(granted(&[&format!("127.0.0.1:{}", server.port())]));
        let err = get(&mut plugin, &server.url("/a")).unwrap_err();
        let HttpError::Redirect { url: from, source } = http_error(&err) else { panic!("{err:?}") };
        assert_eq!(*from, server.url("/a"));
        assert!(
            matches!(
                **source,
                HttpError::NotAllowed { .. }
                    | HttpError::Scheme { .. }
                    | HttpError::Credentials { .. }
            ),
            "{source:?}"
        );
    }
    is_silent();
}

#[test]
fn a_circle_of_redirects_ends() {
    let server = Server::start((0..11).map(|_| redirect("/again")));
    let err = fail(&mut loopback(), &server.url("/"));
    assert!(matches!(http_error(&err), HttpError::TooManyRedirects { limit: 10, .. }), "{err:?}");
}

#[test]
fn a_redirect_that_leads_nowhere_is_a_response() {
    let server = Server::start([
        response("302 Found", "", b"moved"),
        response("304 Not Modified", "Location: /\r\n", b""),
    ]);
    let mut plugin = loopback();
    assert_eq!(get(&mut plugin, &server.url("/")).unwrap(), "moved");
    assert_eq!(status(&mut plugin, "status", &to(&server.url("/"))), 304);
}

#[test]
fn a_response_has_a_limit_to_the_byte() {
    let limited = |bytes| {
        let mut manifest = granted(&["127.0.0.1"]);
        manifest.memory.max_http_response_bytes = Some(bytes);
        load(manifest)
    };
    let answers = || {
        Server::start([
            response("200 OK", "", b"hello"),
            raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
                 3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
            raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"),
            response("200 OK", "Content-Encoding: gzip\r\n", &gzip(b"hello")),
        ])
    };
    let (mut enough, mut short) = (limited(5), limited(4));
    let (first, second) = (answers(), answers());
    for _ in 0..4 {
        assert_eq!(get(&mut enough, &first.url("/")).unwrap(), "hello");
        let err = get(&mut short, &second.url("/")).unwrap_err();
        let found = http_error(&err);
        assert!(matches!(found, HttpError::ResponseTooLarge { limit: 4, .. }), "{err:?}");
        assert_eq!(
            found.to_string(),
            format!("response of `{}` has more than 4 bytes", second.url("/"))
        );
    }
    let server = Server::start([response("200 OK", "", b""), response("200 OK", "", b"x")]);
    let mut none = limited(0);
    assert_eq!(get(&mut none, &server.url("/")).unwrap(), "");
    assert!(get(&mut none, &server.url("/")).is_err());
}

#[test]
fn a_response_that_inflates_without_end_stops_at_the_limit() {
    let bomb = gzip(&vec![0; 64 << 20]);
    assert!(bomb.len() < 100_000);
    let server = Server::start([response("200 OK", "Content-Encoding: gzip\r\n", &bomb)]);
    let err = fail(&mut loopback(), &server.url("/"));
    assert!(
        matches!(http_error(&err), HttpError::ResponseTooLarge { limit: 52_428_800, .. }),
        "{err:?}"
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_server_that_keeps_its_answer_to_itself_is_left_at_the_time_limit() {
    const LIMIT: Duration = Duration::from_millis(200);
    for start in [
        "",
        "HTTP/1.1 200 OK\r\nX-Part",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    ] {
        let server = Server::start([stalling(start)]);
        let mut plugin = load(granted(&["127.0.0.1"]).with_timeout(LIMIT));
        let err = get(&mut plugin, &server.url("/")).unwrap_err();
        assert!(matches!(err, CallError::TimedOut { limit: LIMIT }), "{start:?}: {err:?}");
        assert_eq!(status(&mut plugin, "before", ""), 0);
    }
}

#[test]
fn a_cancellation_during_a_request_ends_the_call() {
    let mut plugin = loopback();
    let handle = plugin.cancel_handle();
    let cancelling: Answer = Box::new(move |stream| {
        handle.cancel().unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .unwrap();
    });
    let server = Server::start([cancelling]);
    let err = fail(&mut plugin, &server.url("/"));
    assert!(matches!(err, CallError::Cancelled), "{err:?}");
}

#[test]
fn a_server_that_breaks_off_is_an_error() {
    let mut broken = gzip(b"hello hello hello");
    broken.truncate(15);
    for answer in [
        raw(""),
        raw("HTTP/1.1 200 O"),
        raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"),
        raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
        raw("not HTTP at all\r\n\r\n"),
        response("200 OK", "Content-Encoding: gzip\r\n", &broken),
        raw(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(100_000))),
    ] {
        let server = Server::start([answer]);
        let err = fail(&mut loopback(), &server.url("/p?key=secret"));
        let HttpError::Failed { url, .. } = http_error(&err) else { panic!("{err:?}") };
        assert_eq!(*url, server.url("/p"));
        assert!(!chain(err).contains("secret"));
    }
}

#[test]
fn nobody_at_the_address_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let err = fail(&mut loopback(), &url);
    assert!(matches!(http_error(&err), HttpError::Failed { .. }), "{err:?}");
}

#[test]
fn a_status_is_told_and_no_status_is_an_error() {
    let mut plugin = loopback();
    for (line, code) in [("200 OK", 200), ("404 Not Found", 404), ("503 Busy", 503), ("599 X", 599)]
    {
        let server = Server::start((0..2).map(|_| response(line, "", b"body")));
        assert_eq!(get(&mut plugin, &server.url("/")).unwrap(), "body");
        assert_eq!(status(&mut plugin, "status", &to(&server.url("/"))), code);
        // The next call has sent nothing yet.
        assert_eq!(status(&mut plugin, "before", ""), 0);
    }
}

#[test]
fn an_empty_body_is_no_block() {
    let server = Server::start([response("200 OK", "", b""), response("204 No Content", "", b"")]);
    let mut plugin = loopback();
    for _ in 0..2 {
        assert_eq!(status(&mut plugin, "is_null", &to(&server.url("/"))), 7);
    }
}

#[test]
fn headers_are_told_if_the_host_says_so() {
    let answer = || {
        Server::start([response("200 OK", "X-Two: a\r\nX-Two: b\r\nContent-Type: text/x\r\n", b"")])
    };
    let mut plugin = loopback();
    let headers: String = plugin.call("headers", to(&answer().url("/"))).unwrap();
    assert_eq!(headers, "");

    let builder = PluginBuilder::new(granted(&["127.0.0.1"])).with_http_response_headers(true);
    let mut plugin = builder.build().unwrap();
    let headers: String = plugin.call("headers", to(&answer().url("/"))).unwrap();
    assert_eq!(
        headers,
        r#"{"connection":"close","content-length":"0","content-type":"text/x","x-two":"b"}"#
    );
    let before: String = plugin.call("before", "").unwrap();
    assert_eq!(before, "");
}

#[test]
fn a_malformed_request_says_what_is_wrong() {
    let mut plugin = loopback();
    for (request, mistake) in [
        ("", "invalid JSON"),
        ("{}", "key `url` is missing"),
        (r#"{"url":1}"#, "`url`: expected a string"),
        (r#"{"url":"x","body":""}"#, "`body`: unknown key"),
        (r#"{"url":"x","headers":{"a":1}}"#, "`headers.a`: expected a string"),
        (r#"{"url":"x","method":[]}"#, "`method`: expected a string"),
        (r#"{"url":"x","url":"y"}"#, "`url`: key is given twice"),
    ] {
        let err: Error = plugin.call::<_, ()>("get", request).unwrap_err();
        let err: CallError = err.downcast().unwrap();
        assert!(matches!(http_error(&err), HttpError::Malformed { .. }), "{err:?}");
        assert!(chain(err).contains(mistake), "{request}");
    }
    let err: CallError =
        plugin.call::<_, ()>("get", r#"{"url":"x","urll":""}"#).unwrap_err().downcast().unwrap();
    let HttpError::Malformed { source } = http_error(&err) else { panic!("{err:?}") };
    assert!(matches!(source.mistake, Mistake::UnknownKey { meant: Some("url"), .. }), "{source:?}");

    let long = format!(r#"{{"url":"{}"}}"#, "x".repeat(1 << 20));
    let err: CallError = plugin.call::<_, ()>("get", long).unwrap_err().downcast().unwrap();
    let limit = 1 << 20;
    assert!(
        matches!(http_error(&err), HttpError::RequestTooLarge { limit: found, .. } if *found == limit),
        "{err:?}"
    );
    assert_eq!(status(&mut plugin, "before", ""), 0);
}

#[test]
fn arguments_are_blocks_and_are_freed() {
    let server = Server::start([response("200 OK", "", b"")]);
    let mut plugin = loopback();
    for (name, wanted) in [("hostile_request", 7), ("hostile_body", u64::MAX)] {
        let err = plugin.call::<_, ()>(name, to(&server.url("/"))).unwrap_err();
        let err: CallError = err.downcast().unwrap();
        let CallError::Host { source, .. } = &err else { panic!("{err:?}") };
        let Some(HostError::NoBlock { offset, .. }) = source.downcast_ref() else {
            panic!("{source:?}")
        };
        assert_eq!(*offset, wanted);
    }
    assert_eq!(status(&mut plugin, "freed", &to(&server.url("/"))), 5);
}

#[test]
fn private_addresses_can_be_put_out_of_reach() {
    let (url, is_silent) = silent();
    let named = url.replace("127.0.0.1", "localhost");
    let mapped = url.replace("127.0.0.1", "[::ffff:127.0.0.1]");
    let unspecified = url.replace("127.0.0.1", "0.0.0.0");
    let builder = PluginBuilder::new(granted(&["*"])).with_private_addresses_blocked(true);
    let mut plugin = builder.build().unwrap();
    for url in [&url, &named, &mapped, &unspecified] {
        let err = get(&mut plugin, url).unwrap_err();
        assert!(matches!(http_error(&err), HttpError::PrivateAddress { .. }), "{err:?}");
    }
    assert_eq!(status(&mut plugin, "before", ""), 0);
    is_silent();
}
