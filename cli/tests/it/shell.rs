//! What shells and manuals get, and `--help`.

use std::fs;

use crate::command::Folder;

#[test]
fn each_command_has_help_and_a_manual_page() {
    let folder = Folder::new();
    let help = folder.run(&["--help"]).stdout;
    let ran = folder.run(&["man", "made"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{ran:#?}");
    let mut pages: Vec<_> = fs::read_dir(folder.path("made/man"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    for command in ["call", "inspect", "validate", "bench", "repl", "watch", "cache", "doctor"] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        assert!(pages.contains(&format!("plugsmith-{command}.1")), "{pages:?}");
        let ran = folder.run(&[command, "--help"]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:#?}");
        assert!(ran.stdout.contains(&format!("Usage: plugsmith {command}")), "{ran:#?}");
    }
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let readme = include_str!("../../README.md");
    let names = listed.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    // Lines that go on are indented further.
    for name in names.filter(|name| !name.is_empty()) {
        assert!(readme.contains(&format!("`plugsmith {name}")), "`{name}` is not in the README");
    }
    assert!(!help.contains("\n  man "), "it is for packagers\n{help}");
    // What a page refers to is there.
    let mut known = vec!["plugsmith.1".to_owned()];
    for page in &pages {
        let text = fs::read_to_string(folder.path("made/man").join(page)).unwrap();
        let others = text.lines().filter_map(|line| line.strip_suffix("(1)"));
        known.extend(others.map(|name| format!("{}.1", name.replace('\\', ""))));
    }
    known.sort();
    assert_eq!(known, pages);
    let page = fs::read_to_string(folder.path("made/man/plugsmith-call.1")).unwrap();
    assert!(page.contains("allow\\-host"), "{page}");
    assert_eq!(fs::read_dir(folder.path("made/completions")).unwrap().count(), 5);
}

#[test]
fn shells_complete_commands_and_options() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = folder.run(&["completions", shell]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{shell}");
        assert!(ran.stdout.contains("inspect") && ran.stdout.contains("memory-max"), "{shell}");
    }
    assert_eq!(folder.run(&["completions", "tcsh"]).status, 2);
}

#[test]
fn statuses_are_listed() {
    let help = Folder::new().run(&["--help"]).stdout;
    for line in ["  0  all went well\n", "  3  the plug-in cannot be loaded\n"] {
        assert!(help.contains(line), "{help}");
    }
}
