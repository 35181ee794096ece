//! The command line with commands from plug-ins: what it keeps, what it grants, what it refuses.

use std::{fs, path::PathBuf, process::Command};

use crate::{
    program::{self, Ran, check_refusals, empty_folder, file},
    text_guest::answering,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_notes");

/// Describes `shout`, which answers with what plug-ins had better not print.
const SHOUT: &str = r#"[{"name": "shout", "help": "is\nloud", "arguments": []}]"#;

/// Describes `spoil`.
const SPOIL: &str = r#"[{"name": "spoil", "help": "adds, and fails", "arguments": []}]"#;

/// The command line of one test: notes, and a folder of plug-ins, of its own.
struct Desk {
    notes: PathBuf,
    plugins: Option<PathBuf>,
}

impl Desk {
    /// With the plug-ins that come with the program.
    fn new(name: &str) -> Self {
        Self { notes: empty_folder(&format!("desk_{name}")).join("notes.json"), plugins: None }
    }

    /// With these plug-ins instead: manifests and modules by file name.
    fn with_plugins(name: &str, files: &[(&str, &str)]) -> Self {
        let mut desk = Self::new(name);
        for (file_name, text) in files {
            let path = file(&format!("desk_{name}/plugins/{file_name}"), text);
            desk.plugins = path.parent().map(PathBuf::from);
        }
        desk
    }

    fn run(&self, words: &[&str]) -> Ran {
        let notes = self.notes.to_string_lossy();
        let plugins = self.plugins.as_ref().map(|plugins| plugins.to_string_lossy());
        let mut command = Command::new(PROGRAM);
        command.env("PLUGSMITH_CACHE", self.notes.with_file_name("cache"));
        command.args(["--notes", &*notes]);
        if let Some(plugins) = &plugins {
            command.args(["--plugins", plugins]);
        }
        command.args(words).output().expect("the host starts").into()
    }

    /// Runs a command that has to go well.
    fn says(&self, words: &[&str]) -> String {
        let ran = self.run(words);
        assert_eq!(ran.status, Some(0), "{words:?}: {}", ran.stderr);
        ran.stdout
    }

    /// Runs a command that has to fail, and returns the last line that it prints.
    fn fails(&self, words: &[&str]) -> String {
        let ran = self.run(words);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""), "{words:?}");
        ran.stderr.lines().last().unwrap_or_default().to_owned()
    }
}

fn manifest(module: &str, may: &str) -> String {
    format!("[[wasm]]\npath = \"{module}\"\n[config]\nmay = \"{may}\"\n")
}

/// A plug-in with `spoil`, which adds a note before it fails.
fn spoiler() -> String {
    let run = r#"(func (export "run")
        (drop (call $add (call $alloc (i64.const 3))))
        unreachable)"#;
    let import =
        r#"(module (import "extism:host/user" "add" (func $add (param i64) (result i64)))"#;
    answering(&[("commands", SPOIL)], run).replacen("(module", import, 1)
}

#[test]
fn the_tour_prints_what_it_should() {
    let ran = program::run(PROGRAM, &[]);
    let expected = include_str!("../../hosts/notes/expected.txt");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (expected, ""));
    assert_eq!(ran.status, Some(0));
}

#[test]
fn notes_are_kept_from_one_run_to_the_next() {
    let desk = Desk::new("kept");
    assert_eq!(desk.says(&["list"]), "no notes\n");
    assert!(!desk.notes.exists(), "who only reads writes no file");
    assert_eq!(desk.says(&["add", "Buy", "ink"]), "added note 1\n");
    assert_eq!(desk.says(&["add", "--help is a flag, but not here"]), "added note 2\n");
    assert_eq!(desk.says(&["drop", "1"]), "dropped note 1\n");
    assert_eq!(desk.says(&["add", "Sleep"]), "added note 3\n");
    assert_eq!(desk.says(&["list"]), "  2  --help is a flag, but not here\n  3  Sleep\n");
}

#[test]
fn a_command_that_fails_says_why_and_changes_nothing() {
    let desk = Desk::new("fails");
    desk.says(&["add", "Buy ink"]);
    let before = fs::read(&desk.notes).expect("the notes are kept");
    let rows: [(&[&str], &str); 6] = [
        (&["drop", "9"], "error: drop: no note 9"),
        (&["drop", "one"], "error: drop: no note one"),
        (&["drop"], "error: usage: notes drop NUMBER"),
        (&["list", "all"], "error: `all` is one word too many; usage: notes list"),
        (&["find", ""], "error: find: call ran past its limit of 300ms"),
        (&["\u{1b}[2J"], "error: no command `·[2J`; `notes --help` lists them"),
    ];
    for (words, message) in rows {
        assert_eq!(desk.fails(words), message);
    }
    assert_eq!(fs::read(&desk.notes).expect("the notes are kept"), before);
}

