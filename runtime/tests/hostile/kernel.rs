//! The exchange memory: offsets and lengths of every kind, and what is not the guest's own.

use plugsmith::Trap;

use crate::{
    attack::{Attack, Ends, attack, times_out, traps},
    guest::{attacking, with},
    run,
};

/// An attack on the kernel that comes to nothing.
fn harmless(name: &'static str, tries: &'static str, body: &str) -> Attack {
    attack(name, tries, attacking(body), Ends::Harmless)
}

/// A body that does something at every offset that a mistake in a bounds check might let through.
fn at_every_edge(statement: &str) -> String {
    [
        "0",
        "1",
        "7",
        "8",
        "15",
        "16",
        "17",
        "23",
        "56",
        "65",
        "72",
        "77",
        "160",
        "287",
        "288",
        "671",
        "672",
        "1016",
        "1017",
        "1023",
        "65528",
        "65535",
        "65536",
        "1048568",
        "1048575",
        "1048576",
        "2147483647",
        "2147483648",
        "4294967288",
        "4294967295",
        "4294967296",
        "4294968320",
        "281474976710656",
        "9223372036854775807",
        "-9223372036854775808",
        "-1024",
        "-16",
        "-8",
        "-7",
        "-1",
    ]
    .map(|offset| format!("(local.set $a (i64.const {offset})) {statement}\n"))
    .concat()
}

pub(crate) fn loads_and_stores() -> Vec<Attack> {
    vec![
        harmless(
            "loads past every edge",
            "loads bytes at 40 offsets outside of what was handed out, bookkeeping among them",
            &at_every_edge(
                "(call $is (i64.extend_i32_u (call $load_u8 (local.get $a))) (i64.const 0))",
            ),
        ),
        harmless(
            "words past every edge",
            "loads words there, also such as begin inside and end outside",
            &at_every_edge("(call $is (call $load_u64 (local.get $a)) (i64.const 0))"),
        ),
        harmless(
            "stores past every edge",
            "stores there, then asks the kernel for a block and its own input",
            &(at_every_edge(
                "(call $store_u8 (local.get $a) (i32.const 255))
                (call $store_u64 (local.get $a) (i64.const -1))",
            ) + "(local.set $b (call $alloc (i64.const 100)))
                (call $is (call $length (local.get $b)) (i64.const 100))
                (call $is (call $input_length) (i64.const 0))
                (call $is (call $error_get) (i64.const 0))"),
        ),
        harmless(
            "forged registers",
            "stores an output, an error and an input into the registers that the host reads",
            "(local.set $a (i64.const 16))
            (loop $next
                (call $store_u64 (local.get $a) (i64.const 0x7fffffff00000000))
                (local.set $a (i64.add (local.get $a) (i64.const 1)))
                (br_if $next (i64.lt_u (local.get $a) (i64.const 1024))))
            (call $is (call $output_length) (i64.const 0))
            (call $is (call $memory_bytes) (call $memory_bytes))",
        ),
        harmless(
            "a forged block",
            "writes what looks like a block's header before and inside a block, and passes it on",
            "(local.set $a (call $alloc (i64.const 64)))
            (call $store_u64 (i64.sub (local.get $a) (i64.const 8)) (i64.const 0x7fffffff7fffffff))
            (call $store_u64 (i64.sub (local.get $a) (i64.const 12)) (i64.const 1))
            (call $store_u64 (local.get $a) (i64.const 1))
            (call $store_u64 (i64.add (local.get $a) (i64.const 8)) (i64.const -1))
            (call $is (call $length (local.get $a)) (i64.const 64))
            (call $is (call $length (i64.add (local.get $a) (i64.const 12))) (i64.const 0))
            (call $is (call $length_unsafe (i64.add (local.get $a) (i64.const 12))) (i64.const 0))",
        ),
        harmless(
            "the ledger, once it has grown",
            "makes so many blocks that their list moves to the end of memory, and looks for it there",
            "(loop $next
                (drop (call $alloc (i64.const 1)))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $i) (i32.const 1000))))
            (local.set $a (i64.sub (i64.const 4194304) (i64.const 8)))
            (loop $back
                (call $is (call $load_u64 (local.get $a)) (i64.const 0))
                (call $store_u64 (local.get $a) (i64.const -1))
                (local.set $a (i64.sub (local.get $a) (i64.const 8)))
                (br_if $back (i64.gt_u (local.get $a) (i64.const 100000))))
            (local.set $b (call $alloc (i64.const 8)))
            (call $is (call $length (local.get $b)) (i64.const 8))",
        ),
        harmless(
            "a word over the end of a block",
            "loads eight bytes of which the last lies behind the last block",
            "(local.set $a (call $alloc (i64.const 16)))
            (call $store_u64 (i64.add (local.get $a) (i64.const 9)) (i64.const -1))
            (call $is (call $load_u64 (i64.add (local.get $a) (i64.const 9))) (i64.const 0))",
        ),
        harmless(
            "what the last call left",
            "reads a new block before anything was stored in it, after a call with another input",
            "(local.set $a (call $alloc (i64.const 60000)))
            (loop $next
                (call $is (call $load_u64 (i64.add (local.get $a) (local.get $b))) (i64.const 0))
                (local.set $b (i64.add (local.get $b) (i64.const 8)))
                (br_if $next (i64.lt_u (local.get $b) (i64.const 60000))))
            (drop (call $filled (i64.const 50000) (i32.const 83)))",
        ),
        harmless(
            "what a freed block held",
            "frees a block with a secret in it and reads the next one",
            "(local.set $a (call $filled (i64.const 4000) (i32.const 83)))
            (call $free (local.get $a))
            (local.set $a (call $alloc (i64.const 4000)))
            (loop $next
                (call $is (call $load_u64 (i64.add (local.get $a) (local.get $b))) (i64.const 0))
                (local.set $b (i64.add (local.get $b) (i64.const 8)))
                (br_if $next (i64.lt_u (local.get $b) (i64.const 4000))))",
        ),
    ]
}

