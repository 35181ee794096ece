//! Variables, configuration and the log: what a guest makes its host keep, look up and write.

use std::sync::{Arc, Mutex};

use plugsmith::LogRecord;

use crate::{
    attack::{Attack, Ends, Setup, attack, times_out},
    guest::{attacking, with},
    run,
};

/// A guest that sets variables for ever.
const VAR_FLOOD: &str = "(loop $next
    (local.set $a (call $alloc (i64.const 4)))
    (call $store_u8 (local.get $a) (i32.or (i32.const 64) (i32.and (local.get $i) (i32.const 31))))
    (call $store_u8 (i64.add (local.get $a) (i64.const 1))
        (i32.or (i32.const 64) (i32.and (i32.shr_u (local.get $i) (i32.const 5)) (i32.const 31))))
    (call $store_u8 (i64.add (local.get $a) (i64.const 2))
        (i32.or (i32.const 64) (i32.and (i32.shr_u (local.get $i) (i32.const 10)) (i32.const 31))))
    (call $var_set (local.get $a) VALUE)
    (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br $next))";

pub(crate) fn vars() -> Vec<Attack> {
    vec![
        attack(
            "a flood of variables",
            "sets ever more variables of one byte",
            attacking(&VAR_FLOOD.replace("VALUE", "(call $letter (i32.const 65))")),
            Ends::Call("Host", "the limit is 1048576"),
        ),
        attack(
            "a flood of bytes in variables",
            "sets ever more variables of 64 KiB",
            attacking(&VAR_FLOOD.replace("VALUE", "(call $alloc (i64.const 65536))")),
            Ends::Call("Host", "the limit is 1048576"),
        ),
        attack(
            "a flood of tiny variables",
            "sets ever more variables whose names and values cost the host more than their bytes",
            attacking(&VAR_FLOOD.replace("VALUE", "(call $alloc (i64.const 1))")),
            Ends::Call("Host", "the limit is 2000"),
        )
        .with(|setup| setup.manifest.memory.max_var_bytes = Some(2_000)),
        attack(
            "a variable set again and again",
            "sets the same variable for ever, to other values",
            attacking(
                "(loop $next
                    (call $var_set (call $letter (i32.const 65)) (call $alloc (i64.const 10000)))
                    (call $var_set (call $letter (i32.const 65)) (call $alloc (i64.const 20000)))
                    (br $next))",
            ),
            times_out(),
        ),
        attack(
            "a name of a megabyte",
            "sets a variable whose name alone is past the limit",
            attacking(
                "(local.set $a (call $alloc (i64.const 1048576)))
                (call $var_set (local.get $a) (call $letter (i32.const 65)))",
            ),
            Ends::Call("Host", "the limit is 1048576"),
        ),
        attack(
            "a name that is no text",
            "sets a variable under bytes that are not UTF-8",
            attacking(
                "(call $var_set (call $letter (i32.const 255)) (call $letter (i32.const 65)))",
            ),
            Ends::Call("Host", "a variable's key is not valid UTF-8"),
        ),
        attack(
            "a name that is no block",
            "looks up a variable under an offset in the middle of a block",
            attacking(
                "(local.set $a (call $alloc (i64.const 64)))
                (drop (call $var_get (i64.add (local.get $a) (i64.const 8))))",
            ),
            Ends::Call("Host", "no block starts at offset"),
        ),
        attack(
            "a name near the end of numbers",
            "looks up a variable under the highest offset there is",
            attacking("(drop (call $var_get (i64.const -1)))"),
            Ends::Call("Host", "no block starts at offset 18446744073709551615"),
        ),
        attack(
            "a value that is no block",
            "sets a variable to what lies in the kernel's bookkeeping",
            attacking("(call $var_set (call $letter (i32.const 65)) (i64.const 16))"),
            Ends::Call("Host", "no block starts at offset 16"),
        ),
        attack(
            "one block as name and value",
            "sets a variable with the same block twice, which is then freed twice",
            attacking(
                "(local.set $a (call $letter (i32.const 65)))
                (call $var_set (local.get $a) (local.get $a))
                (call $is (call $length (local.get $a)) (i64.const 0))
                (local.set $b (call $alloc (i64.const 8)))
                (local.set $c (call $alloc (i64.const 8)))
                (if (i64.eq (local.get $b) (local.get $c)) (then unreachable))",
            ),
            Ends::Harmless,
        ),
        attack(
            "more variables than fit the memory",
            "reads a variable of a megabyte until no block is left for it",
            attacking(
                "(call $var_set (call $letter (i32.const 65)) (call $alloc (i64.const 1000000)))
                (loop $next (drop (call $var_get (call $letter (i32.const 65)))) (br $next))",
            ),
            Ends::Call("MemoryLimit", "exchange memory reached its limit of 64 pages"),
        ),
        attack(
            "variables where there are none",
            "sets a variable although the manifest allows none",
            attacking(
                "(call $var_set (call $letter (i32.const 65)) (call $letter (i32.const 65)))",
            ),
            Ends::Call("Host", "variables are switched off"),
        )
        .with(|setup| setup.manifest.memory.max_var_bytes = Some(0)),
        attack(
            "removing what is not there",
            "removes variables that do not exist, for ever",
            attacking(
                "(loop $next
                    (call $var_set (call $letter (i32.const 66)) (i64.const 0)) (br $next))",
            ),
            times_out(),
        ),
    ]
}

