//! `plugsmith inspect`.

use serde_json::json;

use crate::{
    command::Folder,
    guests::{ASKING, ECHO, FILES, LINKED, SIDE},
};

/// Imports and exports of every kind.
const MOTLEY: &str = r#"(module
    (import "extism:host/env" "http_request" (func (param i64 i64) (result i64)))
    (import "extism:host/user" "greet" (func (param i64) (result i64)))
    (import "shop" "price" (func (param f32 v128) (result i32 i64)))
    (import "shop" "stock" (global i64))
    (memory (export "memory") 2 5)
    (table (export "table") 1 funcref)
    (func (export "run") (result i32) (i32.const 0))
    (func (export "\1b[31m"))
    (func (export "_start"))
    (func (export "_initialize"))
    (func (export "add") (param i32 i32) (result i32) (i32.const 0))
    (@custom "note" "for whoever reads this"))"#;

#[test]
fn people_get_a_page() {
    let folder = Folder::with(&[("motley.wat", MOTLEY)]);
    let ran = folder.run(&["inspect", "motley.wat", "--all"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let expected = r"Needs
  host functions            greet         by the host program
  host functions in `shop`  price, stock  by the host program
  HTTP                      1 function    --allow-host HOST

Exports
  memory       a memory            for other modules
  table        a table of funcref  for other modules
  run          () -> i32           can be called
  \u{1b}[31m   () -> ()            can be called
  _start       () -> ()            a program, runs once
  _initialize  () -> ()            the host calls it first
  add          (i32, i32) -> i32   cannot be called by a host

Imports
  extism:host/env   http_request  (i64, i64) -> i64
  extism:host/user  greet         (i64) -> i64
  shop              price         (f32, v128) -> (i32, i64)
  shop              stock         a global of type i64

Made
  kit, probably  by hand, or a kit that leaves no name
  code           5 functions
  memory         128.0 KiB to start with, at most 320.0 KiB

Size
";
    let (page, sizes) = ran.stdout.split_at(expected.len());
    assert_eq!(page, expected);
    assert!(sizes.contains("custom `note`") && sizes.contains("whole module"), "{sizes}");
}

#[test]
fn scripts_get_everything() {
    let folder = Folder::with(&[("motley.wat", MOTLEY)]);
    let facts = folder.run(&["inspect", "motley.wat", "--json"]).json();
    assert_eq!(
        facts["needs"][1],
        json!({
            "capability": "host_functions",
            "name": "host functions in `shop`",
            "functions": ["price", "stock"],
            "granted_by": "by the host program",
        })
    );
    let module = &facts["modules"][0];
    assert_eq!(module["name"], json!("main"));
    assert_eq!(
        module["exports"][6],
        json!({"name": "add", "type": "(i32, i32) -> i32", "role": "uncallable"})
    );
    assert_eq!(module["memories"], json!([{"start_pages": 2, "most_pages": 5, "imported": false}]));
    let sections: u64 =
        module["sections"].as_array().unwrap().iter().filter_map(|one| one["bytes"].as_u64()).sum();
    assert!(sections > 0 && sections < module["bytes"].as_u64().unwrap(), "{module:#}");
}

#[test]
fn needs_name_what_grants_them() {
    let folder = Folder::with(&[
        ("asking.wat", ASKING),
        ("echo.wat", ECHO),
        ("files.wat", FILES),
        ("linked.wat", LINKED),
        ("side.wat", SIDE),
        ("empty.wat", "(module)"),
    ]);
    let rows = [
        (&["asking.wat"][..], "HTTP              2 functions  --allow-host HOST"),
        (&["asking.wat"], "configuration     1 function   always there"),
        (&["echo.wat"], "input and output  4 functions  always there"),
        (&["files.wat"], "WASI files        2 functions  --wasi --allow-path PATH"),
        (&["linked.wat"], "host functions in `side`  text         by the host program"),
        (
            &["linked.wat", "--link", "side=side.wat"],
            "module `side`     text         one of its modules",
        ),
        (&["linked.wat", "--link", "side=side.wat"], "Functions of module `side`"),
        (&["empty.wat"], "Needs\n  nothing\n\nFunctions\n  none\n"),
    ];
    for (arguments, part) in rows {
        let ran = folder.run(&[&["inspect"], arguments].concat());
        assert_eq!(ran.status, 0, "{ran:#?}");
        assert!(ran.stdout.contains(part), "{part}\n{}", ran.stdout);
    }
}

#[test]
fn names_give_a_terminal_no_commands() {
    let module = r#"(module
        (import "a\1b[2J" "b\n  HTTP  1 function" (func))
        (func (export "run\n  fake  () -> ()  can be called"))
        (@custom "c\1b[3J" "x"))"#;
    let folder = Folder::with(&[("odd.wat", module)]);
    for arguments in [&["inspect", "odd.wat"][..], &["inspect", "odd.wat", "--all"]] {
        let ran = folder.run(arguments);
        assert_eq!(ran.status, 0, "{ran:#?}");
        assert!(ran.stdout.contains("host functions in `a\\u{1b}[2J`  b\\n  HTTP"), "{ran:#?}");
        let starts_line = |start: &str| ran.stdout.lines().any(|line| line.starts_with(start));
        assert!(!starts_line("  HTTP") && !starts_line("  fake"), "{ran:#?}");
        assert!(!ran.stdout.contains('\u{1b}'), "{ran:#?}");
    }
    let ran = folder.run(&["validate", "odd.wat"]);
    assert!(ran.status == 8 && !ran.stdout.contains('\u{1b}'), "{ran:#?}");
}

#[test]
fn what_made_a_module_is_told() {
    /// Two fields: the language Rust, and the tool rustc 1.95.
    const PRODUCERS: &str = r#"(@custom "producers"
        "\02\08language\01\04Rust\00\0cprocessed-by\01\05rustc\041.95")"#;
    let folder = Folder::new();
    folder.write("made.wat", ECHO.trim_end_matches(')').to_owned() + "))" + PRODUCERS + ")");
    let ran = folder.run(&["inspect", "made.wat"]);
    for part in ["written in     Rust\n", "made by        rustc 1.95\n", "a kit for Rust"] {
        assert!(ran.stdout.contains(part), "{part}\n{ran:#?}");
    }
}

#[test]
fn broken_modules_are_refused() {
    let folder = Folder::new();
    let module = wat::parse_str(ECHO).unwrap();
    folder.write("cut.wasm", &module[..module.len() - 3]);
    let ran = folder.run(&["inspect", "cut.wasm", "--json"]);
    assert_eq!(ran.status, 3);
    assert_eq!(ran.error()["message"], json!("module `main` is not valid WebAssembly"));
}
