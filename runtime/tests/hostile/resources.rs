//! Memory, tables, stack and time: how much of them there is, and who runs out of it.

use plugsmith::{CurrentPlugin, Function, Trap, Wasm};

use crate::{
    attack::{Attack, Ends, attack, of_modules, times_out, traps},
    guest::{attacking, small, with},
    run,
};

/// Code that has no end.
const LOOP: &str = "(loop $forever (br $forever))";

pub(crate) fn memory() -> Vec<Attack> {
    let grows = "(loop $next
        (br_if $next (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))";
    vec![
        attack(
            "memory grown without an end",
            "grows its memory page by page until that is refused, then gives up",
            attacking(&format!("{grows} unreachable")),
            Ends::Call("MemoryLimit", "guest memory reached its limit of 64 pages"),
        ),
        attack(
            "memory grown at once",
            "asks for more pages than there are numbers for bytes",
            attacking(
                "(call $is (i64.extend_i32_s (memory.grow (i32.const 65536))) (i64.const -1))
                (call $is (i64.extend_i32_s (memory.grow (i32.const -1))) (i64.const -1))
                (call $is (i64.extend_i32_s (memory.grow (i32.const 64))) (i64.const -1))",
            ),
            Ends::Harmless,
        ),
        attack(
            "memory grown where nobody set a limit",
            "grows its memory until that is refused, with a manifest that says nothing of memory",
            attacking(
                "(loop $next
                    (br_if $next (i32.ne (memory.grow (i32.const 1024)) (i32.const -1))))
                unreachable",
            ),
            Ends::Call("MemoryLimit", "guest memory reached its limit of 16384 pages"),
        )
        .with(|setup| setup.manifest.memory.max_pages = None),
        attack(
            "several memories",
            "declares seven memories, each of which grows to the limit",
            small(&format!(
                r#"{}
                (func (export "attack") {} unreachable)"#,
                (0..7).map(|idx| format!("(memory $m{idx} 1)")).collect::<Vec<_>>().concat(),
                (0..7)
                    .map(|idx| format!(
                        "(loop $n{idx} (br_if $n{idx}
                        (i32.ne (memory.grow $m{idx} (i32.const 5)) (i32.const -1))))"
                    ))
                    .collect::<Vec<_>>()
                    .concat(),
            )),
            Ends::Call("MemoryLimit", "guest memory reached its limit of 64 pages"),
        ),
        attack(
            "more memory than it may begin with",
            "declares a memory that is past the limit before anything runs",
            small("(memory 65)"),
            Ends::Load("MemoryLimit", "modules need 65 pages"),
        ),
        attack(
            "many small memories",
            "declares sixty-five memories of one page",
            small(&"(memory 1)".repeat(65)),
            Ends::Load("MemoryLimit", "modules need 65 pages"),
        ),
        attack(
            "a memory that poses as the kernel's",
            "declares a memory with the maximum by which the host knows the kernel's, which has a limit \
             of its own",
            small("(memory 1 65521)"),
            Ends::Load("ReservedMemory", "which is reserved"),
        ),
        attack(
            "a memory of 64 bits",
            "declares a memory whose addresses have 64 bits",
            small("(memory i64 1)"),
            Ends::Load("InvalidModule", "memory64"),
        ),
        attack(
            "a shared memory",
            "declares a memory that several threads may use",
            small("(memory 1 1 shared)"),
            Ends::Load("InvalidModule", "threads"),
        ),
        attack(
            "waiting for another thread",
            "waits in memory for a wake-up that never comes",
            attacking("(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))"),
            Ends::Load("InvalidModule", "threads"),
        ),
        attack(
            "objects without an end",
            "makes garbage-collected objects that all stay in use",
            small(
                r#"(type $link (struct (field (ref null $link)) (field i64)))
                (global $all (mut (ref null $link)) (ref.null $link))
                (func (export "attack")
                    (loop $next
                        (global.set $all (struct.new $link (global.get $all) (i64.const 7)))
                        (br $next)))"#,
            ),
            Ends::Call("MemoryLimit", "guest memory reached its limit of 64 pages"),
        ),
        attack(
            "an object of four gigabytes",
            "makes one array as long as numbers go",
            small(
                r#"(type $array (array (mut i64)))
                (func (export "attack") (drop (array.new_default $array (i32.const -1))))"#,
            ),
            Ends::Call("Trap", "trapped"),
        ),
    ]
}

