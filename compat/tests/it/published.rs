//! One plug-in, compiled on Extism's own published PDK and on ours, here and on the library that the
//! first was made for.

use plugsmith::{LogLevel, ValType};
use serde_json::json;

use crate::{
    case::{Case, Does, HostFunction, Step, named},
    compare::check,
    guest,
};

const PTR: ValType = ValType::I64;

/// What the plug-in is called on each PDK.
const PLUGINS: [&str; 2] = ["published", "moved"];

/// What the plug-in wants of its host.
pub(crate) fn functions() -> [HostFunction; 4] {
    [
        HostFunction::new("greet", &[PTR], &[PTR], Does::Reply),
        HostFunction::new("note", &[PTR], &[], Does::Nothing),
        HostFunction::new("join", &[PTR, PTR, PTR], &[PTR], Does::Reply).within("desk"),
        HostFunction::new("nothing", &[], &[PTR], Does::Nothing).within("desk"),
    ]
}

/// Runs the plug-in as it is on each PDK.
fn check_each(steps: impl Fn(Case) -> Case) {
    check(PLUGINS.map(|plugin| {
        let case = Case::new(plugin, guest(plugin));
        steps(functions().into_iter().fold(case, Case::with_function))
    }));
}

fn calls<I: AsRef<[u8]>>(case: Case, export: &str, inputs: impl IntoIterator<Item = I>) -> Case {
    inputs.into_iter().fold(case, |case, input| case.call(export, input))
}

fn fails<I: AsRef<[u8]>>(case: Case, export: &str, inputs: impl IntoIterator<Item = I>) -> Case {
    inputs.into_iter().fold(case, |case, input| case.fail(export, input))
}

/// Calls each export with each input.
fn calls_each(case: Case, exports: &[&str], inputs: &[&str]) -> Case {
    exports.iter().fold(case, |case, export| calls(case, export, inputs))
}

#[test]
fn values_of_every_type() {
    let texts = ["", "a", "of eight", "nine char", "mit Umläuten: äöü", "\u{0}\u{1}"];
    let lens = [0, 1, 7, 8, 9, 65_535, 65_536, 1 << 20];
    check_each(|case| {
        let case = calls(case, "text", texts);
        let case = fails(case, "text", [&[0xff][..], b"half \xc3"]);
        let case =
            calls(case, "bytes", [&b""[..], b"\0\xff", b"1234567", b"12345678", b"123456789"]);
        let case = calls(case, "echo", lens.map(|len| vec![b'e'; len]));
        let case = calls(case, "nothing", ["", "ignored"]);
        let case = calls(case, "unit", ["", "ignored"]);
        let case =
            calls(case, "msgpack", [&b"\x90"[..], b"\x93\x01\xcd\x03\xe8\xce\xff\xff\xff\xff"]);
        let case = fails(case, "msgpack", [&b""[..], b"\x93\x01", b"\xc1", b"\xa1a"]);
        let case = calls(case, "packs", ["[]", "[0,1,300,70000]"]);
        let case = calls(case, "number", [0_u64, 999, 1_000, u64::MAX].map(u64::to_le_bytes));
        let case = fails(case, "number", [&b""[..], b"1234567", b"123456789"]);
        let case = calls(case, "float", [0.0, -0.0, 0.1, f64::MAX, f64::NAN].map(f64::to_le_bytes));
        let case = calls(case, "truth", [[0_u8], [1], [2]]);
        let case = calls(case, "option", ["", "x"]);
        calls(case, "block", texts)
    });
}

