//! Commands that the chapters name: each is one that there is, with options that it has.

use std::fs;

use plugsmith_guide::{Chapter, folder, repository};

#[test]
fn commands_are_those_that_there_are() {
    let tasks = fs::read_to_string(repository("xtask/src/commands.rs")).expect("it has a table");
    for chapter in Chapter::all() {
        for command in commands(&chapter) {
            let words: Vec<_> = command.split_whitespace().collect();
            let place = format!("{}: `{command}`", chapter.name);
            match words[..] {
                ["plugsmith", ..] => check_command(&place, &words[1..]),
                ["cargo", "xtask", task, ..] => {
                    assert!(tasks.contains(&format!("name: \"{task}\"")), "{place}: no such task");
                }
                ["cargo", "build" | "test", ..] | ["npm", "install"] => {}
                _ => panic!("{place}: nothing checks this command"),
            }
        }
    }
}

/// The lines of shell code, and what stands between backticks and looks like a command.
fn commands(chapter: &Chapter) -> Vec<String> {
    let blocks = chapter.blocks();
    let lines = blocks.iter().filter(|block| block.info == "sh").flat_map(|block| {
        block.code.lines().map(|line| line.split(" #").next().unwrap_or_default().to_owned())
    });
    let spans = chapter.text.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " "));
    let is_command = |span: &String| {
        let programs = ["plugsmith ", "cargo xtask ", "npm install"];
        programs.iter().any(|program| span.starts_with(program))
    };
    lines.chain(spans.filter(is_command)).collect()
}

/// Holds a command to what its help says, as `cargo xtask screens` has written it down.
#[track_caller]
fn check_command(place: &str, words: &[&str]) {
    let Some((name, rest)) = words.split_first() else { return };
    if *name == "help" {
        return;
    }
    let screen = folder().join("src/screens").join(format!("help-{name}.txt"));
    let help = fs::read_to_string(screen).unwrap_or_else(|err| panic!("{place}: {err}"));
    for word in rest.iter().filter(|word| word.starts_with("--")) {
        let known = help.split_whitespace().any(|known| known == *word);
        assert!(known, "{place}: no option `{word}`");
    }
    if let (true, Some(action)) = (help.contains("Commands:"), rest.first()) {
        let known = help.lines().any(|line| line.split_whitespace().next() == Some(*action));
        assert!(known, "{place}: no action `{action}`");
    }
}
