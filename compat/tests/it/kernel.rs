//! The functions of the kernel: blocks, loads and stores, input, output and error, one question each.

use crate::{case::Case, compare::check, probe};

/// Questions about blocks. Each emits numbers, or makes an output.
const BLOCKS: &[(&str, &str)] = &[
    ("no bytes have no block", "(call $emit (call $alloc (i64.const 0)))"),
    ("a block has an offset", "(call $emit (call $any (call $alloc (i64.const 1))))"),
    (
        "a block has a length",
        "(call $emit (call $length (call $alloc (i64.const 1))))
      (call $emit (call $length (call $alloc (i64.const 7))))
      (call $emit (call $length (call $alloc (i64.const 8))))
      (call $emit (call $length (call $alloc (i64.const 9))))
      (call $emit (call $length (call $alloc (i64.const 65536))))",
    ),
    (
        "the quick length is the same",
        "(call $emit (call $length_unsafe (call $alloc (i64.const 1))))
      (call $emit (call $length_unsafe (call $alloc (i64.const 4097))))
      (call $emit (call $length_unsafe (i64.const 0)))",
    ),
    (
        "nothing has no length",
        "(call $emit (call $length (i64.const 0)))
      (call $emit (call $length (i64.const -1)))
      (call $emit (call $length (i64.const 0x7fffffffffffffff)))
      (call $emit (call $length (i64.const 0x100000000)))",
    ),
    (
        "the middle of a block has no length",
        "(local.set $a (call $alloc (i64.const 64)))
      (call $emit (call $length (i64.add (local.get $a) (i64.const 1))))
      (call $emit (call $length (i64.add (local.get $a) (i64.const 8))))
      (call $emit (call $length (i64.add (local.get $a) (i64.const 63))))
      (call $emit (call $length (i64.sub (local.get $a) (i64.const 1))))",
    ),
    (
        "a freed block has no length",
        "(local.set $a (call $alloc (i64.const 64)))
      (call $free (local.get $a))
      (call $emit (call $length (local.get $a)))
      (call $emit (call $length_unsafe (local.get $a)))",
    ),
    (
        "freeing twice frees once",
        "(local.set $a (call $alloc (i64.const 64)))
      (call $free (local.get $a)) (call $free (local.get $a))
      (local.set $b (call $alloc (i64.const 64))) (local.set $c (call $alloc (i64.const 64)))
      (call $emit (i64.extend_i32_u (i64.eq (local.get $b) (local.get $c))))",
    ),
    (
        "what is no block is not freed",
        "(local.set $a (call $alloc (i64.const 64)))
      (call $free (i64.const 0)) (call $free (i64.const -1))
      (call $free (i64.add (local.get $a) (i64.const 8)))
      (call $free (i64.add (local.get $a) (i64.const 1)))
      (call $emit (call $length (local.get $a)))",
    ),
    (
        "a freed block leaves its neighbours",
        "(local.set $a (call $alloc (i64.const 10)))
      (local.set $b (call $alloc (i64.const 20))) (local.set $c (call $alloc (i64.const 30)))
      (call $store_u64 (local.get $a) (i64.const 1)) (call $store_u64 (local.get $c) (i64.const 3))
      (call $free (local.get $b))
      (call $emit (call $length (local.get $a))) (call $emit (call $length (local.get $c)))
      (call $emit (call $load_u64 (local.get $a))) (call $emit (call $load_u64 (local.get $c)))",
    ),
    (
        "blocks do not overlap",
        "(local.set $a (call $alloc (i64.const 16)))
      (local.set $b (call $alloc (i64.const 16)))
      (call $store_u64 (local.get $a) (i64.const -1))
      (call $store_u64 (i64.add (local.get $a) (i64.const 8)) (i64.const -1))
      (call $emit (call $load_u64 (local.get $b)))
      (call $emit (call $load_u64 (i64.add (local.get $b) (i64.const 8))))",
    ),
    (
        "a new block is all zeros",
        "(local.set $a (call $alloc (i64.const 24)))
      (call $emit (call $load_u64 (local.get $a)))
      (call $emit (call $load_u64 (i64.add (local.get $a) (i64.const 8))))
      (call $emit (call $load_u64 (i64.add (local.get $a) (i64.const 16))))",
    ),
    (
        "there is no room for four gigabytes",
        "(call $emit (call $alloc (i64.const 0x100000000)))
      (call $emit (call $alloc (i64.const 0x1000000000)))
      (call $emit (call $any (call $alloc (i64.const 8))))",
    ),
    (
        "memory grows when it must",
        "(local.set $a (call $alloc (i64.const 2000000)))
      (call $emit (call $length (local.get $a)))
      (call $store_u64 (i64.add (local.get $a) (i64.const 1999992)) (i64.const 77))
      (call $emit (call $load_u64 (i64.add (local.get $a) (i64.const 1999992))))",
    ),
    ("there is memory", "(call $emit (call $any (call $memory_bytes)))"),
    (
        "a reset frees everything",
        "(local.set $a (call $alloc (i64.const 8))) (call $reset)
      (call $emit (call $length (local.get $a))) (call $emit (call $input_length))
      (call $emit (call $input_offset)) (call $emit (call $error_get))
      (call $emit (call $any (call $alloc (i64.const 8))))",
    ),
];

