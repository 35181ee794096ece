//! `plugsmith precompile`.

use std::fs;

use plugsmith::{ArtifactKey, Plugin, PluginBuilder};
use serde_json::json;

use crate::{
    command::Folder,
    guests::{ECHO, FILES},
};

/// Wants a function of its host.
const GREETING: &str = r#"(module
    (import "extism:host/user" "greet" (func (param i64) (result i64)))
    (func (export "run")))"#;

#[test]
fn a_host_loads_what_is_signed() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    let ran = folder.run(&["precompile", "echo.wat", "--new-key", "key"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    assert!(ran.stdout.starts_with("echo.plugsmith ("), "{ran:#?}");
    assert!(ran.stdout.ends_with(", signed)\n"), "{ran:#?}");
    assert_eq!(call_signed(&folder, "echo.plugsmith"), "hello");
    let ran = folder.run(&["precompile", "echo.wat", "--key", "key", "-o", "again", "--json"]);
    let n_bytes = fs::metadata(folder.path("again")).unwrap().len();
    assert_eq!(ran.json(), json!({"path": "again", "bytes": n_bytes, "signed": true}));
    assert_eq!(call_signed(&folder, "again"), "hello");
}

fn call_signed(folder: &Folder, name: &str) -> String {
    let key = ArtifactKey::from_file(folder.path("key")).unwrap();
    let artifact = fs::read(folder.path(name)).unwrap();
    let builder = PluginBuilder::from_signed_artifact(&artifact, &key).unwrap();
    let mut plugin: Plugin = builder.build().unwrap();
    plugin.call("echo", "hello").unwrap()
}

#[test]
fn the_command_calls_what_it_compiled() {
    let folder = Folder::with(&[("echo.wat", ECHO)]);
    for (file, key) in [("echo.plugsmith", "key"), ("other.plugsmith", "other")] {
        let ran = folder.run(&["precompile", "echo.wat", "-o", file, "--new-key", key]);
        assert_eq!(ran.status, 0, "{ran:#?}");
    }
    folder.run(&["precompile", "echo.wat", "-o", "unsigned.plugsmith"]);
    let call = ["call", "echo.plugsmith", "echo", "-i", "hello", "--key", "key"];
    for options in [&[][..], &["--report"], &["--no-cache"], &["--wasi", "--log-level", "info"]] {
        let ran = folder.run(&[&call[..], options].concat());
        assert_eq!((ran.status, ran.stdout.as_str()), (0, "hello"), "{ran:#?}");
    }
    let rows = [
        (&["call", "echo.plugsmith", "echo"][..], "its key is missing", "--new-key"),
        (
            &["call", "unsigned.plugsmith", "echo", "--key", "key"],
            "is not signed with this key",
            "",
        ),
        (&["call", "other.plugsmith", "echo", "--key", "key"], "is not signed with this key", ""),
        (
            &["call", "echo.plugsmith", "echo", "--key", "key", "--timeout", "1s"],
            "`--timeout`",
            "precompile",
        ),
        (&["serve", "echo.plugsmith"], "its key is missing", "--key FILE"),
        (&["inspect", "echo.plugsmith"], "nothing of it can be looked at", "name its module"),
        (&["bench", "echo.plugsmith", "echo"], "its key is missing", ""),
    ];
    for (arguments, message, help) in rows {
        let ran = folder.run(&[arguments, &["--json"]].concat());
        let error = ran.error();
        assert_eq!(ran.status, 3, "{ran:#?}");
        assert!(error["message"].as_str().unwrap().contains(message), "{ran:#?}");
        assert!(error["help"].as_str().unwrap_or_default().contains(help), "{ran:#?}");
    }
}

#[test]
fn what_the_host_grants_is_no_part_of_it() {
    let folder = Folder::with(&[("greeting.wat", GREETING), ("files.wat", FILES)]);
    for source in ["greeting.wat", "files.wat"] {
        let ran = folder.run(&["precompile", source, "--json", "--fuel"]);
        assert_eq!((ran.status, &ran.json()["signed"]), (0, &json!(false)), "{ran:#?}");
    }
}

#[test]
fn what_cannot_be_done_is_told() {
    let folder =
        Folder::with(&[("echo.wat", ECHO), ("short", "key"), ("odd.wat", "(module (func $")]);
    let rows = [
        (&["odd.wat"][..], 3, "invalid WebAssembly text", ""),
        (&["echo.wat", "--key", "gone"], 5, "key file `gone` cannot be used", "--new-key"),
        (&["echo.wat", "--new-key", "short"], 5, "key file `short` cannot be used", "none is ever"),
        (&["echo.wat", "-o", "gone/file"], 5, "cannot write `gone/file`", ""),
        (&["echo.wat", "-o", "./echo.wat"], 2, "`./echo.wat` is the plug-in itself", "--output"),
        (&["-"], 2, "the file to write has no name", "--output"),
    ];
    for (arguments, status, message, help) in rows {
        let ran = folder.run_with_input(&[&["precompile", "--json"], arguments].concat(), ECHO);
        let error = ran.error();
        assert_eq!(ran.status, status, "{ran:#?}");
        assert!(error["message"].as_str().unwrap().contains(message), "{ran:#?}");
        assert!(error["help"].as_str().unwrap_or_default().contains(help), "{ran:#?}");
    }
    assert_eq!(fs::read(folder.path("short")).unwrap(), b"key", "no file is overwritten by a key");
}
