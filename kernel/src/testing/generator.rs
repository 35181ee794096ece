//! Chooses steps: what a careful guest does, or what a hostile one tries.
//!
//! All choices come from a seed or from a list of numbers, so that a trial can be repeated and a list
//! can be shortened. Blocks come and go in waves, so that the ledger grows, empties and grows again.

use super::{Call, Function, Model, Step};
use crate::layout;

/// How a guest behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    /// Mostly uses its own blocks, with lengths that make sense.
    Careful,
    /// Tries offsets and lengths at every boundary, of freed blocks, inside blocks, and at random.
    Hostile,
}

/// An endless source of steps.
#[derive(Clone, Debug)]
pub struct Generator {
    temper: Temper,
    source: Source,
    n_steps: u64,
}

#[derive(Clone, Debug)]
enum Source {
    Seed(u64),
    List(std::vec::IntoIter<u64>),
}

/// More blocks than this, and the guest rather frees.
const MANY_BLOCKS: usize = 160;

impl Generator {
    /// Makes all choices from `seed`.
    #[must_use]
    pub fn from_seed(temper: Temper, seed: u64) -> Self {
        Self { temper, source: Source::Seed(seed), n_steps: 0 }
    }

    /// Takes choices from a list; each is zero once it is used up.
    #[must_use]
    pub fn from_choices(temper: Temper, choices: Vec<u64>) -> Self {
        Self { temper, source: Source::List(choices.into_iter()), n_steps: 0 }
    }

    /// Returns whether a list of choices is used up.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        matches!(&self.source, Source::List(choices) if choices.as_slice().is_empty())
    }

    /// Chooses the next step for a guest that knows what `model` knows.
    pub fn next_step(&mut self, model: &Model) -> Step {
        self.n_steps += 1;
        let function = match self.pick(1024) {
            0..4 => {
                let len = match self.pick(16) {
                    0 => 0,
                    1 => self.pick(4 * u64::from(layout::PAGE_LEN)),
                    2 if self.temper == Temper::Hostile => self.len(model, 0),
                    _ => self.pick(3000),
                };
                return Step::Begin { len, seed: self.choose() };
            }
            4 => Function::Reset,
            5..300 => Function::Alloc,
            300..540 => Function::Free,
            540..620 => Function::StoreU64,
            620..690 => Function::StoreU8,
            _ => {
                let idx = usize::try_from(self.pick(19)).unwrap_or(0);
                let others = Function::ALL.iter().filter(|other| **other != Function::Reset);
                others.copied().nth(idx).unwrap_or(Function::Length)
            }
        };
        Step::Call(self.call(self.swayed(function, model), model))
    }

    /// Lets the wave that the guest is in turn some calls into others.
    fn swayed(&self, function: Function, model: &Model) -> Function {
        let wave = self.n_steps / 256 % 4;
        match function {
            Function::Alloc if model.n_blocks() > MANY_BLOCKS => Function::Free,
            Function::Alloc if wave == 2 && self.n_steps % 2 == 0 => Function::Free,
            Function::Free if wave == 0 && self.n_steps % 4 != 0 => Function::Alloc,
            other => other,
        }
    }

    fn call(&mut self, function: Function, model: &Model) -> Call {
        let (first, second) = match function {
            Function::Alloc => (self.alloc_len(model), 0),
            Function::InputLoadU8 | Function::InputLoadU64 => (self.idx(model), 0),
            Function::InputSet | Function::OutputSet => {
                let offset = self.offset(model);
                (offset, self.len(model, offset))
            }
            Function::ErrorSet if self.pick(4) == 0 => (0, 0),
            _ => (self.offset(model), self.choose()),
        };
        Call { function, first, second }
    }

    fn alloc_len(&mut self, model: &Model) -> u64 {
        match self.pick(64) {
            0..36 => 1 + self.pick(64),
            36..54 => 1 + self.pick(1024),
            54..60 => 1 + self.pick(8 * 1024),
            60 => 1 + self.pick(2 * u64::from(layout::PAGE_LEN)),
            61 => layout::BLOCK_ALIGN.into(),
            _ if self.temper == Temper::Hostile => self.len(model, model.position()),
            _ => 1 + self.pick(256),
        }
    }

    /// Chooses where to load in the input.
    fn idx(&mut self, model: &Model) -> u64 {
        match self.pick(4) {
            0 if self.temper == Temper::Hostile => self.offset(model),
            1 => self.near(model.input().1),
            _ => self.pick(model.input().1 + 1),
        }
    }

    fn offset(&mut self, model: &Model) -> u64 {
        let at = self.choose();
        let block = model.block_near(at);
        let kind = match self.temper {
            Temper::Careful => self.pick(9),
            Temper::Hostile => self.pick(20),
        };
        match (kind, block) {
            (0..6 | 10..12, Some((start, _))) => start,
            (6..8, Some((start, len))) => start + self.pick(len),
            (8, Some((start, len))) => self.near(start + len),
            (12, Some((start, _))) => start | (self.choose() << 32),
            (9, _) => model.stale(at).unwrap_or(at),
            (13, _) => self.near(model.position()),
            (14, _) => self.near(model.end()),
            (15, _) => self.near(model.ledger().start),
            (16, _) => self.pick(u64::from(layout::GUEST_START) + 32),
            (17, _) => self.near(0),
            (18, _) => self.pick(model.end() + 64),
            _ => at,
        }
    }

    /// Chooses a length for a range at `offset`.
    fn len(&mut self, model: &Model, offset: u64) -> u64 {
        let kind = match self.temper {
            Temper::Careful => self.pick(4),
            Temper::Hostile => self.pick(12),
        };
        match kind {
            0 => 0,
            1..4 => self.pick(128),
            4..6 => self.near(model.position().wrapping_sub(offset)),
            6 => self.near(model.end().wrapping_sub(offset)),
            7 => self.near(0_u64.wrapping_sub(offset)),
            8 => self.near(u64::from(u32::MAX)),
            9 => self.near(u64::from(u32::MAX).wrapping_sub(offset)),
            10 => self.near(i64::MAX.unsigned_abs()),
            _ => self.near(0),
        }
    }

    /// Chooses a number at most 20 away from `number`, around the end of `u64` if need be.
    fn near(&mut self, number: u64) -> u64 {
        number.wrapping_add(self.pick(41)).wrapping_sub(20)
    }

    /// Chooses a number below `bound`, which is not zero.
    fn pick(&mut self, bound: u64) -> u64 {
        self.choose() % bound
    }

    fn choose(&mut self) -> u64 {
        match &mut self.source {
            Source::Seed(seed) => {
                *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
                scramble(*seed)
            }
            Source::List(choices) => choices.next().unwrap_or(0),
        }
    }
}

/// Makes a number that looks random from one that does not.
pub(super) fn scramble(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}
