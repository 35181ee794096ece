//! The functions of the host: config, vars, logging and HTTP, as far as they need no server.

use plugsmith::LogLevel;
use serde_json::json;

use crate::{
    case::{Case, Step},
    compare::check,
    probe,
};

const DATA: &str = r#"(data (i32.const 0) "key\ffmissing\00k\c3\a9y")"#;

/// Questions about config, which says `key` is `value`, `empty` is empty, and `kéy` is `välue`.
const CONFIG: &[(&str, &str)] = &[
    ("a value", "(call $give (call $config_get (call $text (i32.const 0) (i32.const 3))))"),
    (
        "a value under a key of several bytes a character",
        "(call $give (call $config_get (call $text (i32.const 12) (i32.const 4))))",
    ),
    ("no value", "(call $emit (call $config_get (call $text (i32.const 4) (i32.const 7))))"),
    ("no key", "(call $give (call $config_get (i64.const 0)))"),
    ("a part of a key", "(call $emit (call $config_get (call $text (i32.const 0) (i32.const 2))))"),
    (
        "the key is freed",
        "(local.set $a (call $text (i32.const 0) (i32.const 3)))
      (local.set $b (call $config_get (local.get $a)))
      (call $emit (call $length (local.get $a)))
      (call $emit (call $length (local.get $b)))
      (call $emit (call $length_unsafe (local.get $b)))
      (call $free (local.get $a))
      (call $emit (call $length (local.get $b)))",
    ),
    (
        "the key is freed even if there is no value",
        "(local.set $a (call $text (i32.const 4) (i32.const 7)))
      (call $emit (call $config_get (local.get $a)))
      (call $emit (call $length (local.get $a)))",
    ),
    (
        "the value is the guest's",
        "(local.set $a (call $config_get (call $text (i32.const 0) (i32.const 3))))
      (call $store_u8 (local.get $a) (i32.const 88))
      (call $give (call $config_get (call $text (i32.const 0) (i32.const 3))))",
    ),
];

/// What is no key of config, or no text.
const BAD_CONFIG: &[(&str, &str)] = &[
    ("a key that is no block", "(drop (call $config_get (i64.const 999999999)))"),
    (
        "a key that was freed",
        "(local.set $a (call $text (i32.const 0) (i32.const 3)))
      (call $free (local.get $a)) (drop (call $config_get (local.get $a)))",
    ),
    (
        "a key in the middle of a block",
        "(drop (call $config_get (i64.add (call $text (i32.const 0) (i32.const 3)) (i64.const 1))))",
    ),
    ("a key that is no text", "(drop (call $config_get (call $text (i32.const 3) (i32.const 1))))"),
];

/// Steps with the vars, in this order, in one plug-in.
const VARS: &[(&str, &str)] = &[
    (
        "missing",
        "(call $emit (call $any (call $var_get (call $text (i32.const 0) (i32.const 3)))))",
    ),
    (
        "set",
        "(local.set $a (call $text (i32.const 0) (i32.const 3)))
      (local.set $b (call $text (i32.const 4) (i32.const 7)))
      (call $var_set (local.get $a) (local.get $b))
      (call $emit (call $length (local.get $a))) (call $emit (call $length (local.get $b)))",
    ),
    (
        "get",
        "(local.set $a (call $text (i32.const 0) (i32.const 3)))
      (local.set $b (call $var_get (local.get $a)))
      (call $emit (call $length (local.get $a))) (call $emit (call $length (local.get $b)))
      (call $emit (call $load_u64 (local.get $b)))",
    ),
    ("get_as_output", "(call $give (call $var_get (call $text (i32.const 0) (i32.const 3))))"),
    (
        "change_the_copy",
        "(local.set $a (call $var_get (call $text (i32.const 0) (i32.const 3))))
      (call $store_u8 (local.get $a) (i32.const 88))
      (call $give (call $var_get (call $text (i32.const 0) (i32.const 3))))",
    ),
    (
        "set_any_bytes",
        "(call $var_set (call $text (i32.const 0) (i32.const 3))
        (call $text (i32.const 3) (i32.const 1)))",
    ),
    (
        "set_the_input",
        "(call $var_set (call $text (i32.const 0) (i32.const 3)) (call $input_offset))
      (call $emit (call $input_length))",
    ),
    ("set_under_no_key", "(call $var_set (i64.const 0) (call $text (i32.const 4) (i32.const 7)))"),
    ("get_under_no_key", "(call $give (call $var_get (i64.const 0)))"),
    (
        "remove",
        "(local.set $a (call $text (i32.const 0) (i32.const 3)))
      (call $var_set (local.get $a) (i64.const 0))
      (call $emit (call $length (local.get $a)))",
    ),
    (
        "remove_the_missing",
        "(call $var_set (call $text (i32.const 4) (i32.const 7)) (i64.const 0))",
    ),
    (
        "key_is_value",
        "(local.set $a (call $text (i32.const 0) (i32.const 3)))
      (call $var_set (local.get $a) (local.get $a))",
    ),
];