/// Questions about loads and stores.
const BYTES: &[(&str, &str)] = &[
    (
        "bytes are stored and loaded",
        "(local.set $a (call $alloc (i64.const 4)))
      (call $store_u8 (local.get $a) (i32.const 0x1ff))
      (call $store_u8 (i64.add (local.get $a) (i64.const 3)) (i32.const 7))
      (call $emit32 (call $load_u8 (local.get $a)))
      (call $emit32 (call $load_u8 (i64.add (local.get $a) (i64.const 1))))
      (call $emit32 (call $load_u8 (i64.add (local.get $a) (i64.const 3))))",
    ),
    (
        "words are little-endian",
        "(local.set $a (call $alloc (i64.const 8)))
      (call $store_u64 (local.get $a) (i64.const 0x0102030405060708))
      (call $emit32 (call $load_u8 (local.get $a)))
      (call $emit32 (call $load_u8 (i64.add (local.get $a) (i64.const 7))))
      (call $emit (call $load_u64 (local.get $a)))",
    ),
    (
        "words need no alignment",
        "(local.set $a (call $alloc (i64.const 32)))
      (call $store_u64 (i64.add (local.get $a) (i64.const 3)) (i64.const 0x1122334455667788))
      (call $emit (call $load_u64 (i64.add (local.get $a) (i64.const 1))))
      (call $emit (call $load_u64 (i64.add (local.get $a) (i64.const 3))))
      (call $emit (call $load_u64 (i64.add (local.get $a) (i64.const 5))))
      (call $emit (call $load_u64 (i64.add (local.get $a) (i64.const 8))))",
    ),
    (
        "a signed word stays what it is",
        "(local.set $a (call $alloc (i64.const 8)))
      (call $store_u64 (local.get $a) (i64.const -2))
      (call $emit (call $load_u64 (local.get $a)))
      (call $emit32 (call $load_u8 (i64.add (local.get $a) (i64.const 7))))",
    ),
    (
        "loads out of bounds give nothing",
        "(call $emit (call $load_u64 (i64.const 0)))
      (call $emit32 (call $load_u8 (i64.const 0)))
      (call $emit (call $load_u64 (i64.const -1))) (call $emit32 (call $load_u8 (i64.const -1)))
      (call $emit (call $load_u64 (i64.const -8)))
      (call $emit (call $load_u64 (i64.const 0x100000000)))
      (call $emit32 (call $load_u8 (i64.const 0x7fffffffffffffff)))",
    ),
    (
        "stores out of bounds do nothing",
        "(call $store_u64 (i64.const 0) (i64.const -1))
      (call $store_u8 (i64.const 0) (i32.const 255))
      (call $store_u64 (i64.const -1) (i64.const -1)) (call $store_u8 (i64.const -1) (i32.const 1))
      (call $store_u64 (i64.const -8) (i64.const -1))
      (call $store_u64 (i64.const 0x100000000) (i64.const -1))
      (call $emit (call $length (call $alloc (i64.const 8))))",
    ),
    (
        "the last word of a block",
        "(local.set $a (call $alloc (i64.const 13)))
      (call $store_u64 (i64.add (local.get $a) (i64.const 5)) (i64.const 0x0807060504030201))
      (call $emit (call $load_u64 (i64.add (local.get $a) (i64.const 5))))
      (call $emit (call $load_u64 (local.get $a)))",
    ),
];

