//! SQL functions from a plug-in: values keep their types, and what goes wrong stays in its statement.

use crate::{
    program::{self, Ran, check_refusals, file},
    text_guest::answering,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sql_functions");

/// Lists `same`, which gives its argument back, and five that go wrong.
const LIST: &str = r#"[
    {"name": "same", "n_arguments": 1, "deterministic": true},
    {"name": "wide", "n_arguments": 0, "deterministic": true},
    {"name": "list", "n_arguments": 0, "deterministic": true},
    {"name": "huge", "n_arguments": 0, "deterministic": true},
    {"name": "traps", "n_arguments": 0, "deterministic": true},
    {"name": "endless", "n_arguments": 0, "deterministic": true}
]"#;

/// The argument without the brackets of the array around it.
const MORE: &str = r#"
    (func (export "same") (call $output_set
        (i64.add (call $input_offset) (i64.const 1))
        (i64.sub (call $input_length) (i64.const 2))))
    (func (export "traps") unreachable)
    (func (export "endless") (loop $again (br $again)))"#;

/// Runs a script with the functions of [`LIST`].
fn run(name: &str, script: &str) -> Ran {
    let answers =
        [("functions", LIST), ("wide", "9223372036854775808"), ("list", "[1]"), ("huge", "1e999")];
    let plugin = file(&format!("{name}.wat"), &answering(&answers, MORE));
    let script = file(&format!("{name}.sql"), script);
    program::run(PROGRAM, &["--plugin", &plugin.to_string_lossy(), &script.to_string_lossy()])
}

/// The lines that are neither statements nor empty.
fn answers(ran: &Ran) -> Vec<&str> {
    let echoed = |line: &&str| line.starts_with("sql> ") || line.starts_with("  -> ");
    ran.stdout.lines().filter(|line| !line.is_empty() && !echoed(line)).collect()
}

#[test]
fn the_tour_prints_what_it_should() {
    let ran = program::run(PROGRAM, &[]);
    let expected = include_str!("../../hosts/sql_functions/expected.txt");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (expected, ""));
    assert_eq!(ran.status, Some(0));
}

#[test]
fn values_keep_their_types_and_bits() {
    let values = [
        "NULL",
        "0",
        "-9223372036854775808",
        "9223372036854775807",
        "1.0",
        "0.1",
        "-1.5e-300",
        "1.7976931348623157e308",
        "''",
        "'ünïcödé \"quoted\" \\ ☃'",
        "'nul' || char(0) || char(7)",
        "x''",
        "x'00ff7f80'",
    ];
    let row = |value| {
        format!("SELECT typeof(same({value})) = typeof({value}), same({value}) IS {value};\n")
    };
    let ran = run("same", &values.map(row).concat());
    assert_eq!(answers(&ran), vec!["1 | 1"; values.len()], "{}", ran.stdout);
    assert_eq!(ran.status, Some(0));
}

#[test]
fn what_the_other_side_cannot_hold_is_an_error() {
    let rows = [
        ("same(1e999)", "error: same: a plug-in takes no infinite number"),
        ("same(CAST(x'ff' AS TEXT))", "error: same: a plug-in takes no text that is not UTF-8"),
        ("wide()", "error: wide: the plug-in gave `9223372036854775808`, which is no SQL value"),
        ("list()", "error: list: the plug-in gave `[1]`, which is no SQL value"),
        ("huge()", "error: huge: the plug-in gave no JSON: number out of range at line 1 column 5"),
    ];
    let ran = run("cannot_hold", &rows.map(|(call, _)| format!("SELECT {call};\n")).concat());
    assert_eq!(answers(&ran), rows.map(|(_, message)| message));
    assert_eq!(ran.status, Some(1));
}

#[test]
fn a_failing_function_undoes_its_statement_and_no_more() {
    let rows = [
        ("traps()", "error: traps: `traps` trapped: executed `unreachable`"),
        ("endless()", "error: endless: call ran past its limit of 500ms"),
        ("list()", "error: list: the plug-in gave `[1]`, which is no SQL value"),
    ];
    let start = "CREATE TABLE number (n INTEGER);\nINSERT INTO number VALUES (1), (2), (3);\n";
    for (idx, (call, message)) in rows.into_iter().enumerate() {
        let script = format!(
            "{start}UPDATE number SET n = CASE n WHEN 3 THEN {call} ELSE same(n + 10) END;
            SELECT group_concat(same(n)) FROM number;"
        );
        let ran = run(&format!("fails_{idx}"), &script);
        assert_eq!(answers(&ran), [message, "1,2,3"], "{call}");
        assert_eq!(ran.status, Some(1));
    }
}

#[test]
fn an_index_holds_what_a_function_gave() {
    let script = "CREATE TABLE book (title TEXT);
        CREATE INDEX book_by_key ON book (same(title));
        EXPLAIN QUERY PLAN SELECT * FROM book WHERE same(title) = 'x';";
    let ran = run("index", script);
    assert!(ran.stdout.contains("USING INDEX book_by_key"), "{}", ran.stdout);
    assert_eq!(ran.status, Some(0));
}

#[test]
fn a_list_that_a_database_must_not_believe_is_refused() {
    let one = |name: &str, n_arguments: u32| {
        format!(r#"[{{"name":"{name}","n_arguments":{n_arguments},"deterministic":true}}]"#)
    };
    let rows = [
        (one("abs", 1), "would replace the database's own"),
        (one("functions", 17), "takes 17 arguments, the limit is 16"),
        (one("functions", 256), "cannot decode the output of `functions`"),
        (one("functions(); --", 0), "has a name of other than a-z, 0-9 and _"),
        (one("", 0), "has a name of other than a-z, 0-9 and _"),
        (one("missing", 0), "is not exported"),
        ("no JSON".to_owned(), "cannot decode the output of `functions`"),
    ];
    for (idx, (list, words)) in rows.iter().enumerate() {
        let text = answering(&[("functions", list)], r#"(func (export "abs"))"#);
        let plugin = file(&format!("list_{idx}.wat"), &text);
        check_refusals(PROGRAM, &[(&["--plugin", &plugin.to_string_lossy()], words)]);
    }
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    check_refusals(
        PROGRAM,
        &[
            (&["--plugins", "x"], "no argument `--plugins`"),
            (&["--plugin"], "`--plugin` needs a file"),
            (&["--plugin", "nowhere.wasm"], "nowhere.wasm"),
            (&["nowhere.sql"], "reading the script `nowhere.sql`"),
            (&["a.sql", "b.sql"], "no argument `b.sql`"),
        ],
    );
    assert!(program::run(PROGRAM, &["--help"]).stdout.contains("Usage: sql_functions"));
}