pub(crate) fn tables() -> Vec<Attack> {
    vec![
        attack(
            "a table grown without an end",
            "grows a table until that is refused, then gives up",
            small(
                r#"(table $t 0 funcref) (func (export "attack")
                (loop $next (br_if $next (i32.ne
                    (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1))))
                unreachable)"#,
            ),
            Ends::Call("MemoryLimit", "tables reached its limit of 1048576 elements"),
        ),
        attack(
            "a table grown past a smaller limit",
            "does so where the host allows a thousand elements",
            small(
                r#"(table $t 0 funcref) (func (export "attack")
                (if (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const 0))
                    (then (return)))
                (drop (table.grow $t (ref.null func) (i32.const 1)))
                unreachable)"#,
            ),
            Ends::Call("MemoryLimit", "tables reached its limit of 1000 elements"),
        )
        .with(|setup| setup.limits.table_elements = 1_000),
        attack(
            "a table of four billion",
            "declares a table as long as numbers go",
            small(r#"(table 4294967295 funcref) (func (export "attack"))"#),
            Ends::Call("Instantiate", "cannot make an instance"),
        )
        .again(),
        attack(
            "many tables",
            "declares a hundred tables of twenty thousand elements",
            small(&format!(r#"{} (func (export "attack"))"#, "(table 20000 funcref)".repeat(100))),
            Ends::Call("Instantiate", "cannot make an instance"),
        )
        .again(),
        attack(
            "a table filled for ever",
            "fills a table of a million elements again and again",
            small(
                r#"(table $t 1000000 funcref) (func (export "attack") (loop $next
                (table.fill $t (i32.const 0) (ref.null func) (i32.const 1000000)) (br $next)))"#,
            ),
            times_out(),
        ),
    ]
}

