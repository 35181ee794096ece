//! `plugsmith validate`.

use serde_json::json;

use crate::{
    command::Folder,
    guests::{ECHO, FILES, LINKED, SIDE},
};

/// Wants several things that nobody grants.
const DEMANDING: &str = r#"(module
    (import "extism:host/user" "greet" (func (param i64) (result i64)))
    (import "shop" "price" (func (param f32) (result f64)))
    (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
    (memory (export "memory") 9)
    (func (export "run")))"#;

#[test]
fn what_loads_loads() {
    let folder = Folder::with(&[
        ("echo.wat", ECHO),
        ("files.wat", FILES),
        ("linked.wat", LINKED),
        ("side.wat", SIDE),
        ("demanding.wat", DEMANDING),
        ("plugin.toml", "[[wasm]]\npath = 'echo.wat'\n"),
    ]);
    let rows = [
        &["echo.wat"][..],
        &["plugin.toml"],
        &["--manifest", "plugin.toml"],
        &["files.wat", "--wasi"],
        &["linked.wat", "--link", "side=side.wat"],
        &["linked.wat", "--host-function", "side::text"],
        &["demanding.wat", "--wasi", "--host-function", "greet", "--host-function", "shop::price"],
    ];
    for arguments in rows {
        let ran = folder.run(&[&["validate"], arguments].concat());
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:#?}");
        assert!(ran.stdout.ends_with("loads here\n"), "{ran:#?}");
        let ran = folder.run(&[&["validate", "--json"], arguments].concat());
        assert_eq!(ran.json(), json!({"loads": true, "reasons": [], "may_have_more": false}));
    }
}

#[test]
fn every_reason_is_given() {
    let folder = Folder::with(&[
        ("demanding.wat", DEMANDING),
        (
            "plugin.toml",
            "[[wasm]]\npath = 'demanding.wat'\n[memory]\nmax_pages = 8\n\
             [allowed_paths]\n'gone' = '/'\n'ro:lost' = '/lost'\n",
        ),
    ]);
    let ran = folder.run(&["validate", "plugin.toml", "--json"]);
    assert_eq!(ran.status, 8, "{ran:#?}");
    let verdict = ran.json();
    assert_eq!((&verdict["loads"], &verdict["may_have_more"]), (&json!(false), &json!(false)));
    let mut messages: Vec<_> = verdict["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| reason["message"].as_str().unwrap().split(" (").next().unwrap())
        .collect();
    messages.sort_unstable();
    assert_eq!(
        messages,
        [
            "allowed path `gone` cannot be used",
            "allowed path `lost` cannot be used",
            "module `main` imports `extism:host/user::greet`",
            "module `main` imports `shop::price`",
            "module `main` imports `wasi_snapshot_preview1::random_get`",
            "modules need 9 pages of memory to start, the limit is 8",
        ]
    );
    let page = folder.run(&["validate", "plugin.toml"]).stdout;
    assert!(page.starts_with("× plugin.toml does not load here, for 6 reasons\n"), "{page}");
    for help in ["with `--wasi`", "`--host-function greet`", "`--host-function shop::price`"] {
        assert!(page.contains(help), "{help}\n{page}");
    }
}

#[test]
fn reasons_that_hide_others_are_told_as_such() {
    let folder = Folder::with(&[
        ("broken.wat", "(module (func (result i32)))"),
        ("echo.wat", ECHO),
        (
            "files.json",
            r#"{"wasm": [{"path": "one.wasm", "name": "one"}, {"path": "two.wasm", "name": "two"},
                {"path": "echo.wat", "hash": "0000000000000000000000000000000000000000000000000000000000000000"}]}"#,
        ),
        (
            "twice.json",
            r#"{"wasm": [{"path": "echo.wat", "name": "a"}, {"path": "echo.wat", "name": "a"}, {"path": "echo.wat"}]}"#,
        ),
        ("global.wat", r#"(module (import "shop" "stock" (global i64)))"#),
    ]);
    folder.write("short.wasm", b"\0asm\x01\0\0\0\x01\xff");
    let rows = [
        ("broken.wat", &["module `main` is not valid WebAssembly"][..]),
        ("short.wasm", &["module `main` is not valid WebAssembly"]),
        (
            "files.json",
            &[
                "module `one`: cannot read file",
                "module `two`: cannot read file",
                "module `main`: sha256",
            ],
        ),
        ("twice.json", &["`wasm[1].name`: module `a` is named as `wasm[0]` is"]),
        ("global.wat", &["module `main` imports `shop::stock`"]),
    ];
    for (source, expected) in rows {
        let ran = folder.run(&["validate", source, "--json"]);
        assert_eq!(ran.status, 8, "{ran:#?}");
        let verdict = ran.json();
        assert_eq!(verdict["may_have_more"], json!(true), "{ran:#?}");
        let reasons = verdict["reasons"].as_array().unwrap();
        assert_eq!(reasons.len(), expected.len(), "{ran:#?}");
        for (reason, part) in reasons.iter().zip(expected) {
            assert!(reason["message"].as_str().unwrap().contains(part), "{part}: {ran:#?}");
        }
    }
    // What is no plug-in at all cannot be judged.
    assert_eq!(folder.run(&["validate", "gone.wasm"]).status, 3);
}
