//! `plugsmith build`: what is missing, and how a project says how it is built. Compilers at work are in
//! `journey.rs`.

use std::fs;

use serde_json::json;

use crate::command::{Folder, finish};

/// A plug-in that does nothing.
const EMPTY: &str = "(module)";

#[test]
fn a_folder_that_is_not_there_is_no_project() {
    // Not even below one.
    let folder = Folder::with(&[("plugsmith.toml", "lang = 'wat'"), ("plugin.wat", EMPTY)]);
    let ran = folder.run(&["build", "--project", "tpyo", "--json"]);
    assert_eq!((ran.status, &ran.error()["message"]), (5, &json!("no folder `tpyo`")), "{ran:#?}");
}

#[test]
fn without_a_compiler_it_says_how_to_get_one() {
    let rows = [
        ("rust", "there is no cargo", "https://rustup.rs"),
        ("c", "there is no clang; there is no Zig, either", "apt-get install clang lld"),
        ("zig", "there is no Zig", "https://ziglang.org/download"),
        ("assemblyscript", "there is no Node.js", "https://nodejs.org"),
        ("go", "there is no Go", "https://go.dev/dl"),
    ];
    for (lang, message, help) in rows {
        let folder = Folder::new();
        assert_eq!(folder.run(&["new", "x", "--lang", lang]).status, 0);
        for command in ["build", "test"] {
            let mut command = folder.command(&[command, "--project", "x", "--json"]);
            let ran = finish(command.env("PATH", ""), "");
            let error = ran.error();
            assert_eq!((ran.status, ran.stdout.as_str()), (6, ""), "{ran:#?}");
            assert_eq!(error["message"], message, "{ran:#?}");
            assert!(error["help"].as_str().expect("it has help").contains(help), "{ran:#?}");
        }
    }
}

/// Programs that say what they are and can do nothing else.
#[cfg(unix)]
#[test]
fn a_compiler_that_will_not_do_is_refused() {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    /// A program's name, and what it does.
    type Program = (&'static str, &'static str);

    let rows: [(&str, &[Program], &str, &str); 8] = [
        ("zig", &[("zig", "echo 0.13.0")], "Zig is 0.13, plug-ins need 0.17", "ziglang.org"),
        ("zig", &[("zig", "exit 1")], "`zig version` failed", "ziglang.org"),
        (
            "go",
            &[("go", "echo go version go1.23.4 x/y")],
            "Go is 1.23, plug-ins need 1.24",
            "go.dev",
        ),
        (
            "assemblyscript",
            &[("node", "echo v18.20.1")],
            "Node.js is 18.20, AssemblyScript needs 20.0",
            "nodejs.org",
        ),
        (
            "assemblyscript",
            &[("node", "echo v22.1.0")],
            "AssemblyScript's compiler is not installed",
            "`npm install`",
        ),
        (
            "c",
            &[("clang", "echo wasm-ld"), ("clang-19", "exit 1")],
            "there is a clang, but not one that compiles for WebAssembly",
            "apt-get install clang lld",
        ),
        (
            "rust",
            &[("cargo", "exit 1"), ("rustc", "echo rustc 1.95.0; echo no-such-folder")],
            "rustc 1.95 has no standard library for wasm32-unknown-unknown",
            "`rustup target add wasm32-unknown-unknown`",
        ),
        (
            "rust",
            &[("cargo", "exit 1"), ("rustc", "exit 1")],
            "`rustc --version` failed",
            "rustup.rs",
        ),
    ];
    for (lang, programs, message, help) in rows {
        let folder = Folder::new();
        assert_eq!(folder.run(&["new", "x", "--lang", lang]).status, 0);
        for (name, script) in programs {
            let name = format!("bin/{name}");
            folder.write(&name, format!("#!/bin/sh\n{script}\n"));
            let executable = Permissions::from_mode(0o755);
            fs::set_permissions(folder.path(&name), executable).expect("it is ours");
        }
        let mut command = folder.command(&["build", "--project", "x", "--json"]);
        let ran = finish(command.env("PATH", folder.path("bin")).env_remove("RUSTC"), "");
        let error = ran.error();
        assert_eq!(ran.status, 6, "{ran:#?}");
        assert!(error["message"].as_str().expect("it is text").contains(message), "{ran:#?}");
        assert!(error["help"].as_str().expect("it has help").contains(help), "{ran:#?}");
    }
}

#[test]
fn a_project_is_found_from_below() {
    let folder = Folder::with(&[
        ("p/plugsmith.toml", "lang = \"wat\"\noutput = \"out/x.wasm\"\n"),
        ("p/plugin.wat", EMPTY),
        ("p/deep/er/file", ""),
    ]);
    let mut command = folder.command(&["build"]);
    let ran = finish(command.current_dir(folder.path("p/deep/er")), "");
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    assert!(ran.stdout.starts_with("Built "), "{ran:#?}");
    assert!(ran.stdout.contains(" (8 bytes) with the assembler of `plugsmith`"), "{ran:#?}");
    assert!(folder.path("p/out/x.wasm").is_file());
}

