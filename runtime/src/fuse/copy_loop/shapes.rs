//! Loops that copy, as compilers and people write them, and loops that only look like it.

use crate::fuse::twins::IMPORTS;

/// A loop, and whether it is one that is done at once. Its locals are `$a` and `$b` (guest addresses
/// or counters, `i32`), `$c`, `$d`, `$e` (`i64`), and `$t`, `$u` for anything; all are given.
pub(in crate::fuse) struct Shape {
    #[cfg_attr(not(test), expect(dead_code, reason = "only tests say it"))]
    pub(super) name: &'static str,
    wat: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "only tests ask"))]
    pub(super) copies: bool,
}

impl Shape {
    /// Returns a module that runs the loop with all locals given, and returns them.
    pub(in crate::fuse) fn module(&self) -> Vec<u8> {
        let wat = format!(
            r#"(module {IMPORTS}
                (memory (export "guest") 1)
                (global $g (export "global") (mut i32) (i32.const 0))
                (func $wrapped (param i64) (result i64) (call $load_u64 (local.get 0)))
                (func $by_stack (local i32)
                    (local.set 0 (global.get $g))
                    (i64.store offset=8 (local.get 0)
                        (call $input_load_u64 (i64.load (local.get 0)))))
                (func (export "run")
                    (param $a i32) (param $b i32) (param $c i64) (param $d i64) (param $e i64)
                    (param $t i32) (param $u i64)
                    (result i32 i32 i64 i64 i64 i32 i64)
                    {}
                    (local.get $a) (local.get $b) (local.get $c) (local.get $d) (local.get $e)
                    (local.get $t) (local.get $u)))"#,
            self.wat
        );
        wat::parse_str(wat).expect("the shapes are WebAssembly")
    }
}

