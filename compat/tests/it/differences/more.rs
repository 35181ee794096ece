//! What is accepted here and refused by the peer.

use std::{fs, path::Path};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{differ, ok, refused};
use crate::{
    case::{Case, data, to_hex},
    guest,
    outcome::Outcome,
    probe,
};

#[test]
fn plugins_of_before_version_one_are_loaded() {
    let module = r#"(module
        (import "env" "extism_input_length" (func $length (result i64)))
        (import "env" "extism_alloc" (func $alloc (param i64) (result i64)))
        (import "env" "extism_output_set" (func $output (param i64 i64)))
        (func (export "run") (result i32)
            (call $output (call $alloc (call $length)) (call $length)) (i32.const 0)))"#;
    let case = Case::new("an old plug-in", module).call("run", "four");
    differ(case, refused(), [Outcome::output("\0\0\0\0")]);
}

#[test]
fn a_module_may_be_command_and_reactor() {
    let module = r#"(module (func (export "_start")) (func (export "_initialize"))
        (func (export "run")))"#;
    differ(Case::new("both", module).call("run", ""), refused(), [ok()]);
}

#[test]
fn an_empty_value_is_told_from_none_by_plugins_on_our_pdk() {
    let case = Case::new("empty values", guest("moved")).with("config", json!({ "empty": "" }));
    let case = crate::published::functions().into_iter().fold(case, Case::with_function);
    let (null, empty) = (|| Outcome::output("null"), || Outcome::output("\"\""));
    differ(
        case.call("config_text", "empty").call("remembers", "").call("remembers", ""),
        [null(), null(), null()],
        [empty(), null(), empty()],
    );
}

#[test]
fn a_var_that_is_replaced_counts_once() {
    let set = "(call $var_set (call $text (i32.const 0) (i32.const 1)) (call $input_offset))";
    let case = Case::new("a var", probe::run(set))
        .with("memory", json!({ "max_var_bytes": 100 }))
        .call("run", "12345678")
        .call("run", "12345678");
    differ(case, [ok(), Outcome::stopped(-1)], [ok(), ok()]);
}

#[test]
fn more_ways_to_write_a_manifest_are_read() {
    let module = r#"(module (func (export "run")))"#;
    let mut hashed = data(module);
    hashed["hash"] = to_hex(&Sha256::digest(module)).to_uppercase().into();
    let hashed = Case::manifest("a hash in capitals", json!({ "wasm": [hashed] }));
    let padded = Case::bytes("text with spaces around", format!("\n {module} \n"));
    let null = Case::new("memory that is null", module).with("memory", Value::Null);
    for case in [hashed, padded, null] {
        differ(case.call("run", ""), refused(), [ok()]);
    }
}

#[test]
fn a_single_file_may_be_allowed() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compat_single.txt");
    fs::write(&path, "a file").unwrap();
    let path = path.into_os_string().into_string().unwrap();
    let case = Case::new("a file", r#"(module (func (export "run")))"#)
        .with_wasi()
        .with("allowed_paths", json!({ path: "/file.txt" }))
        .call("run", "");
    differ(case, refused(), [ok()]);
}

#[test]
fn the_published_pdk_meets_the_same_differences() {
    let functions = crate::published::functions();
    let case = Case::new("vars", guest("published")).with("memory", json!({ "max_var_bytes": 60 }));
    let case = functions.into_iter().fold(case, Case::with_function);
    differ(
        case.call("remembers", "12345678").call("remembers", "1"),
        [Outcome::output("null"), Outcome::stopped(-1)],
        [Outcome::output("null"), Outcome::output("\"12345678\"")],
    );
}
