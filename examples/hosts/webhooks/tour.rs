//! The tour: the service sends itself requests, good and bad, and shows the answers.

use std::{io, net::SocketAddr};

use plugsmith_examples::{http, one_line};

/// Tenant, method and body of each request.
const REQUESTS: [(&str, &str, &str); 14] = [
    ("shop", "POST", r#"{"id":"O-1","cents":1200,"items":["pen","ink"]}"#),
    ("shop", "POST", r#"{"id":"O-2","cents":900,"items":["pen"],"card":"4111 1111 1111 1234"}"#),
    ("shop", "POST", r#"{"id":"O-3","cents":900,"items":["pen"],"test":true}"#),
    ("shop", "POST", r#"{"id":"O-4","cents":100,"items":["nib"]}"#),
    ("support", "POST", r#"{"ticket":7,"duplicate_of":{"7":3,"3":1}}"#),
    ("shop", "POST", r#"{"id":"O-5","cents":"#),
    ("shop", "POST", "(a body of 65537 bytes)"),
    ("nobody", "POST", "{}"),
    ("shop", "GET", ""),
    ("shop", "POST", r#"["an order"]"#),
    ("shop", "POST", r#"{"id":"O-6","cents":900,"items":[]}"#),
    ("shop", "POST", r#"{"id":"O-7","cents":900,"items":["pen"]}"#),
    ("support", "POST", r#"{"ticket":7,"duplicate_of":{"7":3,"3":7}}"#),
    ("support", "POST", r#"{"ticket":8,"duplicate_of":{}}"#),
];

/// Sends every request, and prints it with its answer.
///
/// # Errors
///
/// If the service does not answer.
pub(crate) fn take(address: SocketAddr) -> io::Result<()> {
    for (tenant, method, body) in REQUESTS {
        println!("> {method} /hooks/{tenant} {body}");
        let body = if body.starts_with('(') { "x".repeat(65_537) } else { body.to_owned() };
        let reply = http(address, method, &format!("/hooks/{tenant}"), body.as_bytes())?;
        println!("< {} {}\n", reply.status, one_line(&reply.body));
    }
    Ok(())
}
