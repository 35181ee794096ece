//! `plugsmith test`: cases that hold, and cases that do not. Files that are wrong are in
//! `cases_refused.rs`.

use serde_json::{Value, json};

use crate::{
    command::{Folder, Ran},
    guests::ECHO,
};

/// Keeps the input in a variable and counts its calls; gives the configuration's value for the input; logs.
const KEEPER: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "input_length" (func $input_length (result i64)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
    (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))
    (import "extism:host/env" "log_info" (func $log (param i64)))
    (global $n_calls (mut i32) (i32.const 0))
    (func $text (param $letter i32) (result i64)
        (local $block i64)
        (local.set $block (call $alloc (i64.const 1)))
        (call $store (local.get $block) (local.get $letter))
        (local.get $block))
    (func (export "keep")
        (call $var_set (call $text (i32.const 0x6b)) (call $input)))
    (func (export "count")
        (global.set $n_calls (i32.add (global.get $n_calls) (i32.const 1)))
        (call $output (call $text (i32.add (global.get $n_calls) (i32.const 0x30))) (i64.const 1)))
    (func (export "setting")
        (local $value i64)
        (local.set $value (call $config_get (call $input)))
        (call $output (local.get $value) (call $length (local.get $value))))
    (func (export "log_and_trap")
        (call $log (call $input))
        unreachable)
    (func (export "spin") (loop $again (br $again))))"#;

/// Asks the host: for text by text, and for a sum.
const ASKER: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/user" "ask" (func $ask (param i64) (result i64)))
    (import "numbers" "mix" (func $mix (param i32 i64 f32 f64) (result f64)))
    (import "extism:host/user" "tell" (func $tell (param i64)))
    (func (export "ask")
        (local $answer i64)
        (local.set $answer (call $ask (call $input)))
        (call $output (local.get $answer) (call $length (local.get $answer))))
    (func (export "ask_twice") (drop (call $ask (call $input))) (drop (call $ask (call $input))))
    (func (export "mix") (result i32)
        (i32.trunc_f64_s
            (call $mix (i32.const -1) (i64.const 2) (f32.const 0.5) (f64.const 4))))
    (func (export "tell") (call $tell (call $input))))"#;

/// What a plug-in in [`ASKER`]'s form wants, at the top of a file.
const ASKED: &str = r#"
    [[host]]
    name = "ask"
    params = ["block"]
    result = "block"
    answer = "forty-two"

    [[host]]
    namespace = "numbers"
    name = "mix"
    params = ["i32", "i64", "f32", "f64"]
    result = "f64"
    answer = 0.0

    [[host]]
    name = "tell"
    params = ["block"]
"#;

/// Runs one file of cases on a plug-in.
fn run(guest: &str, cases: &str, arguments: &[&str]) -> Ran {
    let folder = Folder::with(&[
        ("plugin.wat", guest),
        ("cases.toml", cases),
        ("data/input.bin", "from a file"),
        ("data/expected.json", "{\"b\": null, \"a\": 1}"),
    ]);
    folder.run(&[&["test", "--plugin", "plugin.wat"], arguments].concat())
}

/// Runs one case, and returns what is wrong with it.
#[track_caller]
fn complaints(guest: &str, file: &str) -> Vec<String> {
    let ran = run(guest, file, &["--json"]);
    let cases = ran.json()["cases"].as_array().expect("there is a list").clone();
    let complaints: Vec<_> = cases
        .iter()
        .flat_map(|case| case["complaints"].as_array().expect("there is a list").clone())
        .map(|complaint| complaint["what"].as_str().expect("it is text").to_owned())
        .collect();
    assert_eq!(ran.status, if complaints.is_empty() { 0 } else { 8 }, "{ran:#?}");
    complaints
}

/// A file of one case.
fn case(text: &str) -> String {
    format!("[[case]]\nname = \"it\"\n{text}\n")
}