#[test]
fn what_a_plug_in_did_before_it_failed_is_undone() {
    let files = [("spoiler.toml", &*manifest("spoiler.wat", "add")), ("spoiler.wat", &spoiler())];
    let desk = Desk::with_plugins("spoiled", &files);
    assert_eq!(desk.fails(&["spoil"]), "error: spoil: `run` trapped: executed `unreachable`");
    assert!(!desk.notes.exists());
}

#[test]
fn the_users_manifest_says_what_a_plug_in_may_do() {
    let left_out = "warning: plug-in `spoiler` is left out: ";
    let rows = [
        ("", "imports `extism:host/user::add`"),
        ("read, remove", "imports `extism:host/user::add`"),
        ("add, delete", "the manifest grants `delete`; there are `read`, `add` and `remove`"),
    ];
    for (idx, (may, words)) in rows.into_iter().enumerate() {
        let files = [("spoiler.toml", &*manifest("spoiler.wat", may)), ("spoiler.wat", &spoiler())];
        let desk = Desk::with_plugins(&format!("grants_{idx}"), &files);
        let ran = desk.run(&["spoil"]);
        assert!(ran.stderr.starts_with(left_out) && ran.stderr.contains(words), "{}", ran.stderr);
        assert!(ran.stderr.ends_with("error: no command `spoil`; `notes --help` lists them\n"));
    }
}

#[test]
fn a_bad_plug_in_takes_no_other_with_it() {
    let list = |name: &str| format!(r#"[{{"name": "{name}", "help": "", "arguments": []}}]"#);
    let good = answering(&[("commands", SHOUT), ("run", "la \u{1b}[2J\nla")], "");
    let named = |name: &str| answering(&[("commands", &list(name))], "");
    let files = [
        ("a.toml", &*manifest("a.wat", "")),
        ("a.wat", &good),
        ("broken.toml", "wasm"),
        ("flag.toml", &manifest("flag.wat", "")),
        ("flag.wat", &named("--help")),
        ("mute.toml", &manifest("mute.wat", "")),
        ("mute.wat", "(module)"),
        ("odd.toml", &manifest("odd.wat", "")),
        ("odd.wat", &answering(&[("commands", "[1]")], "")),
        ("twin.toml", &manifest("twin.wat", "")),
        ("twin.wat", &named("shout")),
    ];
    let ran = Desk::with_plugins("bad", &files).run(&["shout"]);
    assert_eq!((ran.stdout.as_str(), ran.status), ("la ·[2J\nla\n", Some(0)), "{}", ran.stderr);
    let expected = [
        ("plug-in `broken` is left out: ", "invalid TOML"),
        ("plug-in `flag` is left out: ", "\"--help\" is no name: use a-z and `-`"),
        ("plug-in `mute` is left out: ", "no exported function `commands`"),
        ("plug-in `odd` is left out: ", "cannot decode the output of `commands`"),
        ("command `shout` of plug-in `twin` is left out: ", "another has this name"),
    ];
    let lines: Vec<_> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, (start, words)) in lines.iter().zip(expected) {
        let line = line.strip_prefix("warning: ").unwrap_or_default();
        assert!(line.starts_with(start) && line.contains(words), "{line}");
    }
}

#[test]
fn help_lists_what_plug_ins_can_do_on_a_line_each() {
    let help = Desk::new("help").says(&["--help"]);
    assert!(help.contains("\n  drop NUMBER   drops a note\n"), "{help}");
    let files = [
        ("a.toml", &*manifest("a.wat", "")),
        ("a.wat", &answering(&[("commands", SHOUT), ("run", "la")], "")),
    ];
    let help = Desk::with_plugins("loud", &files).says(&["--help"]);
    assert!(help.ends_with("Commands:\n  shout         is·loud\n"), "{help}");
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let broken = file("broken_notes.json", "[{]");
    check_refusals(
        PROGRAM,
        &[
            (&["--note", "x"], "no flag `--note`"),
            (&["--notes"], "`--notes` needs a value"),
            (&["--plugins", "nowhere", "list"], "reading `nowhere`"),
            (&["--notes", &broken.to_string_lossy(), "list"], "reading the notes"),
        ],
    );
    let ran = program::run(PROGRAM, &["--notes", &broken.to_string_lossy(), "--help"]);
    assert!(ran.stdout.contains("Usage: notes"), "{}", ran.stderr);
}