/// Questions about the input, which is `0123456789`.
const INPUT: &[(&str, &str)] = &[
    (
        "the input has a length and a place",
        "(call $emit (call $input_length))
      (call $emit (call $any (call $input_offset)))
      (call $emit (call $length (call $input_offset)))
      (call $emit (call $length_unsafe (call $input_offset)))",
    ),
    (
        "the input is loaded by place",
        "(call $emit32 (call $input_load_u8 (i64.const 0)))
      (call $emit32 (call $input_load_u8 (i64.const 9)))
      (call $emit (call $input_load_u64 (i64.const 0)))
      (call $emit (call $input_load_u64 (i64.const 1)))
      (call $emit (call $input_load_u64 (i64.const 2)))",
    ),
    (
        "the input is loaded by offset",
        "(call $emit32 (call $load_u8 (call $input_offset)))
      (call $emit (call $load_u64 (call $input_offset)))
      (call $emit (call $load_u64 (i64.add (call $input_offset) (i64.const 2))))",
    ),
    (
        "past the end there is nothing",
        "(call $emit32 (call $input_load_u8 (i64.const 10)))
      (call $emit32 (call $input_load_u8 (i64.const -1)))
      (call $emit32 (call $input_load_u8 (i64.const 0x100000000)))
      (call $emit (call $input_load_u64 (i64.const 10)))
      (call $emit (call $input_load_u64 (i64.const 0x100000000)))",
    ),
    (
        "half a word is nothing",
        "(call $emit (call $input_load_u64 (i64.const 3)))
      (call $emit (call $input_load_u64 (i64.const 9)))",
    ),
    (
        "another block becomes the input",
        "(local.set $a (call $alloc (i64.const 9)))
      (call $store_u64 (local.get $a) (i64.const 0x6867666564636261))
      (call $input_set (local.get $a) (i64.const 9))
      (call $emit (call $input_length)) (call $emit32 (call $input_load_u8 (i64.const 0)))
      (call $emit32 (call $input_load_u8 (i64.const 8)))
      (call $emit (call $input_load_u64 (i64.const 0)))",
    ),
    (
        "a part of a block becomes the input",
        "(local.set $a (call $alloc (i64.const 9)))
      (call $store_u64 (local.get $a) (i64.const 0x6867666564636261))
      (call $input_set (i64.add (local.get $a) (i64.const 2)) (i64.const 3))
      (call $emit (call $input_length)) (call $emit32 (call $input_load_u8 (i64.const 0)))
      (call $emit32 (call $input_load_u8 (i64.const 2)))
      (call $emit32 (call $input_load_u8 (i64.const 3)))",
    ),
    (
        "freeing the input ends it",
        "(call $free (call $input_offset))
      (call $emit (call $input_length)) (call $emit32 (call $input_load_u8 (i64.const 0)))",
    ),
    ("the input is the output", "(call $output_set (call $input_offset) (call $input_length))"),
    (
        "a part of the input is the output",
        "(call $output_set (i64.add (call $input_offset) (i64.const 3)) (i64.const 4))",
    ),
    (
        "the last byte of the input is the output",
        "(call $output_set (i64.add (call $input_offset) (i64.const 9)) (i64.const 1))",
    ),
];

/// Questions about output and error.
const ENDS: &[(&str, &str)] = &[
    (
        "nothing is set at first",
        "(call $emit (call $output_offset)) (call $emit (call $output_length))
      (call $emit (call $error_get))",
    ),
    ("no output is empty", ""),
    (
        "the last output counts",
        "(call $give (call $text (i32.const 0) (i32.const 5)))
      (call $give (call $text (i32.const 6) (i32.const 4)))",
    ),
    (
        "an output has a place and a length",
        "(local.set $a (call $text (i32.const 0) (i32.const 5)))
      (call $output_set (local.get $a) (i64.const 4))
      (call $emit (i64.extend_i32_u (i64.eq (call $output_offset) (local.get $a))))
      (call $emit (call $output_length))",
    ),
    ("an output of nothing", "(call $output_set (i64.const 0) (i64.const 0))"),
    (
        "an output may be a part",
        "(local.set $a (call $text (i32.const 0) (i32.const 10)))
      (call $output_set (i64.add (local.get $a) (i64.const 6)) (i64.const 4))",
    ),
    (
        "an output out of bounds is ignored",
        "(call $give (call $text (i32.const 0) (i32.const 5)))
      (call $output_set (i64.const 0x7fffffffffff) (i64.const 4))
      (call $output_set (i64.const -1) (i64.const 1))",
    ),
    (
        "an output of four gigabytes is ignored",
        "(local.set $a (call $text (i32.const 0) (i32.const 5)))
      (call $give (local.get $a)) (call $output_set (local.get $a) (i64.const 0x100000000))",
    ),
    (
        "an error that is cleared is none",
        "(call $error_set (call $text (i32.const 0) (i32.const 5)))
      (call $emit (call $any (call $error_get))) (call $error_set (i64.const 0))
      (call $emit (call $error_get))",
    ),
    (
        "the error is where it was put",
        "(local.set $a (call $text (i32.const 0) (i32.const 5)))
      (call $error_set (local.get $a))
      (call $emit (i64.extend_i32_u (i64.eq (call $error_get) (local.get $a))))
      (call $error_set (i64.const 0))",
    ),
    (
        "a reset takes an error back",
        "(call $error_set (call $text (i32.const 0) (i32.const 5))) (call $reset)",
    ),
    (
        "a reset takes an output back",
        "(call $give (call $text (i32.const 0) (i32.const 5))) (call $reset)",
    ),
];