#[test]
fn inputs_and_outputs_are_what_they_say() {
    let rows = [
        ("input = \"Ada\"\noutput = \"Ada\"", None),
        ("output = \"\"", None),
        ("input = \"Ada\"", None),
        ("input = \"Ada\"\noutput = \"Bob\"", Some("output differs")),
        ("input = { json = { a = 1, b = [2] } }\noutput = '{\"a\":1,\"b\":[2]}'", None),
        ("input = '{ \"b\": [2], \"a\": 1 }'\noutput = { json = { a = 1, b = [2] } }", None),
        ("input = '{\"a\": 2}'\noutput = { json = { a = 1 } }", Some("output differs")),
        ("input = 'a'\noutput = { json = { a = 1 } }", Some("output is not JSON: ")),
        ("input = { base64 = \"AP8=\" }\noutput = { base64 = \"AP8=\" }", None),
        ("input = { base64 = \"AP8=\" }\noutput = { base64 = \"AP4=\" }", Some("output differs")),
        ("input = { file = \"data/input.bin\" }\noutput = \"from a file\"", None),
        ("input = \"from a file\"\noutput = { file = \"data/input.bin\" }", None),
        ("input = '{\"a\":1,\"b\":null}'\noutput = { file = \"data/expected.json\" }", None),
        ("input = '{\"a\":1}'\noutput = { file = \"data/expected.json\" }", Some("output differs")),
    ];
    for (text, expected) in rows {
        let found = complaints(ECHO, &case(&format!("export = \"echo\"\n{text}")));
        assert_eq!(found.len(), usize::from(expected.is_some()), "{text}: {found:?}");
        assert!(
            found.iter().all(|what| what.starts_with(expected.unwrap_or_default())),
            "{found:?}"
        );
    }
}

#[test]
fn errors_are_expected_by_a_part_of_them() {
    let rows = [
        ("export = \"fail\"\ninput = \"no such cart\"\nerror = \"such\"", None),
        (
            "export = \"fail\"\ninput = \"no such cart\"\nerror = \"cat\"",
            Some("the error does not contain `cat`: no such cart"),
        ),
        ("export = \"fail\"\ninput = \"no\"\noutput = \"\"", Some("the call failed: no")),
        ("export = \"trap\"", Some("the call failed: `trap` trapped: executed `unreachable`")),
        ("export = \"trap\"\nerror = \"unreachable\"", None),
        (
            "export = \"echo\"\ninput = \"all well\"\nerror = \"no\"",
            Some("the call did not fail with `no`, its output is `all well`"),
        ),
        ("export = \"ehco\"", Some("the call failed: no exported function `ehco`, did you mean")),
        ("export = \"add\"\nerror = \"a host can only call\"", None),
        ("export = \"spin\"\ntimeout_ms = 20\nerror = \"its limit of 20ms\"", None),
        ("export = \"spin\"\ntimeout_ms = 20", Some("the call failed: call ran past its limit")),
    ];
    for (text, expected) in rows {
        let found = complaints(ECHO, &case(text));
        assert_eq!(found.len(), usize::from(expected.is_some()), "{text}: {found:?}");
        assert!(
            found.iter().all(|what| what.starts_with(expected.unwrap_or_default())),
            "{found:?}"
        );
    }
}

#[test]
fn configuration_and_variables_are_the_cases_own() {
    let rows: [(&str, &str, &[&str]); 8] = [
        ("config = { a = \"1\" }", "export = \"setting\"\ninput = \"a\"\noutput = \"1\"", &[]),
        (
            "config = { a = \"1\" }",
            "export = \"setting\"\nconfig = { a = \"2\" }\ninput = \"a\"\noutput = \"2\"",
            &[],
        ),
        ("", "export = \"setting\"\ninput = \"a\"\noutput = \"\"", &[]),
        ("", "export = \"keep\"\ninput = \"x\"\nvars_after = { k = \"x\" }", &[]),
        (
            "",
            "export = \"keep\"\ninput = \"x\"\nvars = { k = \"y\", other = { json = [1] } }\n\
             vars_after = { k = \"x\", other = \"[1]\" }",
            &[],
        ),
        (
            "",
            "export = \"keep\"\ninput = \"x\"\nvars_after = { k = \"y\" }",
            &["variable `k` differs (- expected, + found)"],
        ),
        (
            "",
            "export = \"keep\"\ninput = \"x\"\nvars_after = {}",
            &["variable `k` is not in `vars_after`"],
        ),
        ("", "export = \"count\"\nvars_after = { k = \"x\" }", &["there is no variable `k`"]),
    ];
    for (top, text, expected) in rows {
        let file = format!("{top}\n{}", case(text));
        assert_eq!(complaints(KEEPER, &file), expected, "{file}");
    }
}

