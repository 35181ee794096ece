//! `plugsmith repl`, fed from a pipe. At a terminal it is in `terminal.rs`.

use serde_json::json;

use crate::{
    command::Folder,
    guests::{ASKING, ECHO},
};

#[test]
fn the_instance_is_kept_till_another_is_asked_for() {
    let folder = Folder::with(&[("asking.wat", ASKING)]);
    let lines =
        "count\ncount\n\n.fresh\ncount\nkeep some words\n.vars\n.fresh\n.vars\n.quit\ncount\n";
    let ran = folder.run_with_input(&["repl", "asking.wat"], lines);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.stdout, "1\n2\n1\n  k  some words\n");
}

#[test]
fn a_failure_is_no_end() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let ran = folder.run_with_input(
        &["repl", "echo.wat", "--json"],
        "echo  two spaces\ntrap\ngone\n.gone\necho {\"a\": 1}",
    );
    assert_eq!(ran.status, 0);
    assert_eq!(ran.stdout, "{\"output\":\" two spaces\"}\n{\"output\":\"{\\\"a\\\": 1}\"}\n");
    let kinds: Vec<_> = ran
        .stderr
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["error"]["kind"].clone()
        })
        .collect();
    assert_eq!(kinds, [json!("call"), json!("usage"), json!("usage")]);
}

#[test]
fn scripts_get_json_for_every_line() {
    let folder = Folder::with(&[("asking.wat", ASKING)]);
    let lines = "keep words\n.vars\n.exports\n.help\n";
    let ran = folder.run_with_input(&["repl", "asking.wat", "--json"], lines);
    let values: Vec<serde_json::Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [_, vars, exports, help] = &values[..] else { panic!("{ran:#?}") };
    assert_eq!(*vars, json!({"vars": {"k": {"output": "words"}}}));
    assert!(exports["exports"].as_array().unwrap().contains(&json!("keep")), "{exports}");
    assert!(help["commands"][".fresh"].is_string(), "{help}");
}

#[test]
fn exports_help_and_reports_are_shown() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let ran = folder.run_with_input(&["repl", "echo.wat"], ".exports\n.help\n.report\necho hi\n");
    assert!(ran.stdout.starts_with("echo\nfail\npicky\nspin\ntrap\nstatus\nFUNCTION"), "{ran:#?}");
    assert!(ran.stdout.contains(".fresh"), "{ran:#?}");
    assert!(ran.stdout.ends_with("hi\n") && ran.stderr.contains("exchange memory"), "{ran:#?}");
    let both = folder.run(&["repl", "-"]);
    assert_eq!(both.status, 2);
    assert!(both.stderr.contains("cannot both be standard input"), "{both:#?}");
}