#[test]
fn what_is_no_project_is_refused() {
    let rows = [
        (None, "no `plugsmith.toml` in ", "plugsmith new"),
        (Some("lang = \"cobol\"\n"), "plugsmith.toml` is not as it must be", ""),
        (Some("output = \"x\"\n"), "plugsmith.toml` is not as it must be", ""),
        (Some("lang = "), "plugsmith.toml` is not as it must be", ""),
        (Some("lang = \"c\"\ncommand = []\n"), "has an empty `command`", "name the program first"),
        (Some("lang = \"c\"\n"), "no `*.c` in ", "a `command` in `plugsmith.toml`"),
        (Some("lang = \"wat\"\n"), "no `plugin.wat` in ", "a `command` in `plugsmith.toml`"),
        (Some("lang = \"zig\"\n"), "no `src/plugin.zig` in ", "a `command` in `plugsmith.toml`"),
    ];
    for (text, message, help) in rows {
        let folder = Folder::new();
        if let Some(text) = text {
            folder.write("plugsmith.toml", text);
        }
        let ran = folder.run(&["build", "--json"]);
        let error = ran.error();
        assert_eq!((ran.status, ran.stdout.as_str()), (5, ""), "{ran:#?}");
        assert!(error["message"].as_str().expect("it is text").contains(message), "{ran:#?}");
        assert!(error["help"].as_str().unwrap_or_default().contains(help), "{ran:#?}");
    }
}

#[test]
fn a_mistake_in_a_project_is_shown_in_its_place() {
    let folder = Folder::with(&[("plugsmith.toml", "lang = \"c\"\n\noutptu = \"x.wasm\"\n")]);
    let place = folder.run(&["build", "--json"]).error()["place"].clone();
    assert_eq!((&place["line"], &place["column"]), (&json!(3), &json!(1)));
    let mistake = "unknown field `outptu`, expected one of `lang`, `output`, `command`, `wasi`";
    assert_eq!(place["mistake"], mistake);
}

#[cfg(unix)]
#[test]
fn a_project_may_name_its_own_command() {
    let script = "echo words; printf '\\0asm\\1\\0\\0\\0' > $PLUGSMITH_PROFILE.wasm";
    let settings = format!(
        "lang = \"c\"\noutput = \"debug.wasm\"\ncommand = [\"sh\", \"-c\", {}]\n",
        json!(script)
    );
    let folder = Folder::with(&[("plugsmith.toml", &settings)]);
    let ran = folder.run(&["build", "--debug", "--json"]);
    assert_eq!((ran.status, ran.json()["bytes"].clone()), (0, json!(8)), "{ran:#?}");
    let ran = folder.run(&["build", "--debug"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, "words\n"), "{ran:#?}");

    fs::remove_file(folder.path("debug.wasm")).expect("it is there");
    let ran = folder.run(&["build"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (7, ""), "{ran:#?}");
    assert!(ran.stderr.contains("the build left no `"), "{ran:#?}");
    assert!(ran.stderr.contains("`output` in `plugsmith.toml`"), "{ran:#?}");
}

#[test]
fn a_command_that_fails_or_is_not_there_is_told() {
    let rows = [
        ("[\"no-such-program\", \"x\"]", 6, "cannot run `no-such-program x`"),
        ("[\"cargo\", \"no-such-command\"]", 7, "`cargo no-such-command` failed"),
    ];
    for (command, status, message) in rows {
        let settings = format!("lang = \"c\"\ncommand = {command}\n");
        let folder = Folder::with(&[("plugsmith.toml", &settings)]);
        let ran = folder.run(&["build", "--json"]);
        assert_eq!((ran.status, &ran.error()["message"]), (status, &json!(message)), "{ran:#?}");
    }
}

#[test]
fn text_that_does_not_assemble_is_shown_with_its_place() {
    let folder = Folder::with(&[
        ("plugsmith.toml", "lang = \"wat\"\n"),
        ("plugin.wat", "(module\n  (func (i32.ad)))\n"),
    ]);
    let ran = folder.run(&["build"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (7, ""), "{ran:#?}");
    assert!(ran.stderr.contains("`plugin.wat` does not assemble"), "{ran:#?}");
    assert!(ran.stderr.contains("plugin.wat:2:10"), "{ran:#?}");
}

#[test]
fn a_build_that_fails_leaves_what_was_there_and_nothing_else() {
    let folder = Folder::with(&[("plugsmith.toml", "lang = \"wat\"\n"), ("plugin.wat", EMPTY)]);
    assert_eq!(folder.run(&["build"]).status, 0);
    folder.write("plugin.wat", "(module");
    assert_eq!(folder.run(&["build"]).status, 7);
    assert_eq!(fs::read(folder.path("plugin.wasm")).expect("it is there"), b"\0asm\x01\0\0\0");
    let mut names: Vec<_> = fs::read_dir(folder.path(""))
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder can be read").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["plugin.wasm", "plugin.wat", "plugsmith.toml"]);
}