#[test]
fn values_in_json() {
    let place = r#"{"name":"Ü","x":1.5,"y":null,"tags":["a","b"]}"#;
    let other = r#" { "y": -7, "tags": [], "x": 0, "name": "" } "#;
    let no_places = ["", "{}", "[]", r#"{"name":1,"x":0,"tags":[]}"#, "\u{0}"];
    check_each(|case| {
        let case = calls_each(case, &["json", "derived", "pretty_json"], &[place, other]);
        let case = fails(case, "json", no_places);
        let case = fails(case, "derived", no_places);
        let case =
            calls(case, "any_json", ["null", "[1,2.5,\"x\"]", place, "18446744073709551615"]);
        fails(case, "any_json", ["", "nul", "[1,]"])
    });
}

#[test]
fn failures_of_every_kind() {
    let messages = ["what went wrong", "mit Umläuten", "two\nlines"];
    let rest = |case: Case| case.call("text", "still here");
    check_each(|case| {
        let case = rest(fails(case, "fails", messages));
        let case = rest(fails(case, "fails_with_status", ["1", "7", "-1", "134", "2147483647"]));
        let case = rest(fails(case, "fails_with_causes", [""]));
        let case = calls(case, "fails_in_std", ["17", "-3"]);
        let case = rest(fails(case, "fails_in_std", ["", "seventeen", "99999999999"]));
        let case = rest(fails(case, "panics", messages));
        let case = calls(case, "indexes", ["more than four"]);
        let case = rest(fails(case, "indexes", ["", "abc"]));
        rest(fails(case, "aborts", [""]))
    });
}

#[test]
fn a_message_of_nothing_is_none() {
    check_each(|case| case.fail("fails", "").call("text", ""));
}

#[test]
fn a_failure_of_status_0_is_one() {
    check_each(|case| case.fail("fails_with_status", "0").call("text", ""));
}

#[test]
fn config_and_vars() {
    let keys = ["key", "Schlüssel", "missing", ""];
    check_each(|case| {
        let config = json!({ "key": "value", "Schlüssel": "Wört" });
        let case = calls_each(case.with("config", config), &["config_text", "config_block"], &keys);
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
        calls(case, "logs", ["into nothing"])
    });
}

#[test]
fn vars_have_a_limit() {
    check_each(|case| {
        let case = case.with("memory", json!({ "max_var_bytes": 0 }));
        case.fail("remembers", "one").call("recalls", "last").fail("counts", "")
    });
    check_each(|case| {
        let case = case.with("memory", json!({ "max_var_bytes": 60 }));
        let case = case.call("remembers", "12345678").call("recalls", "last").call("forgets", "");
        case.fail("remembers", "123456789")
    });
}

#[test]
fn empty_values() {
    let case = Case::new("published", guest("published")).with("config", json!({ "empty": "" }));
    let case = functions().into_iter().fold(case, Case::with_function);
    let case = calls(case, "config_text", ["empty", "missing"]);
    check([calls(calls(case, "remembers", ["", ""]), "recalls", ["last"])]);
}

#[test]
fn logs_from_a_level_on() {
    for level in [LogLevel::Trace, LogLevel::Warn] {
        let messages = ["a message", "two\nlines", "mit Umläuten", ""];
        check_each(|case| calls(case.with_log_level(level), "logs", messages));
    }
}

#[test]
fn functions_of_the_host() {
    let exports = ["greets", "greets_twice", "notes", "joins", "takes_nothing"];
    check_each(|case| calls_each(case, &exports, &["Ada", "", "of eight", "mit Umläuten"]));
}

#[test]
fn blocks_of_memory() {
    let exports =
        ["describes", "round_trip", "manages", "points", "internals", "turns", "lends", "null"];
    check_each(|case| {
        let case =
            calls_each(case, &exports, &["a", "of eight", "more than eight", "mit Umläuten"]);
        case.call("recalls", "lent")
    });
}

#[test]
fn blocks_of_nothing() {
    check_each(|case| calls_each(case, &["describes", "round_trip", "manages", "null"], &[""]));
}

#[test]
fn exports_by_hand() {
    let exports =
        ["reverse", "counts_bytes", "returns_nothing", "loads_and_stores", "base64", "with_status"];
    check_each(|case| {
        let case = calls_each(case, &exports, &["", "a", "of eight", "more than eight"]);
        let case = calls(case, "sum", ["[]", "[1,2,3]"]);
        let case = fails(case, "sum", ["", "[-1]", "{}"]);
        fails(case, "returns_status", [""])
    });
}

#[test]
fn exports_exist() {
    check_each(|case| {
        ["text", "json", "reverse", "main", "add", "missing"]
            .iter()
            .fold(case, |case, name| case.step(Step::Exists { export: (*name).to_owned() }))
    });
}

#[test]
fn functions_of_another_module() {
    let case = |name: String, modules| Case::manifest(name, json!({ "wasm": modules }));
    let calls = |case: Case| {
        case.call("joins", r#"["one","two"]"#)
            .call("adds", "[1,2]")
            .call("keeps", "one")
            .call("keeps", "another")
            .fail("adds", "[4294967295,1]")
            .call("adds", "[4294967295,0]")
            .step(Step::Exists { export: "joins".to_owned() })
            .step(Step::Exists { export: "join".to_owned() })
    };
    // Each module may be on either PDK, and in either place: what passes between them is the same.
    for (user, library) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let name = format!("{} with {}", PLUGINS[user], PLUGINS[library]);
        let main = named("main", guest(&format!("{}_user", PLUGINS[user])));
        let lib = named("library", guest(&format!("{}_library", PLUGINS[library])));
        let modules = if user == library { [lib, main] } else { [main, lib] };
        check([calls(case(name, json!(modules)))]);
    }
    let alone = named("main", guest("published_user"));
    check([case("without the library".to_owned(), json!([alone])).refused()]);
}