pub(crate) fn stack() -> Vec<Attack> {
    vec![
        attack(
            "recursion without an end",
            "calls itself for ever",
            small(r#"(func $a (export "attack") (call $a) (call $a))"#),
            traps(Trap::StackOverflow),
        ),
        attack(
            "two functions that call each other",
            "calls another function that calls it back, for ever",
            small(
                r#"(func $a (export "attack") (call $b) (call $b))
                (func $b (call $a) (call $a))"#,
            ),
            traps(Trap::StackOverflow),
        ),
        attack(
            "recursion through a table",
            "calls itself by a table entry",
            small(
                r#"(type $f (func)) (table funcref (elem $a))
                (func $a (export "attack")
                    (call_indirect (type $f) (i32.const 0)) (call_indirect (type $f) (i32.const 0)))"#,
            ),
            traps(Trap::StackOverflow),
        ),
        attack(
            "recursion with large frames",
            "calls itself with a thousand values on the stack",
            small(&format!(
                r#"(func $a (export "attack") (local i64)
                (local.set 0 (i64.load (i32.const 8))) {} (call $a) {})
                (memory 1)"#,
                "(i64.add (local.get 0) (i64.load (i32.const 16)))".repeat(500),
                "drop ".repeat(500),
            )),
            traps(Trap::StackOverflow),
        ),
        attack(
            "recursion in a start function",
            "runs out of stack while its instance is made",
            small(r#"(func $s (call $s) (call $s)) (start $s) (func (export "attack"))"#),
            traps(Trap::StackOverflow),
        )
        .again(),
        attack(
            "the host called at the end of the stack",
            "calls functions of the host and the kernel at every depth till the stack ends",
            with(
                "",
                r#"(func $deeper (export "attack")
                    (drop (call $config_get (call $letter (i32.const 65))))
                    (call $log_info (call $letter (i32.const 65)))
                    (call $reset)
                    (call $deeper) (call $deeper))"#,
            ),
            traps(Trap::StackOverflow),
        ),
        of_modules(
            "recursion through the host",
            "calls another module that calls back, where the host stands in between",
            || {
                let side = r#"(module (import "main" "attack" (func $back))
                    (func (export "on") (call $back) (call $back)))"#;
                let main = with(
                    r#"(import "side" "on" (func $on))"#,
                    r#"(func (export "attack") (call $on) (call $on))"#,
                );
                vec![
                    Wasm::data(wat::parse_str(side).unwrap()).with_name("side"),
                    Wasm::data(wat::parse_str(main).unwrap()).with_name("main"),
                ]
            },
            traps(Trap::StackOverflow),
        ),
        of_modules(
            "a program that starts programs",
            "calls a command module again and again, of which each call makes an instance",
            || {
                let side = r#"(module (memory 1) (func (export "_start")) (func (export "on")))"#;
                let main = with(
                    r#"(import "side" "on" (func $on))"#,
                    r#"(func (export "attack") (loop $next (call $on) (br $next)))"#,
                );
                vec![
                    Wasm::data(wat::parse_str(side).unwrap()).with_name("side"),
                    Wasm::data(wat::parse_str(main).unwrap()).with_name("main"),
                ]
            },
            Ends::Call("MemoryLimit", "guest memory reached its limit of 64 pages"),
        ),
        attack(
            "a guest that uses up its fuel",
            "runs for ever where fuel is counted",
            attacking(LOOP),
            traps(Trap::OutOfFuel),
        )
        .with(|setup| setup.choose = |_, builder| builder.with_fuel_limit(1_000_000)),
    ]
}