pub(crate) fn blocks() -> Vec<Attack> {
    vec![
        harmless(
            "blocks of impossible size",
            "asks for so many bytes that the allocator's sums would wrap",
            &[
                "-1",
                "-16",
                "-1024",
                "0x8000000000000000",
                "0x7fffffffffffffff",
                "0x100000000",
                "0xfffffff0",
                "0xffffffff",
                "0xffff0000",
                "0",
            ]
            .map(|len| format!("(call $is (call $alloc (i64.const {len})) (i64.const 0))"))
            .join("\n"),
        ),
        attack(
            "all of the exchange memory",
            "allocates until nothing is left, then gives up",
            attacking(
                "(loop $next (br_if $next (i64.ne (call $alloc (i64.const 100000)) (i64.const 0))))
                unreachable",
            ),
            Ends::Call("MemoryLimit", "exchange memory reached its limit of 64 pages"),
        ),
        harmless(
            "all of it, in the smallest blocks",
            "allocates single bytes until nothing is left, and works on with what there is",
            "(local.set $a (call $alloc (i64.const 1)))
            (loop $next (br_if $next (i64.ne (call $alloc (i64.const 1)) (i64.const 0))))
            (call $store_u8 (local.get $a) (i32.const 7))
            (call $is (i64.extend_i32_u (call $load_u8 (local.get $a))) (i64.const 7))
            (call $free (local.get $a))
            (call $is (i64.extend_i32_u (i64.ne (call $alloc (i64.const 1)) (i64.const 0)))
                (i64.const 1))",
        ),
        attack(
            "an endless flood of blocks",
            "allocates and frees for ever",
            attacking("(loop $next (call $free (call $alloc (i64.const 4000))) (br $next))"),
            times_out(),
        ),
        attack(
            "an endless flood of large blocks",
            "has the kernel clear megabytes again and again",
            attacking("(loop $next (call $free (call $alloc (i64.const 3000000))) (br $next))"),
            times_out(),
        ),
        harmless(
            "frees at every edge",
            "frees what is no block, at the same 40 offsets, then uses its own",
            &("(local.set $b (call $filled (i64.const 24) (i32.const 65)))".to_owned()
                + &at_every_edge("(call $free (local.get $a))")
                + "(call $is (call $length (local.get $b)) (i64.const 24))
                (call $is (i64.extend_i32_u (call $load_u8 (local.get $b))) (i64.const 65))"),
        ),
        harmless(
            "a block freed twice",
            "frees a block twice and allocates twice: both would be the same",
            "(local.set $a (call $alloc (i64.const 32)))
            (call $free (local.get $a)) (call $free (local.get $a))
            (local.set $b (call $alloc (i64.const 32)))
            (local.set $c (call $alloc (i64.const 32)))
            (if (i64.eq (local.get $b) (local.get $c)) (then unreachable))",
        ),
        harmless(
            "the inside of a block",
            "frees, measures and passes on an offset in the middle of a block",
            "(local.set $a (call $alloc (i64.const 64)))
            (local.set $b (i64.add (local.get $a) (i64.const 16)))
            (call $free (local.get $b))
            (call $is (call $length (local.get $b)) (i64.const 0))
            (call $is (call $length (local.get $a)) (i64.const 64))
            (call $error_set (local.get $b))
            (call $is (call $error_get) (i64.const 0))",
        ),
        harmless(
            "the input freed",
            "frees its own input, reads it all the same, and makes a block there",
            "(call $free (call $input_offset))
            (call $is (call $input_length) (i64.const 0))
            (call $is (i64.extend_i32_u (call $input_load_u8 (i64.const 0))) (i64.const 0))
            (local.set $a (call $alloc (i64.const 5)))
            (call $is (call $load_u64 (local.get $a)) (i64.const 0))",
        )
        .with(|setup| setup.input = b"input".to_vec()),
        harmless(
            "the heap reset",
            "resets the heap in the middle of a call and uses what it had before",
            "(local.set $a (call $filled (i64.const 100) (i32.const 65)))
            (call $reset)
            (call $is (call $length (local.get $a)) (i64.const 0))
            (call $is (call $load_u64 (local.get $a)) (i64.const 0))
            (call $free (local.get $a))
            (call $is (call $input_length) (i64.const 0))
            (call $output_set (local.get $a) (i64.const 100))
            (call $is (call $output_length) (i64.const 0))",
        ),
        harmless(
            "a block of a call before",
            "keeps an offset in a global and uses it in the next call",
            "(call $is (call $length (i64.add (call $input_offset) (i64.const 64))) (i64.const 0))
            (call $is (call $load_u64 (i64.const 500000)) (i64.const 0))
            (local.set $a (call $filled (i64.const 1000) (i32.const 65)))
            (call $output_set (local.get $a) (i64.const 1000))",
        ),
        attack(
            "a heap in pieces",
            "leaves a hole behind every other block, then wants one large block, for ever",
            attacking(
                "(loop $again
                    (local.set $i (i32.const 0))
                    (loop $next
                        (local.set $a (call $alloc (i64.const 16)))
                        (drop (call $alloc (i64.const 16)))
                        (call $free (local.get $a))
                        (local.set $i (i32.add (local.get $i) (i32.const 1)))
                        (br_if $next (i32.lt_u (local.get $i) (i32.const 500))))
                    (drop (call $alloc (i64.const 1000000)))
                    (call $reset)
                    (br $again))",
            ),
            times_out(),
        ),
        harmless(
            "blocks that share a bucket",
            "makes ten thousand blocks at regular distances, so that a hash of offsets would degrade",
            "(loop $next
                (local.set $a (call $alloc (i64.const 240)))
                (call $is (call $length (local.get $a)) (i64.const 240))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $i) (i32.const 10000))))",
        ),
    ]
}

