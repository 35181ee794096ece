//! Plug-ins on our PDK, and those in other languages, here and on Extism's published library.

use std::fs;

use plugsmith::{LogLevel, ValType};
use serde_json::json;

use crate::{
    case::{Case, Does, HostFunction, Step},
    compare::check,
    guest::{guest, is_skipped},
};

const PTR: ValType = ValType::I64;
const CARTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data/carts.jsonl");

/// What is written in other languages, under the names of its files, and whether it needs WASI.
const LANGUAGES: [(&str, bool); 5] =
    [("assemblyscript", false), ("c", false), ("go", true), ("wat", false), ("zig", false)];

const TEXTS: [&str; 5] = ["a", "Hello, plug-in!", "rhythm", "mit Umläuten äöü", "two\nlines"];

fn calls(case: Case, export: &str, inputs: &[&str]) -> Case {
    inputs.iter().fold(case, |case, input| case.call(export, input))
}

fn fails(case: Case, export: &str, inputs: &[&str]) -> Case {
    inputs.iter().fold(case, |case, input| case.fail(export, input))
}

/// As many bytes, all of them different from their neighbours.
fn bytes(len: u32) -> Vec<u8> {
    (0..len).map(|idx| idx.to_le_bytes()[0]).collect()
}

#[test]
fn count_vowels() {
    let case = Case::new("count_vowels", guest("count_vowels")).call("count_vowels", "");
    let case = calls(case, "count_vowels", &TEXTS);
    check([case.fail("count_vowels", [0xff]).call("count_vowels", "still here")]);
}

#[test]
fn count_vowels_for_wasi() {
    if is_skipped("wasip1") {
        return;
    }
    let case = Case::new("count_vowels", guest("count_vowels.wasip1")).with_wasi();
    let case = calls(case.call("count_vowels", ""), "count_vowels", &TEXTS);
    check([case.fail("count_vowels", [0xff]).call("count_vowels", "still here")]);
}

#[test]
fn renamed() {
    let functions = [
        HostFunction::new("zone", &[PTR], &[PTR], Does::Reply),
        HostFunction::new("announce", &[PTR], &[], Does::Nothing),
        HostFunction::new("surcharge", &[PTR, PTR], &[PTR], Does::Reply).within("parcel:desk"),
    ];
    let case = Case::new("renamed", guest("renamed"));
    let case = functions.into_iter().fold(case, Case::with_function);
    let (light, heavy) = (r#"{"grams":2000}"#, r#"{"grams":2001}"#);
    let case = calls(case, "label", &[light, heavy]);
    let case = calls(case, "label_or_error", &[light, heavy]);
    let case = fails(case, "label", &["", "7"]);
    let case = fails(case, "label_or_error", &["", "7"]);
    let case = calls(case, "reverse", &TEXTS);
    let case = fails(calls(case, "check", &["30000"]), "check", &["30001", "x"]);
    // The zone is no number.
    check([fails(case, "postage", &[r#"{"grams":1,"country":"NZ"}"#])]);
}

#[test]
fn discount() {
    let carts = fs::read_to_string(CARTS).unwrap();
    let carts: Vec<_> = carts.lines().step_by(40).collect();
    let case = Case::new("discount", guest("discount"));
    let case = calls(case, "before_checkout", &carts);
    let no_carts = ["", "{}", "no cart", r#"{"cart_total_in_cents":"1"}"#];
    let case = fails(case, "before_checkout", &no_carts);
    let case = carts.iter().fold(case, |case, cart| {
        case.call("before_checkout_finalize", cart.replace("cart_total_in_cents", "cart_total"))
    });
    check([fails(case, "before_checkout_finalize", &no_carts)]);
}

#[test]
fn trouble() {
    let texts = &TEXTS[..];
    let case = Case::new("trouble", guest("trouble")).with("config", json!({ "key": "value" }));
    let case = calls(case, "echo", texts);
    let case = calls(case, "logs", texts);
    let case = calls(case, "reads_config", &["key", "missing", ""]);
    let case = calls(case, "needs_config", &["key"]);
    let case = fails(case, "needs_config", &["missing"]);
    let case = calls(case, "reads_var", &["a"]);
    let case = calls(case, "writes_var", &[r#"{"key":"a","value":"1"}"#]);
    let case = calls(case, "reads_var", &["a", "b"]);
    let case = calls(case, "writes_var", &[r#"{"key":"a"}"#]);
    let case = calls(case, "reads_var", &["a"]);
    let case = calls(case, "counts_in_var", &["", "", ""]);
    let case = calls(case, "counts", &["", ""]);
    let case = fails(case, "fails", texts);
    let case = fails(case, "fails_with_causes", &[""]);
    let case = fails(case, "fails_with_status", &["1", "7", "-1", "134"]);
    let case = fails(case, "decodes", &["", "{}", r#"{"x":1}"#, r#"{"x":1,"y":"2"}"#]);
    let case = calls(case, "decodes", &[r#"{"x":1,"y":2}"#]);
    let case = calls(case, "gives_no_json", &[""]);
    let case = calls(case, "succeeds_with_status", &["0"]);
    let case = fails(case, "succeeds_with_status", &["1", "-1"]);
    let case = calls(case, "returns_nothing", &["", "done"]);
    let case = fails(case, "returns_status", &[""]);
    let case = fails(case, "takes_argument", &[""]);
    let case = calls(case, "counts", &[""]);
    let case = fails(case, "panics", texts);
    let case = fails(case, "traps", &[""]);
    let case = calls(case, "echo", &["still here"]);
    check([case.step(Step::Exists { export: "returns_i64".to_owned() })]);
}

#[test]
fn trouble_with_a_log() {
    check([LogLevel::Trace, LogLevel::Info, LogLevel::Error].map(|level| {
        let case = Case::new(format!("from {level}"), guest("trouble")).with_log_level(level);
        calls(case, "logs", &TEXTS)
    }));
}

#[test]
fn sizes_around_words_and_pages() {
    let sizes = [0, 1, 7, 8, 9, 15, 16, 17, 4_095, 65_535, 65_536, 65_537, 131_072, 1 << 20];
    let case = Case::new("sizes", guest("trouble"));
    check([sizes.into_iter().fold(case, |case, len| case.call("echo", bytes(len)))]);
}

#[test]
fn plugins_in_other_languages() {
    let languages = LANGUAGES.into_iter().filter(|(language, _)| !is_skipped(language));
    check(languages.map(|(language, wasi)| {
        let case = Case::new(language, guest(language))
            .with("config", json!({ "key": "value", "empty": "", "Schlüssel": "Wört" }))
            .with_function(HostFunction::new("greeting", &[PTR], &[PTR], Does::Reply));
        let case = if wasi { case.with_wasi() } else { case };
        let case = calls(case, "count_vowels", &TEXTS).call("count_vowels", "");
        let case = [0, 1, 7, 8, 9, 65_535, 65_536, 1 << 20]
            .into_iter()
            .fold(case, |case, len| case.call("echo", bytes(len)));
        let case = fails(case, "fail", &TEXTS).fail("fail", "");
        let case = calls(case, "greet", &TEXTS).call("greet", "");
        let case = calls(case, "setting", &["key", "Schlüssel"]);
        let case = fails(case, "setting", &["missing"]);
        let case = calls(case, "remember", &TEXTS);
        let case = case.step(Step::Reset);
        let case = calls(case, "remember", &TEXTS[..2]);
        case.step(Step::Exists { export: "count_vowels".to_owned() })
            .step(Step::Exists { export: "missing".to_owned() })
    }));
}
