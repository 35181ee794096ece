//! Loops made at random, of all the ways to spell a copy that anyone thought of, most with something
//! wrong with them.

#[cfg(test)]
mod tests;

use wasmtime::Val;

use crate::fuse::{
    expand::START,
    random::{Random, short},
    twins::IMPORTS,
};

/// What is counted to get from place to place.
#[derive(Clone, Copy)]
enum Index {
    /// Each address by itself: `$a` in the guest's memory, `$c` and `$e` elsewhere.
    Pointers,
    /// `$b`, of 32 bits.
    Short { signed: bool },
    /// `$u`, of 64 bits.
    Long,
    /// A word at 16 bytes from `$f`.
    Slot,
    /// A global.
    Global,
}

/// Where a loop copies from or to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Guest,
    Kernel,
    Input,
}

/// A loop in the making. Its locals are `$a`, `$b`, `$f`, `$s`, `$t` (`i32`) and `$c`, `$d`, `$e`, `$u`,
/// `$v` (`i64`), all given.
struct Loop<'a> {
    random: &'a mut Random,
    index: Index,
    /// How many bytes it loads at once.
    unit: u64,
    /// How many bytes a round goes on.
    step: i64,
}

impl<'a> Loop<'a> {
    fn new(random: &'a mut Random) -> Self {
        let index = match random.below(6) {
            0 => Index::Short { signed: true },
            1 => Index::Short { signed: false },
            2 => Index::Long,
            3 => Index::Slot,
            4 => Index::Global,
            _ => Index::Pointers,
        };
        let unit = random.pick(&[1, 8, 8]);
        let step = if unit == 1 { 1 } else { 8 };
        let step = if random.one_in(12) { random.near(&[step, -step, 4]) } else { step };
        Self { random, index, unit, step }
    }