pub(crate) fn registers() -> Vec<Attack> {
    vec![
        harmless(
            "outputs out of nowhere",
            "makes 40 ranges outside of what was handed out the output, of several lengths",
            &at_every_edge(
                "(call $output_set (local.get $a) (i64.const 16))
                (call $output_set (local.get $a) (i64.const -16))
                (call $output_set (local.get $a) (i64.const 0x7fffffffffffffff))
                (call $is (call $output_length) (i64.const 0))",
            ),
        ),
        harmless(
            "an output longer than its block",
            "makes more than was handed out the output, by a byte, by a page, by wrapping around",
            "(local.set $a (call $alloc (i64.const 16)))
            (call $output_set (local.get $a) (i64.const 17))
            (call $output_set (local.get $a) (i64.const 65536))
            (call $output_set (local.get $a) (i64.const -1))
            (call $output_set (local.get $a) (i64.sub (i64.const 16) (local.get $a)))
            (call $is (call $output_length) (i64.const 0))",
        ),
        harmless(
            "an output that is freed",
            "frees the block that is the output, and fills the place with something else",
            "(local.set $a (call $filled (i64.const 64) (i32.const 65)))
            (call $output_set (local.get $a) (i64.const 64))
            (call $free (local.get $a))
            (drop (call $filled (i64.const 64) (i32.const 83)))
            (call $is (call $output_length) (i64.const 64))",
        ),
        harmless(
            "errors out of nowhere",
            "makes 40 offsets at which no block starts the error",
            &at_every_edge(
                "(if (i64.ne (local.get $a) (call $input_offset)) (then
                    (call $error_set (local.get $a))
                    (call $is (call $error_get) (i64.const 0))))",
            ),
        ),
        attack(
            "an error that is freed",
            "frees the block that is the error, and returns",
            attacking(
                "(local.set $a (call $filled (i64.const 5) (i32.const 65)))
                (call $error_set (local.get $a))
                (call $free (local.get $a))
                (drop (call $filled (i64.const 5) (i32.const 83)))",
            ),
            Ends::Call("Guest", "AAAAA"),
        ),
        attack(
            "an error of all the memory there is",
            "reports an error of three megabytes",
            attacking(
                "(local.set $a (call $alloc (i64.const 3000000)))
                (call $error_set (local.get $a))",
            ),
            Ends::Call("Guest", "(3000000 bytes)"),
        ),
        attack(
            "the input as error",
            "makes the input the error",
            attacking("(call $error_set (call $input_offset))"),
            Ends::Call("Guest", "hello"),
        )
        .with(|setup| setup.input = b"hello".to_vec()),
        harmless(
            "inputs out of nowhere",
            "makes 40 ranges the input and reads them through it",
            &at_every_edge(
                "(call $input_set (local.get $a) (i64.const 8))
                (call $input_set (local.get $a) (i64.const -8))
                (call $is (call $input_load_u64 (i64.const 0)) (i64.const 0))
                (call $is (i64.extend_i32_u (call $input_load_u8 (i64.const -1))) (i64.const 0))",
            ),
        ),
        harmless(
            "an input read past its end",
            "reads the input at offsets that would wrap around to what lies before it",
            &at_every_edge(
                "(if (i64.ge_u (local.get $a) (i64.const 8)) (then
                    (call $is (call $input_load_u64 (local.get $a)) (i64.const 0))
                    (call $is (i64.extend_i32_u (call $input_load_u8 (local.get $a)))
                        (i64.const 0))))",
            ),
        )
        .with(|setup| setup.input = b"12345678".to_vec()),
        harmless(
            "an output before the trap of another call",
            "sets an output and an error, takes the error back, and leaves the output",
            "(local.set $a (call $letter (i32.const 65)))
            (call $output_set (local.get $a) (i64.const 1))
            (call $error_set (local.get $a))
            (call $error_set (i64.const 0))",
        ),
        attack(
            "the host's context",
            "takes away the global in which hosts of this interface lend a value to a call",
            with(
                r#"(import "extism:host/env" "extism_context"
                    (global $context (mut externref)))"#,
                r#"(func (export "attack")
                    (if (i32.eqz (ref.is_null (global.get $context))) (then unreachable))
                    (global.set $context (ref.null extern)))"#,
            ),
            Ends::Harmless,
        ),
        attack(
            "the kernel's memory",
            "imports the exchange memory as a memory of its own",
            with(r#"(import "extism:host/env" "memory" (memory 1))"#, ""),
            Ends::Load("UnknownImport", "only functions can be imported"),
        ),
        attack(
            "a kernel function of another type",
            "imports `load_u64` as a function that takes and gives something else",
            with(
                r#"(import "extism:host/env" "load_u64" (func $l (param externref) (result i32)))"#,
                "",
            ),
            Ends::Load("ImportType", "load_u64"),
        ),
        attack(
            "a host with no way to say no",
            "traps after it has set an output",
            attacking("(call $output_set (call $letter (i32.const 65)) (i64.const 1)) unreachable"),
            traps(Trap::Unreachable),
        ),
    ]
}

#[test]
fn loads_and_stores_reach_nothing_but_what_is_the_guests_own() {
    run::all(&loads_and_stores());
}

#[test]
fn blocks_are_what_the_kernel_says_they_are() {
    run::all(&blocks());
}

#[test]
fn input_output_and_error_are_in_bounds_whatever_is_set() {
    run::all(&registers());
}