#[test]
fn instances_are_fresh_unless_the_file_says_otherwise() {
    let one = "export = \"count\"\noutput = \"1\"";
    let file = case(one) + &case(one).replace("\"it\"", "\"it again\"");
    assert_eq!(complaints(KEEPER, &file), [""; 0]);
    let shared = format!("same_instance = true\n{file}");
    assert_eq!(complaints(KEEPER, &shared), ["output differs (- expected, + found)"]);
    let counted = shared.replacen("\"it again\"\n", "\"again\"\n", 1);
    let counted = counted.rsplit_once("\"1\"").map(|(start, end)| format!("{start}\"2\"{end}"));
    assert_eq!(complaints(KEEPER, &counted.expect("it expects something")), [""; 0]);
}

#[test]
fn host_functions_are_mocked() {
    let rows: [(&str, &[&str]); 12] = [
        ("export = \"ask\"\noutput = \"forty-two\"", &[]),
        (
            "export = \"ask\"\ninput = \"6 × 7\"\noutput = \"42\"\n[[case.host]]\nname = \"ask\"\n\
             params = [\"block\"]\nresult = \"block\"\nanswers = [{ json = 42 }]\n\
             given = [[\"6 × 7\"]]",
            &[],
        ),
        (
            "export = \"ask\"\ninput = \"6 × 8\"\n[[case.host]]\nname = \"ask\"\n\
             params = [\"block\"]\nresult = \"block\"\nanswer = \"\"\ngiven = [[\"6 × 7\"]]",
            &["argument 1 of call 1 of `ask` differs (- expected, + found)"],
        ),
        (
            "export = \"ask\"\nerror = \"the host is out\"\n[[case.host]]\nname = \"ask\"\n\
             params = [\"block\"]\nresult = \"block\"\nanswer = { error = \"the host is out\" }",
            &[],
        ),
        (
            "export = \"ask_twice\"\n[[case.host]]\nname = \"ask\"\nparams = [\"block\"]\n\
             result = \"block\"\nanswers = [\"once\"]",
            &[
                "call 2 of `ask` is one more than `answers` has",
                "the call failed: a host function failed during `ask_twice`: call 2 of `ask`",
            ],
        ),
        (
            "export = \"ask_twice\"\n[[case.host]]\nname = \"ask\"\nparams = [\"block\"]\n\
             result = \"block\"\nanswer = \"\"\ngiven = [[\"\"]]",
            &["call 2 of `ask` is one more than `given` has"],
        ),
        (
            "export = \"ask\"\n[[case.host]]\nname = \"ask\"\nparams = [\"block\"]\n\
             result = \"block\"\nanswer = \"\"\ngiven = [[\"\"], [\"\"]]",
            &["call 2 of `ask` in `given` never came"],
        ),
        (
            "export = \"mix\"\nerror = \"returned status 3\"\n[[case.host]]\nname = \"mix\"\n\
             namespace = \"numbers\"\nparams = [\"i32\", \"i64\", \"f32\", \"f64\"]\n\
             result = \"f64\"\nanswer = 3.0\ngiven = [[-1, 2, 0.5, 4.0]]",
            &[],
        ),
        (
            "export = \"mix\"\n[[case.host]]\nname = \"mix\"\nnamespace = \"numbers\"\n\
             params = [\"i32\", \"i64\", \"f32\", \"f64\"]\nresult = \"f64\"\nanswer = 0.0\n\
             given = [[1, 3, 0.25, 5.0]]",
            &[
                "argument 1 of call 1 of `mix` is -1, not 1",
                "argument 2 of call 1 of `mix` is 2, not 3",
                "argument 3 of call 1 of `mix` is 0.5, not 0.25",
                "argument 4 of call 1 of `mix` is 4, not 5",
            ],
        ),
        (
            "export = \"tell\"\ninput = \"it\"\n[[case.host]]\nname = \"tell\"\n\
             params = [\"block\"]\ngiven = [[\"it\"]]",
            &[],
        ),
        (
            "export = \"tell\"\nerror = \"deaf\"\n[[case.host]]\nname = \"tell\"\n\
             params = [\"block\"]\nanswers = [{ error = \"deaf\" }]",
            &[],
        ),
        ("export = \"tell\"\n[[case.host]]\nname = \"ask\"\nparams = []", &["the plug-in cannot"]),
    ];
    for (text, expected) in rows {
        let found = complaints(ASKER, &format!("{ASKED}\n{}", case(text)));
        assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{text}: {found}");
        }
    }
}

