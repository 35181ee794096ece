//! The guest: it does what a script says, which is its input.
//!
//! A script is a sequence of steps: a byte that says what is done, and then the arguments. What is done is a
//! call of an import, in the order of [`IMPORTS`], or one of [`DEEDS`]. An argument is a byte that says how
//! it is made, and what it is made of:
//!
//! | byte | argument |
//! | --- | --- |
//! | 0 | the next byte |
//! | 1 | what an earlier call returned: the next byte says which register that is in |
//! | 2 | the same, plus the byte behind |
//! | 3 | the next eight bytes |
//! | 4 | a new block: its length in a byte, and its bytes |
//! | 5 | the address of bytes in the guest's memory: their length in a byte, and the bytes |
//! | 6 | a number below zero: the byte's complement |
//! | 7 | a power of two |
//!
//! Each result goes to the next of eight registers, which lie in the guest's memory. A script that ends early
//! is followed by zeros, as long as a step needs some.

use std::fmt::Write as _;

use super::imports::{IMPORTS, Import};

/// The longest script; what is behind it is not looked at.
pub(super) const SCRIPT_LIMIT: usize = 8_192;

/// Where the script lies.
const SCRIPT: usize = 65_536;

/// The variable with a script for the guest's initialiser.
pub(super) const SCRIPT_VARIABLE: &str = "script";

/// What a guest can do besides calling an import, each after its name.
const DEEDS: &[(&str, &str)] = &[
    ("traps", "unreachable"),
    ("is endless", "(loop $on (br $on))"),
    ("recurses", "(call $deeper)"),
    ("calls nothing", "(call_indirect (i32.const 1))"),
    ("grows its memory", "(call $keep (i64.extend_i32_s (memory.grow (call $short))))"),
    (
        "grows its table",
        "(call $keep (i64.extend_i32_s (table.grow 0 (ref.null func) (call $short))))",
    ),
    ("stores", "(i64.store (call $short) (call $argument))"),
    ("copies", "(memory.copy (call $short) (call $short) (call $short))"),
    ("fills", "(memory.fill (call $short) (call $short) (call $short))"),
    ("does its script from here on, one level deeper", "(call $script)"),
    ("returns", "(global.set $status (call $short)) (global.set $at (global.get $end))"),
];

/// Writes the guest. `memory` is the name of its memory, and `more` is put beside it.
pub(super) fn text(memory: &str, more: &str) -> String {
    let imports: String = IMPORTS.iter().map(import).collect();
    let calls = IMPORTS.iter().map(call);
    let deeds = DEEDS.iter().map(|(_, deed)| (*deed).to_owned());
    let steps = one_of(calls.chain(deeds).collect());
    let n_steps = IMPORTS.len() + DEEDS.len();
    let arguments = one_of(
        [
            "(i64.extend_i32_u (call $byte))",
            "(i64.load (call $register))",
            "(i64.add (i64.load (call $register)) (i64.extend_i32_s (i32.extend8_s (call $byte))))",
            "(call $word)",
            "(call $block)",
            "(call $text)",
            "(i64.xor (i64.const -1) (i64.extend_i32_u (call $byte)))",
            "(i64.shl (i64.const 1) (i64.extend_i32_u (call $byte)))",
        ]
        .map(|argument| format!("(return {argument})"))
        .to_vec(),
    );
    let own = include_str!("guest.wat");
    format!(
        r#"(module {imports}
            (memory (export "{memory}") 4 16)
            (table 2 20 funcref)
            (global $at (mut i32) (i32.const 0))
            (global $end (mut i32) (i32.const 0))
            (global $n_kept (mut i32) (i32.const 0))
            (global $status (mut i32) (i32.const 0))
            (func $argument (result i64) (local $kind i32)
                (local.set $kind (i32.and (call $byte) (i32.const 7))) {arguments} unreachable)
            (func $step (local $kind i32)
                (local.set $kind (i32.rem_u (call $byte) (i32.const {n_steps}))) {steps})
            (global $script_start i32 (i32.const {SCRIPT}))
            (global $script_limit i64 (i64.const {SCRIPT_LIMIT}))
            {own}
            {more})"#
    )
}

/// Writes an import.
fn import(Import { namespace, name, params, result }: &Import) -> String {
    let types = |letters: &str| -> String {
        letters.chars().map(|letter| if letter == 'i' { " i32" } else { " i64" }).collect()
    };
    let (params, result) = (types(params), types(result));
    format!(
        r#"(import "{namespace}" "{name}" (func ${name} (param{params}) (result{result})))
        "#
    )
}

/// Writes a call with arguments of the script, whose result is kept.
fn call(Import { name, params, result, .. }: &Import) -> String {
    let arguments: String = params
        .chars()
        .map(|letter| if letter == 'i' { " (call $short)" } else { " (call $argument)" })
        .collect();
    let call = format!("(call ${name}{arguments})");
    match *result {
        "" => call,
        "i" => format!("(call $keep (i64.extend_i32_s {call}))"),
        _ => format!("(call $keep {call})"),
    }
}

/// Writes code that does one of `cases`, the one whose number is in `$kind`, and returns.
fn one_of(cases: Vec<String>) -> String {
    let mut text = String::new();
    for idx in (0..cases.len()).rev() {
        write!(text, "(block $case{idx} ").expect("writing to a string cannot fail");
    }
    let labels: Vec<String> = (0..cases.len()).map(|idx| format!("$case{idx}")).collect();
    write!(text, "(br_table {} $case0 (local.get $kind))", labels.join(" "))
        .expect("writing to a string cannot fail");
    for case in cases {
        write!(text, ") {case}\n(return)").expect("writing to a string cannot fail");
    }
    text
}
