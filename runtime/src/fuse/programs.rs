//! Programs made at random that use the kernel in every way, with honest arguments and hostile ones.

#[cfg(test)]
mod tests;

use super::{expand::START, random::Random, twins::IMPORTS};

/// How deep loops and conditions lie in each other.
const DEPTH: u32 = 3;

/// Writes statements. The locals are `$p`, `$q`, `$r` (`i64`: blocks, and what guests take for blocks),
/// `$n` (`i64`: all that was found) and `$i` (`i32`: the guest's own memory).
struct Program<'a> {
    random: &'a mut Random,
    n_loops: u32,
}

impl Program<'_> {
    fn block(&mut self) -> &'static str {
        self.random.pick(&["(local.get $p)", "(local.get $q)", "(local.get $r)"])
    }

    /// A number that may be of use as an offset, or a length, or neither.
    fn number(&mut self) -> String {
        let number = self.random.near(&[0, 1, 8, 100, START, 1_500, 70_000, -1, i64::MAX, 1 << 32]);
        match self.random.below(6) {
            0 => format!("(i64.const {number})"),
            1 => "(local.get $n)".to_owned(),
            2 => format!("(call $length {})", self.block()),
            3 => "(call $input_length)".to_owned(),
            _ => format!("(i64.const {})", self.random.below(64)),
        }
    }

    fn offset(&mut self) -> String {
        match self.random.below(4) {
            0 => self.number(),
            1 => self.block().to_owned(),
            _ => format!("(i64.add {} {})", self.block(), self.number()),
        }
    }

    fn address(&mut self) -> String {
        let offset = self.random.pick(&[0, 0, 64, 65_520]);
        match self.random.below(8) {
            0 => format!("(i32.wrap_i64 {})", self.number()),
            _ => {
                format!("(i32.add (i32.and (local.get $i) (i32.const 1023)) (i32.const {offset}))")
            }
        }
    }

    fn statement(&mut self, depth: u32) -> String {
        let (offset, number) = (self.offset(), self.number());
        let found = |value: &str| {
            format!("(local.set $n (i64.add (i64.rotl (local.get $n) (i64.const 7)) {value}))")
        };
        match self.random.below(21) {
            0 | 1 => {
                let name = self.random.pick(&["p", "q", "r"]);
                let len = self.random.pick(&[0, 1, 8, 40, 100, 1_000, 2_000, 70_000]);
                format!("(local.set ${name} (call $alloc (i64.const {len})))")
            }
            2 => format!("(call $free {offset})"),
            3 => found(&format!("(call $length {offset})")),
            4 => found(&format!("(call $load_u64 {offset})")),
            5 => found(&format!("(i64.extend_i32_u (call $load_u8 {offset}))")),
            6 => found(&format!("(call $input_load_u64 {number})")),
            7 => found(&format!("(i64.extend_i32_s (call $input_load_u8 {number}))")),
            8 => format!("(call $store_u64 {offset} (local.get $n))"),
            9 => format!("(call $store_u8 {offset} (i32.wrap_i64 (local.get $n)))"),
            10 => format!("(call $output_set {offset} {number})"),
            11 if self.random.one_in(4) => format!("(call $error_set {offset})"),
            12 => format!("(i64.store {} {number})", self.address()),
            13 => found(&format!("(i64.load {})", self.address())),
            14 => found(&format!("(call_indirect (type $loads) {offset} (i32.const 0))")),
            15 => "(local.set $i (i32.add (local.get $i) (i32.const 8)))".to_owned(),
            16 if self.random.one_in(6) => {
                "(if (i64.eqz (local.get $n)) (then unreachable))".to_owned()
            }
            17 if depth > 0 => {
                let body = self.statements(depth - 1);
                format!("(if (i64.lt_s {number} (local.get $n)) (then {body}))")
            }
            18 if depth > 0 => self.counted(depth),
            19 => self.copy(),
            20 => {
                let len = self.random.near(&[200, 2_048, 6_000]);
                format!("(memory.copy {} {} (i32.const {len}))", self.address(), self.address())
            }
            _ => format!("(global.set $kept (local.get $n)) {}", found("(global.get $kept)")),
        }
    }

    fn statements(&mut self, depth: u32) -> String {
        let n_statements = 1 + self.random.below(6);
        let statements: Vec<_> = (0..n_statements).map(|_| self.statement(depth)).collect();
        statements.join("\n")
    }

    /// A loop that does anything a few times.
    fn counted(&mut self, depth: u32) -> String {
        self.n_loops += 1;
        let (label, n_rounds) = (self.n_loops, self.random.below(6));
        let body = self.statements(depth - 1);
        format!(
            "(local.set $count{depth} (i32.const {n_rounds}))
            (loop $loop{label}
                {body}
                (br_if $loop{label} (i32.lt_s (i32.const 0)
                    (local.tee $count{depth} (i32.sub (local.get $count{depth}) (i32.const 1))))))"
        )
    }

    /// A loop that copies, as kits have it.
    fn copy(&mut self) -> String {
        self.n_loops += 1;
        let (label, end) = (self.n_loops, self.random.below(400));
        let (block, address) = (self.block(), self.address());
        let at = "(local.get $at)";
        let target = format!("(i32.add {address} (i32.wrap_i64 {at}))");
        let (unit, body) = match self.random.below(5) {
            0 => (8, format!("(i64.store {target} (call $input_load_u64 {at}))")),
            1 => (1, format!("(i32.store8 {target} (call $input_load_u8 {at}))")),
            2 => (8, format!("(i64.store {target} (call $load_u64 (i64.add {block} {at})))")),
            3 => (8, format!("(call $store_u64 (i64.add {block} {at}) (i64.load {target}))")),
            _ => (1, format!("(call $store_u8 (i64.add {block} {at}) (i32.load8_u {target}))")),
        };
        format!(
            "(local.set $at (i64.const 0))
            (loop $loop{label}
                {body}
                (local.set $at (i64.add {at} (i64.const {unit})))
                (br_if $loop{label} (i64.lt_u {at} (i64.const {end}))))"
        )
    }
}

/// Writes a module with two such programs, `first` and `second`.
pub(super) fn program(random: &mut Random) -> String {
    let mut function = |name: &str| {
        let body = Program { random: &mut *random, n_loops: 0 }.statements(DEPTH);
        let more = Program { random: &mut *random, n_loops: 100 }.statements(DEPTH);
        format!(
            "(func (export \"{name}\") (result i32)
                (local $p i64) (local $q i64) (local $r i64) (local $n i64) (local $at i64)
                (local $i i32) (local $count1 i32) (local $count2 i32) (local $count3 i32)
                (local.set $p (call $alloc (i64.const 64)))
                (local.set $q (call $alloc (i64.const 500)))
                (local.set $n (global.get $kept))
                {body}
                {more}
                (global.set $kept (local.get $n))
                (i64.store (i32.const 32) (local.get $n))
                (call $store_u64 (local.get $q) (local.get $n))
                (call $output_set (local.get $q) (i64.const 500))
                (i32.and (i32.wrap_i64 (local.get $n)) (i32.const 1)))"
        )
    };
    let functions = [function("first"), function("second")].join("\n");
    format!(
        "(module {IMPORTS} (type $loads (func (param i64) (result i64)))
            (memory (export \"guest\") 1) (global $kept (export \"kept\") (mut i64) (i64.const 0))
            (table funcref (elem $load_u64)) {functions})"
    )
}
