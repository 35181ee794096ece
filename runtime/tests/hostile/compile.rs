//! Modules of a few kilobytes that take a compiler minutes and gigabytes, if it lets them.

pub(crate) mod startup;

use plugsmith::{CompiledPlugin, Error, Manifest, ModuleLimits, PluginBuilder, Wasm};

use crate::{
    attack::{Attack, Ends, attack, of_bytes, of_modules},
    guest::small,
    run,
};

fn past(text: &'static str) -> Ends {
    Ends::Load("ModuleLimit", text)
}

/// A guest with another function of this code.
fn beside(function: &str) -> String {
    small(&format!(r#"(func (export "attack")) {function}"#))
}

/// A function with `n_locals` locals, which has `head` and `foot` repeated around a use of each local.
fn around(n_locals: usize, n: usize, head: &str, foot: &str) -> String {
    let uses = (0..n_locals).map(|idx| format!("(local.set {idx} (local.get {idx}))"));
    let uses = uses.collect::<Vec<_>>().concat();
    let locals = "i32 ".repeat(n_locals);
    format!("(func (local {locals}) {} {uses} {})", head.repeat(n), foot.repeat(n))
}

/// A function that has twenty thousand values on its stack while it does `code` as often.
fn alive(code: &str) -> String {
    const N: usize = 20_000;
    let values = (0..N).map(|idx| format!("(i64.load offset={} (local.get 0))", idx * 8));
    format!(
        "(memory 3) (table 1 funcref) (func (param i32) (result i64) {} {} {})",
        values.collect::<String>(),
        code.repeat(N),
        "i64.add ".repeat(N - 1)
    )
}

/// Returns a number as WebAssembly writes it.
fn length(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

/// A type with a thousand parameters and results, and functions of it.
fn wide(code: &str) -> String {
    let thousand = "i32 ".repeat(1_000);
    format!(
        "(type $wide (func (param {thousand}) (result {thousand})))
        (type $start (func (result {thousand})))
        (func $wide (type $wide) unreachable) (func $start (type $start) unreachable)
        (func (type $start) {code})"
    )
}

pub(crate) fn bombs() -> Vec<Attack> {
    vec![
        attack(
            "loops within loops",
            "has a thousand loops within each other",
            beside(&around(1, 1_000, "loop ", "end ")),
            past("the nesting of loops is 101, the limit is 100"),
        ),
        attack(
            "locals alive through loops",
            "uses nine thousand locals within ninety loops",
            beside(&around(9_000, 90, "loop ", "end ")),
            past("the work to compile a function"),
        ),
        attack(
            "blocks within blocks",
            "has a hundred thousand blocks within each other",
            beside(&around(1, 100_000, "block ", "end ")),
            past("the nesting of blocks is 10001, the limit is 10000"),
        ),
        attack(
            "locals by the ten thousand",
            "has a function of fifty thousand locals",
            beside(&format!("(func (local {}))", "i64 ".repeat(50_000))),
            past("the number of locals of a function is 50000, the limit is 10000"),
        ),
        attack(
            "parameters and locals",
            "has ten thousand locals, the parameters included, and one more",
            beside(&format!("(func (param i32) (local {}))", "i64 ".repeat(10_000))),
            past("the number of locals of a function is 10001, the limit is 10000"),
        ),
        attack(
            "locals through branches",
            "has ten thousand locals alive through ten thousand places where branches meet",
            beside(&around(9_999, 9_999, "(if (local.get 0) (then (nop)))", "")),
            past("the work to compile a function"),
        ),
        attack(
            "calls with a thousand values",
            "hands a thousand values from call to call, in two bytes each",
            beside(&wide(&format!("(call $start) {}", "(call $wide)".repeat(10_000)))),
            past("the work to compile a function"),
        ),
        attack(
            "blocks with a thousand values",
            "hands a thousand values into blocks within blocks",
            beside(&wide(&format!(
                "(call $start) {} {}",
                "(block (type $wide)".repeat(2_000),
                ")".repeat(2_000)
            ))),
            past("the work to compile a function"),
        ),
        attack(
            "branches with a thousand values",
            "takes a thousand values along with every entry of a jump table",
            beside(&wide(&format!(
                "(call $start) (br_table {} (i32.const 0))",
                "0 ".repeat(10_000)
            ))),
            past("the work to compile a function"),
        ),
        attack(
            "returns with a thousand values",
            "returns a thousand values at ten thousand places",
            beside(&wide(&format!("(call $start) {}", "(br_if 0 (i32.const 0))".repeat(10_000)))),
            past("the work to compile a function"),
        ),
        attack(
            "indirect calls with a thousand values",
            "hands a thousand values through a table, again and again",
            beside(&wide(&format!(
                "(call $start) {}",
                "(call_indirect (type $wide) (i32.const 0))".repeat(2_000)
            )))
            .replacen("(type $wide", "(table 1 funcref) (type $wide", 1),
            past("the work to compile a function"),
        ),
        attack(
            "objects of ten thousand fields",
            "makes objects of ten thousand fields, in three bytes each",
            beside(&format!(
                "(type $s (struct {})) (func {})",
                "(field i64)".repeat(10_000),
                "(drop (struct.new_default $s))".repeat(200)
            )),
            past("the work to compile a function"),
        ),
        attack(
            "exceptions with a thousand values",
            "throws a thousand values at many places",
            beside(&format!(
                "(tag $e (param {})) (func unreachable {})",
                "i64 ".repeat(1_000),
                "(throw $e)".repeat(2_000)
            )),
            past("the work to compile a function"),
        ),
        attack(
            "values alive through calls",
            "makes nine thousand values, calls after each of them, and then adds them up",
            beside(&format!(
                "(func $f) (func (param i64) (result i64) (i64.const 0) {} {})",
                "(i64.rotl (local.get 0) (local.get 0)) (call $f)".repeat(9_900),
                "i64.add ".repeat(9_900)
            )),
            past("the work to compile a function"),
        ),
        attack(
            "values alive through branches",
            "makes twenty thousand values, branches as often, and then adds them up",
            beside(&alive("(if (local.get 0) (then (nop)))")),
            past("the work to compile a function"),
        ),
        attack(
            "values alive through tables",
            "makes as many values, and reads a table as often, where the compiler branches by itself",
            beside(&alive("(drop (table.get 0 (local.get 0)))")),
            past("the work to compile a function"),
        ),
        attack(
            "branches to one place",
            "leaves one block at a hundred thousand places, all of which the compiler compares",
            beside(&format!(
                "(func (param i32) (block {}))",
                "(if (local.get 0) (then (br 1)))".repeat(100_000)
            )),
            past("the work to compile a function"),
        ),
        attack(
            "catches by the thousand",
            "catches the same five thousand times, in code that throws nothing",
            beside(&format!("(tag $e) (func (try_table {} (nop)))", "(catch $e 0)".repeat(5_000))),
            past("the work to compile a function"),
        ),
        attack(
            "calls within handlers",
            "calls ten thousand times where a hundred handlers may catch",
            beside(&format!(
                "(tag $e) (func $f) (func {} {} {})",
                "(try_table (catch $e 0) ".repeat(100),
                "(call $f)".repeat(10_000),
                ")".repeat(100)
            )),
            past("the work to compile a function"),
        ),
        attack(
            "references by the thousand",
            "asks for a reference to a function again and again, which the compiler calls the engine for",
            beside(&format!(
                "(elem declare func $f) (func $f {})",
                "(drop (ref.func $f))".repeat(20_000)
            )),
            past("the work to compile a function"),
        ),
        attack(
            "a segment dropped by the thousand",
            "drops a segment again and again, which is as much",
            beside(&format!(
                "(func $f) (elem $e func $f) (func {})",
                "(elem.drop $e)".repeat(20_000)
            )),
            past("the work to compile a function"),
        ),
        of_bytes(
            "one enormous function",
            "has a function of millions of instructions",
            || {
                // One type, one function, and its code: no locals, instructions that do nothing, the end.
                let head = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a";
                let code = [&b"\0"[..], &vec![1; 1_500_000], b"\x0b"].concat();
                let body = [&[1][..], &length(code.len()), &code].concat();
                [&head[..], &length(body.len()), &body].concat()
            },
            past("the work to compile a function is 1500001, the limit is 1500000"),
        ),
        attack(
            "functions by the hundred thousand",
            "has more functions than any plug-in",
            beside(&"(func)".repeat(100_000)),
            past("the number of functions is 100002, the limit is 100000"),
        ),
        attack(
            "many functions of a size",
            "has functions that are within the limit by themselves, and not together",
            beside(&"(func (nop) (nop) (nop) (nop) (nop) (nop) (nop))".repeat(100)),
            past("the work to compile it"),
        )
        .with(|setup| setup.module_limits.work = Some(3_000)),
        of_modules(
            "many modules of a size",
            "names modules that are within the limit by themselves, and not together",
            || {
                let side = |idx: usize| {
                    let module =
                        format!("(module {})", format!("(func (local i{idx}))").repeat(40));
                    Wasm::data(wat::parse_str(module).unwrap()).with_name(format!("{idx}"))
                };
                vec![side(32), side(64), Wasm::data(wat::parse_str(small("")).unwrap())]
            },
            past("the work to compile it"),
        )
        .with(|setup| setup.module_limits.work = Some(2_000)),
        attack(
            "wide functions that do nothing",
            "has twenty thousand functions that take and give a thousand values each, in a table",
            small(&format!(
                r#"(func (export "attack")) (type $wide (func (param {0}) (result {0})))
                (table 1 funcref) (elem (i32.const 0) $wide) (func $wide (type $wide) unreachable) {1}"#,
                "i32 ".repeat(1_000),
                "(func (type $wide) unreachable)".repeat(20_000),
            )),
            past("the work to compile it"),
        ),
        attack(
            "wide types that nothing is of",
            "has four thousand types of two thousand values each",
            small(&format!(
                r#"(func (export "attack")) {}"#,
                (0..4_000)
                    .map(|n| {
                        let (few, rest) =
                            ("i64 ".repeat(n % 1_000), "i32 ".repeat(1_000 - n % 1_000));
                        let results = ["i32 ", "i64 ", "f32 ", "f64 "][n / 1_000].repeat(1_000);
                        format!("(type (func (param {few}{rest}) (result {results})))")
                    })
                    .collect::<Vec<_>>()
                    .concat()
            )),
            past("the work to compile it"),
        ),
        attack(
            "exports by the hundred thousand",
            "has more exports than any plug-in",
            small(&format!(
                r#"(func $f (export "attack")) {}"#,
                (0..100_000)
                    .map(|idx| format!(r#"(export "{idx}" (func $f))"#))
                    .collect::<Vec<_>>()
                    .concat()
            )),
            past("the number of declarations"),
        ),
        attack(
            "imports by the hundred thousand",
            "imports a function of the kernel a hundred thousand times",
            format!("(module {})", r#"(import "extism:host/env" "reset" (func))"#.repeat(100_001)),
            past("the number of declarations"),
        ),
        attack(
            "types by the hundred thousand",
            "declares more types than any plug-in, in one group",
            beside(&format!("(rec {})", "(type (struct))".repeat(100_001))),
            past("the number of declarations"),
        ),
        attack(
            "globals by the hundred thousand",
            "declares more globals than any plug-in",
            beside(&"(global i64 (i64.const 0))".repeat(100_001)),
            past("the number of declarations"),
        ),
        attack(
            "segments by the hundred thousand",
            "has more pieces of data than any plug-in",
            beside(&format!("(memory 1) {}", r#"(data "")"#.repeat(100_000))),
            past("the number of declarations"),
        ),
        attack(
            "sections by the hundred thousand",
            "has a hundred thousand sections that nobody reads",
            beside(&r#"(@custom "x" "")"#.repeat(100_001)),
            past("the number of declarations"),
        ),
        attack(
            "a file of 65 megabytes",
            "has a section of that size which nobody reads",
            beside(&format!(r#"(@custom "x" "{}")"#, "x".repeat(65 << 20))),
            Ends::Load("TooLarge", "has more than 67108864 bytes"),
        ),
        attack(
            "data far apart",
            "has data at both ends of four gigabytes, for a host that makes an image of it",
            beside(r#"(memory 65536) (data (i32.const 0) "a") (data (i32.const -1) "z")"#),
            Ends::Load("MemoryLimit", "modules need 65536 pages"),
        ),
        attack(
            "data far apart where that much is allowed",
            "has data at both ends of a gigabyte",
            beside(r#"(memory 16384) (data (i32.const 0) "a") (data (i32.const 1073741823) "z")"#),
            Ends::Harmless,
        )
        .with(|setup| setup.manifest.memory.max_pages = None),
        attack(
            "a switch of ten thousand cases",
            "has blocks within blocks up to the limit, and a jump table into all of them",
            beside(&format!(
                "(func (param i32) {} (br_table {} (local.get 0)) {})",
                "block ".repeat(9_999),
                (0..9_999).map(|idx| format!("{idx} ")).collect::<Vec<_>>().concat(),
                "end ".repeat(9_999)
            )),
            Ends::Harmless,
        ),
        attack(
            "as much as is allowed",
            "has a function just within its limits of locals and nesting",
            beside(&around(1_000, 10, "loop ", "end ")),
            Ends::Harmless,
        ),
        attack(
            "a bomb that the host asked for",
            "is past every limit, where the host has lifted them",
            beside(&around(20, 101, "loop ", "end ")),
            Ends::Harmless,
        )
        .with(|setup| setup.module_limits = ModuleLimits::UNLIMITED),
    ]
}

#[test]
fn modules_that_are_bombs_are_not_compiled() {
    run::all(&bombs());
}

/// Sets one of the limits.
type Set = fn(&mut ModuleLimits, Option<u64>);

#[test]
fn limits_of_modules_hold_to_the_unit() {
    // A function without parameters that does nothing is 32 units and an instruction for its end.
    let guest = || wat::parse_str("(module (func) (func (local i32) block loop end end))").unwrap();
    let limited = |set: Set, limit| {
        let mut limits = ModuleLimits::default();
        set(&mut limits, Some(limit));
        PluginBuilder::new(guest()).with_module_limits(limits).compile().map(drop)
    };
    let len = guest().len() as u64;
    let rows: [(Set, u64); 8] = [
        (|limits, limit| limits.bytes = limit, len),
        (|limits, limit| limits.functions = limit, 2),
        (|limits, limit| limits.items = limit, 1),
        (|limits, limit| limits.locals = limit, 1),
        (|limits, limit| limits.nesting = limit, 2),
        (|limits, limit| limits.loop_nesting = limit, 1),
        (|limits, limit| limits.function_work = limit, 39),
        (|limits, limit| limits.work = limit, 88),
    ];
    for (idx, (set, limit)) in rows.into_iter().enumerate() {
        assert!(limited(set, limit - 1).is_err(), "row {idx}, one below");
        limited(set, limit).unwrap();
        limited(set, limit + 1).unwrap();
    }
}

#[test]
fn work_is_what_all_modules_take_together() {
    // Each takes as much: twice eight units for a type, 32 for a function, and one for its end.
    let module =
        |n: i32| wat::parse_str(format!("(module (func (drop (i32.const {n}))))")).unwrap();
    let limited = |n_modules: i32, limit| -> Result<CompiledPlugin, Error> {
        let sides = (1..n_modules).map(|n| Wasm::data(module(n)).with_name(n.to_string()));
        let manifest = Manifest::new(sides.chain([Wasm::data(module(0))]));
        let mut limits = ModuleLimits::default();
        limits.work = Some(limit);
        PluginBuilder::new(manifest).with_module_limits(limits).compile()
    };
    for n_modules in [1, 2, 7] {
        let all = 51 * u64::try_from(n_modules).unwrap();
        let err = limited(n_modules, all - 1).unwrap_err().to_string();
        assert!(err.contains(&format!("it is {all}, the limit is {}", all - 1)), "{err}");
        limited(n_modules, all).unwrap();
    }
}
