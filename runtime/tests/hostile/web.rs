//! HTTP: requests that are none or go where they may not, and servers that are hostile themselves.

pub(crate) mod answers;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use crate::{
    attack::{Attack, Ends, Setup, attack},
    guest::{attacking, with},
    run,
};

/// Sends the input as a request, without a body.
const SEND: &str = "(drop (call $http_request (call $input_offset) (i64.const 0)))";

/// What a server does with a connection once it has read the request's head.
type Answer = fn(&mut TcpStream);

/// The heads of the requests that a server got.
type Heads = Arc<Mutex<Vec<String>>>;

/// A server on loopback that answers every connection alike, for as long as the process lives.
struct Server {
    address: SocketAddr,
    heads: Heads,
}

impl Server {
    fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Heads::default();
        let seen = Arc::clone(&heads);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, seen) = (stream.unwrap(), Arc::clone(&seen));
                thread::spawn(move || {
                    seen.lock().unwrap().push(head(&mut stream));
                    answer(&mut stream);
                });
            }
        });
        Self { address, heads }
    }
}

/// Reads the head of a request; what a client breaks off is a head all the same.
fn head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).to_lowercase()
}

/// Writes as long as the client listens.
fn write(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).is_ok()
}

/// Has the plug-in call a server that it may reach.
fn calls(setup: &mut Setup, answer: Answer, request: &str) {
    let server = Server::start(answer);
    let url = format!("http://{}/", server.address);
    setup.input = request.replace("URL", &url).into_bytes();
    setup.manifest.allowed_hosts = Some(vec!["127.0.0.1".into()]);
    setup.kept.push(Box::new(server));
}

