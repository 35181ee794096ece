//! What a person sees: the command at a terminal.

pub(crate) mod pty;

use std::fs;

use self::pty::Terminal;
use crate::{
    command::{Folder, Ran, finish},
    guests::{ASKING, ECHO},
};

/// Runs the command at a terminal at which `keys` are pressed.
pub(crate) fn at_terminal(
    folder: &Folder,
    arguments: &str,
    keys: &str,
    environment: &[(&str, &str)],
) -> Ran {
    let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_plugsmith"));
    finish(pty::command(folder, &line).envs(environment.iter().copied()), keys)
}

#[test]
fn json_is_spread_over_lines_in_colour() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let call = "call echo.wat echo -i '{\"a\": [1]}'";
    let ran = at_terminal(&folder, call, "", &[]);
    let lines = "{\r\n  \u{1b}[36m\"a\"\u{1b}[0m: [\r\n    1\r\n  ]\r\n}\r\n";
    assert!(ran.status == 0 && ran.stdout.ends_with(lines), "{ran:#?}");
    for (arguments, environment) in
        [(call.to_owned(), &[("NO_COLOR", "1")][..]), (format!("{call} --color never"), &[])]
    {
        let ran = at_terminal(&folder, &arguments, "", environment);
        let lines = "{\r\n  \"a\": [\r\n    1\r\n  ]\r\n}\r\n";
        assert!(ran.status == 0 && ran.stdout.ends_with(lines), "{ran:#?}");
    }
    // Elsewhere there is none, unless it is asked for.
    let plain = folder.run(&["inspect", "echo.wat"]).stdout;
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let coloured = folder.run(&["inspect", "echo.wat", "--color", "always"]).stdout;
    assert!(coloured.contains('\u{1b}'), "{coloured}");
}

#[test]
fn a_plugin_gives_a_terminal_no_commands() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    folder.write("input", "\u{1b}[2Jgone\u{7}");
    let ran = at_terminal(&folder, "call echo.wat echo --input-file input", "", &[]);
    assert!(ran.stdout.ends_with("\\u{1b}[2Jgone\\u{7}\r\n"), "{ran:#?}");
}

#[test]
fn errors_are_coloured_and_keep_their_status() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let ran = at_terminal(&folder, "call echo.wat fail -i no", "", &[]);
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.contains('\u{1b}') && ran.stdout.contains("no"), "{ran:#?}");
    let ran = at_terminal(&folder, "call echo.wat fail -i no", "", &[("NO_COLOR", "1")]);
    assert!(ran.stdout.contains("× no"), "{ran:#?}");
}

#[test]
fn what_takes_long_is_named_meanwhile_and_leaves_nothing_behind() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let ran = at_terminal(&folder, "call echo.wat echo -i hi --no-cache", "", &[]);
    let (progress, output) = ran.stdout.rsplit_once("\u{1b}[2K").expect("the line is cleared");
    assert!(progress.contains("Compiling echo.wat"), "{ran:#?}");
    assert_eq!(output, "hi\r\n");
}

#[test]
fn lines_are_edited_completed_and_remembered() {
    let folder = Folder::with(&[("asking.wat", ASKING)]);
    // A tab completes; an arrow and a backspace mend; then the end of the file.
    let keys = "coun\t\r.vrs\u{1b}[D\u{1b}[Da\u{1b}[F\r\u{4}";
    let ran = at_terminal(&folder, "repl asking.wat", keys, &[("NO_COLOR", "1")]);
    assert_eq!(ran.status, 0, "{ran:#?}");
    assert!(ran.stdout.contains("> count \r\n1\r\n"), "{ran:#?}");
    // What was typed comes back in the next session.
    let ran =
        at_terminal(&folder, "repl asking.wat", "\u{1b}[A\u{1b}[A\r\u{4}", &[("NO_COLOR", "1")]);
    assert!(ran.stdout.contains("> .vars") && ran.stdout.contains("> count \r\n1\r\n"), "{ran:#?}");
}

#[test]
fn cases_are_told_in_colour_and_nothing_is_left_of_progress() {
    let case = "[[case]]\nname = \"a\"\nexport = \"echo\"\ninput = \"x\"\noutput = \"y\"\n";
    let folder = Folder::with(&[
        (
            "plugsmith.toml",
            "lang = \"c\"\noutput = \"p.wasm\"\ncommand = [\"cp\", \"p.wat\", \"p.wasm\"]",
        ),
        ("p.wat", ECHO),
        ("cases.toml", case),
    ]);
    let ran = at_terminal(&folder, "test", "", &[]);
    assert_eq!(ran.status, 8, "{ran:#?}");
    let told = "case a ... \u{1b}[1m\u{1b}[31mFAILED\u{1b}[0m\r\n";
    let differs = "\u{1b}[1m\u{1b}[31m-y\u{1b}[0m\r\n\u{1b}[32m+x\u{1b}[0m\r\n";
    assert!(ran.stdout.contains(told) && ran.stdout.contains(differs), "{ran:#?}");
    // What moved while the command ran was wiped away before the first line of the results.
    let (progress, _) = ran.stdout.split_once("\r\nrunning 1 case").expect("it begins");
    assert!(progress.is_empty() || progress.ends_with("\u{1b}[2K"), "{progress:?}");
}

#[test]
fn a_call_is_ended_and_the_session_goes_on() {
    /// Says `!`, and then nothing for ever.
    const SPIN: &str = r#"(module
        (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
        (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
        (import "extism:host/env" "log_info" (func $log (param i64)))
        (func (export "spin") (local $block i64)
            (local.set $block (call $alloc (i64.const 1)))
            (call $store (local.get $block) (i32.const 33))
            (call $log (local.get $block))
            (loop $again (br $again))))"#;
    let folder = Folder::with(&[("spin.wat", SPIN)]);
    let line = "exec plugsmith repl spin.wat --log-level info";
    let mut command = pty::command(&folder, line);
    command.env("NO_COLOR", "1");
    let mut terminal = Terminal::start(command);
    let steps = [
        ("> ", "spin\r"),
        ("INFO !\r\n", pty::CTRL_C),
        ("call was cancelled\r\n", ""),
        ("> ", ".quit\r"),
    ];
    for (shown, keys) in steps {
        terminal.wait_for(shown);
        terminal.press(keys);
    }
    assert_eq!(terminal.finish(), Some(0), "{}", terminal.shown());
    let history = fs::read_to_string(folder.path(".state/plugsmith/history"));
    assert_eq!(history.expect("it was written"), "spin\n.quit\n");
}