    /// The index as a number of 64 bits.
    fn long_index(&self) -> &'static str {
        match self.index {
            Index::Pointers => "(local.get $e)",
            Index::Short { signed: true } => "(i64.extend_i32_s (local.get $b))",
            Index::Short { signed: false } => "(i64.extend_i32_u (local.get $b))",
            Index::Long => "(local.get $u)",
            Index::Slot => "(i64.load offset=16 (local.get $f))",
            Index::Global => "(global.get $h)",
        }
    }

    /// The address at an end, plus a number of bytes.
    fn address(&self, end: End, plus: u64) -> String {
        let index = self.long_index();
        let address = match (end, self.index) {
            (End::Guest, Index::Pointers) => "(local.get $a)".to_owned(),
            (End::Guest, Index::Short { .. }) => {
                "(i32.add (local.get $a) (local.get $b))".to_owned()
            }
            (End::Guest, _) => format!("(i32.wrap_i64 (i64.add (local.get $v) {index}))"),
            (End::Kernel, Index::Pointers) => "(local.get $c)".to_owned(),
            (End::Kernel, _) => format!("(i64.add (local.get $c) {index})"),
            (End::Input, _) => index.to_owned(),
        };
        match (plus, end) {
            (0, _) => address,
            (_, End::Guest) => format!("(i32.add {address} (i32.const {plus}))"),
            _ => format!("(i64.add {address} (i64.const {plus}))"),
        }
    }

    /// Statements that copy a unit.
    fn copy(&mut self, from: End, to: End, plus: u64) -> String {
        let (source, target) = (self.address(from, plus), self.address(to, plus));
        if self.unit == 1 {
            let value = match from {
                End::Guest => format!("(i32.load8_u {source})"),
                End::Kernel => format!("(call $load_u8 {source})"),
                End::Input => format!("(call $input_load_u8 {source})"),
            };
            return match to {
                End::Kernel => format!("(call $store_u8 {target} {value})"),
                _ => format!("(i32.store8 {target} {value})"),
            };
        }
        let value = match from {
            End::Guest => self.load_word(&source),
            End::Kernel => {
                format!("(call ${} {source})", self.random.pick(&["load_u64", "forward"]))
            }
            End::Input => format!("(call $input_load_u64 {source})"),
        };
        // By way of a frame, or not.
        let value = match self.random.below(4) {
            0 => format!(
                "(block (result i64) (i64.store offset=24 (local.get $f) {value})
                    (i64.load offset=24 (local.get $f)))"
            ),
            _ => value,
        };
        match to {
            End::Kernel => format!("(call $store_u64 {target} {value})"),
            _ => self.store_word(&target, &value),
        }
    }

    fn load_word(&mut self, source: &str) -> String {
        let is_mixed = self.random.one_in(8);
        match self.random.below(3) {
            0 => (0..8).rev().fold("(i64.const 0)".to_owned(), |word, idx| {
                let idx = if is_mixed { idx ^ 1 } else { idx };
                format!(
                    "(i64.or (i64.shl {word} (i64.const 8)) (i64.load8_u offset={idx} {source}))"
                )
            }),
            1 => format!(
                "(i64.or (i64.load32_u {source}) (i64.shl (i64.load32_u offset=4 {source})
                    (i64.const 32)))"
            ),
            _ => format!("(i64.load {source})"),
        }
    }

    fn store_word(&mut self, target: &str, value: &str) -> String {
        let shift = if self.random.one_in(8) { 56 } else { 0 };
        match self.random.below(3) {
            0 => {
                let stores: Vec<String> = (0..8_u64)
                    .map(|idx| {
                        format!(
                            "(i64.store8 offset={idx} {target}
                                (i64.shr_u (local.get $w) (i64.const {})))",
                            (idx * 8) ^ shift
                        )
                    })
                    .collect();
                format!("(local.set $w {value}) {}", stores.join(" "))
            }
            1 => format!(
                "(local.set $w {value}) (i64.store32 offset=4 {target}
                    (i64.shr_u (local.get $w) (i64.const 32)))
                (i64.store32 {target} (local.get $w))"
            ),
            _ => format!("(i64.store {target} {value})"),
        }
    }

    /// Statements that go on to the next round.
    fn advance(&self) -> String {
        let step = self.step;
        let local = |name: &str, width: &str| {
            format!("(local.set ${name} ({width}.add (local.get ${name}) ({width}.const {step})))")
        };
        match self.index {
            Index::Pointers => [local("a", "i32"), local("c", "i64"), local("e", "i64")].join(" "),
            Index::Short { .. } => local("b", "i32"),
            Index::Long => local("u", "i64"),
            Index::Slot => format!(
                "(i64.store offset=16 (local.get $f)
                    (i64.add (i64.load offset=16 (local.get $f)) (i64.const {step})))"
            ),
            Index::Global => {
                format!("(global.set $h (i64.add (global.get $h) (i64.const {step})))")
            }
        }
    }

    /// What holds as long as the loop goes on.
    fn condition(&mut self) -> String {
        let (index, ahead) = (self.long_index(), self.random.pick(&[0, 0, self.step]));
        let short = format!("(i32.wrap_i64 (i64.add {index} (i64.const {ahead})))");
        let condition = match self.random.below(10) {
            0 => "(local.tee $t (i32.sub (local.get $t) (i32.const 1)))".to_owned(),
            1 => format!("(i64.ne {index} (local.get $d))"),
            2 => format!("(i64.gt_u (local.get $d) (i64.add {index} (i64.const {ahead})))"),
            3 => format!("(i32.lt_u {short} (i32.wrap_i64 (local.get $d)))"),
            4 => format!("(i32.le_s {short} (i32.wrap_i64 (local.get $d)))"),
            5 => format!("(i64.lt_u (i64.const 7) (i64.sub (local.get $d) {index}))"),
            6 => format!("(i64.lt_u {index} (call $input_length))"),
            7 => format!("(i32.eqz (i64.ge_s {index} (local.get $d)))"),
            _ => format!("(i64.lt_s (i64.add {index} (i64.const {ahead})) (local.get $d))"),
        };
        if self.random.one_in(8) {
            format!("(i32.and (i32.const 1) {condition})")
        } else {
            condition
        }
    }

    /// A statement that has nothing to do with the copy, or should not.
    fn noise(&mut self) -> String {
        let at = self.random.pick(&[0, 8, 16, 20, 32, 40]);
        match self.random.below(16) {
            0 => "(local.set $s (local.get $t)) (local.set $t (local.get $f))".to_owned(),
            1 => format!("(local.set $s (i32.load offset={at} (local.get $f)))"),
            2 => format!("(i32.store offset={at} (local.get $f) (local.get $a))"),
            3 => format!(
                "(i32.store offset={at} (local.get $f)
                    (i32.add (i32.const 3) (i32.load offset={at} (local.get $f))))"
            ),
            4 => "(global.set $g (i32.add (global.get $g) (i32.const 5)))".to_owned(),
            5 => "(global.set $g (local.get $s))".to_owned(),
            6 => "(br_if $out (i32.eq (local.get $a) (i32.const 700)))".to_owned(),
            7 => "(br_if $head (i32.eq (local.get $t) (local.get $s)))".to_owned(),
            8 => "(drop (call $load_u64 (local.get $c)))".to_owned(),
            9 => "(drop (call $length (local.get $c)))".to_owned(),
            10 => "(i32.store8 (i32.const 700) (i32.const 7))".to_owned(),
            11 => "(local.set $f (i32.add (local.get $f) (i32.const 4)))".to_owned(),
            12 => "(call $by_stack)".to_owned(),
            13 => format!("(i64.store8 offset={at} (local.get $f) (local.get $c))"),
            14 => "(call $store_u8 (local.get $c) (i32.const 9))".to_owned(),
            _ => "(local.set $v (i64.add (local.get $v) (i64.extend_i32_u (local.get $s))))"
                .to_owned(),
        }
    }

    fn write(mut self) -> String {
        let (from, to) = self.random.pick(&[
            (End::Kernel, End::Guest),
            (End::Input, End::Guest),
            (End::Input, End::Guest),
            (End::Guest, End::Kernel),
            (End::Guest, End::Kernel),
            (End::Input, End::Kernel),
            (End::Kernel, End::Kernel),
            (End::Guest, End::Guest),
        ]);
        let mut statements = vec![self.copy(from, to, 0)];
        if self.random.one_in(6) {
            self.step += if self.unit == 1 { 1 } else { 8 };
            let next = self.copy(from, to, self.unit);
            statements.push(next);
        }
        statements.push(self.advance());
        if self.random.one_in(10) {
            statements.reverse();
        }
        for _ in 0..self.random.pick(&[0, 0, 0, 1, 1, 2]) {
            let noise = self.noise();
            let place = self.random.below(statements.len() as u64 + 1);
            statements.insert(usize::try_from(place).expect("it is at most a length"), noise);
        }
        let (body, condition) = (statements.join("\n"), self.condition());
        match self.random.below(3) {
            0 => format!(
                "(block $out (loop $head (br_if $out (i32.eqz {condition})) {body} (br $head)))"
            ),
            1 => format!("(block $out (loop $head {body} (br_if $head {condition})))"),
            _ => format!("(block $out (loop $head (if {condition} (then {body} (br $head)))))"),
        }
    }
}