pub(in crate::fuse) const SHAPES: &[Shape] = &[
    Shape {
        name: "input to guest, words, until an end",
        wat: "(loop
            (i64.store (local.get $a) (call $input_load_u64 (local.get $c)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if 0 (i64.ne (local.get $d)
                (local.tee $c (i64.add (local.get $c) (i64.const 8))))))",
        copies: true,
    },
    Shape {
        name: "input to guest, bytes, below an end",
        wat: "(loop
            (i32.store8 offset=3 (local.get $a) (call $input_load_u8 (local.get $c)))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if 0 (i64.lt_u (local.tee $c (i64.add (local.get $c) (i64.const 1)))
                (local.get $d))))",
        copies: true,
    },
    Shape {
        name: "kernel to guest, words, a counter up to zero",
        wat: "(loop
            (i64.store align=1 (local.get $a) (call $load_u64 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 8)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if 0 (local.tee $b (i32.add (local.get $b) (i32.const 8)))))",
        copies: true,
    },
    Shape {
        name: "kernel to guest, bytes, a counter down to zero",
        wat: "(loop
            (i32.store8 (local.get $a) (call $load_u8 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 1)))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if 0 (local.tee $b (i32.sub (local.get $b) (i32.const 1)))))",
        copies: true,
    },
    Shape {
        name: "guest to kernel, words, an index extended",
        wat: "(loop
            (call $store_u64
                (i64.add (local.get $c) (i64.extend_i32_u (local.get $b)))
                (i64.load (i32.add (local.get $a) (local.get $b))))
            (local.set $t (i32.add (local.get $b) (i32.const 16)))
            (local.set $b (i32.add (local.get $b) (i32.const 8)))
            (br_if 0 (i32.le_u (local.get $t) (i32.wrap_i64 (local.get $d)))))",
        copies: true,
    },
    Shape {
        name: "guest to kernel, bytes, an index extended with its sign and asked for first",
        wat: "(loop $head
            (if (i32.lt_s (local.get $b) (i32.wrap_i64 (local.get $d)))
                (then
                    (call $store_u8
                        (i64.add (local.get $c) (i64.extend_i32_s (local.get $b)))
                        (i32.load8_u (i32.add (local.get $a) (local.get $b))))
                    (local.set $b (i32.add (local.get $b) (i32.const 1)))
                    (br $head))))",
        copies: true,
    },
    Shape {
        name: "input to guest, words, asked for first and with a temporary",
        wat: "(loop $head
            (if (i32.le_s (local.tee $t (i32.add (local.get $b) (i32.const 8)))
                    (i32.wrap_i64 (local.get $d)))
                (then
                    (i64.store (i32.add (local.get $b) (local.get $a))
                        (call $input_load_u64 (i64.extend_i32_s (local.get $b))))
                    (local.set $b (local.get $t))
                    (br $head))))",
        copies: true,
    },
    Shape {
        name: "input to guest, bytes, left by the top",
        wat: "(block $out
            (loop $head
                (br_if $out (i64.eq (local.get $d) (local.get $c)))
                (i32.store8 (local.get $a) (call $input_load_u8 (local.get $c)))
                (local.set $a (i32.add (local.get $a) (i32.const 1)))
                (local.set $u (i64.add (local.get $c) (i64.const 77)))
                (local.set $c (i64.add (local.get $c) (i64.const 1)))
                (br $head)))",
        copies: true,
    },
    Shape {
        name: "kernel to guest, words, left by the top at zero, through a function",
        wat: "(block $out
            (loop $head
                (br_if $out (i64.eqz (local.get $d)))
                (i64.store (local.get $a) (call $wrapped (local.get $c)))
                (local.set $d (i64.add (local.get $d) (i64.const -1)))
                (local.set $c (i64.add (local.get $c) (i64.const 8)))
                (local.set $a (i32.add (local.get $a) (i32.const 8)))
                (br $head)))",
        copies: true,
    },
    Shape {
        name: "input to kernel, words",
        wat: "(loop
            (call $store_u64 (i64.add (local.get $c) (local.get $e))
                (call $input_load_u64 (local.get $e)))
            (local.set $e (i64.add (local.get $e) (i64.const 8)))
            (br_if 0 (i64.gt_u (local.get $d) (local.get $e))))",
        copies: true,
    },
    Shape {
        name: "kernel to kernel, bytes, to and fro",
        wat: "(loop
            (call $store_u8 (local.get $c) (call $load_u8 (local.get $e)))
            (local.set $c (i64.add (local.get $c) (i64.const 1)))
            (local.set $e (i64.add (local.get $e) (i64.const 1)))
            (br_if 0 (i64.ge_s (local.get $d) (local.get $e))))",
        copies: true,
    },
    Shape {
        name: "kernel to guest, words, an index extended and another counter",
        wat: "(loop
            (i64.store (i32.add (local.get $a) (local.get $b))
                (call $load_u64 (i64.add (local.get $c) (i64.extend_i32_u (local.get $b)))))
            (local.set $b (i32.add (local.get $b) (i32.const 8)))
            (br_if 0 (local.tee $t (i32.sub (local.get $t) (i32.const 1)))))",
        copies: true,
    },
    Shape {
        name: "guest to kernel, bytes, an index extended with its sign and another counter",
        wat: "(loop
            (call $store_u8 (i64.add (local.get $c) (i64.extend_i32_s (local.get $b)))
                (i32.load8_u (i32.add (local.get $a) (local.get $b))))
            (local.set $b (i32.add (local.get $b) (i32.const 1)))
            (br_if 0 (local.tee $t (i32.sub (local.get $t) (i32.const 1)))))",
        copies: true,
    },
    Shape {
        name: "a counter that jumps over its end",
        wat: "(loop
            (i64.store (local.get $a) (call $load_u64 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 8)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if 0 (i32.and
                (i32.const 1)
                (i32.ne (local.get $a) (local.get $b)))))",
        copies: true,
    },
    Shape {
        name: "a step that is another than the width",
        wat: "(loop
            (i64.store (local.get $a) (call $load_u64 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 4)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "an address left by the round before",
        wat: "(loop
            (i64.store (local.get $t) (call $load_u64 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 8)))
            (local.set $t (i32.add (local.get $a) (i32.const 8)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "two copies",
        wat: "(loop
            (i32.store8 (local.get $a) (call $load_u8 (local.get $c)))
            (i32.store8 offset=1 (local.get $a) (call $load_u8 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 1)))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "a changed byte",
        wat: "(loop
            (i32.store8 (local.get $a)
                (i32.add (i32.const 1) (call $load_u8 (local.get $c))))
            (local.set $c (i64.add (local.get $c) (i64.const 1)))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "a word of which a byte is stored",
        wat: "(loop
            (i64.store8 (local.get $a) (call $load_u64 (local.get $c)))
            (local.set $c (i64.add (local.get $c) (i64.const 1)))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "backwards",
        wat: "(loop
            (i32.store8 (local.get $a) (call $load_u8 (local.get $c)))
            (local.set $c (i64.sub (local.get $c) (i64.const 1)))
            (local.set $a (i32.sub (local.get $a) (i32.const 1)))
            (br_if 0 (i64.gt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "a call in between",
        wat: "(loop
            (i32.store8 (local.get $a) (call $load_u8 (local.get $c)))
            (drop (call $alloc (i64.const 1)))
            (local.set $c (i64.add (local.get $c) (i64.const 1)))
            (local.set $a (i32.add (local.get $a) (i32.const 1)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "a local left by the round before, in the end",
        wat: "(block $out (loop $head
            (br_if $out (i64.ge_u (local.get $c) (local.get $d)))
            (i64.store (local.get $a) (call $load_u64 (local.get $c)))
            (local.set $b (local.get $t))
            (local.set $t (local.get $a))
            (local.set $c (i64.add (local.get $c) (i64.const 8)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br $head)))",
        copies: false,
    },
    Shape {
        name: "a slot left by the round before, in the end",
        wat: "(block $out (loop $head
            (br_if $out (i64.ge_u (local.get $c) (local.get $d)))
            (i64.store (local.get $a) (call $load_u64 (local.get $c)))
            (local.set $b (i32.load offset=4 (local.get $t)))
            (i32.store offset=4 (local.get $t) (local.get $a))
            (local.set $c (i64.add (local.get $c) (i64.const 8)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br $head)))",
        copies: false,
    },
    Shape {
        name: "a byte left by the round before, in a word",
        wat: "(block $out (loop $head
            (br_if $out (i64.ge_u (local.get $c) (local.get $d)))
            (i64.store (local.get $a) (call $load_u64 (local.get $c)))
            (local.set $b (i32.or
                (i32.shl (i32.load8_u (local.get $t)) (i32.const 8))
                (i32.load8_u offset=1 (local.get $t))))
            (i32.store16 (local.get $t) (i32.wrap_i64 (i64.load (i32.const 8))))
            (local.set $c (i64.add (local.get $c) (i64.const 8)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br $head)))",
        copies: false,
    },
    Shape {
        name: "input to guest, words, an index and an end in memory",
        wat: "(i64.store offset=16 (local.get $t) (i64.const 0))
            (i64.store offset=8 (local.get $t) (local.get $d))
            (loop
                (i64.store
                    (i32.add (local.get $a) (i32.wrap_i64 (i64.load offset=16 (local.get $t))))
                    (call $input_load_u64 (i64.load offset=16 (local.get $t))))
                (i64.store offset=16 (local.get $t)
                    (i64.add (i64.load offset=16 (local.get $t)) (i64.const 8)))
                (br_if 0 (i64.lt_s
                    (i64.load offset=16 (local.get $t))
                    (i64.load offset=8 (local.get $t)))))",
        copies: true,
    },
    Shape {
        name: "kernel to guest, words, stored byte by byte in a loop, by way of a frame",
        wat: "(loop $head
            (local.set $e (i64.const 0))
            (local.set $b (i32.add (local.get $t) (i32.const 24)))
            (local.set $u (call $wrapped (local.get $c)))
            (loop $bytes
                (i64.store8 (local.get $b) (i64.shr_u (local.get $u) (local.get $e)))
                (local.set $b (i32.add (local.get $b) (i32.const 1)))
                (br_if $bytes (i64.ne (i64.const 64)
                    (local.tee $e (i64.add (local.get $e) (i64.const 8))))))
            (i64.store align=1 (local.get $a) (i64.load offset=24 (local.get $t)))
            (local.set $c (i64.add (local.get $c) (i64.const 8)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if $head (i64.lt_u (local.get $c) (local.get $d))))",
        copies: true,
    },
    Shape {
        name: "guest to kernel, words, of eight loads of a byte",
        wat: "(loop $head
            (local.set $u (i64.const 0))
            (local.set $b (i32.const 7))
            (loop $bytes
                (local.set $u (i64.or
                    (i64.shl (local.get $u) (i64.const 8))
                    (i64.load8_u (i32.add (local.get $a) (local.get $b)))))
                (br_if $bytes (i32.ne (i32.const -1)
                    (local.tee $b (i32.sub (local.get $b) (i32.const 1))))))
            (call $store_u64 (local.get $c) (local.get $u))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if $head (i64.lt_u
                (local.tee $c (i64.add (local.get $c) (i64.const 8)))
                (local.get $d))))",
        copies: true,
    },
    Shape {
        name: "guest to kernel, words, of eight loads of a byte in the wrong order",
        wat: "(loop $head
            (local.set $u (i64.const 0))
            (local.set $b (i32.const 0))
            (loop $bytes
                (local.set $u (i64.or
                    (i64.shl (local.get $u) (i64.const 8))
                    (i64.load8_u (i32.add (local.get $a) (local.get $b)))))
                (br_if $bytes (i32.ne (i32.const 8)
                    (local.tee $b (i32.add (local.get $b) (i32.const 1))))))
            (call $store_u64 (local.get $c) (local.get $u))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if $head (i64.lt_u
                (local.tee $c (i64.add (local.get $c) (i64.const 8)))
                (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "input to guest, words, a state machine that stores what the round before loaded",
        wat: "(i64.store offset=48 (local.get $t) (local.get $d))
            (local.set $b (i32.const 0))
            (local.set $e (i64.const 0))
            (block $out (loop $head (block $check (block $store (block $entry
                (br_table $entry $store $check (local.get $b)))
                (local.set $b (i32.const 2))
                (br $head))
                (i64.store (i32.add (local.get $a) (i32.wrap_i64 (local.get $e)))
                    (i64.load offset=8 (local.get $t)))
                (local.set $e (i64.load offset=40 (local.get $t))))
                (br_if $out (i64.gt_s
                    (local.tee $u (i64.add (local.get $e) (i64.const 8)))
                    (i64.load offset=48 (local.get $t))))
                (i64.store offset=40 (local.get $t) (local.get $u))
                (i64.store (local.get $t) (local.get $e))
                (global.set $g (i32.add (local.get $t) (i32.const 0)))
                (call $by_stack)
                (local.set $e (i64.and (local.get $e) (i64.shr_s
                    (i64.sub (local.get $e) (i64.load offset=48 (local.get $t)))
                    (i64.const 63))))
                (local.set $b (i32.const 1))
                (br $head)))",
        copies: true,
    },
    Shape {
        name: "kernel to guest, two words a round, as long as a number is set",
        wat: "(block $out (loop $head
            (br_if $out (i32.eqz (local.get $t)))
            (br_if $out (i64.ge_u (local.get $c) (local.get $d)))
            (i64.store (local.get $a) (call $load_u64 (local.get $c)))
            (i64.store offset=8 (local.get $a)
                (call $load_u64 (i64.add (local.get $c) (i64.const 8))))
            (local.set $c (i64.add (local.get $c) (i64.const 16)))
            (local.set $a (i32.add (local.get $a) (i32.const 16)))
            (br $head)))",
        copies: true,
    },
    Shape {
        name: "input to guest, bytes, below the input's length, and a count in a global",
        wat: "(loop
            (i32.store8 (i32.add (local.get $a) (local.get $b))
                (call $input_load_u8 (i64.extend_i32_u (local.get $b))))
            (global.set $g (i32.add (global.get $g) (i32.const 3)))
            (local.set $b (i32.add (local.get $b) (i32.const 1)))
            (br_if 0 (i64.lt_u (i64.extend_i32_u (local.get $b)) (call $input_length))))",
        copies: true,
    },
    Shape {
        name: "a global and a slot that each round sets, maybe until the memory's end",
        wat: "(loop
            (i64.store (local.get $a) (call $load_u64 (local.get $c)))
            (global.set $g (local.get $a))
            (i32.store (i32.const 16) (local.get $a))
            (local.set $c (i64.add (local.get $c) (i64.const 8)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: true,
    },
    Shape {
        name: "a word of which one byte is lost on the way",
        wat: "(loop
            (i64.store (local.get $a) (i64.and (i64.const 0xffffffff_00ffffff)
                (call $load_u64 (local.get $c))))
            (local.set $c (i64.add (local.get $c) (i64.const 8)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
    Shape {
        name: "a word that goes by way of a frame too short for it",
        wat: "(loop
            (i64.store (local.get $t) (call $load_u64 (local.get $c)))
            (i32.store offset=4 (local.get $t) (i32.const 0))
            (i64.store (local.get $a) (i64.load (local.get $t)))
            (local.set $c (i64.add (local.get $c) (i64.const 8)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (br_if 0 (i64.lt_u (local.get $c) (local.get $d))))",
        copies: false,
    },
];
