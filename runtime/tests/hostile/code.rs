//! What code does that runs: traps of each kind, and tricks with the kernel inside a module.

use plugsmith::Trap;

use crate::{
    attack::{Attack, Ends, attack, times_out, traps},
    guest::{attacking, small, with},
    run,
};

pub(crate) fn trapping() -> Vec<Attack> {
    [
        ("unreachable code", "gives up", "unreachable", Trap::Unreachable),
        (
            "a load past memory",
            "loads from the last address there is",
            "(drop (i32.load (i32.const -1)))",
            Trap::MemoryOutOfBounds,
        ),
        (
            "a load with a large offset",
            "loads from an address whose sum has more than 32 bits",
            "(drop (i64.load offset=4294967295 (i32.const -1)))",
            Trap::MemoryOutOfBounds,
        ),
        (
            "a store past memory",
            "stores over the end of its memory",
            "(i64.store (i32.const 65529) (i64.const -1))",
            Trap::MemoryOutOfBounds,
        ),
        (
            "a fill past memory",
            "fills more than there is",
            "(memory.fill (i32.const 65535) (i32.const 1) (i32.const 2))",
            Trap::MemoryOutOfBounds,
        ),
        (
            "a copy past memory",
            "copies from behind the end",
            "(memory.copy (i32.const 0) (i32.const 65536) (i32.const -1))",
            Trap::MemoryOutOfBounds,
        ),
        (
            "a division by zero",
            "divides by zero",
            "(drop (i32.div_u (i32.const 1) (local.get $i)))",
            Trap::DivisionByZero,
        ),
        (
            "a remainder of zero",
            "divides by zero for the remainder",
            "(drop (i64.rem_s (i64.const 1) (local.get $a)))",
            Trap::DivisionByZero,
        ),
        (
            "a division that overflows",
            "divides the lowest number by minus one",
            "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
            Trap::IntegerOverflow,
        ),
        (
            "a number too large to convert",
            "makes an integer of infinity",
            "(drop (i32.trunc_f64_s (f64.const inf)))",
            Trap::IntegerOverflow,
        ),
        (
            "no number converted",
            "makes an integer of what is no number",
            "(drop (i32.trunc_f32_u (f32.const nan)))",
            Trap::BadConversion,
        ),
    ]
    .into_iter()
    .map(|(name, tries, body, trap)| attack(name, tries, attacking(body), traps(trap)))
    .chain([
        attack(
            "a call of an empty entry",
            "calls what is not in its table",
            small(
                r#"(table 1 funcref) (type $f (func))
                (func (export "attack") (call_indirect (type $f) (i32.const 0)))"#,
            ),
            traps(Trap::IndirectCallToNull),
        ),
        attack(
            "a call past the table",
            "calls an entry that its table does not have",
            small(
                r#"(table 1 funcref) (type $f (func))
                (func (export "attack") (call_indirect (type $f) (i32.const -1)))"#,
            ),
            traps(Trap::TableOutOfBounds),
        ),
        attack(
            "a call of another type",
            "calls a function as what it is not",
            small(
                r#"(table funcref (elem $g)) (type $f (func (param i64) (result i64)))
                (func $g) (func (export "attack")
                    (drop (call_indirect (type $f) (i64.const 7) (i32.const 0))))"#,
            ),
            traps(Trap::IndirectCallType),
        ),
        attack(
            "an exception for the host",
            "throws what nobody catches",
            small(r#"(tag $e (param i64)) (func (export "attack") (throw $e (i64.const 7)))"#),
            traps(Trap::Exception),
        ),
        attack(
            "a null reference called",
            "calls a reference to no function",
            small(r#"(type $f (func)) (func (export "attack") (call_ref $f (ref.null $f)))"#),
            Ends::Call("Trap", "trapped"),
        ),
        attack(
            "a cast that fails",
            "takes an object for what it is not",
            small(
                r#"(type $a (struct (field i32))) (type $b (struct (field i64) (field i64)))
                (func (export "attack")
                    (drop (ref.cast (ref $b) (struct.new $a (i32.const 1)))))"#,
            ),
            Ends::Call("Trap", "trapped"),
        ),
        attack(
            "an array past its end",
            "reads behind an array's last element",
            small(
                r#"(type $a (array (mut i8))) (func (export "attack")
                    (drop (array.get_u $a (array.new_default $a (i32.const 4)) (i32.const 4))))"#,
            ),
            Ends::Call("Trap", "trapped"),
        ),
        attack(
            "a trap in a start function",
            "traps while its instance is made",
            small(r#"(func $s unreachable) (start $s) (func (export "attack"))"#),
            traps(Trap::Unreachable),
        )
        .again(),
        attack(
            "a segment that does not fit",
            "has data written behind the end of its memory when its instance is made",
            small(r#"(memory 1) (data (i32.const 65535) "ab") (func (export "attack"))"#),
            traps(Trap::MemoryOutOfBounds),
        )
        .again(),
        attack(
            "an element that does not fit",
            "has a table filled behind its end when its instance is made",
            small(
                r#"(table 1 funcref) (func $f) (elem (i32.const 1) $f)
                (func (export "attack"))"#,
            ),
            traps(Trap::TableOutOfBounds),
        )
        .again(),
        attack(
            "data that was dropped",
            "copies from a segment after it has dropped it",
            small(
                r#"(memory 1) (data $d "secret") (func (export "attack")
                    (data.drop $d)
                    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 6)))"#,
            ),
            traps(Trap::MemoryOutOfBounds),
        ),
    ])
    .collect()
}