/// Writes a module with a function for each loop: `run0`, `run1` and so on.
pub(in crate::fuse) fn module(random: &mut Random, n_loops: u64) -> String {
    let locals = "(param $a i32) (param $b i32) (param $f i32) (param $s i32) (param $t i32)
        (param $c i64) (param $d i64) (param $e i64) (param $u i64) (param $v i64)
        (result i32 i32 i32 i32 i32 i64 i64 i64 i64 i64 i64)";
    let results: String = ["a", "b", "f", "s", "t", "c", "d", "e", "u", "v", "w"]
        .map(|name| format!("(local.get ${name})"))
        .join(" ");
    let functions: Vec<String> = (0..n_loops)
        .map(|idx| {
            let text = Loop::new(random).write();
            format!("(func (export \"run{idx}\") {locals} (local $w i64)\n{text}\n{results})\n")
        })
        .collect();
    format!(
        "(module {IMPORTS} (memory (export \"guest\") 1)
            (global $g (export \"short\") (mut i32) (i32.const 64))
            (global $h (export \"long\") (mut i64) (i64.const 0))
            (func $forward (param i64) (result i64) (call $load_u64 (local.get 0)))
            (func $by_stack
                (i64.store (global.get $g) (call $load_u64 (i64.load (global.get $g)))))
            (func (export \"set\") (param i32 i64)
                (global.set $g (local.get 0)) (global.set $h (local.get 1)))
            {})",
        functions.join("")
    )
}

/// Chooses what a loop starts with.
pub(in crate::fuse) fn start(random: &mut Random) -> Vec<Val> {
    let short = |number| Val::I32(short(number));
    let mut near = |places: &[i64]| random.near(places);
    let count = near(&[0, 100, 400, 1_000]);
    let (guest, frame) =
        (near(&[500, 600, 30_000, 65_000, -1]), near(&[400, 600, 9_000, 65_480, -1]));
    let index = near(&[0, 0, 0, 0, 8, -8, 0x7fff_fff0, 0xffff_fff0]);
    let kernel = near(&[START, START, 1_700, 2_300, START - 24, -8]);
    let input = near(&[0, 0, 0, 100, -8]);
    vec![
        short(guest),
        short(index),
        short(frame),
        short(near(&[0, 400])),
        short(near(&[10, 100, 300])),
        Val::I64(kernel),
        Val::I64(near(&[0, 0, index, input]) + count),
        Val::I64(input),
        Val::I64(index),
        Val::I64(guest),
    ]
}
