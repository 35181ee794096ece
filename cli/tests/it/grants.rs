//! The options that say what a plug-in may do: each refusal beside its grant.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    thread,
};

use crate::{
    command::{Folder, Ran},
    guests::{ASKING, ECHO, FILES, LINKED, SIDE},
};

/// A command line after `call`, and what comes of it: its output, or a part of its error.
type Row<'a> = (&'a [&'a str], Result<&'a str, &'a str>);

fn check(folder: &Folder, rows: &[Row<'_>]) {
    for (arguments, expected) in rows {
        let ran = folder.run(&[&["call"], *arguments].concat());
        match expected {
            Ok(output) => assert_eq!((ran.status, ran.stdout.as_str()), (0, *output), "{ran:#?}"),
            Err(part) => {
                assert!(ran.status != 0 && ran.stdout.is_empty(), "{arguments:?}: {ran:#?}");
                assert!(words(&ran).contains(part), "{arguments:?}: {ran:#?}");
            }
        }
    }
}

/// Returns standard error as one line, without the frame that is drawn around it.
fn words(ran: &Ran) -> String {
    let words = ran.stderr.split_whitespace().filter(|word| !["│", "╰─▶", "├─▶"].contains(word));
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn configuration_comes_from_manifest_and_options() {
    let folder = Folder::with(&[
        ("asking.wat", ASKING),
        ("plugin.toml", "[[wasm]]\npath = 'asking.wat'\n[config]\na = 'manifest'\nb = 'kept'\n"),
    ]);
    check(
        &folder,
        &[
            (&["asking.wat", "config", "-i", "a"], Ok("")),
            (&["asking.wat", "config", "-i", "a", "--config", "a=1=2"], Ok("1=2")),
            (&["asking.wat", "config", "-i", "a", "--set-config", r#"{"a": 5}"#], Ok("5")),
            (
                &[
                    "asking.wat",
                    "config",
                    "-i",
                    "a",
                    "--set-config",
                    r#"{"a": 5}"#,
                    "--config",
                    "a=6",
                ],
                Ok("6"),
            ),
            (&["plugin.toml", "config", "-i", "a"], Ok("manifest")),
            (&["plugin.toml", "config", "-i", "a", "--config", "a=option"], Ok("option")),
            (&["plugin.toml", "config", "-i", "b", "--config", "a=option"], Ok("kept")),
            (&["asking.wat", "config", "--config", "a"], Err("expected `KEY=VALUE`")),
            (&["asking.wat", "config", "--set-config", "[1]"], Err("expected a JSON object")),
        ],
    );
}

#[test]
fn limits_hold_and_can_be_changed() {
    let folder = Folder::with(&[
        ("asking.wat", ASKING),
        ("echo.wat", ECHO),
        ("small.toml", "[[wasm]]\npath = 'asking.wat'\n[memory]\nmax_pages = 2\n"),
    ]);
    check(
        &folder,
        &[
            (&["asking.wat", "grow", "--memory-max", "5"], Ok("")),
            (&["asking.wat", "grow", "--memory-max", "4"], Err("--memory-max")),
            (&["small.toml", "grow"], Err("reached its limit of 2 pages")),
            (&["small.toml", "grow", "--memory-max", "5"], Ok("")),
            (&["asking.wat", "keep", "-i", "12345"], Ok("")),
            (&["asking.wat", "keep", "-i", "12345", "--var-max", "54"], Ok("")),
            (
                &["asking.wat", "keep", "-i", "12345", "--var-max", "53"],
                Err("variables would need 54"),
            ),
            (&["asking.wat", "grow", "--fuel-limit", "1000"], Ok("")),
            (&["echo.wat", "spin", "--fuel-limit", "1000"], Err("more fuel with `--fuel-limit`")),
            (&["asking.wat", "keep", "--timeout", "soon"], Err("expected milliseconds")),
            (&["asking.wat", "keep", "--memory-max", "all"], Err("--memory-max")),
        ],
    );
}

#[test]
fn linked_modules_are_found_under_their_names() {
    let folder = Folder::with(&[
        ("linked.wat", LINKED),
        ("side.wat", SIDE),
        ("plugin.json", r#"{"wasm": [{"path": "linked.wat", "name": "mine"}]}"#),
    ]);
    check(
        &folder,
        &[
            (&["linked.wat", "say"], Err("imports `side::text`")),
            (&["linked.wat", "say", "--link", "side=side.wat"], Ok("hi")),
            (&["plugin.json", "say", "--link", "side=side.wat"], Ok("hi")),
            (&["linked.wat", "say", "--link", "side=gone.wat"], Err("cannot read file `gone.wat`")),
            (&["linked.wat", "say", "--link", "side"], Err("expected `NAME=PATH`")),
        ],
    );
}

#[test]
fn files_are_granted_one_by_one() {
    let folder = Folder::with(&[("files.wat", FILES), ("data/note.txt", "granted")]);
    check(
        &folder,
        &[
            (&["files.wat", "read"], Err("grant the plug-in the system interface with `--wasi`")),
            (&["files.wat", "read", "--wasi"], Err("status")),
            (&["files.wat", "read", "--wasi", "--allow-path", "data"], Ok("granted")),
            (&["files.wat", "read", "--wasi", "--allow-path", "ro:data:/in"], Ok("granted")),
            (&["files.wat", "make", "--wasi", "--allow-path", "ro:data"], Err("status")),
            (&["files.wat", "make", "--wasi", "--allow-path", "data"], Ok("")),
            (
                &["files.wat", "read", "--wasi", "--allow-path", "gone"],
                Err("allowed path `gone` cannot be used"),
            ),
        ],
    );
}

#[test]
fn hosts_are_granted_one_by_one() {
    let address = serve("HTTP/1.1 200 OK\r\nx-here: yes\r\ncontent-length: 5\r\n\r\nhello");
    let folder = Folder::with(&[("asking.wat", ASKING)]);
    let request = format!(r#"{{"url": "http://{address}/"}}"#);
    let call = |function, options: &[&'static str]| {
        let arguments = [&["call", "asking.wat", function, "-i", request.as_str()], options];
        folder.run(&arguments.concat())
    };
    let refused = call("request", &[]);
    assert_eq!(refused.status, 1);
    assert!(words(&refused).contains("not allowed"), "{refused:#?}");
    assert_eq!(call("request", &["--allow-host", "127.0.0.*"]).stdout, "hello");
    assert_eq!(call("headers", &["--allow-host", "*"]).stdout, "");
    let headers = call("headers", &["--allow-host", "*", "--enable-http-response-headers"]);
    assert!(headers.stdout.contains(r#""x-here":"yes""#), "{headers:#?}");
    let large = call("request", &["--allow-host", "*", "--http-response-max", "4"]);
    assert_eq!(large.status, 1);
    assert_eq!(call("request", &["--allow-host", "*", "--http-response-max", "5"]).stdout, "hello");
}

#[test]
fn logs_are_printed_from_a_level_on() {
    let folder = Folder::with(&[("asking.wat", ASKING)]);
    let stderr = |function, options: &[&'static str]| {
        let arguments = [&["call", "asking.wat", function, "-i", "noted"], options];
        let ran = folder.run(&arguments.concat());
        assert_eq!(ran.status, 0, "{ran:#?}");
        ran.stderr
    };
    assert_eq!(stderr("log", &[]), "");
    assert_eq!(stderr("log", &["--log-level", "info"]), " INFO noted\n");
    assert_eq!(stderr("log", &["--log-level", "WARN"]), "");
    assert_eq!(stderr("complain", &["--log-level", "warn"]), "ERROR noted\n");
    let line = stderr("log", &["--log-level", "trace", "--json"]);
    assert_eq!(line, "{\"log\":{\"level\":\"INFO\",\"message\":\"noted\"}}\n");
    let wrong = folder.run(&["call", "asking.wat", "log", "--log-level", "loud"]);
    assert!(words(&wrong).contains("expected `trace`, `debug`"), "{wrong:#?}");
}

/// Answers every request on a loopback address with the same bytes, as long as the process runs.
fn serve(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                let len = stream.read(&mut buffer).unwrap();
                request.extend_from_slice(&buffer[..len]);
            }
            // A client that was refused more than it takes hangs up.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}
