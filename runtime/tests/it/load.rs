//! Everything that can be wrong with what is to be loaded, and what the host says about it.

#[cfg(feature = "register-filesystem")]
use std::fs;

use plugsmith::{LoadError, Manifest, Plugin, PluginBuilder, Wasm, WasmInput};

use crate::guest::{chain, echoing, load_error, manifest};

/// An empty module, and its sha256 as another program computes it.
const EMPTY: &[u8] = b"\0asm\x01\0\0\0";
const EMPTY_SHA256: &str = "93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476";

fn check<'a>(input: impl Into<WasmInput<'a>>, expected: &str) {
    let found = chain(load_error(PluginBuilder::new(input)));
    assert!(found.contains(expected), "expected `{expected}` in:\n{found}");
}

fn check_bytes(bytes: impl Into<Vec<u8>>, expected: &str) {
    check(Manifest::new([Wasm::data(bytes.into())]), expected);
}

fn check_module(wat: impl AsRef<str>, expected: &str) {
    check(manifest(wat.as_ref()), expected);
}

#[test]
fn input_that_is_nothing_we_know_is_shown() {
    check(&[][..], "neither a WebAssembly module");
    check("hello", "it starts with `hello`");
    check(&b"\x7fELF\x02\x01"[..], "it starts with `\\x7fELF\\x02\\x01`");
    check("plugin.wasm", "for a file, pass `Wasm::file` in a manifest");
    check(&b"\xff\xfe{}"[..], "it starts with `\\xff\\xfe{}`");
}