/// Tricks with the functions of the kernel, which become part of the module itself.
pub(crate) fn fused() -> Vec<Attack> {
    vec![
        attack(
            "the kernel in a table",
            "calls functions of the kernel through a table, with every nonsense",
            with(
                "",
                r#"(type $u (func (param i64))) (type $uu (func (param i64) (result i64)))
                (table $t funcref (elem $free $alloc $load_u64 $error_set))
                (func (export "attack")
                    (call_indirect $t (type $u) (i64.const -1) (i32.const 0))
                    (call $is (call_indirect $t (type $uu) (i64.const -1) (i32.const 1)) (i64.const 0))
                    (call $is (call_indirect $t (type $uu) (i64.const 16) (i32.const 2)) (i64.const 0))
                    (call_indirect $t (type $u) (i64.const 16) (i32.const 3))
                    (call $is (call $error_get) (i64.const 0)))"#,
            ),
            Ends::Harmless,
        ),
        attack(
            "the kernel as another type",
            "calls a function of the kernel through a table with one argument less",
            with(
                "",
                r#"(type $f (func (param i64) (result i64)))
                (table $t funcref (elem $store_u64))
                (func (export "attack")
                    (drop (call_indirect $t (type $f) (i64.const 16) (i32.const 0))))"#,
            ),
            traps(Trap::IndirectCallType),
        ),
        attack(
            "references to the kernel",
            "takes references to functions of the kernel and calls them",
            with(
                "",
                r#"(type $f (func (param i64) (result i64))) (elem declare func $alloc $length)
                (func (export "attack") (local $block i64)
                    (local.set $block (call_ref $f (i64.const 100) (ref.func $alloc)))
                    (call $is (call_ref $f (local.get $block) (ref.func $length)) (i64.const 100))
                    (call $is (call_ref $f (i64.const -1) (ref.func $alloc)) (i64.const 0)))"#,
            ),
            Ends::Harmless,
        ),
        attack(
            "the kernel exported",
            "exports the kernel's functions as its own, for the host to call",
            with("", r#"(export "attack" (func $reset)) (export "alloc" (func $alloc))"#),
            Ends::Harmless,
        ),
        attack(
            "the kernel as constructor",
            "names the kernel's `reset` as its constructor, its start function and its runtime",
            with(
                "",
                r#"(export "_initialize" (func $reset)) (start $reset)
                (func (export "attack") (call $is (call $input_length) (i64.const 5)))"#,
            ),
            Ends::Harmless,
        )
        .with(|setup| setup.input = b"hello".to_vec()),
        attack(
            "the host's own prefix",
            "exports names that the host might give to what it adds",
            small(
                r#"(memory (export "plugsmith:memory") 1) (memory (export "plugsmith:kernel") 1)
                (func (export "plugsmith:start") unreachable)
                (func (export "plugsmith_start") unreachable)
                (func (export "start") unreachable)
                (func (export "attack"))"#,
            ),
            Ends::Harmless,
        ),
        attack(
            "the kernel's memory by number",
            "stores to a memory that its own module does not have, but the host's rewritten one does",
            attacking("(i64.store 1 (i32.const 16) (i64.const -1))").replace("$memory ", ""),
            Ends::Load("InvalidModule", "unknown memory 1"),
        ),
        attack(
            "the kernel's globals by number",
            "sets a global that its own module does not have",
            attacking("(global.set 0 (i32.const 0))"),
            Ends::Load("InvalidModule", "unknown global"),
        ),
        attack(
            "the kernel's functions by number",
            "calls a function behind its own last one",
            attacking("(call 60)"),
            Ends::Load("InvalidModule", "unknown function 60"),
        ),
        attack(
            "the kernel's types by number",
            "calls through a type behind its own last one",
            attacking("(call_indirect (type 60) (i32.const 0))"),
            Ends::Load("InvalidModule", "unknown"),
        ),
        attack(
            "one function imported many times",
            "imports the same function of the kernel a hundred times and uses the last",
            with(
                &(0..100)
                    .map(|idx| {
                        format!(
                            r#"(import "extism:host/env" "alloc"
                                (func $alloc{idx} (param i64) (result i64)))"#
                        )
                    })
                    .collect::<Vec<_>>()
                    .concat(),
                r#"(func (export "attack")
                    (call $is (call $length (call $alloc99 (i64.const 7))) (i64.const 7)))"#,
            ),
            Ends::Harmless,
        ),
        attack(
            "a copying loop with a catch",
            "copies in a loop whose bounds change while it runs",
            attacking(
                "(local.set $a (call $alloc (i64.const 64)))
                (local.set $j (i32.const 64))
                (loop $next
                    (call $store_u8
                        (i64.add (local.get $a) (i64.extend_i32_u (local.get $i)))
                        (i32.load8_u (local.get $i)))
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (local.set $j (i32.add (local.get $j) (i32.const 1)))
                    (br_if $next (i32.lt_u (local.get $i) (local.get $j))))",
            ),
            Ends::Call("Trap", "memory access out of bounds"),
        ),
        attack(
            "a copying loop that wraps around",
            "copies in a loop whose count has wrapped below zero",
            attacking(
                "(local.set $a (call $alloc (i64.const 64)))
                (local.set $i (i32.const -8))
                (loop $next
                    (call $store_u64
                        (i64.add (local.get $a) (i64.extend_i32_s (local.get $i)))
                        (i64.const -1))
                    (local.set $i (i32.sub (local.get $i) (i32.const 8)))
                    (br_if $next (i32.lt_s (local.get $i) (i32.const 0))))",
            ),
            times_out(),
        ),
        attack(
            "a copying loop over the end",
            "copies more out of its memory than there is into less than there is",
            attacking(
                "(local.set $a (call $alloc (i64.const 100)))
                (loop $next
                    (call $store_u64
                        (i64.add (local.get $a) (i64.extend_i32_u (local.get $i)))
                        (i64.load (local.get $i)))
                    (local.set $i (i32.add (local.get $i) (i32.const 8)))
                    (br_if $next (i32.lt_u (local.get $i) (i32.const 100000))))",
            ),
            traps(Trap::MemoryOutOfBounds),
        ),
    ]
}

#[test]
fn traps_of_each_kind_are_told_and_cost_nobody_else() {
    run::all(&trapping());
}

#[test]
fn a_module_with_the_kernel_in_it_reaches_no_more_of_it() {
    run::all(&fused());
}
