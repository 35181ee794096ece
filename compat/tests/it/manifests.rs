//! Manifests: as JSON and TOML, from files and data, with hashes and names, and what is wrong in them.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    case::{Case, data, to_hex},
    compare::check,
    probe,
};

const GUEST: &str = r#"(module (func (export "run") (result i32) (i32.const 0)))"#;

fn hash(bytes: &[u8]) -> String {
    to_hex(&Sha256::digest(bytes))
}

/// A module with a name or hash, or something else, beside its data.
fn module(key: &str, value: impl Into<Value>) -> Value {
    let mut module = data(GUEST);
    module[key] = value.into();
    module
}

fn manifest(name: &str, module: Value) -> Case {
    Case::manifest(name, json!({ "wasm": [module] }))
}

/// Writes a module where a manifest can name it.
fn file(name: &str, bytes: &[u8]) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).unwrap();
    path.into_os_string().into_string().unwrap()
}

#[test]
fn modules_have_a_source() {
    let binary = wat::parse_str(GUEST).unwrap();
    let folder = env!("CARGO_TARGET_TMPDIR");
    check([
        manifest("a file", json!({ "path": file("guest.wasm", &binary) })).call("run", ""),
        manifest("a file of text", json!({ "path": file("guest.wat", GUEST.as_bytes()) }))
            .call("run", ""),
        manifest("no file", json!({ "path": "no such file.wasm" })).refused(),
        manifest("a folder", json!({ "path": folder })).refused(),
        manifest("a file that is none", json!({ "path": file("guest.txt", b"hello") })).refused(),
        manifest("no source", json!({})).refused(),
        manifest("a name alone", json!({ "name": "main" })).refused(),
        manifest("no Base64", json!({ "data": "%%%" })).refused(),
        manifest("Base64 without its end", json!({ "data": "AGFzbQE" })).refused(),
        manifest("nothing", json!({ "data": "" })).refused(),
        manifest("a number", json!({ "data": 7 })).refused(),
        manifest("an unknown key", module("memory", 1)).refused(),
        manifest("a key in other letters", json!({ "Data": STANDARD.encode(GUEST) })).refused(),
        Case::manifest("no modules", json!({ "wasm": [] })).refused(),
        Case::manifest("no list of modules", json!({})).refused(),
        Case::manifest("a module that is text", json!({ "wasm": ["guest.wasm"] })).refused(),
        Case::manifest("a module that is no list", json!({ "wasm": data(GUEST) })).refused(),
    ]);
}

#[test]
fn modules_have_a_hash() {
    let right = hash(GUEST.as_bytes());
    let path = file("hashed.wat", GUEST.as_bytes());
    check([
        manifest("the right hash", module("hash", right.as_str())).call("run", ""),
        manifest("the wrong hash", module("hash", hash(b"another"))).refused(),
        manifest("half a hash", module("hash", &right[..32])).refused(),
        manifest("no hash", module("hash", "")).refused(),
        manifest("a hash that is null", module("hash", Value::Null)).call("run", ""),
        manifest("a hash that is a number", module("hash", 7)).refused(),
        manifest("a file with the right hash", json!({ "path": path, "hash": right }))
            .call("run", ""),
        manifest("a file with a wrong hash", json!({ "path": path, "hash": hash(b"another") }))
            .refused(),
    ]);
}

#[test]
fn a_single_module_is_main_whatever_its_name() {
    check([
        manifest("main", module("name", "main")).call("run", ""),
        manifest("another name", module("name", "other")).call("run", ""),
        manifest("a name of nothing", module("name", "")).call("run", ""),
        manifest("a name that is null", module("name", Value::Null)).call("run", ""),
        manifest("a name that is a number", module("name", 7)).refused(),
    ]);
}

#[test]
fn keys_have_a_type() {
    let with =
        |key: &str, value: Value| Case::new(format!("{key} = {value}"), GUEST).with(key, value);
    let accepted = [
        with("memory", json!({})),
        with("memory", json!({ "max_pages": null })),
        with("memory", json!({ "max_pages": 16 })),
        with("memory", json!({ "max_http_response_bytes": 0 })),
        with("memory", json!({ "max_var_bytes": null })),
        with("memory", json!({ "max_var_bytes": u64::MAX })),
        with("config", json!({})),
        with("config", json!({ "": "" })),
        with("allowed_hosts", Value::Null),
        with("allowed_hosts", json!([])),
        with("allowed_hosts", json!(["*", "[", ""])),
        with("allowed_paths", Value::Null),
        with("allowed_paths", json!({})),
        with("allowed_paths", json!({ "no such folder": "/" })),
        with("timeout_ms", Value::Null),
        with("timeout_ms", json!(60_000)),
    ];
    let refused = [
        with("memory", json!(1)),
        with("memory", json!({ "max_pages": -1 })),
        with("memory", json!({ "max_pages": 1.5 })),
        with("memory", json!({ "max_pages": "16" })),
        with("memory", json!({ "max_pages": 4_294_967_296_u64 })),
        with("memory", json!({ "max": 1 })),
        with("memory", json!({ "maxPages": 1 })),
        with("config", json!({ "key": 1 })),
        with("config", json!({ "key": null })),
        with("config", json!(["key"])),
        with("allowed_hosts", json!("*")),
        with("allowed_hosts", json!([1])),
        with("allowed_paths", json!(["/"])),
        with("allowed_paths", json!({ "/": 1 })),
        with("timeout_ms", json!("1s")),
        with("timeout_ms", json!(-1)),
        with("timeout_ms", json!(1.5)),
    ];
    check(accepted.map(|case| case.call("run", "")).into_iter().chain(refused.map(Case::refused)));
}