pub(crate) fn config() -> Vec<Attack> {
    vec![
        attack(
            "a key that is no block",
            "asks for configuration under offsets of every kind",
            attacking("(drop (call $config_get (i64.const 1023)))"),
            Ends::Call("Host", "no block starts at offset 1023"),
        ),
        attack(
            "a key that was freed",
            "asks for configuration under a block that it freed",
            attacking(
                "(local.set $a (call $letter (i32.const 65)))
                (call $free (local.get $a))
                (drop (call $config_get (local.get $a)))",
            ),
            Ends::Call("Host", "no block starts at offset"),
        ),
        attack(
            "a key that is no text",
            "asks for configuration under bytes that are not UTF-8",
            attacking("(drop (call $config_get (call $letter (i32.const 128))))"),
            Ends::Call("Host", "a configuration key is not valid UTF-8"),
        ),
        attack(
            "a key of three megabytes",
            "asks for configuration under a key as long as memory",
            attacking(
                "(call $is (call $config_get (call $alloc (i64.const 3000000))) (i64.const 0))",
            ),
            Ends::Harmless,
        ),
        attack(
            "another plug-in's configuration",
            "asks for configuration that only another plug-in of the process has",
            attacking("(call $is (call $config_get (call $letter (i32.const 83))) (i64.const 0))"),
            Ends::Harmless,
        ),
        attack(
            "an endless flood of look-ups",
            "asks for the same configuration for ever and frees nothing itself",
            attacking(
                "(loop $next
                    (call $free (call $config_get (call $letter (i32.const 65)))) (br $next))",
            ),
            times_out(),
        )
        .with(|setup| {
            setup.manifest.config.insert("A".into(), "value".into());
        }),
    ]
}

/// What was logged: how many messages, their bytes, and the last.
#[derive(Default)]
struct Logged {
    n_messages: usize,
    n_bytes: usize,
    last: String,
}

type Log = Arc<Mutex<Logged>>;

/// Gives the plug-in a log of its own, which the attack keeps.
fn logged(setup: &mut Setup) {
    setup.kept.push(Box::new(Log::default()));
    setup.choose = |setup, builder| {
        let log = Arc::clone(setup.kept::<Log>());
        builder.with_log_sink(move |record: &LogRecord<'_>| {
            let mut log = log.lock().unwrap();
            log.n_messages += 1;
            log.n_bytes += record.message.len();
            record.message.clone_into(&mut log.last);
        })
    };
}

fn last(setup: &Setup) -> String {
    setup.kept::<Log>().lock().unwrap().last.clone()
}

pub(crate) fn logs() -> Vec<Attack> {
    vec![
        attack(
            "a flood of messages",
            "logs a short message a thousand times where a hundred are allowed",
            attacking(
                "(loop $next
                    (call $log_info (call $letter (i32.const 65)))
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br_if $next (i32.lt_u (local.get $i) (i32.const 1000))))",
            ),
            Ends::Harmless,
        )
        .with(|setup| {
            logged(setup);
            setup.limits.log_bytes = Some(6_500);
        })
        .judged(|setup| {
            // Three attempts: 100 messages of 65 bytes each, and a last that says so.
            assert_eq!(setup.kept::<Log>().lock().unwrap().n_messages, 3 * 101);
            assert!(last(setup).contains("reached its limit of 6500 bytes"), "{}", last(setup));
        }),
        attack(
            "messages without an end",
            "logs for ever",
            attacking("(loop $next (call $log_error (call $letter (i32.const 65))) (br $next))"),
            times_out(),
        )
        .with(logged)
        .judged(|setup| assert!(setup.kept::<Log>().lock().unwrap().n_bytes < 50 << 20)),
        attack(
            "a message of three megabytes",
            "logs one message as long as memory",
            attacking("(call $log_info (call $filled (i64.const 3000000) (i32.const 65)))"),
            Ends::Harmless,
        )
        .with(logged)
        .judged(|setup| assert!(last(setup).ends_with("A … (3000000 bytes)"))),
        attack(
            "a message that is no text",
            "logs bytes that are not UTF-8",
            attacking("(call $log_info (call $filled (i64.const 3) (i32.const 255)))"),
            Ends::Harmless,
        )
        .with(logged)
        .judged(|setup| assert_eq!(last(setup), "\u{fffd}\u{fffd}\u{fffd}")),
        attack(
            "a message that clears the screen",
            "logs a command to a terminal",
            with(
                "",
                r#"(data (i32.const 0) "\1b[2J\1b]0;owned\07\0dfake")
                (func (export "attack") (call $log_error (call $text (i32.const 0) (i32.const 19))))"#,
            ),
            Ends::Harmless,
        )
        .with(logged)
        .judged(|setup| assert_eq!(last(setup), "\\u{1b}[2J\\u{1b}]0;owned\\u{7}\\rfake")),
        attack(
            "a message that reads backwards",
            "logs text with signs that turn the order of the text around it",
            with(
                "",
                r#"(data (i32.const 0) "a\e2\80\aeb")
                (func (export "attack") (call $log_error (call $text (i32.const 0) (i32.const 5))))"#,
            ),
            Ends::Harmless,
        )
        .with(logged)
        .judged(|setup| assert_eq!(last(setup), "a\\u{202e}b")),
        attack(
            "a message that is no block",
            "logs what lies at an offset that is none of its own",
            attacking("(call $log_error (i64.const 100))"),
            Ends::Call("Host", "no block starts at offset 100, given as a log message"),
        )
        .with(logged),
        attack(
            "a log that fails",
            "logs where the host's own log panics",
            attacking("(call $log_error (call $letter (i32.const 65)))"),
            Ends::Call("Host", "the log sink panicked"),
        )
        .with(|setup| setup.choose = |_, builder| builder.with_log_sink(|_| panic!("the disk is full"))),
    ]
}

#[test]
fn variables_are_bounded_and_the_plug_ins_own() {
    run::all(&vars());
}

#[test]
fn configuration_is_read_by_its_owner() {
    run::all(&config());
}

#[test]
fn the_log_is_bounded_and_harmless_to_read() {
    run::all(&logs());
}