#[test]
fn functions_of_the_host_itself_can_be_mocked() {
    const ASKS: &str = r#"(module
        (import "extism:host/env" "input_offset" (func $input (result i64)))
        (import "extism:host/env" "length" (func $length (param i64) (result i64)))
        (import "extism:host/env" "output_set" (func $output (param i64 i64)))
        (import "extism:host/env" "http_request" (func $http (param i64 i64) (result i64)))
        (import "extism:host/env" "http_status_code" (func $status (result i32)))
        (func (export "fetch") (result i32)
            (local $body i64)
            (local.set $body (call $http (call $input) (i64.const 0)))
            (call $output (local.get $body) (call $length (local.get $body)))
            (i32.sub (call $status) (i32.const 200))))"#;
    let text = "export = \"fetch\"\ninput = { json = { url = \"https://example.com/\" } }\n\
                output = \"a page\"\n\
                [[case.host]]\nnamespace = \"extism:host/env\"\nname = \"http_request\"\n\
                params = [\"block\", \"block\"]\nresult = \"block\"\nanswer = \"a page\"\n\
                given = [[{ json = { url = \"https://example.com/\" } }, \"\"]]\n\
                [[case.host]]\nnamespace = \"extism:host/env\"\nname = \"http_status_code\"\n\
                result = \"i32\"\nanswer = 200";
    assert_eq!(complaints(ASKS, &case(text)), [""; 0]);
}

#[test]
fn functions_of_a_shared_instance_answer_on_and_on() {
    let top = ASKED.replacen("answer = \"forty-two\"", "answers = [\"a\", \"b\"]", 1);
    let ask = |name: &str, answer: &str| {
        format!("[[case]]\nname = \"{name}\"\nexport = \"ask\"\noutput = \"{answer}\"\n")
    };
    let file = format!("same_instance = true\n{top}\n{}{}", ask("one", "a"), ask("two", "b"));
    assert_eq!(complaints(ASKER, &file), [""; 0]);
    let given = file.replacen("params = [\"block\"]", "params = [\"block\"]\ngiven = [[\"\"]]", 1);
    let expected = ["call 2 of `ask` is one more than `given` has"];
    assert_eq!(complaints(ASKER, &given), expected);
}

#[test]
fn what_a_plug_in_lacks_is_said_with_what_would_give_it() {
    let rows = [
        (ASKER, "mock it: `[[case.host]]` with `namespace = \"extism:host/user\"`"),
        (
            r#"(module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
                (func (export "it")))"#,
            "grant it WASI: `wasi = true`",
        ),
    ];
    for (guest, help) in rows {
        let found = complaints(guest, &case("export = \"it\""));
        assert!(found.len() == 1 && found[0].contains(help), "{found:?}");
        assert!(found[0].starts_with("the plug-in cannot be loaded: "), "{found:?}");
    }
    let wasi = rows[1].0;
    assert_eq!(complaints(wasi, &format!("wasi = true\n{}", case("export = \"it\""))), [""; 0]);
    let ran = run(wasi, &case("export = \"it\""), &["--wasi"]);
    assert_eq!(ran.status, 0, "{ran:#?}");
}

#[test]
fn a_file_may_grant_hosts_and_folders() {
    const ASKS: &str = r#"(module
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
        (import "extism:host/env" "http_request" (func $http (param i64 i64) (result i64)))
        (memory 1)
        (data (i32.const 0) "{\"url\":\"http://127.0.0.1:1/\"}")
        (func (export "ask")
            (local $at i32) (local $request i64)
            (local.set $request (call $alloc (i64.const 29)))
            (loop $next
                (call $store
                    (i64.add (local.get $request) (i64.extend_i32_u (local.get $at)))
                    (i32.load8_u (local.get $at)))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $at) (i32.const 29))))
            (drop (call $http (local.get $request) (i64.const 0)))))"#;
    let ask = case("export = \"ask\"\nerror = \"not allowed\"");
    assert_eq!(complaints(ASKS, &ask), [""; 0]);
    let found = complaints(ASKS, &format!("allowed_hosts = [\"127.0.0.1\"]\n{ask}"));
    assert!(found.len() == 1 && found[0].starts_with("the error does not contain"), "{found:?}");

    let wasi = r#"(module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
        (func (export "it")))"#;
    let it = case("export = \"it\"");
    let rows = [("data", 0), ("ro:data", 0), ("nowhere", 1), ("ro:nowhere", 1)];
    for (path, n_complaints) in rows {
        let file = format!("wasi = true\nallowed_paths = {{ \"{path}\" = \"/data\" }}\n{it}");
        let found = complaints(wasi, &file);
        assert_eq!(found.len(), n_complaints, "{path}: {found:?}");
        let why = "the plug-in cannot be loaded: allowed path `nowhere` cannot be used";
        assert!(found.iter().all(|found| found.starts_with(why)), "{found:?}");
    }
}