/// Endings that fail: what is done, and the export's result.
const FAILURES: &[(&str, &str)] = &[
    ("an error with a status", "(call $error_set (call $input_offset)) (i32.const 5)"),
    ("an error with status 0", "(call $error_set (call $input_offset)) (i32.const 0)"),
    ("an error with status -1", "(call $error_set (call $input_offset)) (i32.const -1)"),
    (
        "an error with the status of a trap",
        "(call $error_set (call $input_offset)) (i32.const 134)",
    ),
    (
        "the last error counts",
        "(call $error_set (call $text (i32.const 0) (i32.const 5)))
      (call $error_set (call $input_offset)) (i32.const 1)",
    ),
    (
        "an error along with an output",
        "(call $give (call $text (i32.const 0) (i32.const 5)))
      (call $error_set (call $input_offset)) (i32.const 1)",
    ),
    ("an error, then a trap", "(call $error_set (call $input_offset)) unreachable"),
    (
        "an error that is cleared, and a status",
        "(call $error_set (call $input_offset))
      (call $error_set (i64.const 0)) (i32.const 3)",
    ),
    ("a status", "(i32.const 7)"),
    ("a negative status", "(i32.const -7)"),
    ("the status of a trap", "(i32.const 134)"),
    ("the largest status", "(i32.const 0x7fffffff)"),
    (
        "a status along with an output",
        "(call $give (call $text (i32.const 0) (i32.const 5))) (i32.const 1)",
    ),
    ("a trap", "unreachable"),
    (
        "a trap along with an output",
        "(call $give (call $text (i32.const 0) (i32.const 5))) unreachable",
    ),
    ("a division by zero", "(i32.div_u (i32.const 1) (i32.const 0))"),
    ("an overflow", "(i32.trunc_f32_s (f32.const nan))"),
    ("a load from outside", "(i32.load (i32.const 0x7fffffff))"),
    ("a call of nothing", "(call_indirect (result i32) (i32.const 0))"),
    ("a recursion without end", "(call $deeper)"),
];

const DATA: &str = r#"(data (i32.const 0) "first last and more")"#;

fn probes(rows: &'static [(&str, &str)], input: &'static str) -> impl Iterator<Item = Case> {
    rows.iter().map(move |(name, body)| {
        let done = if body.contains("$emit") { "(call $done)" } else { "" };
        let run = format!(
            r#"(func (export "run") (local $a i64) (local $b i64) (local $c i64) {body} {done}) {DATA}"#
        );
        // A call leaves nothing to the next.
        Case::new(*name, probe::module(&run)).call("run", input).call("run", input).call("run", "")
    })
}

#[test]
fn blocks() {
    check(probes(BLOCKS, "0123456789"));
}

#[test]
fn loads_and_stores() {
    check(probes(BYTES, "0123456789"));
}

#[test]
fn input() {
    check(probes(INPUT, "0123456789"));
}

#[test]
fn output_and_error() {
    check(probes(ENDS, "0123456789"));
}

#[test]
fn long_messages() {
    let module = probe::module(
        r#"(func (export "run") (result i32) (call $error_set (call $input_offset)) (i32.const 1))"#,
    );
    let case = [1, 1_000, 10_000, 60_000]
        .into_iter()
        .fold(Case::new("messages", module), |case, len| case.fail("run", "x".repeat(len)));
    check([case.fail("run", "ä".repeat(20_000))]);
}

#[test]
fn endings_that_fail() {
    check(FAILURES.iter().map(|(name, body)| {
        let module = format!(
            r#"(table 1 funcref)
            (func $deeper (result i32) (i32.add (call $deeper) (i32.const 1)))
            (func (export "run") (result i32) (local $a i64) {body})
            (func (export "fine") (call $give (call $input_offset))) {DATA}"#
        );
        let case = Case::new(*name, probe::module(&module));
        case.fail("run", "what went wrong").call("fine", "still here").fail("run", "again")
    }));
}
