//! Every mistake a manifest can have in text, with the exact message.

use plugsmith_manifest::{HttpRequest, Manifest, ManifestError};

const U64_RANGE: &str = "expected a whole number from 0 to 18446744073709551615";

#[test]
fn text_that_is_no_json() {
    json("", "line 1, column 1: invalid JSON: EOF while parsing a value");
    json("{\"wasm\": [", "line 1, column 10: invalid JSON: EOF while parsing a list");
    json("{\n  \"wasm\": [],\n}", "line 3, column 1: invalid JSON: key must be a string");
    json("{} x", "line 1, column 4: invalid JSON: trailing characters");
    json("{\"ä\": tru}", "line 1, column 10: invalid JSON: expected ident");
    json(
        r#"{"config": {"a": "\ud800"}}"#,
        "line 1, column 18: `config.a`: invalid JSON: unexpected end of hex escape",
    );
    json(
        r#"{"config": {"\ud800": "a"}}"#,
        "line 1, column 12: `config`: invalid JSON: unexpected end of hex escape",
    );
}

#[test]
fn other_values_than_a_map() {
    json("[]", "line 1, column 1: expected a manifest as a map, found a list");
    json(" null", "line 1, column 2: expected a manifest as a map, found null");
    json("\n7", "line 2, column 1: expected a manifest as a map, found the number 7");
}

#[test]
fn unknown_keys() {
    json(
        "{\n  \"timeoutMs\": 50\n}",
        "line 2, column 3: `timeoutMs`: unknown key (accepted: `wasm`, `memory`, `config`, \
         `allowed_hosts`, `allowed_paths`, `timeout_ms`): did you mean `timeout_ms`?",
    );
    json(
        r#"{"plugins": []}"#,
        "line 1, column 2: `plugins`: unknown key (accepted: `wasm`, `memory`, `config`, \
         `allowed_hosts`, `allowed_paths`, `timeout_ms`)",
    );
    json(
        r#"{"memory": {"maxPages": 1}}"#,
        "line 1, column 13: `memory.maxPages`: unknown key (accepted: `max_pages`, \
         `max_http_response_bytes`, `max_var_bytes`): did you mean `max_pages`?",
    );
    json(
        r#"{"wasm": [{"path": "a", "hsah": ""}]}"#,
        "line 1, column 25: `wasm[0].hsah`: unknown key (accepted: `path`, `data`, `url`, \
         `headers`, `method`, `name`, `hash`): did you mean `hash`?",
    );
    json(
        r#"{"wasm": [{"path": "a"}, {"path": "b", "headers": {}}]}"#,
        "line 1, column 40: `wasm[1].headers`: unknown key (accepted: `path`, `name`, `hash`)",
    );
    json(
        r#"{"wasm": [{"data": "", "method": "GET"}]}"#,
        "line 1, column 24: `wasm[0].method`: unknown key (accepted: `data`, `name`, `hash`)",
    );
    json(
        r#"{"wasm": [{"path": "a", "two words": 1}]}"#,
        "line 1, column 25: `wasm[0][\"two words\"]`: unknown key (accepted: `path`, `data`, \
         `url`, `headers`, `method`, `name`, `hash`)",
    );
}

#[test]
fn keys_given_twice() {
    json(
        r#"{"timeout_ms": 1, "timeout_ms": 1}"#,
        "line 1, column 19: `timeout_ms`: key is given twice",
    );
    json(
        r#"{"config": {"a": "1", "\u0061": "2"}}"#,
        "line 1, column 23: `config.a`: key is given twice",
    );
}

