//! The life of a server: new versions while it serves, and its end.

use std::{
    fmt::Write as _,
    fs,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
};

use super::server::Server;
use crate::{
    command::Folder,
    guests::{ASKING, ECHO},
};

/// A plug-in that says `text`, and can be kept busy.
fn says(text: &str) -> String {
    let mut stores = String::new();
    for (at, byte) in text.bytes().enumerate() {
        write!(
            stores,
            "(call $store (i64.add (local.get $block) (i64.const {at})) (i32.const {byte}))"
        )
        .expect("a string takes any text");
    }
    let len = text.len();
    format!(
        r#"(module
            (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
            (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
            (import "extism:host/env" "output_set" (func $output (param i64 i64)))
            (func (export "spin") (loop $again (br $again)))
            (func (export "say") (local $block i64)
                (local.set $block (call $alloc (i64.const {len})))
                {stores}
                (call $output (local.get $block) (i64.const {len}))))"#
    )
}

/// Fifty versions come while clients ask without pause: each of their requests is answered, by a version
/// that was there, and none by an older one than before.
#[test]
fn no_request_is_lost_to_new_versions() {
    const N_VERSIONS: u32 = 50;
    let server = Server::start(&says("0"), &["--watch", "--instances", "2"]);
    let newest = AtomicU32::new(0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            let mut client = server.connect();
            let (newest, is_over) = (&newest, &is_over);
            scope.spawn(move || {
                let mut last = 0;
                while !is_over.load(Ordering::SeqCst) {
                    let answer = client.ask("POST", "/say", "");
                    assert_eq!(answer.status, 200, "{answer:?}");
                    let version = answer.text().parse().expect("a number");
                    let possible = last..=newest.load(Ordering::SeqCst);
                    assert!(possible.contains(&version), "{version} of {possible:?}");
                    last = version;
                }
            });
        }
        for version in 1..=N_VERSIONS {
            newest.store(version, Ordering::SeqCst);
            server.replace(says(&version.to_string()));
            server.wait_for("plugsmith_reloads_total", version.into());
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert_eq!(server.post("/say", "").text(), N_VERSIONS.to_string());
    assert_eq!(server.count("plugsmith_refused_reloads_total"), 0);
}

#[test]
fn a_broken_version_is_refused_and_the_old_one_goes_on_serving() {
    let server = Server::start(&says("old"), &["--watch"]);
    server.replace("(module (func $broken");
    server.wait_for("plugsmith_refused_reloads_total", 1);
    assert_eq!(server.post("/say", "").text(), "old");
    fs::remove_file(server.folder.path("plugin.wat")).expect("it was there");
    server.wait_for("plugsmith_refused_reloads_total", 2);
    assert_eq!(server.post("/say", "").text(), "old");
    server.replace(says("new"));
    server.wait_for("plugsmith_reloads_total", 1);
    assert_eq!(server.post("/say", "").text(), "new");
    let log = server.log();
    let refusals = log.iter().filter(|line| line["level"] == "WARN" && line["error"].is_string());
    assert_eq!(refusals.count(), 2, "{log:?}");
}

#[test]
fn a_version_that_is_not_signed_is_refused() {
    let folder = Folder::new();
    let sign = |name: &str, text: &str| {
        folder.write(name, wat::parse_str(says(text)).unwrap());
        let ran = folder.run(&["sign", name, "--key", "vendor"]);
        assert_eq!(ran.status, 0, "{ran:#?}");
        fs::read(folder.path(name)).unwrap()
    };
    assert_eq!(folder.run(&["sign", "--new-key", "vendor"]).status, 0);
    let (old, new) = (sign("plugin.wat", "old"), sign("new.wasm", "new"));
    let key = folder.path("vendor.pub");
    let unsigned = wat::parse_str(says("bad")).unwrap();
    let server = Server::start_in(folder, &["--watch", "--verify-key", key.to_str().unwrap()]);
    server.replace(unsigned);
    server.wait_for("plugsmith_refused_reloads_total", 1);
    // The signature of another version.
    server.replace([&old[..old.len() - 1], &[0x0b, 0, 2, 1, b'x']].concat());
    server.wait_for("plugsmith_refused_reloads_total", 2);
    assert_eq!(server.post("/say", "").text(), "old");
    server.replace(new);
    server.wait_for("plugsmith_reloads_total", 1);
    assert_eq!(server.post("/say", "").text(), "new");
}

/// Whoever ships both puts the one there before the other.
#[test]
fn a_version_is_served_when_its_signature_follows() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["sign", "--new-key", "vendor"]).status, 0);
    let sign = |name: &str, text: &str| {
        folder.write(name, wat::parse_str(says(text)).unwrap());
        let ran = folder.run(&["sign", name, "--key", "vendor", "--detached"]);
        assert_eq!(ran.status, 0, "{ran:#?}");
    };
    sign("plugin.wat", "old");
    sign("new.wasm", "new");
    let signatures = fs::read(folder.path("new.wasm.sig")).unwrap();
    let key = folder.path("vendor.pub");
    let server = Server::start_in(folder, &["--watch", "--verify-key", key.to_str().unwrap()]);
    // Whatever the watch was to look at before, it has looked at then.
    server.replace("(module (func $broken");
    server.wait_for("plugsmith_refused_reloads_total", 1);
    server.replace(wat::parse_str(says("new")).unwrap());
    server.wait_for("plugsmith_refused_reloads_total", 2);
    assert_eq!(server.post("/say", "").text(), "old");
    server.folder.write("plugin.wat.sig", signatures);
    server.wait_for("plugsmith_reloads_total", 1);
    assert_eq!(server.post("/say", "").text(), "new");
}

