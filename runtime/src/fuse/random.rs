//! Choices at random, the same on each run; and how many of them are made.

use std::{env, thread};

/// Multiplies what generated tests try: `PLUGSMITH_CASES=50 cargo test -p plugsmith generated`.
const CASES_VARIABLE: &str = "PLUGSMITH_CASES";

/// Returns how many cases to try, where so many are tried by default.
pub(super) fn n_cases(default: u64) -> u64 {
    let factor = env::var(CASES_VARIABLE).ok().and_then(|factor| factor.parse().ok());
    default * factor.unwrap_or(1_u64)
}

/// Shows a guest if the test fails while this lives.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("{}", self.0);
        }
    }
}

/// A sequence of numbers.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below another.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }

    pub(super) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let n_choices = choices.len() as u64;
        let idx = self.below(n_choices);
        choices[usize::try_from(idx).expect("it is below a length")]
    }

    /// Returns a number at or around one of those.
    pub(super) fn near(&mut self, places: &[i64]) -> i64 {
        let by = self.below(40).cast_signed() - 20;
        self.pick(places).wrapping_add(by * self.pick(&[0, 1, 8]))
    }
}