#[test]
fn modules_without_one_source() {
    json(
        r#"{"wasm": [{"name": "a"}]}"#,
        "line 1, column 11: `wasm[0]`: module has no source: one of `path`, `data` and `url` is \
         needed",
    );
    json(r#"{"wasm": [{"path": null}]}"#, "line 1, column 11: `wasm[0]`: key `path` is missing");
    json(
        r#"{"wasm": [{"url": "u", "path": "p"}]}"#,
        "line 1, column 24: `wasm[0].path`: module has two sources, `url` and `path`: only one \
         is accepted",
    );
}

#[test]
fn values_of_another_type() {
    json(
        r#"{"wasm": "a.wasm"}"#,
        "line 1, column 10: `wasm`: expected a list of modules, found the string \"a.wasm\"",
    );
    json(
        r#"{"wasm": ["a.wasm"]}"#,
        "line 1, column 11: `wasm[0]`: expected a module as a map, found the string \"a.wasm\"",
    );
    json(
        r#"{"wasm": [{"path": 1}]}"#,
        "line 1, column 20: `wasm[0].path`: expected a string, found the number 1",
    );
    json(
        r#"{"wasm": [{"data": [0, 97]}]}"#,
        "line 1, column 20: `wasm[0].data`: expected a module as base64 text, found a list",
    );
    json(
        r#"{"wasm": [{"url": "u", "headers": {"a": 1}}]}"#,
        "line 1, column 41: `wasm[0].headers.a`: expected a string, found the number 1",
    );
    json(
        r#"{"memory": 4}"#,
        "line 1, column 12: `memory`: expected a map of limits, found the number 4",
    );
    json(
        r#"{"config": {"retries": 3}}"#,
        "line 1, column 24: `config.retries`: expected a string, found the number 3",
    );
    json(
        r#"{"config": {"a key": null}}"#,
        "line 1, column 22: `config[\"a key\"]`: expected a string, found null",
    );
    json(
        r#"{"allowed_hosts": "*"}"#,
        "line 1, column 19: `allowed_hosts`: expected a list of host patterns, found the string \
         \"*\"",
    );
    json(
        r#"{"allowed_hosts": ["a", false]}"#,
        "line 1, column 25: `allowed_hosts[1]`: expected a string, found false",
    );
    json(
        r#"{"allowed_paths": ["/tmp"]}"#,
        "line 1, column 19: `allowed_paths`: expected a map from host path to guest path, found a \
         list",
    );
    json(
        r#"{"allowed_paths": {"ro:/srv": {}}}"#,
        "line 1, column 31: `allowed_paths[\"ro:/srv\"]`: expected a string, found a map",
    );
}

#[test]
fn numbers_out_of_range() {
    let pages = "expected a whole number from 0 to 4294967295";
    for number in ["-1", "4294967296", "1.5", "1e3", "5.0", "99999999999999999999999"] {
        json(
            &format!(r#"{{"memory": {{"max_pages": {number}}}}}"#),
            &format!("line 1, column 26: `memory.max_pages`: {pages}, found the number {number}"),
        );
    }
    json(
        r#"{"timeout_ms": "50"}"#,
        &format!("line 1, column 16: `timeout_ms`: {U64_RANGE}, found the string \"50\""),
    );
    json(
        r#"{"memory": {"max_var_bytes": true}}"#,
        &format!("line 1, column 30: `memory.max_var_bytes`: {U64_RANGE}, found true"),
    );
    json(
        r#"{"memory": {"max_http_response_bytes": 18446744073709551616}}"#,
        &format!(
            "line 1, column 40: `memory.max_http_response_bytes`: {U64_RANGE}, found the number \
             18446744073709551616"
        ),
    );
}

#[test]
fn bad_base64() {
    let data = |text: &str, expected: &str| {
        json(
            &format!(r#"{{"wasm": [{{"data": "{text}"}}]}}"#),
            &format!("line 1, column 20: `wasm[0].data`: expected standard base64{expected}"),
        );
    };
    data("AG!zbQ==", ", found `!` at character 3");
    data("AGéz", ", found `é` at character 3");
    data("AG=z", ", found `=` at character 3");
    data("AGFzbQ", " padded to groups of 4 characters, found 6 characters");
    data("AGFzb", " padded to groups of 4 characters, found 5 characters");
    data("AGFzbR==", ", found `R` at character 6");
    data("(module)", ", found `(` at character 1");
}

#[test]
fn memory_of_the_process_is_out_of_reach() {
    json(
        r#"{"wasm": [{"data": {"ptr": 4096, "len": 8}}]}"#,
        "line 1, column 20: `wasm[0].data`: expected base64 text, found a pointer into the memory \
         of the process: refused",
    );
}

#[test]
fn bad_hashes() {
    let hash = |text: &str, expected: &str| {
        json(
            &format!("{{\"wasm\": [\n{{\"path\": \"a\", \"hash\": {text}}}]}}"),
            &format!(
                "line 2, column 23: `wasm[0].hash`: expected a SHA-256 of 64 hexadecimal digits, \
                 found {expected}"
            ),
        );
    };
    hash("\"\"", "0 characters");
    hash(&format!("\"sha256:{}\"", "ab".repeat(32)), "71 characters");
    hash(&format!("\"{}xy\"", "ab".repeat(31)), "`x` at character 63");
    hash("7", "the number 7");
}

#[test]
fn long_strings_are_cut() {
    let long = "é".repeat(100);
    json(
        &format!(r#"{{"timeout_ms": "{long}"}}"#),
        &format!(
            "line 1, column 16: `timeout_ms`: {U64_RANGE}, found the string \"{}…\"",
            "é".repeat(40)
        ),
    );
}

#[test]
fn nesting_costs_nothing() {
    let deep = "[".repeat(1 << 20) + &"]".repeat(1 << 20);
    json(
        &format!("{{\"wasm\": {deep}}}"),
        "line 1, column 11: `wasm[0]`: expected a module as a map, found a list",
    );
    json(
        &format!("{{\"config\": {{\"a\": {deep}}}}}"),
        "line 1, column 18: `config.a`: expected a string, found a list",
    );
}

#[test]
fn serde_gives_the_same_messages() {
    let err = serde_json::from_str::<Manifest>(r#"{"wasm": [{"path": 1}]}"#).unwrap_err();
    assert_eq!(err.to_string(), "`wasm[0].path`: expected a string, found the number 1");
    let err = serde_json::from_str::<HttpRequest>(r#"{"method": "GET"}"#).unwrap_err();
    assert_eq!(err.to_string(), "key `url` is missing");
    let err = serde_json::from_str::<HttpRequest>(r#"{"uri": "u"}"#).unwrap_err();
    assert_eq!(
        err.to_string(),
        "`uri`: unknown key (accepted: `url`, `headers`, `method`): did you mean `url`?",
    );
}

#[cfg(feature = "toml")]
mod toml_text {
    use super::*;

    #[test]
    fn text_that_is_no_toml() {
        toml("wasm = [\n", "line 1, column 9: invalid TOML: unclosed array, expected `]`");
        toml("timeout_ms 5", "line 1, column 12: invalid TOML: key with no value, expected `=`");
        toml("timeout_ms = 1\ntimeout_ms = 2", "line 2, column 1: invalid TOML: duplicate key");
        toml(
            &format!("config = {}", "[".repeat(1 << 20)),
            "line 1, column 90: invalid TOML: cannot recurse further; max recursion depth met",
        );
    }

    #[test]
    fn mistakes_have_field_and_place() {
        toml(
            "\ntimeoutMs = 5",
            "line 2, column 1: `timeoutMs`: unknown key (accepted: `wasm`, `memory`, `config`, \
             `allowed_hosts`, `allowed_paths`, `timeout_ms`): did you mean `timeout_ms`?",
        );
        toml(
            "[[wasm]]\npath = \"a\"\n\n[[wasm]]\nname = \"b\"\n",
            "line 4, column 1: `wasm[1]`: module has no source: one of `path`, `data` and `url` \
             is needed",
        );
        toml(
            "wasm = [{path = \"a\", url = \"u\"}]",
            "line 1, column 22: `wasm[0].url`: module has two sources, `path` and `url`: only \
             one is accepted",
        );
        toml(
            "[[wasm]]\npath = \"a\"\nhash = \"12\"",
            "line 3, column 8: `wasm[0].hash`: expected a SHA-256 of 64 hexadecimal digits, \
             found 2 characters",
        );
        toml(
            "[memory]\nmax_pages = \"four\"",
            "line 2, column 13: `memory.max_pages`: expected a whole number from 0 to \
             4294967295, found the string \"four\"",
        );
        toml(
            "memory.max_pages = -1",
            "line 1, column 20: `memory.max_pages`: expected a whole number from 0 to \
             4294967295, found the number -1",
        );
        toml(
            "memory = 4",
            "line 1, column 10: `memory`: expected a map of limits, found the number 4",
        );
        toml(
            "[memory]\nmaxPages = 4",
            "line 2, column 1: `memory.maxPages`: unknown key (accepted: `max_pages`, \
             `max_http_response_bytes`, `max_var_bytes`): did you mean `max_pages`?",
        );
        toml(
            "timeout_ms = 1.5",
            "line 1, column 14: `timeout_ms`: expected a whole number from 0 to \
             18446744073709551615, found the number 1.5",
        );
        toml(
            "timeout_ms = 1979-05-27",
            "line 1, column 14: `timeout_ms`: expected a whole number from 0 to \
             18446744073709551615, found the date 1979-05-27",
        );
        toml(
            "config = { a = true }",
            "line 1, column 16: `config.a`: expected a string, found true",
        );
        toml(
            "[[wasm]]\ndata = { ptr = 1, len = 2 }",
            "line 2, column 8: `wasm[0].data`: expected base64 text, found a pointer into the \
             memory of the process: refused",
        );
        toml(
            "[[wasm]]\ndata = \"AG!zbQ==\"",
            "line 2, column 8: `wasm[0].data`: expected standard base64, found `!` at character \
             3",
        );
        toml(
            "[wasm]\npath = \"a\"",
            "line 1, column 1: `wasm`: expected a list of modules, found a map",
        );
    }

    fn toml(text: &str, expected: &str) {
        check(Manifest::from_toml(text), expected);
    }
}

fn json(text: &str, expected: &str) {
    check(Manifest::from_json(text), expected);
}

fn check(found: Result<Manifest, ManifestError>, expected: &str) {
    assert_eq!(found.expect_err("the text has a mistake").to_string(), expected);
}