#[test]
fn keys_that_nobody_knows() {
    check(["unknown", "timeoutMs", "allowedHosts", "Wasm"].map(|key| {
        Case::new(format!("{key} beside the others"), GUEST).with(key, json!(1)).refused()
    }));
}

#[test]
fn a_manifest_is_json_or_toml() {
    let text = STANDARD.encode(GUEST);
    let json = json!({ "wasm": [data(GUEST)] });
    let toml = format!(
        "timeout_ms = 1000\n[[wasm]]\ndata = \"{text}\"\nname = \"main\"\n\
         [memory]\nmax_pages = 20\n[config]\nkey = \"value\"\n"
    );
    let inline = format!("wasm = [{{ data = '{text}' }}]");
    check([
        Case::bytes("JSON", json.to_string()).call("run", ""),
        Case::bytes("JSON over lines", serde_json::to_string_pretty(&json).unwrap())
            .call("run", ""),
        Case::bytes("JSON with spaces around", format!("\n {json} \n")).call("run", ""),
        Case::bytes("TOML", toml).call("run", ""),
        Case::bytes("TOML on a line", inline).call("run", ""),
        Case::bytes("half of JSON", &json.to_string().as_bytes()[..40]).refused(),
        Case::bytes("JSON and more", format!("{json}{json}")).refused(),
        Case::bytes("TOML with a mistake", format!("wasm = [{{ data = '{text}' ]")).refused(),
        Case::bytes("TOML with a key twice", "timeout_ms = 1\ntimeout_ms = 2").refused(),
        Case::bytes("a number", "7").refused(),
        Case::bytes("a list", "[]").refused(),
        Case::bytes("nothing in brackets", "{}").refused(),
        Case::bytes("YAML", "wasm:\n  - data: x\n").refused(),
        Case::bytes("bytes", [0xff, 0xfe, 0x00]).refused(),
    ]);
}

#[test]
fn config_of_a_manifest_reaches_the_guest() {
    let guest = STANDARD.encode(probe::module(
        r#"(func (export "run") (call $give (call $config_get (call $input_offset))))"#,
    ));
    let toml = format!("wasm = [{{ data = '{guest}' }}]\n[config]\nkey = \"v\\u00e4lue\"\n");
    let json = format!(
        r#"{{"wasm":[{{"data":"{guest}"}}],"config":{{"key":"v\u00e4lue","\ud83d\ude00":"😀"}}}}"#
    );
    check([
        Case::bytes("TOML", toml).call("run", "key").call("run", "other"),
        Case::bytes("JSON", json).call("run", "key").call("run", "😀"),
    ]);
}

#[test]
fn a_time_limit_ends_a_loop() {
    let guest = probe::module(
        r#"(func (export "loop") (loop $again (br $again)))
        (func (export "fine") (call $give (call $input_offset)))"#,
    );
    check([Case::new("a limit", &guest)
        .with("timeout_ms", json!(50))
        .call("fine", "before")
        .fail("loop", "")
        .call("fine", "after")
        .fail("loop", "")]);
}

#[test]
fn memory_has_a_limit() {
    let guest = |declaration: &str| {
        format!(
            r#"(module (memory (export "memory") {declaration})
            (func (export "run") (result i32) (i32.const 0))
            (func (export "grow") (drop (memory.grow (i32.const 1)))))"#
        )
    };
    let case = |name: &str, declaration: &str, pages: u32| {
        Case::new(name, guest(declaration)).with("memory", json!({ "max_pages": pages }))
    };
    check([
        case("less than the limit", "1", 40).call("run", "").call("grow", "").call("run", ""),
        case("as much as the limit", "20", 20).call("run", "").call("run", "input"),
        case("less than a declared maximum", "1 10", 40).call("run", "").call("grow", ""),
    ]);
}
