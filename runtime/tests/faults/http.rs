//! Servers that die: at each byte of an answer, before they have read the request, and while a pool's
//! plug-ins wait for them.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use plugsmith::{CallError, CompiledPlugin, Manifest, Plugin, PluginBuilder, PoolBuilder};

use crate::guest::{call_error, check_echo, echoing, manifest};

/// What a server does with one connection.
type Answer = Box<dyn FnOnce(TcpStream) + Send>;

/// Starts a server that does one thing with each connection in turn, and returns its URL.
fn serve(answers: Vec<Answer>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for answer in answers {
            answer(listener.accept().unwrap().0);
        }
    });
    url
}

/// Reads the request and sends some bytes.
fn sending(bytes: &[u8]) -> Answer {
    let bytes = bytes.to_vec();
    Box::new(move |mut stream| {
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
            request.push(byte[0]);
        }
        // Whoever asked may have had enough.
        let _ = stream.write_all(&bytes);
    })
}

/// A guest that asks `url`, and answers with the length of what it gets.
pub(crate) fn asking(url: &str) -> Manifest {
    let request = format!(r#"{{"url":"{url}"}}"#);
    let (len, data) = (request.len(), request.escape_debug());
    let imports = r#"
        (import "extism:host/env" "length" (func $len_of (param i64) (result i64)))
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
        (import "extism:host/env" "http_request" (func $request (param i64 i64) (result i64)))"#;
    let exports = format!(
        r#"(memory 1)
        (data (i32.const 0) "{data}")
        (func (export "ask")
            (local $block i64) (local $at i32)
            (local.set $block (call $alloc (i64.const {len})))
            (loop $next
                (call $store
                    (i64.add (local.get $block) (i64.extend_i32_u (local.get $at)))
                    (i32.load8_u (local.get $at)))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $at) (i32.const {len}))))
            (local.set $block (call $request (local.get $block) (i64.const 0)))
            (call $output (local.get $block) (call $len_of (local.get $block))))"#
    );
    manifest(&echoing(imports, &exports)).with_allowed_hosts(["127.0.0.1", "localhost"])
}

/// Compiles such a guest.
fn compiled(url: &str) -> CompiledPlugin {
    let guest = asking(url).with_timeout(Duration::from_mins(5));
    PluginBuilder::new(guest).compile().unwrap()
}

/// Has one plug-in ask a server that dies after each byte of `whole` but the last `n_spare`, without which
/// an answer is complete, and then one that does not.
#[track_caller]
fn check_each_break(whole: &[u8], n_spare: usize, body: &str) {
    let n_needed = whole.len() - n_spare;
    let broken = (0..n_needed).map(|len| sending(&whole[..len]));
    let url = serve(broken.chain([sending(whole)]).collect());
    let mut plugin = Plugin::new_from_compiled(&compiled(&url)).unwrap();
    for len in 0..n_needed {
        let err = call_error(&mut plugin, "ask");
        assert!(matches!(err, CallError::Host { .. }), "after {len} bytes: {err:?}");
    }
    assert_eq!(plugin.call::<_, String>("ask", ()).unwrap(), body);
    check_echo(&mut plugin, "after");
}

#[test]
fn a_server_that_dies_at_any_byte_never_looks_as_if_it_had_answered() {
    check_each_break(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 0, "hello");
}

#[test]
fn a_server_that_dies_in_a_chunk_or_between_two_never_looks_as_if_it_had_answered() {
    let whole =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    // The last chunk says that it is the last; what is left could be more headers.
    check_each_break(whole, "\r\n".len(), "hello");
}

#[test]
fn a_server_that_hangs_up_before_it_has_read_is_an_error() {
    // What was sent and not read makes the system reset the connection.
    let reset = || -> Answer { Box::new(|stream| drop(stream.peek(&mut [0]))) };
    let unread = || -> Answer { Box::new(drop) };
    let whole = sending(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let url = serve(vec![reset(), unread(), reset(), whole]);
    let mut plugin = Plugin::new_from_compiled(&compiled(&url)).unwrap();
    for _ in 0..3 {
        let err = call_error(&mut plugin, "ask");
        assert!(matches!(err, CallError::Host { .. }), "{err:?}");
        check_echo(&mut plugin, "after");
    }
    assert_eq!(plugin.call::<_, String>("ask", ()).unwrap(), "ok");
}

#[test]
fn a_pool_whose_server_dies_has_all_its_plugins_left() {
    const N_REQUESTS: usize = 24;
    let whole: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    // Every third answer is whole; all others end somewhere before.
    let answers = (0..N_REQUESTS).map(|n| if n % 3 == 0 { whole } else { &whole[..n] });
    let compiled = compiled(&serve(answers.map(sending).collect()));
    let pool = PoolBuilder::new()
        .with_max_instances(2)
        .build(move || Plugin::new_from_compiled(&compiled));
    let n_answered: usize = thread::scope(|scope| {
        let users = [(); 4].map(|()| {
            scope.spawn(|| {
                let ask = |_| {
                    let mut plugin = pool.get(Duration::MAX).unwrap().unwrap();
                    plugin.call::<_, String>("ask", ()).is_ok_and(|body| body == "hello")
                };
                (0..N_REQUESTS / 4).filter(|n| ask(*n)).count()
            })
        });
        users.map(|user| user.join().unwrap()).iter().sum()
    });
    assert_eq!(n_answered, N_REQUESTS / 3);
    let mut plugins = [(); 2].map(|()| pool.get(Duration::ZERO).unwrap().unwrap());
    for plugin in &mut plugins {
        check_echo(plugin, "after");
    }
}
