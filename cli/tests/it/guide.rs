//! What the guide shows of files for the command is right: its cases hold, its project builds.

use crate::command::Folder;

const TESTING: &str = include_str!("../../../docs/guide/src/testing.md");
const COMMAND: &str = include_str!("../../../docs/guide/src/command.md");

/// What `plugsmith new --lang wat` makes, and what the host's template brings.
const GREETER: &str = include_str!("../../templates/host/plugins/greeter.wat");

/// A plug-in whose `announce` passes its input to the host function `shout`.
const CRIER: &str = r#"(module
    (import "extism:host/user" "shout" (func $shout (param i64) (result i64)))
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (func (export "announce") (result i32) (local $said i64)
        (local.set $said (call $shout (call $input)))
        (call $output (local.get $said) (call $length (local.get $said)))
        (i32.const 0)))"#;

/// The code of a kind in a chapter.
#[track_caller]
fn code<'t>(chapter: &'t str, kind: &str) -> &'t str {
    let fence = format!("```{kind}\n");
    let start = chapter.find(&fence).expect("the chapter has such code") + fence.len();
    let code = &chapter[start..];
    &code[..code.find("```").expect("every fence is closed")]
}

#[test]
fn the_cases_of_the_guide_hold() {
    let rows = [("toml,cases-of-greeter", GREETER, 4), ("toml,cases-of-crier", CRIER, 2)];
    for (kind, plugin, n_cases) in rows {
        let folder = Folder::with(&[("plugin.wat", plugin), ("cases.toml", code(TESTING, kind))]);
        let ran = folder.run(&["test", "--plugin", "plugin.wat", "cases.toml"]);
        assert_eq!(ran.status, 0, "{ran:#?}");
        let summary = format!("{n_cases} passed; 0 failed; 0 filtered out");
        assert!(ran.stdout.contains(&summary), "{ran:#?}");
    }
}

#[test]
fn the_project_of_the_guide_builds() {
    let project = code(COMMAND, "toml,project");
    let folder = Folder::with(&[("plugin.wat", GREETER), ("plugsmith.toml", project)]);
    let ran = folder.run(&["build"]);
    assert_eq!(ran.status, 0, "{ran:#?}");
    assert!(folder.path("plugin.wasm").exists(), "it is where the file says");
}