/// What is no key of a var, or no value.
const BAD_VARS: &[(&str, &str)] = &[
    ("a key that is no block, read", "(drop (call $var_get (i64.const 999999999)))"),
    (
        "a key that is no block, written",
        "(call $var_set (i64.const 999999999) (call $text (i32.const 0) (i32.const 3)))",
    ),
    (
        "a value that is no block",
        "(call $var_set (call $text (i32.const 0) (i32.const 3)) (i64.const 999999999))",
    ),
    (
        "a key that is no text, read",
        "(drop (call $var_get (call $text (i32.const 3) (i32.const 1))))",
    ),
    (
        "a key that is no text, written",
        "(call $var_set (call $text (i32.const 3) (i32.const 1))
        (call $text (i32.const 0) (i32.const 3)))",
    ),
    (
        "a key that was freed",
        "(local.set $a (call $text (i32.const 0) (i32.const 3)))
      (call $free (local.get $a)) (drop (call $var_get (local.get $a)))",
    ),
];

/// What is no HTTP request that is granted.
const BAD_REQUESTS: &[(&str, &str)] = &[
    ("no request", r"(drop (call $http_request (i64.const 0) (i64.const 0)))"),
    (
        "a request that is no block",
        r"(drop (call $http_request (i64.const 999999999) (i64.const 0)))",
    ),
    ("the input as request", r"(drop (call $http_request (call $input_offset) (i64.const 0)))"),
];

