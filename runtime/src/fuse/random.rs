//! Choices at random, the same on each run, or those that a fuzzer makes; and how many of them are made.

#[cfg(test)]
use std::{env, thread};

use wasmtime::{Val, ValType};

use super::expand::START;

/// Multiplies what generated tests try: `PLUGSMITH_CASES=50 cargo test -p plugsmith generated`.
#[cfg(test)]
const CASES_VARIABLE: &str = "PLUGSMITH_CASES";

/// Returns how many cases to try, where so many are tried by default.
#[cfg(test)]
pub(super) fn n_cases(default: u64) -> u64 {
    let factor = env::var(CASES_VARIABLE).ok().and_then(|factor| factor.parse().ok());
    default * factor.unwrap_or(1_u64)
}

/// Shows a guest if the test fails while this lives.
#[cfg(test)]
pub(super) struct Shown<'a>(pub(super) &'a str);

#[cfg(test)]
impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("{}", self.0);
        }
    }
}

/// A sequence of numbers.
pub(super) struct Random(Source);

enum Source {
    #[cfg(test)]
    Seed(u64),
    #[cfg(feature = "testing")]
    Bytes(std::vec::IntoIter<u8>),
}

impl Random {
    /// Makes all numbers from one.
    #[cfg(test)]
    pub(super) fn new(seed: u64) -> Self {
        Self(Source::Seed(seed))
    }

    /// Reads numbers from bytes, seven bits of each byte, as LEB128 has them: most choices are among few,
    /// and so are one byte each. All that follow the last byte are zero.
    #[cfg(feature = "testing")]
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Self(Source::Bytes(Vec::from(bytes).into_iter()))
    }

    pub(super) fn number(&mut self) -> u64 {
        match &mut self.0 {
            #[cfg(test)]
            Source::Seed(seed) => {
                *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                mixed ^ (mixed >> 31)
            }
            #[cfg(feature = "testing")]
            Source::Bytes(bytes) => {
                let mut number = 0;
                for shift in (0..64).step_by(7) {
                    let byte = bytes.next().unwrap_or(0);
                    number |= u64::from(byte & 0x7f) << shift;
                    if byte < 0x80 {
                        break;
                    }
                }
                number
            }
        }
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

    /// Chooses an argument of an export: small, near the first block, or anything.
    pub(super) fn argument(&mut self, ty: &ValType) -> Val {
        let number = self.near(&[0, 0, 64, START, START, 65_536, -1, i64::MAX]);
        match ty {
            ValType::I32 => Val::I32(short(number)),
            ValType::I64 => Val::I64(number),
            ValType::F32 => Val::F32(short(number).cast_unsigned()),
            ValType::F64 => Val::F64(number.cast_unsigned()),
            ValType::V128 => Val::V128(u128::from(number.cast_unsigned()).into()),
            ValType::Ref(ty) => Val::null_ref(ty.heap_type()),
        }
    }
}

/// Returns the lower half of a number.
pub(super) fn short(number: i64) -> i32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}
