//! What a round computes with: sums, bytes that it moves about, and what sums are to each other.

use super::linear::{Holder, Linear, Steps, Term, Variable, Width};

/// What two sums are to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) relation: Relation,
    pub(super) left: Linear,
    pub(super) right: Linear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Different,
    Less { signed: bool },
    AtMost { signed: bool },
}

impl Comparison {
    /// Says of a number that it is not zero.
    pub(super) fn is_set(number: Linear) -> Self {
        let right = Linear::constant(number.width, 0);
        Self { relation: Relation::Different, left: number, right }
    }

    /// Says of a number that it is below zero.
    pub(super) fn is_negative(number: Linear) -> Self {
        let right = Linear::constant(number.width, 0);
        Self { relation: Relation::Less { signed: true }, left: number, right }
    }

    pub(super) fn negated(self) -> Self {
        let Self { relation, left, right } = self;
        match relation {
            Relation::Equal => Self { relation: Relation::Different, left, right },
            Relation::Different => Self { relation: Relation::Equal, left, right },
            Relation::Less { signed } => {
                Self { relation: Relation::AtMost { signed }, left: right, right: left }
            }
            Relation::AtMost { signed } => {
                Self { relation: Relation::Less { signed }, left: right, right: left }
            }
        }
    }

    /// Returns whether this holds, if that is the same whatever the variables are.
    pub(super) fn as_constant(&self) -> Option<bool> {
        let (left, right) = (self.left.as_constant()?, self.right.as_constant()?);
        let signed = |number| self.left.width.signed(number);
        Some(match self.relation {
            Relation::Equal => left == right,
            Relation::Different => left != right,
            Relation::Less { signed: true } => signed(left) < signed(right),
            Relation::Less { signed: false } => left < right,
            Relation::AtMost { signed: true } => signed(left) <= signed(right),
            Relation::AtMost { signed: false } => left <= right,
        })
    }

    /// Says whether this is the same in each round.
    pub(super) fn is_fixed(&self, steps: &Steps) -> bool {
        (self.left.delta(steps), self.right.delta(steps)) == (0, 0)
            // A sum that is extended may overflow, though it comes back to the same.
            && [&self.left, &self.right]
                .iter()
                .all(|sum| sum.extensions().all(|(sum, _)| sum.delta(steps) == 0))
    }

    /// Says whether this holds for a number of rounds that can be told at the start.
    pub(super) fn ends(&self, steps: &Steps) -> bool {
        let (left, right) = (self.left.delta(steps), self.right.delta(steps));
        match self.relation {
            Relation::Equal => false,
            Relation::Different => {
                let gap = self.left.clone().plus(&self.right, u64::MAX).delta(steps);
                gap != 0 && gap != i64::MIN
            }
            Relation::Less { .. } | Relation::AtMost { .. } => {
                (left > 0 && right == 0) || (left == 0 && right < 0 && right != i64::MIN)
            }
        }
    }
}

/// One byte of what is moved about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Zero,
    /// The byte that was at this place of a group of accesses at the beginning of the round.
    Of {
        group: usize,
        at: i64,
    },
    /// Something else.
    Unknown,
}

/// Up to eight bytes, the lowest first. What lies above a number's width is unknown.
pub(super) type Parts = [Part; 8];

/// What is on the stack, or in a local.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Sum(Linear),
    Bytes(Width, Parts),
    /// One if this holds, or else zero.
    Test(Comparison),
    /// All ones if this holds, or else zero.
    Mask(Width, Comparison),
}

impl Value {
    pub(super) fn constant(width: Width, constant: u64) -> Self {
        Self::Sum(Linear::constant(width, constant))
    }

    /// Returns this as a number, if it is one that a loop may keep.
    pub(super) fn into_sum(self) -> Option<Linear> {
        match self {
            Self::Sum(sum) => Some(sum),
            Self::Bytes(width, parts) => word(&parts[..width.n_bytes()]).or_else(|| {
                let is_extended = width == Width::I64 && parts[4..] == [Part::Zero; 4];
                if is_extended { Some(word(&parts[..4])?.extended(false)) } else { None }
            }),
            Self::Test(_) | Self::Mask(..) => None,
        }
    }

    /// Returns this as bytes.
    pub(super) fn into_parts(self) -> Option<(Width, Parts)> {
        match self {
            Self::Bytes(width, parts) => Some((width, parts)),
            Self::Sum(sum) => Some((sum.width, parts_of(&sum)?)),
            Self::Test(_) | Self::Mask(..) => None,
        }
    }

    /// Returns what is to hold for this to count as true.
    pub(super) fn into_condition(self) -> Option<Comparison> {
        match self {
            Self::Test(test) | Self::Mask(_, test) => Some(test),
            value => Some(Comparison::is_set(value.into_sum()?)),
        }
    }
}

/// Returns the variable that bytes are.
fn word(parts: &[Part]) -> Option<Linear> {
    let width = if parts.len() == 4 { Width::I32 } else { Width::I64 };
    if parts.iter().all(|part| *part == Part::Zero) {
        return Some(Linear::constant(width, 0));
    }
    let Part::Of { group, at } = *parts.first()? else { return None };
    let is_whole = (at..).zip(parts).all(|(at, part)| *part == Part::Of { group, at });
    let holder = Holder::Slot { group, at };
    let variable = Variable { holder, width };
    is_whole.then(|| Linear::term(width, Term::Variable(variable)))
}

/// Returns the bytes that a sum is, if it is nothing but a variable in memory, or zero.
pub(super) fn parts_of(sum: &Linear) -> Option<Parts> {
    if sum.as_constant() == Some(0) {
        return Some([Part::Zero; 8]);
    }
    let Some((Term::Variable(variable), 1)) = sum.terms.first_key_value() else { return None };
    let Variable { holder: Holder::Slot { group, at }, .. } = *variable else { return None };
    let is_alone = (sum.terms.len(), sum.constant) == (1, 0);
    let mut parts = [Part::Unknown; 8];
    for (at, part) in (at..).zip(&mut parts[..sum.width.n_bytes()]) {
        *part = Part::Of { group, at };
    }
    is_alone.then_some(parts)
}

/// Moves bytes up, or down for a negative number of bytes, and puts `fill` in.
pub(super) fn shifted(width: Width, parts: &Parts, by: i64, fill: Part) -> Parts {
    let mut shifted = [Part::Unknown; 8];
    for (idx, part) in (0_i64..).zip(&mut shifted[..width.n_bytes()]) {
        let from = usize::try_from(idx - by).ok();
        *part = match from.and_then(|from| parts[..width.n_bytes()].get(from)) {
            Some(part) => *part,
            None if by > 0 => Part::Zero,
            None => fill,
        };
    }
    shifted
}

/// Puts bytes together, of which one or the other is zero.
pub(super) fn merged(left: &Parts, right: &Parts) -> Parts {
    let mut merged = *left;
    for (own, other) in merged.iter_mut().zip(right) {
        *own = match (*own, *other) {
            (part, Part::Zero) | (Part::Zero, part) => part,
            (own, other) if own == other => own,
            _ => Part::Unknown,
        };
    }
    merged
}

/// Keeps the bytes whose bits are all set in `mask`.
pub(super) fn masked(parts: &Parts, mask: u64) -> Parts {
    let mut masked = *parts;
    for (part, mask) in masked.iter_mut().zip(mask.to_le_bytes()) {
        *part = match mask {
            0 => Part::Zero,
            u8::MAX => *part,
            _ if *part == Part::Zero => Part::Zero,
            _ => Part::Unknown,
        };
    }
    masked
}
