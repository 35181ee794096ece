//! What a command takes for a plug-in, and what it says of anything else.

use serde_json::json;

use crate::{command::Folder, guests::ECHO};

#[test]
fn modules_and_manifests_are_told_apart() {
    let folder = Folder::with(&[
        ("echo.wat", ECHO),
        ("plugin.json", r#"{"wasm": [{"path": "echo.wat"}]}"#),
        ("plugin.toml", "[[wasm]]\npath = 'echo.wat'\n"),
        ("sub/plugin.toml", "[[wasm]]\npath = '../echo.wat'\n"),
        ("no_end", "[[wasm]]\npath = 'echo.wat'\n"),
    ]);
    folder.write("echo.wasm", wat::parse_str(ECHO).unwrap());
    // As editors of Windows write.
    folder.write("marked.wat", format!("\u{feff}{}", ECHO.replace('\n', "\r\n")));
    folder.write("marked.toml", "\u{feff}[[wasm]]\r\npath = 'marked.wat'\r\n");
    folder.write("marked/plugsmith.toml", "\u{feff}lang = 'wat'\r\n");
    folder.write("marked/plugin.wat", format!("\u{feff}{}", ECHO.replace('\n', "\r\n")));
    assert_eq!(folder.run(&["build", "--project", "marked"]).status, 0);
    for source in [
        "echo.wat",
        "echo.wasm",
        "plugin.json",
        "plugin.toml",
        "sub/plugin.toml",
        "no_end",
        "marked.wat",
        "marked.toml",
        "marked",
    ] {
        let ran = folder.run(&["call", source, "echo", "-i", "hello"]);
        assert_eq!((ran.status, ran.stdout.as_str()), (0, "hello"), "{source}: {ran:#?}");
    }
    for input in [ECHO, r#"{"wasm": [{"path": "echo.wat"}]}"#] {
        let ran = folder.run_with_input(&["call", "-", "echo", "-i", "hello"], input);
        assert_eq!((ran.status, ran.stdout.as_str()), (0, "hello"), "{input}: {ran:#?}");
    }
}

#[test]
fn what_is_no_plugin_is_refused_with_advice() {
    let folder = Folder::with(&[
        ("echo.wat", ECHO),
        ("prose", "just words"),
        ("nothing.wasm", ""),
        ("broken.wat", "(module (func"),
        ("folder/file", ""),
        ("project/plugsmith.toml", "lang = 'wat'"),
        ("lib.rs", "fn main() { let a = 1; }"),
        ("lost.toml", "[[wasm]]\npath = 'gone.wasm'\n"),
        ("empty.json", "{}"),
    ]);
    folder.write("echo.wasm", wat::parse_str(ECHO).unwrap());
    let rows = [
        (&["gone.wasm"][..], "cannot read plug-in `gone.wasm`", "name the file of a module"),
        (&["folder"], "no `plugsmith.toml` in", "`plugsmith new"),
        (&["project"], "cannot read plug-in `project/plugin.wasm`", "`plugsmith build`"),
        (&["lib.rs"], "`lib.rs` is a source file", "`plugsmith build`"),
        (&["prose"], "`prose` is neither a module nor a manifest", "`.wasm`"),
        (&["nothing.wasm"], "`nothing.wasm` is empty", "`.wasm`"),
        (&["-"], "standard input is empty", "`.wasm`"),
        (&["broken.wat"], "module `main`: invalid WebAssembly text", ""),
        (&["lost.toml"], "module `main`: cannot read file `gone.wasm`", "the manifest's folder"),
        (&["empty.json"], "`wasm`: manifest has no modules", ""),
        (&["echo.wasm", "--manifest"], "a module was given", "leave out `--manifest`"),
        (&["https://example.com/p.json", "-m"], "is not a file", "download it"),
    ];
    for (arguments, message, help) in rows {
        let ran = folder.run(&[&["call"], arguments, &["echo", "--json"]].concat());
        let error = ran.error();
        assert!(error["message"].as_str().unwrap().contains(message), "{ran:#?}");
        assert!(error["help"].as_str().unwrap_or_default().contains(help), "{ran:#?}");
    }
}

#[test]
fn a_project_stands_for_what_it_is_built_to() {
    let folder = Folder::with(&[
        ("project/plugsmith.toml", "lang = 'wat'\noutput = 'out/echo.wasm'\nwasi = true"),
        ("project/src/plugin.wat", ""),
        ("wrong/plugsmith.toml", "lang = 'cobol'"),
    ]);
    // It would not load without the grant that the project has for it.
    let plugin = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
        (func (export "run")))"#;
    folder.write("project/out/echo.wasm", wat::parse_str(plugin).unwrap());
    for source in ["project", "project/src", "project/plugsmith.toml"] {
        let ran = folder.run(&["call", source, "run"]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{source}: {ran:#?}");
    }
    let ran = folder.run(&["precompile", "project"]);
    assert!(ran.stdout.starts_with("project/out/echo.plugsmith ("), "{ran:#?}");
    let ran = folder.run(&["inspect", "wrong", "--json"]);
    assert_eq!((ran.status, &ran.error()["place"]["line"]), (5, &json!(1)), "{ran:#?}");
}

#[test]
fn mistakes_in_a_manifest_have_a_place() {
    let text = "timeout_ms = 50\n[[wasm]]\npath = 'echo.wat'\nhash = 'abc'\n";
    let folder = Folder::with(&[("plugin.toml", text)]);
    let ran = folder.run(&["call", "plugin.toml", "echo", "--json"]);
    let mistake = "expected a SHA-256 of 64 hexadecimal digits, found 3 characters";
    assert_eq!(
        ran.error()["place"],
        json!({"file": "plugin.toml", "line": 4, "column": 8, "mistake": mistake}),
        "{ran:#?}"
    );
    let ran = folder.run(&["call", "plugin.toml", "echo"]);
    for part in ["manifest `plugin.toml` is wrong", "plugin.toml:4:8", mistake] {
        assert!(ran.stderr.contains(part), "{part}: {ran:#?}");
    }
}

#[cfg(unix)]
#[test]
fn what_has_no_end_is_not_read_to_it() {
    let folder = Folder::new();
    let ran = folder.run(&["inspect", "/dev/zero", "--json"]);
    assert_eq!(ran.status, 3);
    assert!(ran.error()["help"].as_str().unwrap().contains("regular file"), "{ran:#?}");
    let mut command = folder.command(&["inspect", "-", "--json"]);
    let zeros = std::fs::File::open("/dev/zero").unwrap();
    let output = command.stdin(zeros).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("more than 67108864 bytes"), "{stderr}");
}
