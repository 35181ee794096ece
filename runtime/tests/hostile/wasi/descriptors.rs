//! Descriptors: more than there are, of others, and buffers that are none.

use plugsmith::Trap;

use super::{errno, folder, granted, guest};
use crate::attack::{Attack, Ends, attack, times_out, traps};

pub(crate) fn descriptors() -> Vec<Attack> {
    let opens = "(loop $next
        (local.set $fd (call $open (i32.const 4) (i32.const 0) (i64.const 2)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.eqz (local.get $fd))))";
    vec![
        attack(
            "descriptors without an end",
            "opens a file until that is refused, on a host that has only so many descriptors",
            guest(
                "file",
                &format!(
                    "{opens}
                    (call $expect (local.get $fd) (i32.const {}))
                    (call $expect (local.get $i) (i32.const 65))
                    ;; Which costs nothing in the end: the next attempt finds as many.
                    unreachable",
                    errno::MFILE
                ),
            ),
            traps(Trap::Unreachable),
        )
        .with(folder),
        attack(
            "descriptors closed and opened",
            "opens and closes a file for ever",
            guest(
                "file",
                "(loop $next
                    (call $expect (call $open (i32.const 4) (i32.const 0) (i64.const 2))
                        (i32.const 0))
                    (call $expect (call $fd_close (i32.load (i32.const 0))) (i32.const 0))
                    (br $next))",
            ),
            times_out(),
        )
        .with(folder),
        attack(
            "descriptors renumbered",
            "opens files and gives them the numbers of others, so as to have more than are counted",
            guest(
                "file",
                &format!(
                    "(loop $next
                        (local.set $fd (call $open (i32.const 4) (i32.const 0) (i64.const 2)))
                        (if (i32.eqz (local.get $fd)) (then
                            (drop (call $fd_renumber (i32.load (i32.const 0)) (i32.const 0)))
                            (call $expect (call $fd_close (i32.const 1)) (local.get $k))
                            (local.set $k (i32.const {badf}))))
                        (local.set $i (i32.add (local.get $i) (i32.const 1)))
                        (br_if $next (i32.lt_u (local.get $i) (i32.const 200))))
                    (call $expect (local.get $fd) (i32.const 0))
                    unreachable",
                    badf = errno::BADF
                ),
            )
            .replace("(local $fd i32)", "(local $fd i32) (local $k i32)"),
            traps(Trap::Unreachable),
        )
        .with(folder),
        attack(
            "descriptors of the host",
            "reads, writes and closes numbers that are open in the host's own process",
            guest(
                "",
                &format!(
                    "(local.set $i (i32.const 4))
                    (loop $next
                        (call $expect (call $fd_close (local.get $i)) (i32.const {badf}))
                        (call $expect (call $fd_read (local.get $i) (i32.const 0) (i32.const 1)
                            (i32.const 8)) (i32.const {badf}))
                        (local.set $i (i32.add (local.get $i) (i32.const 1)))
                        (br_if $next (i32.lt_u (local.get $i) (i32.const 50))))
                    (call $expect (call $fd_close (i32.const -1)) (i32.const {badf}))",
                    badf = errno::BADF
                ),
            ),
            Ends::Harmless,
        )
        .with(folder),
        attack(
            "input that never comes",
            "reads from standard input",
            guest(
                "",
                "(i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 100))
                (call $expect (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1)
                    (i32.const 8)) (i32.const 0))
                (call $expect (i32.load (i32.const 8)) (i32.const 0))",
            ),
            Ends::Harmless,
        )
        .with(granted),
        attack(
            "buffers past memory",
            "reads into buffers behind the end of its memory",
            guest(
                "file",
                "(call $expect (call $open (i32.const 4) (i32.const 0) (i64.const 2)) (i32.const 0))
                (local.set $fd (i32.load (i32.const 0)))
                (i32.store (i32.const 0) (i32.const -16)) (i32.store (i32.const 4) (i32.const 64))
                (drop (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
                unreachable",
            ),
            Ends::Call("Host", "out of bounds"),
        )
        .with(folder),
        attack(
            "buffers by the million",
            "writes from more buffers than its memory has room to name",
            guest(
                "",
                "(if (i32.eqz (call $fd_write (i32.const 1) (i32.const 0) (i32.const -1)
                    (i32.const 8))) (then unreachable))
                unreachable",
            ),
            traps(Trap::Unreachable),
        )
        .with(granted),
        attack(
            "a flood of output",
            "prints for ever to standard output, of which megabytes are logged",
            guest(
                "",
                "(i32.store (i32.const 0) (i32.const 64))
                (i32.store (i32.const 4) (i32.const 60000))
                (loop $next
                    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                    (br $next))",
            ),
            times_out(),
        )
        .with(granted),
    ]
}
