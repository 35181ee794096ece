//! Plug-ins on Extism's own published PDK, here and on the library that it was made for.

use plugsmith::{LogLevel, ValType};
use serde_json::json;

use crate::{
    case::{Case, Does, HostFunction, Step, named},
    compare::check,
    guest,
};

const PTR: ValType = ValType::I64;

/// What the plug-in that uses all of the PDK wants of its host.
pub(crate) fn functions() -> [HostFunction; 4] {
    [
        HostFunction::new("greet", &[PTR], &[PTR], Does::Reply),
        HostFunction::new("note", &[PTR], &[], Does::Nothing),
        HostFunction::new("join", &[PTR, PTR, PTR], &[PTR], Does::Reply).within("desk"),
        HostFunction::new("nothing", &[], &[PTR], Does::Nothing).within("desk"),
    ]
}

/// The plug-in that uses all of the PDK.
fn published(name: &str) -> Case {
    functions().into_iter().fold(Case::new(name, guest("published")), Case::with_function)
}

fn calls<I: AsRef<[u8]>>(case: Case, export: &str, inputs: impl IntoIterator<Item = I>) -> Case {
    inputs.into_iter().fold(case, |case, input| case.call(export, input))
}

fn fails<I: AsRef<[u8]>>(case: Case, export: &str, inputs: impl IntoIterator<Item = I>) -> Case {
    inputs.into_iter().fold(case, |case, input| case.fail(export, input))
}

