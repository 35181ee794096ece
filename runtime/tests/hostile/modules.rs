//! What plug-ins are like: broken files, names of every kind, imports that are not theirs, modules that
//! pose as others.

use plugsmith::Wasm;

use crate::{
    attack::{Attack, Ends, attack, of_bytes, of_modules},
    guest::{attacking, small, with},
    run,
};

/// How every module begins.
const START: &[u8] = b"\0asm\x01\0\0\0";

/// What comes of a source that the build does not have.
const DISABLED: Ends = Ends::Load("SourceDisabled", "is switched off in this build");

/// What comes of text, where text is read.
fn as_text(ends: Ends) -> Ends {
    if cfg!(feature = "wat") { ends } else { DISABLED }
}

fn bytes(name: &'static str, tries: &'static str, tail: &'static [u8], ends: Ends) -> Attack {
    of_bytes(name, tries, move || [START, tail].concat(), ends)
}

pub(crate) fn malformed() -> Vec<Attack> {
    let invalid = |text| Ends::Load("InvalidModule", text);
    vec![
        of_bytes(
            "no bytes",
            "is an empty file",
            Vec::new,
            Ends::Load("NotWasm", "not WebAssembly"),
        ),
        of_bytes(
            "bytes of something else",
            "is a program for the host's processor",
            || b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec(),
            Ends::Load("NotWasm", "it starts with"),
        ),
        of_bytes(
            "a module that ends in its head",
            "has four bytes of eight",
            || START[..4].to_vec(),
            invalid("not valid WebAssembly"),
        ),
        of_bytes(
            "a version of the future",
            "has a version that does not exist",
            || b"\0asm\xff\0\0\0".to_vec(),
            invalid("version"),
        ),
        of_bytes(
            "a component",
            "is of the component model",
            || b"\0asm\x0d\0\x01\0".to_vec(),
            Ends::Load("Component", "component"),
        ),
        bytes("a module of nothing", "has no section", b"", Ends::Call("NoExport", "attack"))
            .again(),
        bytes(
            "a section past the end",
            "has a section of four gigabytes in a file of some bytes",
            b"\x01\xff\xff\xff\xff\x0f",
            invalid("unexpected end"),
        ),
        bytes(
            "a section nobody knows",
            "has a section of number 200",
            b"\xc8\0",
            invalid("section"),
        ),
        bytes(
            "sections in disorder",
            "declares functions before their types",
            b"\x03\x02\x01\0\x01\x04\x01\x60\0\0",
            invalid("out of order"),
        ),
        bytes(
            "a count of four billion",
            "declares more types than it has bytes",
            b"\x01\x05\xff\xff\xff\xff\x0f",
            Ends::Load("ModuleLimit", "the number of declarations is 4294967295"),
        ),
        bytes(
            "a number without an end",
            "has an integer that goes on for ever",
            b"\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
            invalid("not valid WebAssembly"),
        ),
        bytes(
            "functions without code",
            "declares a function and gives none",
            b"\x01\x04\x01\x60\0\0\x03\x02\x01\0",
            invalid("not valid WebAssembly"),
        ),
        bytes(
            "code without functions",
            "gives a function that it does not declare",
            b"\x0a\x04\x01\x02\0\x0b",
            invalid("not valid WebAssembly"),
        ),
        bytes(
            "a function that ends early",
            "has code without an end",
            b"\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x05\x01\x03\0\x01\x01",
            invalid("not valid WebAssembly"),
        ),
        bytes(
            "code that is none",
            "has instructions of unknown numbers",
            b"\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x05\x01\x03\0\xff\x0b",
            invalid("not valid WebAssembly"),
        ),
        attack(
            "code of the wrong type",
            "adds an integer to a float",
            small(r#"(func (export "attack") (drop (i32.add (i32.const 1) (f64.const 1))))"#),
            invalid("type mismatch"),
        ),
        attack(
            "a branch to nowhere",
            "jumps out of more blocks than there are",
            small(r#"(func (export "attack") (br 7))"#),
            invalid("unknown label"),
        ),
        bytes(
            "an export's name that is no text",
            "has an export whose name is not UTF-8",
            b"\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x05\x01\x01\xff\0\0\x0a\x04\x01\x02\0\x0b",
            invalid("UTF-8"),
        ),
        attack(
            "a name exported twice",
            "has two exports of one name",
            small(r#"(func (export "attack")) (func (export "attack"))"#),
            invalid("duplicate export name"),
        ),
        attack(
            "a start function with parameters",
            "names as start function what cannot be one",
            small(r#"(func $s (param i32)) (start $s) (func (export "attack"))"#),
            invalid("invalid start function type"),
        ),
        of_bytes(
            "text without an end",
            "is text that opens a module and never closes it",
            || b"(module (func".to_vec(),
            as_text(Ends::Load("Text", "invalid WebAssembly text")),
        ),
        of_bytes(
            "text of a hundred thousand brackets",
            "is text that opens lists within lists, for a parser that calls itself",
            || [b"(module (func ".to_vec(), b"(block ".repeat(100_000)].concat(),
            as_text(Ends::Load("Text", "invalid WebAssembly text")),
        ),
        of_bytes(
            "text folded a hundred thousand times",
            "is text of expressions within expressions",
            || {
                [
                    b"(module (func (drop ".to_vec(),
                    b"(i32.eqz ".repeat(100_000),
                    b"(i32.const 1)".to_vec(),
                    b")".repeat(100_000),
                    b")))".to_vec(),
                ]
                .concat()
            },
            as_text(Ends::Call("NoExport", "no exported function `attack`")),
        )
        .again(),
    ]
}

pub(crate) fn names() -> Vec<Attack> {
    let unknown = |text| Ends::Load("UnknownImport", text);
    vec![
        attack(
            "odd names",
            "exports the empty name, a name of spaces, of emoji, of control characters",
            small(
                r#"(func (export "")) (func (export " ")) (func (export "🎉"))
                (func (export "\00")) (func (export "\1b[2J")) (func (export "attack"))"#,
            ),
            Ends::Harmless,
        ),
        attack(
            "a name of a hundred thousand bytes",
            "exports as long a name as there may be",
            small(&format!(
                r#"(func (export "{}")) (func (export "attack"))"#,
                "x".repeat(100_000)
            )),
            Ends::Harmless,
        ),
        attack(
            "ten thousand names alike",
            "exports ten thousand names near the one that is called, among which a hint is looked for",
            small(&format!(
                "(func $f) {}",
                (0..10_000)
                    .map(|idx| format!(r#"(export "attac{idx}" (func $f))"#))
                    .collect::<Vec<_>>()
                    .concat()
            )),
            Ends::Call("NoExport", "no exported function `attack`"),
        ),
        attack(
            "a hint that clears the screen",
            "exports a name with a command to a terminal, near the one that is called",
            small(r#"(func (export "atta\1bk"))"#),
            Ends::Call("NoExport", r"did you mean `atta\u{1b}k`?"),
        ),
        attack(
            "an export with parameters",
            "exports a function that a host cannot call",
            small(
                r#"(func (export "attack") (param i64 i64 externref) (result f64)
                    (f64.const 1))"#,
            ),
            Ends::Call("ExportType", "is (i64, i64"),
        ),
        attack(
            "an export that is no function",
            "exports a memory under the name that is called",
            small(r#"(memory (export "attack") 1)"#),
            Ends::Call("ExportType", "a memory"),
        ),
        attack(
            "a function of the host that does not exist",
            "imports a function nobody has",
            with(r#"(import "extism:host/env" "exec" (func))"#, ""),
            unknown("`extism:host/env::exec`"),
        ),
        attack(
            "a function that was not given to it",
            "imports a function of the host that another plug-in has",
            with(r#"(import "extism:host/user" "relay" (func))"#, ""),
            unknown("`extism:host/user::relay`"),
        ),
        attack(
            "a function of a made-up place",
            "imports from a name that looks like a file of the host",
            with(r#"(import "file:///etc/passwd" "read" (func))"#, ""),
            unknown("file:///etc/passwd"),
        ),
        attack(
            "an import with a hidden name",
            "imports a name with commands to a terminal in it",
            with(r#"(import "a\1b[2J\0ab" "c\07d" (func))"#, ""),
            unknown(r"`a\u{1b}[2J\nb::c\u{7}d`"),
        ),
        attack(
            "an import of a hundred thousand bytes",
            "imports a name as long as there may be, which the error would repeat",
            with(&format!(r#"(import "a" "{}" (func))"#, "x".repeat(100_000)), ""),
            unknown("… (100000 bytes)"),
        ),
        attack(
            "the system interface ungranted",
            "imports a function of WASI that it was not granted",
            with(
                r#"(import "wasi_snapshot_preview1" "fd_write"
                    (func (param i32 i32 i32 i32) (result i32)))"#,
                "",
            ),
            unknown("wasi_snapshot_preview1"),
        ),
        attack(
            "the system interface of before",
            "imports from the preview before the one that is granted",
            with(r#"(import "wasi_unstable" "proc_raise" (func (param i32) (result i32)))"#, ""),
            unknown("wasi_unstable"),
        ),
        attack(
            "itself",
            "imports a function of itself",
            with(r#"(import "main" "attack" (func $a))"#, r#"(func (export "attack"))"#),
            Ends::Harmless,
        ),
        attack(
            "function names of a megabyte",
            "has a function of an endless name trap, and hide the host's screen by its backtrace",
            with(
                "",
                &format!(
                    "(func (@name \"{}\") unreachable) (func (export \"attack\") (call 34))",
                    "x\\1b[2J".repeat(1000)
                ),
            ),
            Ends::Call("Trap", "… (5000 bytes)"),
        ),
        attack(
            "a symbol that unfolds",
            "has a function whose mangled name stands for a much longer one",
            with(
                "",
                &format!(
                    "(func (@name \"_RINvC1a{}E\") unreachable) (func (export \"attack\") (call 34))",
                    "TTTTTTTTTTTTTTTTB3_B3_EB2_B2_EB1_B1_E".repeat(40)
                ),
            ),
            Ends::Call("Trap", "executed `unreachable`"),
        ),
        attack(
            "an empty interface",
            "exports nothing that is called",
            attacking("").replace("\"attack\"", "\"another\""),
            Ends::Call("NoExport", "no exported function `attack`"),
        ),
    ]
}

fn side_and_main(name: &'static str, side: &str, main: &str) -> Vec<Wasm> {
    vec![
        Wasm::data(wat::parse_str(side).unwrap()).with_name(name),
        Wasm::data(wat::parse_str(main).unwrap()).with_name("main"),
    ]
}

pub(crate) fn sides() -> Vec<Attack> {
    vec![
        of_modules(
            "a module that poses as the host",
            "is named `extism:host/env` and offers its own `var_get`",
            || {
                side_and_main(
                    "extism:host/env",
                    r#"(module (func (export "var_get") (param i64) (result i64) unreachable))"#,
                    &attacking("(drop (call $var_get (call $letter (i32.const 65))))"),
                )
            },
            Ends::Load("Manifest", "extism:host/env"),
        ),
        of_modules(
            "a module that poses as the host's functions",
            "is named `extism:host/user` and takes the place of a function of the host",
            || {
                side_and_main(
                    "extism:host/user",
                    r#"(module (func (export "relay")))"#,
                    &with(
                        r#"(import "extism:host/user" "relay" (func $relay))"#,
                        r#"(func (export "attack") (call $relay))"#,
                    ),
                )
            },
            Ends::Harmless,
        ),
        of_modules(
            "a module that poses as the system",
            "is named as WASI and offers what was not granted",
            || {
                side_and_main(
                    "wasi_snapshot_preview1",
                    r#"(module (func (export "proc_exit") (param i32)))"#,
                    &with(
                        r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#,
                        r#"(func (export "attack") (call $exit (i32.const 3)))"#,
                    ),
                )
            },
            Ends::Harmless,
        ),
        of_modules(
            "two modules of one name",
            "names two modules alike",
            || side_and_main("main", "(module)", &attacking("")),
            Ends::Load("Manifest", "main"),
        ),
        of_modules(
            "more modules than are linked",
            "names 257 modules",
            || {
                (0..257)
                    .map(|idx| Wasm::data(START.to_vec()).with_name(format!("m{idx}")))
                    .collect()
            },
            Ends::Load("TooManyModules", "257"),
        ),
        of_modules(
            "no module at all",
            "is a manifest without a module",
            Vec::new,
            Ends::Load("Manifest", "wasm"),
        ),
        of_modules(
            "a file that is not one",
            "names a device of the host as its module",
            || vec![Wasm::file("/dev/zero")],
            if cfg!(feature = "register-filesystem") {
                Ends::Load("ReadFile", "cannot read file")
            } else {
                DISABLED
            },
        ),
        of_modules(
            "a module with another hash",
            "is not the module that the manifest vouches for",
            || {
                let module = wat::parse_str(attacking("")).unwrap();
                vec![Wasm::data(module).with_hash("00".repeat(32))]
            },
            Ends::Load("HashMismatch", "sha256"),
        ),
        of_modules(
            "a circle of memories",
            "has two modules import each other's memory",
            || {
                side_and_main(
                    "side",
                    r#"(module (import "main" "memory" (memory 1)) (memory (export "mine") 1))"#,
                    &with(r#"(import "side" "mine" (memory 1))"#, ""),
                )
            },
            Ends::Load("ImportCycle", "circle"),
        ),
        of_modules(
            "a call before its time",
            "has a start function call into a module that does not exist yet",
            || {
                side_and_main(
                    "side",
                    r#"(module (import "main" "attack" (func $a)) (func $s (call $a)) (start $s)
                        (func (export "on")))"#,
                    &with(
                        r#"(import "side" "on" (func $on))"#,
                        r#"(func (export "attack") (call $on))"#,
                    ),
                )
            },
            Ends::Call("Host", "is not instantiated yet"),
        )
        .again(),
        of_modules(
            "another module's memory",
            "grows and fills the memory of a module that shares it, past the limit of both",
            || {
                side_and_main(
                    "side",
                    r#"(module (memory (export "shared") 1))"#,
                    &with(
                        r#"(import "side" "shared" (memory $s 1))"#,
                        r#"(func (export "attack")
                            (if (i32.ne (memory.grow $s (i32.const 63)) (i32.const -1))
                                (then unreachable)))"#,
                    ),
                )
            },
            Ends::Harmless,
        ),
    ]
}

#[test]
fn broken_modules_are_refused_with_a_reason() {
    run::all(&malformed());
}

#[test]
fn names_and_imports_are_checked_and_shown_in_short() {
    run::all(&names());
}

#[test]
fn modules_pose_as_nobody_else() {
    run::all(&sides());
}