fn module(rows: &[(&str, &str)]) -> Vec<u8> {
    let export = |(name, body): &(&str, &str)| {
        let done = if body.contains("$emit") { "(call $done)" } else { "" };
        format!(r#"(func (export "{name}") (local $a i64) (local $b i64) {body} {done})"#)
    };
    let fields: Vec<_> = rows.iter().map(export).collect();
    let fine = r#"(func (export "fine") (call $give (call $input_offset)))"#;
    probe::module(&format!("{} {fine} {DATA}", fields.join("\n")))
}

#[test]
fn config_is_read() {
    let config = json!({ "key": "value", "empty": "", "kéy": "välue", "": "of no key" });
    check(CONFIG.iter().map(|(name, body)| {
        let module = module(&[("run", body)]);
        Case::new(*name, module).with("config", config.clone()).call("run", "").call("run", "")
    }));
}

#[test]
fn keys_of_config_are_checked() {
    check(BAD_CONFIG.iter().map(|(name, body)| {
        Case::new(*name, module(&[("run", body)])).fail("run", "").call("fine", "still here")
    }));
}

#[test]
fn vars_are_kept_from_call_to_call() {
    let case = |name, exports: &[&str]| {
        let case = Case::new(name, module(VARS));
        exports.iter().fold(case, |case, export| case.call(*export, "the input"))
    };
    let each: Vec<_> = VARS.iter().map(|(name, _)| *name).collect();
    check([
        case("each once", &each),
        case("each twice", &[each.clone(), each].concat()),
        case("set and removed", &["set", "get", "remove", "get", "set", "get", "get_as_output"]),
        case("set over and over", &["set", "set_any_bytes", "get", "set_the_input", "get"]),
        case("of no key", &["get_under_no_key", "set_under_no_key", "get_under_no_key"]),
        case("key and value are one block", &["key_is_value", "get_as_output", "get"]),
        case("a copy is changed", &["set", "change_the_copy", "get_as_output"]),
        case("a reset keeps vars", &["set"]).step(Step::Reset).call("get", ""),
    ]);
}

#[test]
fn keys_and_values_of_vars_are_checked() {
    check(BAD_VARS.iter().map(|(name, body)| {
        Case::new(*name, module(&[("run", body)])).fail("run", "").call("fine", "still here")
    }));
}

#[test]
fn vars_have_a_limit() {
    let set = "(call $var_set (call $text (i32.const 0) (i32.const 3)) (call $input_offset))";
    let other = "(call $var_set (call $text (i32.const 4) (i32.const 7)) (call $input_offset))";
    let get = "(call $give (call $var_get (call $text (i32.const 0) (i32.const 3))))";
    let remove = "(call $var_set (call $text (i32.const 0) (i32.const 3)) (i64.const 0))";
    let rows = [("set", set), ("other", other), ("get", get), ("remove", remove)];
    let case = |name: &str, limit: u64| {
        Case::new(name, module(&rows)).with("memory", json!({ "max_var_bytes": limit }))
    };
    let bytes = |len: usize| vec![b'v'; len];
    check([
        case("no vars at all", 0).fail("set", "v").call("get", "").call("fine", ""),
        case("an empty value counts", 50).fail("set", "v").call("get", ""),
        case("just enough", 3 + 48 + 10).call("set", bytes(10)).call("get", ""),
        case("one byte too much", 3 + 48 + 10).fail("set", bytes(11)).call("get", ""),
        case("twice fits", 2 * (3 + 48 + 10)).call("set", bytes(10)).call("set", bytes(10)),
        case("two vars", 3 + 48 + 10 + 7 + 48 + 10)
            .call("set", bytes(10))
            .call("other", bytes(10))
            .fail("other", bytes(11))
            .call("get", ""),
        case("a removed var does not count", 3 + 48 + 10)
            .call("set", bytes(10))
            .call("remove", "")
            .call("set", bytes(10)),
        case("what was refused is not kept", 100)
            .call("set", "before")
            .fail("set", bytes(100))
            .call("get", ""),
        Case::new("the limit by default", module(&rows))
            .call("set", bytes((1 << 20) - 51))
            .call("remove", "")
            .fail("set", bytes((1 << 20) - 50)),
    ]);
}

#[test]
fn messages_are_logged() {
    const LEVELS: [(LogLevel, &str); 5] = [
        (LogLevel::Trace, "trace"),
        (LogLevel::Debug, "debug"),
        (LogLevel::Info, "info"),
        (LogLevel::Warn, "warn"),
        (LogLevel::Error, "error"),
    ];
    let mut exports: Vec<(String, String)> = LEVELS
        .iter()
        .map(|(_, name)| ((*name).to_owned(), format!("(call $log_{name} (call $input_offset))")))
        .collect();
    exports.push(("level".to_owned(), "(call $emit32 (call $get_log_level))".to_owned()));
    exports.push((
        "freed".to_owned(),
        "(call $log_error (call $input_offset)) (call $emit (call $length (call $input_offset)))
         (call $emit (call $input_length))"
            .to_owned(),
    ));
    let exports: Vec<_> =
        exports.iter().map(|(name, body)| (name.as_str(), body.as_str())).collect();
    let case = |name: String| {
        let case = Case::new(name, module(&exports)).call("level", "").call("freed", "a message");
        let messages = ["a message", "of two\nlines", "mit Umläuten", " spaces "];
        LEVELS
            .iter()
            .zip(messages.iter().cycle())
            .fold(case, |case, ((_, name), message)| case.call(*name, message))
    };
    let levels = LEVELS.map(|(level, name)| case(format!("from {name}")).with_log_level(level));
    check([case("no log".to_owned())].into_iter().chain(levels));
}

#[test]
fn messages_are_checked_where_they_are_logged() {
    let rows = [
        ("no_block", "(call $log_error (i64.const 999999999))"),
        ("no_message", "(call $log_error (i64.const 0))"),
    ];
    check([
        Case::new("logged", module(&rows))
            .with_log_level(LogLevel::Error)
            .fail("no_block", "")
            .call("fine", "still here")
            .call("fine", "still here"),
        Case::new("below the level", module(&[("run", "(call $log_warn (i64.const 999999999))")]))
            .with_log_level(LogLevel::Error)
            .call("run", ""),
        Case::new("no log", module(&rows)).call("no_block", "").call("fine", "still here"),
    ]);
}

#[test]
fn requests_are_checked() {
    let answer = "(call $emit32 (call $http_status_code)) (call $emit (call $http_headers))";
    let requests = BAD_REQUESTS.iter().map(|(name, body)| {
        Case::new(*name, module(&[("run", body), ("answer", answer)]))
            .call("answer", "")
            .fail("run", r#"{"url": "http://127.0.0.1:9/"}"#)
            .call("fine", "still here")
    });
    let inputs =
        ["", "no JSON", "{}", "[]", r#"{"url": 7}"#, r#"{"url": "no URL"}"#].map(|input| {
            Case::new(format!("request {input:?}"), module(&BAD_REQUESTS[2..]))
                .with("allowed_hosts", json!(["*"]))
                .fail("the input as request", input)
                .call("fine", "still here")
        });
    check(requests.chain(inputs));
}