/// The help shows a file of cases, with every key there is.
#[test]
fn the_file_that_the_help_shows_is_one() {
    const EXAMPLE: &str = include_str!("../../src/cases/example.toml");
    let folder = Folder::with(&[("echo.wat", ECHO), ("cases.toml", EXAMPLE), ("cart.json", "[]")]);
    let ran = folder.run(&["test", "--plugin", "echo.wat", "--filter", "none of them"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    assert!(ran.stdout.ends_with("0 passed; 0 failed; 2 filtered out\n"), "{ran:#?}");
    let help = folder.run(&["test", "--help"]);
    assert!(EXAMPLE.lines().all(|line| help.stdout.contains(line)), "{help:#?}");
}

#[test]
fn people_are_told_as_cargo_tells_them() {
    let file = "[[case]]\nname = \"good\"\nexport = \"count\"\noutput = \"1\"\n\n\
                [[case]]\nname = \"bad\"\nexport = \"log_and_trap\"\ninput = \"odd\\u001b[2J\"\n\n\
                [[case]]\nname = \"left out\"\nexport = \"count\"\n";
    let ran = run(KEEPER, file, &["--filter", "d"]);
    let expected = "\nrunning 2 cases of cases.toml\ncase good ... ok\ncase bad ... FAILED\n\
                    \nfailures:\n\n---- bad ----\ncases.toml:7: `log_and_trap`\n\
                    the call failed: `log_and_trap` trapped: executed `unreachable`";
    assert_eq!(ran.status, 8, "{ran:#?}");
    assert!(ran.stdout.starts_with(expected), "{ran:#?}");
    assert!(ran.stdout.contains("\nlog:\n  INFO odd\\u{1b}[2J\n"), "{ran:#?}");
    let result = "\ntest result: FAILED. 1 passed; 1 failed; 1 filtered out\n";
    assert!(ran.stdout.ends_with(result), "{ran:#?}");
}

#[test]
fn scripts_get_every_case() {
    let file = case("export = \"count\"\noutput = \"2\"");
    let ran = run(KEEPER, &file, &["--json"]);
    let what = "output differs (- expected, + found)";
    let expected: Value = json!({
        "cases": [{
            "file": "cases.toml",
            "line": 2,
            "name": "it",
            "passed": false,
            "complaints": [{ "what": what, "diff": "-2\n+1\n" }],
            "log": [],
        }],
        "passed": 0,
        "failed": 1,
        "filtered_out": 0,
    });
    assert_eq!((ran.status, ran.json(), ran.stderr.as_str()), (8, expected, ""));
}

#[test]
fn a_project_has_its_cases_in_one_file_or_many() {
    let folder = Folder::with(&[
        ("plugsmith.toml", "lang = \"wat\"\n"),
        ("plugin.wat", ECHO),
        ("cases/b.toml", &case("export = \"echo\"").replace("it", "b")),
        ("cases/a.toml", &case("export = \"echo\"").replace("it", "a")),
        ("cases/notes.txt", "nothing"),
        ("other.toml", &case("export = \"echo\"").replace("it", "other")),
    ]);
    let names = |arguments: &[&str]| {
        let ran = folder.run(&[&["test", "--json"], arguments].concat());
        let cases = ran.json()["cases"].as_array().expect("there is a list").clone();
        cases.iter().map(|case| case["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["a", "b"]);
    folder.write("cases.toml", case("export = \"echo\""));
    assert_eq!(names(&[]), ["it", "a", "b"]);
    assert_eq!(names(&["other.toml"]), ["other"]);
    assert_eq!(names(&["--no-build", "--filter", "b"]), ["b"]);
    folder.write("plugin.wasm", "broken by hand");
    assert_eq!(folder.run(&["test", "--no-build"]).status, 8);
    assert_eq!(folder.run(&["test"]).status, 0, "it is built anew");
}