#[test]
fn a_manifest_as_text_names_its_mistake_and_the_place() {
    check(r#"{"wasm": [{"path": 3}]}"#, "wasm[0].path");
    check("{\n  \"wasm\": [],\n  \"timeoutMs\": 3\n}", "timeout_ms");
    check("{\n  \"wasm\": [],\n  \"timeoutMs\": 3\n}", "line 3");
    check("wasm = 3\n", "wasm");
    check("{\"wasm\": [", "line 1");
}

#[test]
fn a_manifest_without_modules_is_refused() {
    check(Manifest::default(), "wasm");
}

#[test]
fn bytes_that_are_not_wasm_are_shown() {
    check_bytes(b"\x7fELF\x02\x01".to_vec(), "starts with `\\x7fELF\\x02\\x01` instead of");
    check_bytes(Vec::new(), "is not WebAssembly");
}

#[test]
fn broken_modules_are_refused_with_the_place() {
    check_bytes(b"\0asm".to_vec(), "is not valid WebAssembly");
    check_bytes(b"\0asm\x02\0\0\0".to_vec(), "is not valid WebAssembly");
    check_bytes(b"\0asm\x01\0\0\0\x01\x7f".to_vec(), "offset");
    let whole = wat::parse_str(echoing("")).unwrap();
    let mut n_whole_sections = 0;
    for len in 9..whole.len() {
        match PluginBuilder::new(&whole[..len]).compile().map_err(|err| err.downcast().unwrap()) {
            Err(LoadError::InvalidModule { .. }) => {}
            // Cut at the end of a section, what is left is a smaller module.
            Ok(_) => n_whole_sections += 1,
            Err(err) => panic!("cut to {len} bytes: {err:?}"),
        }
    }
    assert!(n_whole_sections < 5);
}

#[test]
fn components_are_named_as_such() {
    check_bytes(b"\0asm\x0d\0\x01\0".to_vec(), "is a WebAssembly component");
    #[cfg(feature = "wat")]
    check_bytes(b"(component)".to_vec(), "is a WebAssembly component");
}

#[cfg(feature = "wat")]
#[test]
fn text_that_does_not_parse_names_the_place() {
    check("(module (func", "invalid WebAssembly text");
    check("(module\n  (func $f (result i32)\n    i32.cons 1))", "3:5");
}

#[cfg(feature = "wat")]
#[test]
fn text_is_accepted_wherever_a_module_is() {
    let text = echoing("");
    for input in [text.clone(), format!(";; a comment\n{text}"), format!("\n  {text}")] {
        let mut plugin = Plugin::new(input.as_str(), [], false).unwrap();
        assert_eq!(plugin.call::<_, String>("echo", "x").unwrap(), "x");
    }
    let data = Manifest::new([Wasm::data(text)]);
    assert!(Plugin::new(data, [], false).is_ok());
}

#[cfg(not(feature = "register-filesystem"))]
#[test]
fn files_are_refused_by_a_build_without_them() {
    check(Manifest::new([Wasm::file("echo.wasm")]), "register-filesystem");
}

#[cfg(feature = "register-filesystem")]
#[test]
fn files_are_read_and_failures_name_the_path() {
    let dir = std::env::temp_dir().join(format!("plugsmith-load-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join("echo.wasm");
    fs::write(&file, wat::parse_str(echoing("")).unwrap()).unwrap();
    assert!(Plugin::new(Manifest::new([Wasm::file(&file)]), [], false).is_ok());
    let missing = dir.join("missing.wasm");
    check(Manifest::new([Wasm::file(&missing)]), "missing.wasm");
    check(Manifest::new([Wasm::file(&missing)]), "No such file");
    check(Manifest::new([Wasm::file(&dir)]), "directory");
    #[cfg(unix)]
    check(Manifest::new([Wasm::file("/dev/zero")]), "not a regular file");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_hash_must_match_in_either_case() {
    let with_hash = |hash: &str| Manifest::new([Wasm::data(EMPTY.to_vec()).with_hash(hash)]);
    for hash in [EMPTY_SHA256.to_owned(), EMPTY_SHA256.to_uppercase()] {
        assert!(Plugin::new(with_hash(&hash), [], false).is_ok());
    }
    let wrong = EMPTY_SHA256.replace("93", "39");
    check(with_hash(&wrong), &format!("is `{EMPTY_SHA256}`, the manifest expects `{wrong}`"));
    check(with_hash("12"), "wasm[0].hash");
}

#[test]
fn imports_that_nobody_provides_say_what_to_do() {
    let importing = |namespace: &str, name: &str| {
        format!(r#"(module (import "{namespace}" "{name}" (func (param i64) (result i32))))"#)
    };
    for (namespace, name, expected) in [
        ("extism:host/env", "frobnicate", "another version of this interface"),
        ("extism:host/user", "lookup", "give the host a function `lookup`"),
        ("shop", "price", "a function `price` in namespace `shop`"),
        ("wasi_snapshot_preview1", "fd_write", "WASI"),
        ("wasi_unstable", "fd_write", "newer toolchain"),
        ("env", "extism_kv_get", "older than 1.0"),
        ("main", "itself", "module `main` of the manifest has no export `itself`"),
    ] {
        check_module(importing(namespace, name), expected);
        check_module(importing(namespace, name), "(i64) -> i32");
        check_module(importing(namespace, name), &format!("{namespace}::{name}"));
    }
}

#[test]
fn the_kernel_gives_guests_functions_and_not_its_memory() {
    check_module(
        r#"(module (import "extism:host/env" "memory" (memory 1)))"#,
        "only functions can be imported",
    );
    let context =
        r#"(module (import "extism:host/env" "extism_context" (global (mut externref))))"#;
    assert!(Plugin::new(manifest(context), [], false).is_ok());
}

#[test]
fn imports_of_another_type_show_both() {
    check_module(
        r#"(module (import "extism:host/env" "alloc" (func (param i32) (result i32))))"#,
        "`extism:host/env::alloc` as (i32) -> i32, but it is provided as (i64) -> i64",
    );
    check_module(
        r#"(module (import "extism:host/env" "alloc" (memory 1)))"#,
        "as a memory, but it is provided as (i64) -> i64",
    );
}

#[test]
fn memory_beyond_the_limit_is_refused_before_anything_runs() {
    let limited = |pages| manifest("(module (memory 3))").with_memory_max(pages);
    assert!(Plugin::new(limited(3), [], false).is_ok());
    check(limited(2), "need 3 pages of memory to start, the limit is 2");
}

#[test]
fn the_maximum_that_marks_the_kernel_is_reserved() {
    check_module("(module (memory 1 65521))", "65521 pages, which is reserved");
    for maximum in [65520, 65522, 65536] {
        let module = format!("(module (memory 1 {maximum}))");
        assert!(Plugin::new(manifest(&module), [], false).is_ok());
    }
}

#[cfg(feature = "register-http")]
#[test]
fn modules_are_fetched_and_failures_name_the_url() {
    let module = wat::parse_str(echoing("")).unwrap();
    let url = crate::server::serve_once("200 OK", &module);
    let mut plugin = Plugin::new(Manifest::new([Wasm::url(&url)]), [], false).unwrap();
    assert_eq!(plugin.call::<_, String>("echo", "fetched").unwrap(), "fetched");

    let url = crate::server::serve_once("404 Not Found", b"gone");
    check(Manifest::new([Wasm::url(&url)]), &format!("cannot fetch `{url}`"));
    let url = crate::server::serve_once("200 OK", EMPTY);
    check(Manifest::new([Wasm::url(&url).with_hash("0".repeat(64))]), EMPTY_SHA256);
    check(Manifest::new([Wasm::url("no url")]), "cannot fetch `no url`");
}

#[test]
fn a_manifest_as_json_and_as_toml_loads() {
    use std::fmt::Write as _;

    let mut hex = String::new();
    for byte in EMPTY {
        write!(hex, "{byte:02x}").unwrap();
    }
    assert_eq!(hex, "0061736d01000000");
    let data = "AGFzbQEAAAA=";
    let json = format!(r#"{{"wasm": [{{"data": "{data}"}}], "timeout_ms": 100}}"#);
    let toml = format!("timeout_ms = 100\n[[wasm]]\ndata = \"{data}\"\n");
    for text in [json, toml] {
        assert!(Plugin::new(text.as_str(), [], false).is_ok(), "{text}");
    }
}

#[cfg(not(feature = "wat"))]
#[test]
fn without_its_feature_text_is_refused() {
    check("(module)", "loading from a text format is switched off in this build (feature `wat`)");
}

#[cfg(not(feature = "register-http"))]
#[test]
fn without_its_feature_a_url_is_refused() {
    check(
        Manifest::new([Wasm::url("http://127.0.0.1:1/")]),
        "loading from a URL is switched off in this build (feature `register-http`)",
    );
}