#[test]
fn values_of_every_type() {
    let place = r#"{"name":"Ü","x":1.5,"y":null,"tags":["a","b"]}"#;
    let other = r#" { "y": -7, "tags": [], "x": 0, "name": "" } "#;
    let no_places = ["", "{}", "[]", r#"{"name":1,"x":0,"tags":[]}"#, "\u{0}"];
    let texts = ["", "a", "of eight", "nine char", "mit Umläuten: äöü", "\u{0}\u{1}"];
    let case = published("values");
    let case = calls(case, "text", texts);
    let case = fails(case, "text", [&[0xff][..], b"half \xc3"]);
    let case = calls(case, "bytes", [&b""[..], b"\0\xff", b"1234567", b"12345678", b"123456789"]);
    let case =
        calls(case, "echo", [0, 1, 7, 8, 9, 65_535, 65_536, 1 << 20].map(|len| vec![b'e'; len]));
    let case = calls(case, "nothing", ["", "ignored"]);
    let case = calls(case, "unit", ["", "ignored"]);
    let case = calls(case, "json", [place, other]);
    let case = fails(case, "json", no_places);
    let case = calls(case, "derived", [place, other]);
    let case = fails(case, "derived", no_places);
    let case = calls(case, "pretty_json", [place, other]);
    let case = calls(case, "any_json", ["null", "[1,2.5,\"x\"]", place, "18446744073709551615"]);
    let case = fails(case, "any_json", ["", "nul", "[1,]"]);
    let case = calls(case, "msgpack", [&b"\x90"[..], b"\x93\x01\xcd\x03\xe8\xce\xff\xff\xff\xff"]);
    let case = fails(case, "msgpack", [&b""[..], b"\x93\x01", b"\xc1", b"\xa1a"]);
    let case = calls(case, "packs", ["[]", "[0,1,300,70000]"]);
    let case = calls(case, "number", [0_u64, 999, 1_000, u64::MAX].map(u64::to_le_bytes));
    let case = fails(case, "number", [&b""[..], b"1234567", b"123456789"]);
    let case = calls(case, "float", [0.0_f64, -0.0, 0.1, f64::MAX, f64::NAN].map(f64::to_le_bytes));
    let case = calls(case, "truth", [[0_u8], [1], [2]]);
    let case = calls(case, "option", ["", "x"]);
    let case = calls(case, "block", texts);
    let names = ["text", "json", "main", "add", "missing"];
    check([names
        .iter()
        .fold(case, |case, name| case.step(Step::Exists { export: (*name).to_owned() }))]);
}

#[test]
fn failures_of_every_kind() {
    let messages = ["what went wrong", "mit Umläuten", "two\nlines"];
    let rest = |case: Case| case.call("text", "still here");
    let case = rest(fails(published("failures"), "fails", messages));
    let case = rest(fails(case, "fails_with_status", ["1", "7", "-1", "134", "2147483647"]));
    let case = rest(fails(case, "fails_with_causes", [""]));
    let case = calls(case, "fails_in_std", ["17", "-3"]);
    let case = rest(fails(case, "fails_in_std", ["", "seventeen", "99999999999"]));
    let case = rest(fails(case, "panics", messages));
    let case = calls(case, "indexes", ["more than four"]);
    let case = rest(fails(case, "indexes", ["", "abc"]));
    check([rest(fails(case, "aborts", [""]))]);
}

#[test]
fn a_message_of_nothing_is_none() {
    check([published("failures")
        .fail("fails", "")
        .fail("fails_with_status", "0")
        .call("text", "")]);
}

#[test]
fn what_a_host_grants() {
    let config = json!({ "key": "value", "empty": "", "Schlüssel": "Wört" });
    let case = published("capabilities").with("config", config);
    let case = calls(case, "config_text", ["key", "empty", "Schlüssel", "missing", ""]);
    let case = calls(case, "config_block", ["key", "empty", "Schlüssel", "missing", ""]);
    let case = calls(case, "recalls", ["last"]);
    let case = calls(case, "remembers", ["one", "two", "zwölf"]);
    let case = calls(case, "recalls", ["last", "other"]);
    let case = case.step(Step::Reset);
    let case = calls(case, "recalls", ["last"]);
    let case = calls(case, "forgets", ["", ""]);
    let case = calls(case, "recalls", ["last"]);
    let case = calls(case, "counts", ["", "", ""]);
    let case = calls(case, "sets", ["Ada"]);
    let case = calls(case, "recalls", ["last", "n_calls"]);
    let case = calls(case, "levels", [""]);
    check([
        calls(case, "logs", ["into nothing"]),
        published("vars are disabled")
            .with("memory", json!({ "max_var_bytes": 0 }))
            .fail("remembers", "one")
            .call("recalls", "last")
            .fail("counts", ""),
        published("few vars")
            .with("memory", json!({ "max_var_bytes": 60 }))
            .call("remembers", "12345678")
            .call("recalls", "last")
            .call("forgets", "")
            .fail("remembers", "123456789"),
    ]);
}

#[test]
fn an_empty_var() {
    check([calls(calls(published("an empty var"), "remembers", ["", ""]), "recalls", ["last"])]);
}

#[test]
fn logs_at_every_level() {
    let levels =
        [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error];
    check(levels.map(|level| {
        let case = published(&format!("from {level}")).with_log_level(level);
        calls(case, "logs", ["a message", "two\nlines", "mit Umläuten", ""])
    }));
}

#[test]
fn functions_of_the_host() {
    let texts = ["Ada", "", "of eight", "mit Umläuten"];
    let exports = ["greets", "greets_twice", "notes", "joins", "takes_nothing"];
    check([exports
        .iter()
        .fold(published("host functions"), |case, export| calls(case, export, texts))]);
}

#[test]
fn blocks_of_memory() {
    let texts = ["a", "of eight", "more than eight", "mit Umläuten"];
    let exports = ["describes", "round_trip", "manages", "points", "internals", "null"];
    check([exports.iter().fold(published("memory"), |case, export| calls(case, export, texts))]);
}

#[test]
fn blocks_of_nothing() {
    let exports = ["describes", "round_trip", "manages", "null"];
    let case = exports.iter().fold(published("no memory"), |case, export| case.call(*export, ""));
    check([case.fail("points", "").call("null", "")]);
}

#[test]
fn exports_by_hand() {
    let texts = ["", "a", "of eight", "more than eight"];
    let exports = ["reverse", "counts_bytes", "returns_nothing", "loads_and_stores"];
    let case = exports.iter().fold(published("by hand"), |case, export| calls(case, export, texts));
    let case = calls(case, "sum", ["[]", "[1,2,3]"]);
    let case = fails(case, "sum", ["", "[-1]", "{}"]);
    check([fails(case, "returns_status", [""])]);
}

#[test]
fn functions_of_another_module() {
    let (user, library) = (guest("published_user"), guest("published_library"));
    let case = |name: &str, modules| Case::manifest(name, json!({ "wasm": modules }));
    let calls = |case: Case| {
        case.call("joins", r#"["one","two"]"#)
            .fail("joins", r#"["",""]"#)
            .call("adds", "[1,2]")
            .call("keeps", "one")
            .call("keeps", "another")
            .fail("adds", "[4294967295,1]")
            .call("adds", "[4294967295,0]")
            .step(Step::Exists { export: "joins".to_owned() })
            .step(Step::Exists { export: "join".to_owned() })
    };
    check([
        calls(case("the library first", json!([named("library", &library), named("main", &user)]))),
        calls(case("the library last", json!([named("main", &user), named("library", &library)]))),
        case("no library", json!([named("main", &user)])).refused(),
    ]);
}
