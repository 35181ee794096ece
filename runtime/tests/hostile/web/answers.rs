//! What hostile servers answer.

use std::io::{Read, Write};

use flate2::{Compression, write::GzEncoder};

use super::{Answer, SEND, Server, calls, ok, write};
use crate::{
    attack::{Attack, Ends, Setup, attack, times_out},
    guest::attacking,
};

/// An answer of a hostile server to a plug-in that it may reach.
fn answered(
    name: &'static str,
    tries: &'static str,
    ends: Ends,
    prepare: fn(&mut Setup),
) -> Attack {
    attack(name, tries, attacking(SEND), ends).with(prepare)
}

pub(crate) fn answers() -> Vec<Attack> {
    let fails = |text| Ends::Call("Host", text);
    vec![
        answered(
            "a redirect to elsewhere",
            "is redirected to the same place under a name that was not granted",
            fails("is not allowed"),
            |setup| {
                let to_localhost: Answer = |stream| {
                    let port = stream.local_addr().unwrap().port();
                    let head = format!(
                        "HTTP/1.1 302 Found\r\nLocation: http://localhost:{port}/\r\n\
                         Content-Length: 0\r\nConnection: close\r\n\r\n"
                    );
                    write(stream, head.as_bytes());
                };
                calls(setup, to_localhost, r#"{"url":"URL"}"#);
            },
        )
        .judged(|setup| assert_eq!(setup.kept::<Server>().heads.lock().unwrap().len(), 3)),
        answered(
            "a redirect to a file",
            "is redirected to a file of the host",
            fails("has scheme `file`"),
            |setup| {
                let to_file: Answer = |stream| {
                    write(
                        stream,
                        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\
                        Content-Length: 0\r\nConnection: close\r\n\r\n",
                    );
                };
                calls(setup, to_file, r#"{"url":"URL"}"#);
            },
        ),
        answered(
            "redirects without an end",
            "is redirected to where it was, again and again",
            fails("more than 10 redirects"),
            |setup| {
                let to_itself: Answer = |stream| {
                    write(
                        stream,
                        b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\
                        Connection: close\r\n\r\n",
                    );
                };
                calls(setup, to_itself, r#"{"url":"URL"}"#);
            },
        ),
        attack(
            "redirects of a large body",
            "has a body of ten thousand bytes sent on and on, by a server that redirects it",
            attacking(
                "(drop (call $http_request (call $input_offset) (call $alloc (i64.const 10000))))",
            ),
            fails("more than 50000 bytes, the limit"),
        )
        .with(|setup| {
            let to_itself: Answer = |stream| {
                write(
                    stream,
                    b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /\r\nContent-Length: 0\r\n\
                    Connection: close\r\n\r\n",
                );
                // Till the client has sent what it has to send, or else that is lost.
                let _ = stream.read_exact(&mut [0; 10_000]);
            };
            calls(setup, to_itself, r#"{"url":"URL","method":"POST"}"#);
            setup.limits.http_bytes = Some(50_000);
        })
        .judged(|setup| assert_eq!(setup.kept::<Server>().heads.lock().unwrap().len(), 3 * 5)),
        answered(
            "an answer that says it is huge",
            "is told of an answer of an exabyte",
            fails("has more than"),
            |setup| {
                let huge: Answer = |stream| {
                    write(
                        stream,
                        b"HTTP/1.1 200 OK\r\nContent-Length: 1152921504606846976\r\n\r\nx",
                    );
                };
                calls(setup, huge, r#"{"url":"URL"}"#);
            },
        ),
        answered(
            "an answer without an end",
            "is sent bytes as long as it listens",
            fails("has more than 1000000 bytes"),
            |setup| {
                let endless: Answer = |stream| {
                    if write(stream, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n") {
                        while write(stream, &[b'x'; 10_000]) {}
                    }
                };
                calls(setup, endless, r#"{"url":"URL"}"#);
                setup.manifest.memory.max_http_response_bytes = Some(1_000_000);
            },
        ),
        answered(
            "an answer in the smallest pieces",
            "is sent single bytes, each in a chunk of its own",
            fails("has more than 1000 bytes"),
            |setup| {
                let chunks: Answer = |stream| {
                    if write(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") {
                        while write(stream, b"1\r\nx\r\n") {}
                    }
                };
                calls(setup, chunks, r#"{"url":"URL"}"#);
                setup.manifest.memory.max_http_response_bytes = Some(1_000);
            },
        ),
        answered(
            "an answer that unfolds",
            "is sent some kilobytes that decompress to sixty-four megabytes",
            fails("has more than 1000000 bytes"),
            |setup| {
                let bomb: Answer = |stream| {
                    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
                    for _ in 0..64 {
                        gzip.write_all(&vec![0; 1 << 20]).unwrap();
                    }
                    let body = gzip.finish().unwrap();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
                        body.len()
                    );
                    write(stream, &[head.as_bytes(), &body].concat());
                };
                calls(setup, bomb, r#"{"url":"URL"}"#);
                setup.manifest.memory.max_http_response_bytes = Some(1_000_000);
            },
        ),
        answered(
            "more than a call may receive",
            "is sent an answer that is within the limit of answers and past that of the call",
            fails("more than 4 bytes, the limit"),
            |setup| {
                calls(setup, ok, r#"{"url":"URL"}"#);
                setup.limits.http_bytes = Some(4);
            },
        ),
        answered(
            "an answer larger than its memory",
            "is sent five megabytes, which its exchange memory has no room for",
            fails("has more than 4194304 bytes"),
            |setup| {
                let large: Answer = |stream| {
                    write(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n");
                    write(stream, &vec![b'x'; 5_000_000]);
                };
                calls(setup, large, r#"{"url":"URL"}"#);
            },
        ),
        answered(
            "headers without an end",
            "is sent headers as long as it listens",
            fails("request to"),
            |setup| {
                let headers: Answer = |stream| {
                    if write(stream, b"HTTP/1.1 200 OK\r\n") {
                        while write(stream, b"x-header: and another one of these\r\n") {}
                    }
                };
                calls(setup, headers, r#"{"url":"URL"}"#);
            },
        ),
        answered(
            "a server that says nothing",
            "is left waiting for an answer",
            times_out(),
            |setup| {
                let silent: Answer = |stream| drop(stream.read(&mut [0; 1]));
                calls(setup, silent, r#"{"url":"URL"}"#);
            },
        ),
        answered(
            "a server that stops in the middle",
            "is left waiting for the rest of an answer",
            times_out(),
            |setup| {
                let stalling: Answer = |stream| {
                    write(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx");
                    let _ = stream.read(&mut [0; 1]);
                };
                calls(setup, stalling, r#"{"url":"URL"}"#);
            },
        ),
        answered(
            "a server that breaks off",
            "is sent less than it was told",
            fails("request to"),
            |setup| {
                let short: Answer = |stream| {
                    write(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx");
                };
                calls(setup, short, r#"{"url":"URL"}"#);
            },
        ),
        answered(
            "a server of something else",
            "is sent bytes that are no answer",
            fails("request to"),
            |setup| {
                let garbage: Answer = |stream| {
                    write(stream, b"\x00\xffSSH-2.0\r\n\r\n");
                };
                calls(setup, garbage, r#"{"url":"URL"}"#);
            },
        ),
    ]
}