fn ok(stream: &mut TcpStream) {
    write(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
}

/// Lets a plug-in reach what looks like anything of this name.
fn reaches(setup: &mut Setup, host: &str, request: &str) {
    setup.manifest.allowed_hosts = Some(vec![host.to_owned()]);
    setup.input = request.as_bytes().to_vec();
}

/// A request that the host refuses, with nothing sent.
fn refused(
    name: &'static str,
    tries: &'static str,
    text: &'static str,
    prepare: fn(&mut Setup),
) -> Attack {
    attack(name, tries, attacking(SEND), Ends::Call("Host", text)).with(prepare)
}

/// A guest that takes what can be caught, and sends copies of its input as requests: first once, then as
/// often as `foot` branches to `$next`.
fn again_and_again(foot: &str) -> String {
    let items = format!(
        r#"(func (export "plugsmith_extensions") (param i64) (result i64) (local.get 0))
        (func (export "attack") (local $a i64) (local $b i64) (local $c i64)
            (loop $next
                (local.set $a (call $alloc (call $input_length)))
                (local.set $b (i64.const 0))
                (loop $copy
                    (call $store_u8 (i64.add (local.get $a) (local.get $b))
                        (call $load_u8 (i64.add (call $input_offset) (local.get $b))))
                    (local.set $b (i64.add (local.get $b) (i64.const 1)))
                    (br_if $copy (i64.lt_u (local.get $b) (call $input_length))))
                (call $free (call $http_request (local.get $a) (i64.const 0)))
                {foot}))"#
    );
    with("", &items)
}

pub(crate) fn requests() -> Vec<Attack> {
    vec![
        refused("a request that is no JSON", "sends what is no request", "malformed", |setup| {
            reaches(setup, "*", "{\"url\":");
        }),
        refused(
            "a request of a hundred thousand brackets",
            "sends a request of lists within lists, for a parser that calls itself",
            "malformed",
            |setup| reaches(setup, "*", &"[".repeat(100_000)),
        ),
        refused(
            "a request with more to it",
            "sends a request with a field that might mean something to someone",
            "malformed",
            |setup| reaches(setup, "*", r#"{"url":"http://a.test/","proxy":"http://b.test/"}"#),
        ),
        refused(
            "a request of two megabytes",
            "sends a description of a request that is larger than any real one",
            "the limit is 1048576",
            |setup| {
                let url = format!(r#"{{"url":"http://a.test/{}"}}"#, "x".repeat(2 << 20));
                reaches(setup, "*", &url);
            },
        ),
        refused(
            "a host that was not granted",
            "sends a request to a host, with none granted",
            "is not allowed",
            |setup| setup.input = br#"{"url":"http://127.0.0.1/"}"#.to_vec(),
        ),
        refused(
            "a longer name",
            "sends a request to a host whose name begins as a granted one",
            "is not allowed",
            |setup| reaches(setup, "a.test", r#"{"url":"http://a.test.evil.test/"}"#),
        ),
        refused(
            "a name as user",
            "names a granted host where a URL has its user",
            "carries a user or a password",
            |setup| reaches(setup, "a.test", r#"{"url":"http://a.test@evil.test/"}"#),
        ),
        refused(
            "a name behind a backslash",
            "writes a URL that parsers disagree about",
            "is not allowed",
            |setup| reaches(setup, "a.test", r#"{"url":"http://evil.test\\@a.test/"}"#),
        ),
        refused(
            "a name in a fragment",
            "names a granted host behind the mark at which a URL ends",
            "is not allowed",
            |setup| reaches(setup, "a.test", r#"{"url":"http://evil.test#a.test/"}"#),
        ),
        refused(
            "letters that look alike",
            "names a host with a letter of another alphabet",
            "is not allowed",
            |setup| reaches(setup, "a.test", r#"{"url":"http://а.test/"}"#),
        ),
        refused("a file as URL", "requests a file of the host", "has scheme `file`", |setup| {
            reaches(setup, "*", r#"{"url":"file:///etc/passwd"}"#);
        }),
        refused(
            "another protocol",
            "requests something over a protocol of another kind",
            "has scheme `gopher`",
            |setup| reaches(setup, "*", r#"{"url":"gopher://127.0.0.1:25/_HELO"}"#),
        ),
        refused(
            "a tunnel",
            "asks a granted host to connect it with another",
            "is not a method",
            |setup| reaches(setup, "*", r#"{"url":"http://a.test/","method":"CONNECT"}"#),
        ),
        refused(
            "a line break in a method",
            "puts a second request into the method of the first",
            "is not a method",
            |setup| {
                reaches(
                    setup,
                    "*",
                    r#"{"url":"http://a.test/","method":"GET / HTTP/1.1\r\nA: b"}"#,
                );
            },
        ),
        refused(
            "a line break in a header",
            "puts a header into the value of another",
            "has a value with a control character",
            |setup| {
                reaches(setup, "*", r#"{"url":"http://a.test/","headers":{"a":"b\r\nHost: c"}}"#);
            },
        ),
        refused(
            "a line break in a header's name",
            "puts a header into the name of another",
            "cannot be the name of a header",
            |setup| {
                reaches(setup, "*", r#"{"url":"http://a.test/","headers":{"a: b\r\nc":"d"}}"#);
            },
        ),
        refused(
            "another host in a header",
            "names a granted host in the URL and another in the header `host`",
            "the request goes to `a.test:80`",
            |setup| reaches(setup, "a.test", r#"{"url":"http://a.test/","headers":{"Host":"b"}}"#),
        ),
        refused(
            "an address as one number",
            "names the host's own address in a spelling that no pattern has",
            "those are blocked",
            |setup| {
                reaches(setup, "*", r#"{"url":"http://2130706433:9/"}"#);
                setup.choose = |_, builder| builder.with_private_addresses_blocked(true);
            },
        ),
        refused(
            "an address within an address",
            "names the host's own address as one of the other version of the protocol",
            "those are blocked",
            |setup| {
                reaches(setup, "*", r#"{"url":"http://[::ffff:127.0.0.1]:9/"}"#);
                setup.choose = |_, builder| builder.with_private_addresses_blocked(true);
            },
        ),
        refused(
            "the secrets of the machine",
            "asks the address at which clouds tell a machine its keys",
            "those are blocked",
            |setup| {
                reaches(setup, "*", r#"{"url":"http://169.254.169.254/latest/meta-data/"}"#);
                setup.choose = |_, builder| builder.with_private_addresses_blocked(true);
            },
        ),
        attack(
            "a body that is no block",
            "sends a body that lies outside of what was handed out",
            attacking("(drop (call $http_request (call $input_offset) (i64.const -1)))"),
            Ends::Call("Host", "no block starts at offset"),
        )
        .with(|setup| reaches(setup, "*", r#"{"url":"http://a.test/"}"#)),
        attack(
            "a request inside a request",
            "sends a body whose length it states itself, smaller than it is",
            attacking(
                "(drop (call $http_request (call $input_offset)
                    (call $filled (i64.const 100) (i32.const 65))))",
            ),
            Ends::Harmless,
        )
        .with(|setup| {
            let headers = r#"{"Content-Length":"0","Transfer-Encoding":"chunked"}"#;
            let request = format!(r#"{{"url":"URL","method":"POST","headers":{headers}}}"#);
            calls(setup, ok, &request);
        })
        .judged(|setup| {
            let heads = setup.kept::<Server>().heads.lock().unwrap();
            assert!(!heads.is_empty());
            for head in heads.iter() {
                assert!(head.contains("content-length: 100\r\n"), "{head}");
                assert!(!head.contains("transfer-encoding"), "{head}");
            }
        }),
        attack(
            "a flood of requests",
            "sends requests for ever",
            again_and_again("(br $next)"),
            Ends::Call("Host", "has sent 7 HTTP requests, the limit"),
        )
        .with(|setup| {
            calls(setup, ok, r#"{"url":"URL"}"#);
            setup.limits.http_requests = Some(7);
        })
        .judged(|setup| {
            // Each attempt is a call of its own; the linked plug-in has another server.
            assert_eq!(setup.kept::<Server>().heads.lock().unwrap().len(), 3 * 7);
        }),
        attack(
            "a flood of requests whose errors it catches",
            "sends twenty requests, whatever comes of each",
            again_and_again(
                "(call $error_set (i64.const 0))
                (local.set $c (i64.add (local.get $c) (i64.const 1)))
                (br_if $next (i64.lt_u (local.get $c) (i64.const 20)))
                (call $is (i64.extend_i32_u (call $http_status_code)) (i64.const 0))",
            ),
            Ends::Harmless,
        )
        .with(|setup| {
            calls(setup, ok, r#"{"url":"URL"}"#);
            setup.limits.http_requests = Some(7);
            setup.choose = |_, builder| builder.with_catchable_host_errors(true);
        })
        .judged(|setup| assert_eq!(setup.kept::<Server>().heads.lock().unwrap().len(), 3 * 7)),
        attack(
            "a flood of bytes",
            "sends more in one body than it may in a call",
            attacking(
                "(drop (call $http_request (call $input_offset) (call $alloc (i64.const 100001))))",
            ),
            Ends::Call("Host", "more than 100000 bytes"),
        )
        .with(|setup| {
            calls(setup, ok, r#"{"url":"URL"}"#);
            setup.limits.http_bytes = Some(100_000);
        }),
        attack(
            "what the last call was told",
            "asks for status and headers before it has sent anything",
            attacking(
                "(call $is (i64.extend_i32_u (call $http_status_code)) (i64.const 0))
                (call $is (call $http_headers) (i64.const 0))
                (drop (call $http_request (call $input_offset) (i64.const 0)))
                (call $is (i64.extend_i32_u (call $http_status_code)) (i64.const 200))",
            ),
            Ends::Harmless,
        )
        .with(|setup| calls(setup, ok, r#"{"url":"URL"}"#)),
    ]
}

#[test]
fn requests_go_where_they_may_or_nowhere() {
    run::all(&requests());
}

#[test]
fn answers_are_bounded_whatever_servers_do() {
    run::all(&answers::answers());
}
