//! Waiting, exits, signals, randomness, clocks, the environment.

use plugsmith::Trap;

use super::{IMPORTS, errno, granted, guest};
use crate::{
    attack::{Attack, Ends, attack, times_out, traps},
    guest::with,
};

pub(crate) fn system() -> Vec<Attack> {
    vec![
        attack(
            "a long sleep",
            "sleeps for a year",
            guest(
                "",
                "(i64.store (i32.const 24) (i64.const 31536000000000000))
                (drop (call $poll_oneoff (i32.const 0) (i32.const 128) (i32.const 1) (i32.const 256)))",
            ),
            times_out(),
        )
        .with(granted),
        attack(
            "sleeps by the thousand",
            "waits for a thousand timers at once, each of a year",
            guest(
                "",
                "(loop $next
                    (i64.store offset=24 (i32.mul (local.get $i) (i32.const 48))
                        (i64.const 31536000000000000))
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br_if $next (i32.lt_u (local.get $i) (i32.const 500))))
                (drop (call $poll_oneoff
                    (i32.const 0) (i32.const 30000) (i32.const 500) (i32.const 256)))",
            ),
            times_out(),
        )
        .with(granted),
        attack(
            "a wait for nothing",
            "waits for no event at all",
            guest(
                "",
                &format!(
                    "(call $expect (call $poll_oneoff (i32.const 0) (i32.const 128) (i32.const 0)
                        (i32.const 256)) (i32.const {}))",
                    errno::INVAL
                ),
            ),
            Ends::Harmless,
        )
        .with(granted),
        attack(
            "a wait for four billion events",
            "waits for more events than its memory has room for",
            guest(
                "",
                "(drop (call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const -1)
                    (i32.const 256)))
                unreachable",
            ),
            traps(Trap::Unreachable),
        )
        .with(granted),
        attack(
            "the end of the host",
            "exits, to end its host's process",
            guest("", "(call $proc_exit (i32.const 1))"),
            Ends::Call("Exit", "exited with status 1"),
        )
        .with(granted),
        attack(
            "a signal for the host",
            "raises a signal in its host's process",
            guest("", "(if (i32.eqz (call $proc_raise (i32.const 9))) (then unreachable))"),
            Ends::Harmless,
        )
        .with(granted),
        attack(
            "random bytes by the gigabyte",
            "asks for four gigabytes of randomness, which the host would have to hold",
            guest("", "(drop (call $random_get (i32.const 0) (i32.const -1)))"),
            Ends::Call("Host", "exceeds limit"),
        )
        .with(granted),
        attack(
            "a clock nobody has",
            "asks clocks of every number, and has the time written behind its memory",
            guest(
                "",
                "(loop $next
                    (drop (call $clock_time_get (local.get $i) (i64.const 0) (i32.const 0)))
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br_if $next (i32.lt_u (local.get $i) (i32.const 2))))
                (drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const -4)))",
            ),
            Ends::Call("Host", "out of bounds"),
        )
        .with(granted),
        attack(
            "the host's environment",
            "reads arguments and environment, of which there are none",
            guest(
                "",
                "(call $expect (call $environ_sizes_get (i32.const 0) (i32.const 4)) (i32.const 0))
                (call $expect (i32.load (i32.const 0)) (i32.const 0))
                (call $expect (call $args_sizes_get (i32.const 0) (i32.const 4)) (i32.const 0))
                (call $expect (i32.load (i32.const 0)) (i32.const 0))",
            ),
            Ends::Harmless,
        )
        .with(granted),
        attack(
            "a socket",
            "accepts, receives and sends on descriptors that are no sockets",
            guest(
                "",
                "(loop $next
                    (if (i32.eqz (call $sock_accept (local.get $i) (i32.const 0) (i32.const 8)))
                        (then unreachable))
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br_if $next (i32.lt_u (local.get $i) (i32.const 20))))",
            ),
            Ends::Harmless,
        )
        .with(granted),
        attack(
            "the interface without a memory",
            "calls the interface from a module that has no memory to work on",
            with(
                IMPORTS,
                r#"(func (export "attack")
                    (drop (call $random_get (i32.const 0) (i32.const 8))))"#,
            )
            .replace(r#"(export "memory")"#, ""),
            Ends::Call("Host", "exports no memory named `memory`"),
        )
        .with(granted),
    ]
}
