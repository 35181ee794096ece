//! Plug-ins that import the functions of HTTP, in a build without it.

use plugsmith::{CallError, HostError, HttpError};

use crate::guest::{call, call_error, plugin};

#[test]
fn a_plugin_that_could_send_loads_and_is_told_what_is_missing_when_it_does() {
    let mut plugin = plugin(
        r#"(module
            (import "extism:host/env" "http_request" (func $request (param i64 i64) (result i64)))
            (import "extism:host/env" "http_status_code" (func $status (result i32)))
            (import "extism:host/env" "http_headers" (func $headers (result i64)))
            (func (export "sends") (drop (call $request (i64.const 0) (i64.const 0))))
            (func (export "asks") (result i32)
                (i32.or (call $status) (i32.wrap_i64 (call $headers)))))"#,
    );
    for _ in 0..2 {
        assert_eq!(call(&mut plugin, "asks").unwrap(), "");
        let err = call_error(&mut plugin, "sends");
        let CallError::Host { source, .. } = &err else { panic!("{err:?}") };
        assert!(
            matches!(
                source.downcast_ref(),
                Some(HostError::Http(HttpError::Disabled { feature: "http" }))
            ),
            "{source:?}"
        );
    }
}