#[test]
fn calls_that_run_end_on_the_version_that_they_began_on() {
    let server = Server::start(&says("old"), &["--watch", "--instances", "2"]);
    let mut spinning = server.connect();
    spinning.send("POST /spin HTTP/1.1\r\nHost: a\r\n\r\n");
    server.wait_for("plugsmith_calls_running", 1);
    server.replace(says("new"));
    server.wait_for("plugsmith_reloads_total", 1);
    assert_eq!(server.post("/say", "").text(), "new");
    assert_eq!(server.count("plugsmith_calls_running"), 1);
    drop(spinning);
    server.wait_for("plugsmith_calls_running", 0);
    // An export may go with its version.
    server.replace(ECHO);
    server.wait_for("plugsmith_reloads_total", 2);
    assert_eq!(server.post("/say", "").kind(), "no_export");
    assert_eq!(server.post("/echo", "x").text(), "x");
}

#[cfg(unix)]
#[test]
fn a_hangup_asks_for_a_new_version() {
    for options in [&["--watch"][..], &[]] {
        let server = Server::start(&says("old"), options);
        server.replace("(module (func $broken");
        server.signal("HUP");
        // A watch may have seen it before.
        while server.count("plugsmith_refused_reloads_total") == 0 {
            thread::yield_now();
        }
        assert_eq!(server.post("/say", "").text(), "old");
        server.replace(says("new"));
        server.signal("HUP");
        server.wait_for("plugsmith_reloads_total", 1);
        assert_eq!(server.post("/say", "").text(), "new");
    }
}

#[cfg(unix)]
#[test]
fn what_was_begun_is_answered_before_the_end() {
    for signal in ["TERM", "INT"] {
        let server = Server::start(ECHO, &[]);
        let idle = server.connect();
        let mut half = server.connect();
        half.send(
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n",
        );
        assert_eq!(half.answer().status, 100);
        half.send("half");
        server.signal(signal);
        assert_eq!(idle.rest(), b"");
        while server.listens() {
            thread::yield_now();
        }
        half.send("half");
        let answer = half.answer();
        assert_eq!((answer.status, answer.text()), (200, "halfhalf"));
        assert_eq!(answer.header("connection"), Some("close"));
        let (status, log) = server.wait();
        assert_eq!(status, 0, "{log:?}");
        assert_eq!(log.last().expect("there is a log")["message"], "ended");
    }
}

#[cfg(unix)]
#[test]
fn grace_and_patience_end() {
    let spinning = |options| {
        let server = Server::start(ECHO, options);
        let mut client = server.connect();
        client.send("POST /spin HTTP/1.1\r\nHost: a\r\n\r\n");
        server.wait_for("plugsmith_calls_running", 1);
        server.signal("TERM");
        (server, client)
    };
    let (server, _client) = spinning(&["--grace", "50ms"]);
    assert_eq!(server.wait().0, 4);
    // Told twice, the server ends at once.
    let (server, _client) = spinning(&[]);
    while server.listens() {
        thread::yield_now();
    }
    server.signal("TERM");
    assert_eq!(server.wait().0, 4);
}

#[test]
fn the_log_has_requests_and_what_the_plugin_says() {
    let server = Server::start(ASKING, &["--log-requests", "--log-level", "info"]);
    server.post("/log", "from inside");
    server.post("/none", "");
    let log = server.log();
    let guest = log.iter().find(|line| line["target"] == "plugsmith::guest").expect("it is logged");
    assert_eq!((&guest["message"], &guest["level"]), (&"from inside".into(), &"INFO".into()));
    let requests: Vec<_> =
        log.iter().filter(|line| line["target"] == "plugsmith::requests").collect();
    assert_eq!(requests.len(), 2, "{log:?}");
    assert_eq!((&requests[0]["path"], &requests[0]["status"]), (&"/log".into(), &200.into()));
    assert_eq!((&requests[1]["path"], &requests[1]["status"]), (&"/none".into(), &404.into()));
}