pub(crate) fn time() -> Vec<Attack> {
    vec![
        attack("an endless loop", "loops for ever", attacking(LOOP), times_out()),
        attack(
            "an endless loop where nobody set a limit",
            "loops for ever, with a manifest that says nothing of time",
            attacking(LOOP),
            times_out(),
        )
        .with(|setup| {
            setup.manifest.timeout_ms = None;
            assert!(setup.limits.time.is_some(), "there is a limit by default");
            setup.limits.time = Some(std::time::Duration::from_millis(30));
        }),
        attack(
            "a loop that calls",
            "calls a function for ever",
            small(&format!(
                r#"(func $f) (func (export "attack") {})"#,
                "(loop $forever (call $f) (br $forever))"
            )),
            times_out(),
        ),
        attack(
            "tail calls without an end",
            "calls itself as the last thing it does, which takes no stack",
            small(r#"(func $f (export "attack") (return_call $f))"#),
            times_out(),
        ),
        attack(
            "exceptions without an end",
            "throws and catches for ever",
            small(
                r#"(tag $e) (func (export "attack") (loop $again
                    (block $caught (try_table (catch $e $caught) (throw $e)))
                    (br $again)))"#,
            ),
            times_out(),
        ),
        attack(
            "an exception that catches the end",
            "catches everything, in the hope to live on past its time",
            small(
                r#"(func $spin (loop $forever (br $forever)))
                (func (export "attack") (loop $again
                    (block $caught (try_table (catch_all $caught) (call $spin)))
                    (br $again)))"#,
            ),
            times_out(),
        ),
        attack(
            "an endless start function",
            "loops while its instance is made",
            small(&format!(r#"(func $s {LOOP}) (start $s) (func (export "attack"))"#)),
            times_out(),
        )
        .again(),
        attack(
            "an endless constructor",
            "loops in `_initialize`",
            small(&format!(r#"(func (export "_initialize") {LOOP}) (func (export "attack"))"#)),
            times_out(),
        )
        .again(),
        attack(
            "an endless runtime",
            "loops in `hs_init`",
            small(&format!(
                r#"(func (export "hs_init") (param i32 i32) {LOOP}) (func (export "attack"))"#
            )),
            times_out(),
        )
        .again(),
        attack(
            "an endless negotiation",
            "loops where the host asks which extensions it knows",
            with("", &format!(
                r#"(func (export "plugsmith_extensions") (param i64) (result i64) {LOOP} unreachable)
                (func (export "attack"))"#
            )),
            times_out(),
        )
        .again(),
        of_modules(
            "an endless side module",
            "loops in the start function of a module that it imports from",
            || {
                let side = format!(r#"(module (func $s {LOOP}) (start $s) (func (export "on")))"#);
                let main = small(r#"(func (export "attack"))"#)
                    .replacen("(module", r#"(module (import "side" "on" (func))"#, 1);
                vec![
                    Wasm::data(wat::parse_str(side).unwrap()).with_name("side"),
                    Wasm::data(wat::parse_str(main).unwrap()).with_name("main"),
                ]
            },
            times_out(),
        )
        .again(),
        of_modules(
            "an endless function of a side module",
            "loops in a module that it imports from",
            || {
                let side = format!(r#"(module (func (export "on") {LOOP}))"#);
                let main = with(
                    r#"(import "side" "on" (func $on))"#,
                    r#"(func (export "attack") (call $on))"#,
                );
                vec![
                    Wasm::data(wat::parse_str(side).unwrap()).with_name("side"),
                    Wasm::data(wat::parse_str(main).unwrap()).with_name("main"),
                ]
            },
            times_out(),
        ),
        attack(
            "an endless callback",
            "loops when a function of the host calls back into it",
            with(
                r#"(import "extism:host/user" "relay" (func $relay))"#,
                &format!(
                    r#"(func (export "attack") (call $relay) {LOOP})"#,
                ),
            ),
            times_out(),
        )
        .with(|setup| {
            setup.functions.push(Function::numeric(
                "relay",
                |plugin: &mut CurrentPlugin<'_>| -> Result<(), plugsmith::Error> {
                    assert!(plugin.time_remaining().is_some());
                    Ok(())
                },
            ));
        }),
        attack(
            "memory filled for ever",
            "fills four megabytes again and again",
            attacking(
                "(drop (memory.grow (i32.const 63)))
                (loop $next (memory.fill (i32.const 0) (i32.const 1) (i32.const 4194304))
                    (br $next))",
            ),
            times_out(),
        ),
        attack(
            "memory copied for ever",
            "copies two megabytes again and again",
            attacking(
                "(drop (memory.grow (i32.const 63)))
                (loop $next
                    (memory.copy (i32.const 0) (i32.const 2097152) (i32.const 2097152))
                    (br $next))",
            ),
            times_out(),
        ),
        attack(
            "growth for ever",
            "asks for memory that it does not get, for ever",
            attacking(
                "(loop $next (drop (memory.grow (i32.const 100000))) (br $next))",
            ),
            times_out(),
        ),
        attack(
            "a copy through the kernel for ever",
            "copies from memory to memory with the loop that the host speeds up, and begins again",
            attacking(
                "(drop (memory.grow (i32.const 15)))
                (local.set $a (call $alloc (i64.const 1000000)))
                (loop $again
                    (local.set $i (i32.const 0))
                    (loop $next
                        (call $store_u64
                            (i64.add (local.get $a) (i64.extend_i32_u (local.get $i)))
                            (i64.load (local.get $i)))
                        (local.set $i (i32.add (local.get $i) (i32.const 8)))
                        (br_if $next (i32.lt_u (local.get $i) (i32.const 1000000))))
                    (br $again))",
            ),
            times_out(),
        ),
    ]
}

#[test]
fn memory_has_a_limit_however_it_is_asked_for() {
    run::all(&memory());
}

#[test]
fn tables_have_a_limit() {
    run::all(&tables());
}

#[test]
fn the_stack_ends_in_a_trap() {
    run::all(&stack());
}

#[test]
fn time_ends_wherever_the_guest_is() {
    run::all(&time());
}
