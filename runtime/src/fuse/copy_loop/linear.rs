//! Sums of locals and constants, which is all that addresses and counters in a copying loop are.

use std::collections::{BTreeMap, BTreeSet};

/// The two types of integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Width {
    I32,
    I64,
}

impl Width {
    /// Reduces a number to this many bits.
    pub(super) fn wrap(self, number: u64) -> u64 {
        match self {
            Self::I32 => number & u64::from(u32::MAX),
            Self::I64 => number,
        }
    }

    /// Reads a number of this many bits as signed.
    pub(super) fn signed(self, number: u64) -> i64 {
        match self {
            // Moves the sign to the top and back.
            Self::I32 => (number << 32).cast_signed() >> 32,
            Self::I64 => number.cast_signed(),
        }
    }
}

/// What a sum consists of, by value at the head of the loop.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Term {
    /// A local of this width, which a sum of 32 bits may take of 64.
    Local { idx: u32, width: Width },
    /// A sum of 32 bits, extended to 64.
    Extended { sum: Box<Linear>, signed: bool },
}

/// A sum of terms, each times a factor, and a constant; modulo 2^32 or 2^64.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Linear {
    pub(super) width: Width,
    pub(super) terms: BTreeMap<Term, u64>,
    pub(super) constant: u64,
}

/// How much each local that counts grows with each round.
pub(super) type Steps = BTreeMap<u32, i64>;

impl Linear {
    pub(super) fn local(idx: u32, width: Width) -> Self {
        let terms = BTreeMap::from([(Term::Local { idx, width }, 1)]);
        Self { width, terms, constant: 0 }
    }

    pub(super) fn constant(width: Width, constant: u64) -> Self {
        Self { width, terms: BTreeMap::new(), constant: width.wrap(constant) }
    }

    /// Returns this plus `factor` times another sum of the same width.
    pub(super) fn plus(mut self, other: &Self, factor: u64) -> Self {
        let width = self.width;
        for (term, other_factor) in &other.terms {
            let own = self.terms.entry(term.clone()).or_default();
            *own = width.wrap(own.wrapping_add(other_factor.wrapping_mul(factor)));
        }
        self.terms.retain(|_, factor| *factor != 0);
        self.constant = width.wrap(self.constant.wrapping_add(other.constant.wrapping_mul(factor)));
        self
    }

    pub(super) fn times(&self, factor: u64) -> Self {
        Self::constant(self.width, 0).plus(self, factor)
    }

    /// Returns the low 32 bits.
    pub(super) fn wrapped(&self) -> Self {
        let mut low = Self::constant(Width::I32, self.constant);
        for (term, factor) in &self.terms {
            let term = match term {
                Term::Local { idx, width } => {
                    Self { width: Width::I32, ..Self::local(*idx, *width) }
                }
                // What an extension adds lies above.
                Term::Extended { sum, .. } => (**sum).clone(),
            };
            low = low.plus(&term, *factor);
        }
        low
    }

    /// Returns a sum of 32 bits as one of 64.
    pub(super) fn extended(self, signed: bool) -> Self {
        if self.terms.is_empty() {
            let constant = if signed {
                Width::I32.signed(self.constant).cast_unsigned()
            } else {
                self.constant
            };
            return Self::constant(Width::I64, constant);
        }
        let terms = BTreeMap::from([(Term::Extended { sum: Box::new(self), signed }, 1)]);
        Self { width: Width::I64, terms, constant: 0 }
    }

    /// Returns how much this grows with each round, as long as no extended sum overflows.
    pub(super) fn delta(&self, steps: &Steps) -> i64 {
        let delta = self.terms.iter().fold(0_u64, |delta, (term, factor)| {
            let step = match term {
                Term::Local { idx, .. } => steps.get(idx).copied().unwrap_or_default(),
                Term::Extended { sum, .. } => sum.delta(steps),
            };
            delta.wrapping_add(step.cast_unsigned().wrapping_mul(*factor))
        });
        self.width.signed(self.width.wrap(delta))
    }

    /// Adds the locals that this depends on.
    pub(super) fn note_locals(&self, locals: &mut BTreeSet<u32>) {
        for term in self.terms.keys() {
            match term {
                Term::Local { idx, .. } => {
                    locals.insert(*idx);
                }
                Term::Extended { sum, .. } => sum.note_locals(locals),
            }
        }
    }

    /// Returns the sums in this that are extended, and whether with their sign.
    pub(super) fn extensions(&self) -> impl Iterator<Item = (&Self, bool)> {
        self.terms.keys().filter_map(|term| match term {
            Term::Local { .. } => None,
            Term::Extended { sum, signed } => Some((&**sum, *signed)),
        })
    }

    /// Returns the constant, if this is that local plus a constant.
    pub(super) fn step_of(&self, idx: u32) -> Option<i64> {
        let mut terms = self.terms.iter();
        match (terms.next(), terms.next()) {
            (Some((Term::Local { idx: own, width }, 1)), None)
                if *own == idx && *width == self.width =>
            {
                Some(self.width.signed(self.constant))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_kept_in_their_width() {
        let local = Linear::local(3, Width::I32);
        let sum = local.clone().plus(&Linear::constant(Width::I32, u64::MAX), 1);
        assert_eq!(sum.step_of(3), Some(-1));
        assert_eq!(sum.delta(&Steps::from([(3, 8)])), 8);
        assert_eq!(local.times(4).delta(&Steps::from([(3, -2)])), -8);
        assert_eq!(sum.clone().plus(&local, u64::MAX).terms.len(), 0);
        assert_eq!(sum.step_of(4), None);
    }

    #[test]
    fn an_extension_is_undone_by_wrapping() {
        let sum = Linear::local(0, Width::I32).plus(&Linear::constant(Width::I32, 5), 1);
        let long = sum.clone().extended(true).plus(&Linear::constant(Width::I64, 1 << 40), 1);
        assert_eq!(long.wrapped(), sum);
        assert_eq!(long.extensions().count(), 1);
        assert_eq!(long.delta(&Steps::from([(0, 1)])), 1);
        let minus = Linear::constant(Width::I32, u64::from(u32::MAX));
        assert_eq!(minus.clone().extended(true).constant, u64::MAX);
        assert_eq!(minus.extended(false).constant, u64::from(u32::MAX));
    }
}
