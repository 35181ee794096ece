//! `plugsmith new`: what it makes, and what it refuses. What becomes of plug-ins is `journey.rs`.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::{
    command::{Folder, finish},
    tools,
};

#[test]
fn scripts_learn_what_was_made_and_what_to_do_next() {
    let folder = Folder::new();
    let ran = folder.run(&["new", "hello", "--lang", "go", "--json"]);
    let expected = json!({
        "project": "hello",
        "files": [
            ".gitignore", "go.mod", "main.go", "plugsmith/host.go", "plugsmith/plugsmith.go",
            "README.md", "cases.toml", "plugsmith.toml",
        ],
        "next": [
            "cd hello", "plugsmith build", "plugsmith test",
            "plugsmith call . greet --input Ada",
        ],
    });
    assert_eq!((ran.status, ran.json()), (0, expected), "{ran:#?}");
}

#[test]
fn the_readme_shows_the_same_commands() {
    const README: &str = include_str!("../../../README.md");
    let ran = Folder::new().run(&["new", "hello", "--lang", "rust", "--json"]).json();
    let next = ran["next"].as_array().expect("there is a list").iter();
    let next = next.map(|command| command.as_str().expect("it is text"));
    let mut lines = README.lines();
    for command in std::iter::once("plugsmith new hello --lang rust").chain(next) {
        assert!(lines.any(|line| line.split(" #").next().map(str::trim_end) == Some(command)));
    }
}

#[test]
fn no_place_is_left_unfilled() {
    let folder = Folder::new();
    let mut names: Vec<_> = ["rust", "c", "zig", "assemblyscript", "go", "wat"]
        .iter()
        .map(|lang| {
            let name = format!("a-{lang}");
            assert_eq!(folder.run(&["new", &name, "--lang", lang]).status, 0, "{lang}");
            name
        })
        .collect();
    for (name, option, value) in [
        ("a-host", "--host", "rust"),
        ("a-shop", "--example", "discount"),
        ("a-hook", "--example", "webhook-orders"),
        ("a-search", "--example", "notes-search"),
        ("a-site", "--example", "site-contents"),
    ] {
        assert_eq!(folder.run(&["new", name, option, value]).status, 0);
        names.push(name.to_owned());
    }
    for name in names {
        let mut n_files = 0;
        each_file(&folder.path(&name), &mut |path, text| {
            n_files += 1;
            for place in ["name", "lang", "commands", "pdk", "plugsmith", "ass", "about", "dep"] {
                let place = format!("{{{{{place}");
                assert!(!text.contains(&place), "{}: {place}", path.display());
            }
            assert!(text.ends_with('\n') && text.lines().all(|line| line == line.trim_end()));
        });
        assert!(n_files >= 5, "{name} has {n_files} files");
    }
}

fn each_file(folder: &Path, see: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            each_file(&path, see);
        } else {
            see(&path, &fs::read_to_string(&path).expect("the file is text"));
        }
    }
}

#[test]
fn a_folder_that_is_empty_will_do() {
    let folder = Folder::new();
    fs::create_dir(folder.path("hello")).expect("the folder is made");
    assert_eq!(folder.run(&["new", "hello", "--lang", "c"]).status, 0);
}

#[test]
fn what_cannot_be_made_is_refused_and_nothing_is_written() {
    let folder = Folder::with(&[("there/mine.txt", "precious"), ("file", "precious")]);
    let rows: [(&[&str], i32, &str, &str); 12] = [
        (&["there", "--lang", "c"], 5, "`there` is there, and not empty", "another name"),
        (&["file", "--lang", "c"], 5, "`file` is a file", "another name"),
        (&["2x", "--lang", "c"], 2, "does not begin with a letter", "letters, digits"),
        (&["a/b", "--lang", "c"], 2, "it contains `/`", "letters, digits"),
        (&["match", "--lang", "rust"], 2, "a word of Rust", "letters, digits"),
        (&["match", "--host", "rust"], 2, "a word of Rust", "letters, digits"),
        (&["x"], 2, "not said what to make", "rust, c, zig, assemblyscript, go, wat; `--example"),
        (&["x", "--lang", "cobol"], 2, "invalid value 'cobol'", ""),
        (&["x", "--lang", "c", "--host", "rust"], 2, "cannot be used with", ""),
        (&["x", "--lang", "c", "--example", "discount"], 2, "cannot be used with", ""),
        (&["x", "--lang", "rust", "--pdk", "nowhere"], 5, "nowhere", "`plugsmith-pdk`"),
        (&["x", "--host", "rust", "--runtime", "nowhere"], 5, "nowhere", "`plugsmith`"),
    ];
    for (arguments, status, message, help) in rows {
        let ran = folder.run(&[&["new", "--json"], arguments].concat());
        let error = ran.error();
        assert_eq!(ran.status, status, "{ran:#?}");
        assert!(error["message"].as_str().expect("it is text").contains(message), "{ran:#?}");
        assert!(error["help"].as_str().unwrap_or_default().contains(help), "{ran:#?}");
    }
    let mut names: Vec<_> = fs::read_dir(folder.path(""))
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder can be read").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["file", "there"]);
    assert_eq!(fs::read_to_string(folder.path("there/mine.txt")).expect("it is there"), "precious");
}

