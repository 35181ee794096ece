//! The webhook service over real connections: every request gets an answer, whatever tenants and
//! clients do, and it stops when it is told to.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

use plugsmith_examples::{HttpReply, http, http_raw};

use crate::{
    program::{self, check_refusals, empty_folder, file},
    text_guest::answering,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_webhooks");

const ACCEPT: &str = r#"{"verdict":"accept"}"#;

/// A service that runs till it is stopped.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// What was logged before it listened.
    log: String,
    address: SocketAddr,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.arg("--serve").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the service starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut log = String::new();
        let address = loop {
            let mut line = String::new();
            let len = stdout.read_line(&mut line).expect("the service prints text");
            assert_ne!(len, 0, "the service ended: {log}");
            match line.strip_prefix("listening on http://") {
                Some(address) => break address.trim().parse().expect("an address is printed"),
                None => log += &line,
            }
        };
        Self { child, stdout, log, address }
    }

    fn post(&self, tenant: &str, body: &str) -> HttpReply {
        http(self.address, "POST", &format!("/hooks/{tenant}"), body.as_bytes())
            .expect("every request has an answer")
    }

    /// Stops the service, and returns what it printed since it listened.
    fn stop(mut self) -> String {
        drop(self.child.stdin.take());
        let mut printed = String::new();
        self.stdout.read_to_string(&mut printed).expect("the service prints text");
        assert!(self.child.wait().expect("the service ends").success());
        assert!(printed.ends_with("stopped\n"), "{printed}");
        printed
    }
}

/// A folder of tenants for one test: manifests and modules by file name.
fn tenants(name: &str, files: &[(&str, &str)]) -> String {
    let folder = empty_folder(&format!("tenants_{name}"));
    for (file_name, text) in files {
        file(&format!("tenants_{name}/{file_name}"), text);
    }
    folder.to_string_lossy().into_owned()
}

#[test]
fn the_tour_prints_what_it_should() {
    let ran = program::run(PROGRAM, &[]);
    let expected = include_str!("../../hosts/webhooks/expected.txt");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (expected, ""));
    assert_eq!(ran.status, Some(0));
}

