//! `plugsmith cache`, and which commands use it.

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    command::{Folder, finish},
    guests::ECHO,
};

#[test]
fn what_is_called_is_cached_unless_that_is_switched_off() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let n_modules = |folder: &Folder| {
        folder.run(&["cache", "list", "--json"]).json()["modules"].as_array().unwrap().len()
    };
    assert_eq!(n_modules(&folder), 0);
    folder.run(&["call", "echo.wat", "echo", "--no-cache"]);
    assert_eq!(n_modules(&folder), 0);
    folder.run(&["call", "echo.wat", "echo"]);
    assert_eq!(n_modules(&folder), 1);
    let listed = folder.run(&["cache", "list"]).stdout;
    assert!(
        listed.contains("1 module,") && listed.contains("used less than a minute ago"),
        "{listed}"
    );
    let cleared = folder.run(&["cache", "clear", "--json"]).json();
    assert_eq!(cleared["modules"], json!(1));
    assert_eq!(n_modules(&folder), 0);
    assert_eq!(folder.run(&["cache", "clear"]).stdout, "removed 0 modules, 0 B\n");
}

#[test]
fn the_environment_says_where_it_is() {
    let folder = Folder::with(&[
        ("echo.wat", ECHO),
        ("cache.toml", "[cache]\ndirectory = 'configured'\n"),
        ("wrong.toml", "[cache]\nenabled = 1\n"),
    ]);
    let run = |variable: &str, value: &str, arguments: &[&str]| {
        finish(folder.command(arguments).env(variable, value), "")
    };
    let rows = [
        ("PLUGSMITH_CACHE", "here", "here\n"),
        ("EXTISM_CACHE_CONFIG", "cache.toml", "configured/plugsmith\n"),
        ("XDG_CACHE_HOME", "/xdg", "/xdg/plugsmith\n"),
    ];
    for (variable, value, path) in rows {
        let ran = run(variable, value, &["cache", "path"]);
        assert_eq!((ran.status, ran.stdout.as_str()), (0, path), "{ran:#?}");
    }
    assert_eq!(run("PLUGSMITH_CACHE", "here", &["call", "echo.wat", "echo"]).status, 0);
    assert!(has_modules(&folder.path("here")));
    assert_eq!(run("PLUGSMITH_CACHE", "", &["call", "echo.wat", "echo"]).status, 0);
    assert!(!folder.path(".cache").exists());

    let off = run("PLUGSMITH_CACHE", "", &["cache", "list"]);
    assert_eq!(off.status, 5);
    assert!(off.stderr.contains("it is switched off"), "{off:#?}");
    let wrong = run("EXTISM_CACHE_CONFIG", "wrong.toml", &["call", "echo.wat", "echo"]);
    assert_eq!(wrong.status, 3);
    assert!(wrong.stderr.contains("`cache.enabled` is not a boolean"), "{wrong:#?}");
}

#[test]
fn a_folder_that_nobody_asked_for_is_nobodys_trouble() {
    let folder = Folder::with(&[("echo.wat", ECHO), ("file", "no folder")]);
    let call = |variable: &str| {
        let arguments = ["call", "echo.wat", "echo", "-i", "hello"];
        finish(folder.command(&arguments).env(variable, folder.path("file")), "")
    };
    let by_default = call("XDG_CACHE_HOME");
    assert_eq!((by_default.status, by_default.stdout.as_str()), (0, "hello"));
    assert!(by_default.stderr.contains("nothing is cached"), "{by_default:#?}");
    let asked_for = call("PLUGSMITH_CACHE");
    assert_eq!(asked_for.status, 3, "{asked_for:#?}");
    assert!(asked_for.stderr.contains("--no-cache"), "{asked_for:#?}");
}

fn has_modules(folder: &Path) -> bool {
    let files = fs::read_dir(folder).unwrap();
    files.flatten().any(|file| file.path().extension().is_some_and(|end| end == "module"))
}