#[test]
fn another_package_is_not_the_kit() {
    let folder = Folder::new();
    let runtime = tools::checkout("runtime");
    let runtime = runtime.to_str().expect("the checkout's path is text");
    let ran = folder.run(&["new", "x", "--lang", "rust", "--pdk", runtime]);
    assert_eq!(ran.status, 5);
    assert!(ran.stderr.contains("is not the package `plugsmith-pdk`"), "{ran:#?}");
}

#[test]
fn a_program_in_a_checkout_makes_projects_that_depend_on_it() {
    let folder = Folder::new();
    let binary = Path::new(env!("CARGO_BIN_EXE_plugsmith"));
    let make = |program: &Path, name: &str| {
        let mut command = Command::new(program);
        command.args(["new", name, "--lang", "rust"]).env_remove("PLUGSMITH_PDK");
        let ran = finish(command.current_dir(folder.path("")), "");
        assert_eq!(ran.status, 0, "{ran:#?}");
        let tells = ran.stderr.contains("`plugsmith-pdk` of the registry; `--pdk FOLDER` names");
        assert_eq!(tells, name == "away", "{ran:#?}");
        let manifest = fs::read_to_string(folder.path(&format!("{name}/Cargo.toml")));
        let manifest = manifest.expect("it was made");
        let line = manifest.lines().find(|line| line.starts_with("plugsmith-pdk = "));
        line.expect("it depends on the kit").to_owned()
    };
    fs::hard_link(binary, folder.path("moved"))
        .or_else(|_| fs::copy(binary, folder.path("moved")).map(|_| ()))
        .expect("the program can be put elsewhere");
    assert_eq!(make(&folder.path("moved"), "away"), "plugsmith-pdk = \"0.1\"");

    folder.write("checkout/pdk/Cargo.toml", "[package]\nname = \"plugsmith-pdk\"\n");
    fs::create_dir_all(folder.path("checkout/target/debug")).expect("a folder is made");
    let moved = folder.path("checkout/target/debug/plugsmith");
    fs::rename(folder.path("moved"), &moved).expect("the program can be moved");
    let found = make(&moved, "home");
    assert!(found.starts_with("plugsmith-pdk = { path = \""), "{found}");
    assert!(found.ends_with("pdk\" }"), "{found}");
}

#[test]
fn the_environment_may_name_the_checkout() {
    let folder = Folder::new();
    let mut command = folder.command(&["new", "x", "--lang", "rust"]);
    let ran = finish(command.env("PLUGSMITH_PDK", tools::checkout("pdk")), "");
    assert_eq!(ran.status, 0, "{ran:#?}");
    let manifest = fs::read_to_string(folder.path("x/Cargo.toml")).expect("it was made");
    assert!(manifest.contains("plugsmith-pdk = { path = \""), "{manifest}");
}

/// The program is compiled as an example of this package, `host_template`, since another project would
/// compile the engine for itself.
#[test]
fn a_host_program_runs_a_plug_in_that_was_just_made() {
    const PROGRAM: &str = include_str!("../../templates/host/src/main.rs");
    let folder = Folder::new();
    assert_eq!(folder.run(&["new", "my-host", "--host", "rust"]).status, 0);
    let made = fs::read_to_string(folder.path("my-host/src/main.rs")).expect("it was made");
    assert_eq!(made, PROGRAM);
    assert_eq!(folder.run(&["new", "hello", "--lang", "wat"]).status, 0);
    assert_eq!(folder.run(&["build", "--project", "hello"]).status, 0);

    let file = format!("examples/host_template{}", std::env::consts::EXE_SUFFIX);
    let program = Path::new(env!("CARGO_BIN_EXE_plugsmith")).with_file_name(file);
    assert!(program.is_file(), "`cargo test` compiles it where `--examples` is not left out");
    let rows = [
        (&["hello/plugin.wasm", "greet", "Ada"][..], 0, "Good day, Ada!\n", ""),
        (&["hello/plugin.wasm", "greet", ""], 1, "", "nobody to greet"),
        (&["hello/plugin.wasm"], 1, "", "name a plug-in, one of its functions, and an input"),
    ];
    for (arguments, status, stdout, stderr) in rows {
        let ran = finish(Command::new(&program).args(arguments).current_dir(folder.path("")), "");
        assert_eq!((ran.status, ran.stdout.as_str()), (status, stdout), "{ran:#?}");
        assert!(ran.stderr.contains(stderr), "{ran:#?}");
    }
}

#[test]
fn a_host_program_finds_the_library() {
    let folder = Folder::new();
    let runtime = tools::checkout("runtime");
    let runtime = runtime.to_str().expect("the checkout's path is text");
    let ran = folder.run(&["new", "my-host", "--host", "rust", "--runtime", runtime]);
    assert_eq!(ran.status, 0, "{ran:#?}");
    let lock = fs::read(tools::checkout("Cargo.lock")).expect("the checkout has a lock");
    folder.write("my-host/Cargo.lock", lock);
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--format-version=1", "--manifest-path"])
        .arg(folder.path("my-host/Cargo.toml"))
        .output()
        .expect("cargo runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    assert!(packages.iter().any(|package| package["name"] == "plugsmith"), "{words}");
}