#[test]
fn many_clients_are_served_at_once() {
    let service = Running::start(&[]);
    let rows = [
        ("shop", r#"{"cents":900,"items":["pen"]}"#, ACCEPT),
        ("shop", r#"{"cents":9,"items":["pen"]}"#, r#"{"reason":"too small","verdict":"drop"}"#),
        (
            "support",
            r#"{"ticket":2,"duplicate_of":{"2":1}}"#,
            r#"{"body":{"ticket":1},"verdict":"rewrite"}"#,
        ),
    ];
    thread::scope(|scope| {
        for idx in 0..12 {
            let (service, (tenant, body, answer)) = (&service, rows[idx % rows.len()]);
            scope.spawn(move || {
                for _ in 0..10 {
                    let reply = service.post(tenant, body);
                    assert_eq!((reply.status, reply.body.as_str()), (200, answer), "{body}");
                }
            });
        }
    });
    assert_eq!(service.stop(), "stopped\n");
}

#[test]
fn requests_that_are_no_webhooks_are_refused() {
    let post = "POST /hooks/shop HTTP/1.1\r\n";
    let long = "x".repeat(9_000);
    let rows = [
        ("nonsense\r\n\r\n".to_owned(), 400),
        ("\r\n".to_owned(), 400),
        (post.to_owned(), 400),
        (format!("{post}Content-Length: -1\r\n\r\n"), 400),
        (format!("{post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}"), 400),
        (format!("{post}Content-Length: 20\r\n\r\n{{}}"), 408),
        (format!("{post}\r\n"), 411),
        (format!("{post}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"), 411),
        (format!("{post}Content-Length: 65537\r\n\r\n"), 413),
        (format!("{post}Content-Length: 18446744073709551615\r\n\r\n"), 413),
        (format!("{post}Cookie: {long}\r\n\r\n"), 431),
        (post.to_owned() + &"A: b\r\n".repeat(40) + "\r\n", 431),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 404),
        ("DELETE /hooks/shop HTTP/1.1\r\n\r\n".to_owned(), 405),
    ];
    let service = Running::start(&[]);
    for (request, status) in rows {
        let reply = http_raw(service.address, request.as_bytes()).expect("there is an answer");
        assert_eq!(reply.status, status, "{request:.80}: {}", reply.body);
    }
    for (tenant, body, status) in
        [("shop", "", 400), ("shop", "{", 400), ("../shop", "{}", 404), ("", "{}", 404)]
    {
        assert_eq!(service.post(tenant, body).status, status, "{tenant} {body}");
    }
    assert_eq!(service.stop(), "stopped\n");
}

#[test]
fn a_failing_filter_fails_its_webhook_and_no_other() {
    let endless = r#"(module (func (export "filter") (loop $again (br $again))))"#;
    let hoards = r#"(module (memory 1) (func (export "filter")
        (loop $again (br_if $again (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))))
        unreachable))"#;
    let odd = answering(&[("filter", r#"{"verdict":"maybe"}"#)], "");
    let good = answering(&[("filter", ACCEPT)], "");
    // A manifest may ask for more than the host gives.
    let manifest = |name| {
        format!("timeout_ms = 600000\nmemory.max_pages = 60000\n[[wasm]]\npath = \"{name}.wat\"\n")
    };
    let names = ["endless", "hoards", "odd", "good"];
    let modules = [endless, hoards, &odd, &good];
    let mut files = Vec::new();
    for (name, module) in names.into_iter().zip(modules) {
        files.push((format!("{name}.toml"), manifest(name)));
        files.push((format!("{name}.wat"), module.to_owned()));
    }
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let service = Running::start(&["--tenants", &tenants("failing", &files)]);
    for _ in 0..2 {
        for (name, status) in [("endless", 504), ("hoards", 502), ("odd", 502), ("good", 200)] {
            let reply = service.post(name, "{}");
            assert_eq!(reply.status, status, "{name}: {}", reply.body);
            // Why it failed is the tenant's business.
            let told = reply.body.contains("limit") || reply.body.contains("maybe");
            assert!(!told, "{}", reply.body);
        }
    }
    // The largest body there can be.
    let largest = format!("\"{}\"", "x".repeat((64 << 10) - 2));
    assert_eq!(service.post("good", &largest).status, 200);
    let log = service.stop();
    for words in [
        "log: endless: call ran past its limit of 500ms",
        "log: hoards: guest memory reached its limit of 64 pages",
        "log: odd: cannot decode the output of `filter`",
    ] {
        assert_eq!(log.matches(words).count(), 2, "{words}: {log}");
    }
}

#[test]
fn tenants_that_do_not_load_are_left_out_and_named() {
    let good = answering(&[("filter", ACCEPT)], "");
    let spy = r#"(module (import "extism:host/user" "orders" (func)) (func (export "filter")))"#;
    let files = [
        ("broken.toml", "wasm = ["),
        ("good.toml", "[[wasm]]\npath = \"good.wat\"\n"),
        ("good.wat", &good),
        ("lost.toml", "[[wasm]]\npath = \"lost.wasm\"\n"),
        ("mute.toml", "[[wasm]]\npath = \"mute.wat\"\n"),
        ("mute.wat", "(module)"),
        ("spy.toml", "[[wasm]]\npath = \"spy.wat\"\n"),
        ("spy.wat", spy),
    ];
    let folder = tenants("left_out", &files);
    let service = Running::start(&["--tenants", &folder]);
    let lines: Vec<_> = service.log.lines().collect();
    let expected = [
        ("log: broken is left out: line 1", "invalid TOML"),
        ("log: lost is left out: ", "lost.wasm"),
        ("log: mute is left out: ", "exports no `filter`"),
        ("log: spy is left out: ", "imports `extism:host/user::orders`"),
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (line, (start, words)) in lines.iter().zip(expected) {
        assert!(line.starts_with(start) && line.contains(words), "{line}");
    }
    for (name, status) in [("broken", 404), ("lost", 404), ("spy", 404), ("good", 200)] {
        assert_eq!(service.post(name, "{}").status, status, "{name}");
    }
    service.stop();
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    check_refusals(
        PROGRAM,
        &[
            (&["--server"], "no argument `--server`"),
            (&["--tenants"], "`--tenants` needs a folder"),
            (&["--tenants", "nowhere"], "reading `nowhere`"),
        ],
    );
    assert!(program::run(PROGRAM, &["--help"]).stdout.contains("Usage: webhooks"));
}
