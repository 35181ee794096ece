//! Texts that are manifests, and what they say.

use plugsmith_manifest::{HttpRequest, Manifest, MemoryOptions, Wasm};

const HASH: &str = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";

const EVERYTHING: &str = r#"{
    "wasm": [
        {"path": "side.wasm", "name": "side", "hash": "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"},
        {"data": "AGFzbQ==", "name": "d\u0061ta"},
        {"url": "https://example.com/a.wasm", "headers": {"accept": "*/*"}, "method": "POST"}
    ],
    "memory": {"max_pages": 4, "max_http_response_bytes": 18446744073709551615, "max_var_bytes": 0},
    "config": {"a key": "a value"},
    "allowed_hosts": ["*.example.com"],
    "allowed_paths": {"ro:/srv": "/data"},
    "timeout_ms": 50
}"#;

fn everything() -> Manifest {
    let request = HttpRequest::new("https://example.com/a.wasm")
        .with_header("accept", "*/*")
        .with_method("POST");
    let memory = MemoryOptions::new()
        .with_max_pages(4)
        .with_max_http_response_bytes(u64::MAX)
        .with_max_var_bytes(0);
    Manifest::new([Wasm::file("side.wasm").with_name("side").with_hash(HASH)])
        .with_wasm(Wasm::data(*b"\0asm").with_name("data"))
        .with_wasm(request)
        .with_memory_options(memory)
        .with_config_key("a key", "a value")
        .with_allowed_host("*.example.com")
        .with_allowed_path("ro:/srv", "/data")
        .with_timeout(std::time::Duration::from_millis(50))
}

/// The manifest that says nothing, in text.
fn nothing() -> Manifest {
    let memory = MemoryOptions::new().with_max_var_bytes(MemoryOptions::VAR_BYTES);
    Manifest::default().with_memory_options(memory)
}

#[test]
fn json_with_every_field() {
    assert_eq!(Manifest::from_json(EVERYTHING), Ok(everything()));
}

#[test]
fn serde_reads_what_from_json_reads() {
    assert_eq!(serde_json::from_str::<Manifest>(EVERYTHING).unwrap(), everything());
}

#[test]
fn missing_and_null_fields_have_defaults() {
    let nulls = r#"{"wasm": null, "memory": null, "config": null, "allowed_hosts": null,
        "allowed_paths": null, "timeout_ms": null}"#;
    for text in ["{}", "\u{feff}{}", " {\"memory\": {}} ", nulls] {
        assert_eq!(Manifest::from_json(text), Ok(nothing()), "{text}");
    }
    let wasm = r#"{"wasm": [{"url": "u", "headers": null, "method": null, "name": null}]}"#;
    assert_eq!(Manifest::from_json(wasm).unwrap().wasm, [Wasm::url("u")]);
}

#[test]
fn null_for_the_variables_leaves_them_to_the_host() {
    let manifest = Manifest::from_json(r#"{"memory": {"max_var_bytes": null}}"#).unwrap();
    assert_eq!(manifest, Manifest::default());
}

#[test]
fn parts_of_a_manifest_can_be_read_alone() {
    let request: HttpRequest = serde_json::from_str(r#"{"url": "u", "method": "PUT"}"#).unwrap();
    assert_eq!(request, HttpRequest::new("u").with_method("PUT"));
    let memory: MemoryOptions = serde_json::from_str(r#"{"max_pages": 1}"#).unwrap();
    assert_eq!(memory, nothing().memory.with_max_pages(1));
}

#[cfg(feature = "toml")]
#[test]
fn toml_with_every_field() {
    let text = r#"
        timeout_ms = 0x32
        allowed_hosts = ["*.example.com"]

        [[wasm]]
        path = "side.wasm"
        name = "side"
        hash = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"

        [[wasm]]
        data = "AGFzbQ=="
        name = 'data'

        [[wasm]]
        url = "https://example.com/a.wasm"
        headers.accept = "*/*"
        method = "POST"

        [memory]
        max_pages = 4
        max_http_response_bytes = 18446744073709551615
        max_var_bytes = 0

        [config]
        "a key" = "a value"

        [allowed_paths]
        "ro:/srv" = "/data"
    "#;
    assert_eq!(Manifest::from_toml(text), Ok(everything()));
    assert_eq!(Manifest::from_toml(""), Ok(nothing()));
}
