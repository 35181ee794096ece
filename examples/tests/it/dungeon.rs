//! The game with mods: what they may do they do, and a mod that fails is off while the game goes on.

use crate::{
    program::{self, check_refusals, empty_folder, file},
    text_guest::answering,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_dungeon");

/// Plays with mods, given by name and manifest, or by file name and text.
fn play(name: &str, n_ticks: u32, files: &[(&str, &str)]) -> Vec<String> {
    let folder = empty_folder(&format!("mods_{name}"));
    for (file_name, text) in files {
        file(&format!("mods_{name}/{file_name}"), text);
    }
    let arguments = ["--mods", &folder.to_string_lossy(), "--ticks", &n_ticks.to_string()];
    let ran = program::run(PROGRAM, &arguments);
    assert_eq!((ran.stderr.as_str(), ran.status), ("", Some(0)), "{}", ran.stdout);
    ran.stdout.lines().map(str::to_owned).collect()
}

/// The lines in which the game says how it stands.
fn reports(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).filter(|line| line.contains(": hero ")).collect()
}

/// How many monsters fell in the whole game.
fn n_slain(lines: &[String]) -> u32 {
    let last = reports(lines).pop().expect("the game says how it stands");
    let word = last.split(", ").find_map(|part| part.strip_suffix(" slain"));
    word.and_then(|word| word.parse().ok()).expect("the game counts")
}

fn rogue(trick: &str) -> String {
    format!("[[wasm]]\npath = \"dungeon_rogue.wasm\"\n[config]\ntrick = \"{trick}\"\n")
}

fn text_mod(name: &str) -> String {
    format!("[[wasm]]\npath = \"{name}.wat\"\n")
}

#[test]
fn the_tour_prints_what_it_should() {
    let ran = program::run(PROGRAM, &[]);
    let expected = include_str!("../../hosts/dungeon/expected.txt");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (expected, ""));
    assert_eq!(ran.status, Some(0));
}

#[test]
fn a_mod_that_remembers_changes_the_game() {
    let plain = play("plain", 300, &[]);
    let poison = "[[wasm]]\npath = \"dungeon_poison.wasm\"\n";
    let poisoned = play("poisoned", 300, &[("poison.toml", poison)]);
    assert!(n_slain(&poisoned) > n_slain(&plain), "{poisoned:?} {plain:?}");
    assert!(poisoned.ends_with(&["poison         900 turns, on".to_owned()]), "{poisoned:?}");
}

#[test]
fn a_failing_mod_is_off_and_the_game_goes_on() {
    let endless = r#"(module (func (export "on_tick") (loop $again (br $again))))"#;
    let traps = r#"(module (func (export "on_hit") unreachable))"#;
    let quiet = r#"(module (func (export "on_tick")) (func (export "on_hit")))"#;
    let files = [
        ("endless.toml", &*text_mod("endless")),
        ("endless.wat", endless),
        ("quiet.toml", &text_mod("quiet")),
        ("quiet.wat", quiet),
        ("traps.toml", &text_mod("traps")),
        ("traps.wat", traps),
        ("unknown.toml", &rogue("unknown")),
    ];
    let lines = play("failing", 50, &files);
    for line in [
        "tick 1: endless is switched off: `on_tick` trapped: fuel used up",
        "tick 1: traps is switched off: `on_hit` trapped: executed `unreachable`",
        "tick 1: unknown is switched off: no trick `unknown`",
        "endless          1 turns, off",
        "quiet          150 turns, on",
        "traps            1 turns, off",
        "unknown          1 turns, off",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line}: {lines:#?}");
    }
    // None of them has changed anything.
    assert_eq!(reports(&lines), reports(&play("unchanged", 50, &[])));
}

#[test]
fn a_turn_has_a_budget_however_it_is_spent() {
    let health = |lines: &[String]| -> u32 {
        let report = reports(lines)[0].to_owned();
        let word = report.split(['/', ' ']).nth(3).map(str::to_owned);
        word.and_then(|word| word.parse().ok()).expect("the hero has health")
    };
    let plain = health(&play("rich", 1, &[]));
    for (trick, points) in [("nibble", 5), ("cheat", 0)] {
        let lines = play(trick, 1, &[("rogue.toml", &rogue(trick))]);
        let words = "rogue is switched off: a host function failed during `on_tick`: a mod may \
                     change 5 points of health a turn";
        assert!(lines[0].ends_with(words), "{lines:?}");
        assert_eq!(health(&lines), plain - points, "{trick}");
    }
}

#[test]
fn mods_that_do_not_load_do_not_play() {
    let spy = r#"(module (import "extism:host/user" "save" (func)) (func (export "on_tick")))"#;
    let mute = answering(&[("sing", "la")], "");
    let files = [
        ("broken.toml", "wasm"),
        ("mute.toml", &*text_mod("mute")),
        ("mute.wat", &mute),
        ("spy.toml", &text_mod("spy")),
        ("spy.wat", spy),
    ];
    let lines = play("loading", 5, &files);
    let expected = [
        ("broken does not play: ", "invalid TOML"),
        ("mute does not play: ", "exports neither `on_tick` nor `on_hit`"),
        ("spy does not play: ", "imports `extism:host/user::save`"),
    ];
    for (line, (start, words)) in lines.iter().zip(expected) {
        assert!(line.starts_with(start) && line.contains(words), "{line}");
    }
    assert_eq!(reports(&lines).len(), 5);
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    check_refusals(
        PROGRAM,
        &[
            (&["--mod", "x"], "no argument `--mod`"),
            (&["--mods"], "`--mods` needs a value"),
            (&["--mods", "nowhere"], "reading `nowhere`"),
            (&["--ticks", "-1"], "`--ticks` needs a whole number, not `-1`"),
        ],
    );
    assert!(program::run(PROGRAM, &["--help"]).stdout.contains("Usage: dungeon"));
}
