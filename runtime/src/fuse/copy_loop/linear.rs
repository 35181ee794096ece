//! Sums of variables and constants, which is all that addresses and counters in a copying loop are.

use std::collections::{BTreeMap, BTreeSet};

/// The two types of integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Width {
    I32,
    I64,
}

impl Width {
    /// Returns how many bytes such an integer has.
    pub(super) fn n_bytes(self) -> usize {
        match self {
            Self::I32 => 4,
            Self::I64 => 8,
        }
    }

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

/// Where a loop keeps a number from round to round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    Local(u32),
    Global(u32),
    /// The guest's memory, as a frame of a function is: a group of accesses, and where in it.
    Slot {
        group: usize,
        at: i64,
    },
}

/// A number that a loop keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Variable {
    pub(super) holder: Holder,
    pub(super) width: Width,
}

/// What a sum consists of, by value at the beginning of a round.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Term {
    /// A sum of 32 bits may take a variable of 64.
    Variable(Variable),
    /// A register of the kernel's, by its address, of 64 bits. None changes in a round.
    Register(u32),
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

/// How much each variable that counts grows with each round.
pub(super) type Steps = BTreeMap<Variable, i64>;

impl Linear {
    pub(super) fn variable(variable: Variable) -> Self {
        Self::term(variable.width, Term::Variable(variable))
    }

    pub(super) fn term(width: Width, term: Term) -> Self {
        Self { width, terms: BTreeMap::from([(term, 1)]), constant: 0 }
    }

    pub(super) fn constant(width: Width, constant: u64) -> Self {
        Self { width, terms: BTreeMap::new(), constant: width.wrap(constant) }
    }

    /// Returns this number, if it is the same whatever the variables are.
    pub(super) fn as_constant(&self) -> Option<u64> {
        self.terms.is_empty().then_some(self.constant)
    }

    /// Returns this without its constant, and the constant as a signed number.
    pub(super) fn split(mut self) -> (Self, i64) {
        let constant = self.width.signed(self.constant);
        self.constant = 0;
        (self, constant)
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
                Term::Variable(_) | Term::Register(_) => Self::term(Width::I32, term.clone()),
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
        Self::term(Width::I64, Term::Extended { sum: Box::new(self), signed })
    }

    /// Returns how much this grows with each round, as long as no extended sum overflows.
    pub(super) fn delta(&self, steps: &Steps) -> i64 {
        let delta = self.terms.iter().fold(0_u64, |delta, (term, factor)| {
            let step = match term {
                Term::Variable(variable) => steps.get(variable).copied().unwrap_or_default(),
                Term::Register(_) => 0,
                Term::Extended { sum, .. } => sum.delta(steps),
            };
            delta.wrapping_add(step.cast_unsigned().wrapping_mul(*factor))
        });
        self.width.signed(self.width.wrap(delta))
    }

    /// Adds the variables that this depends on.
    pub(super) fn note_variables(&self, variables: &mut BTreeSet<Variable>) {
        for term in self.terms.keys() {
            match term {
                Term::Variable(variable) => {
                    variables.insert(*variable);
                }
                Term::Register(_) => {}
                Term::Extended { sum, .. } => sum.note_variables(variables),
            }
        }
    }

    /// Returns the sums in this that are extended, and whether with their sign.
    pub(super) fn extensions(&self) -> impl Iterator<Item = (&Self, bool)> {
        self.terms.keys().filter_map(|term| match term {
            Term::Variable(_) | Term::Register(_) => None,
            Term::Extended { sum, signed } => Some((&**sum, *signed)),
        })
    }

    /// Returns the constant, if this is that variable plus a constant.
    pub(super) fn step_of(&self, variable: Variable) -> Option<i64> {
        let mut terms = self.terms.iter();
        match (terms.next(), terms.next()) {
            (Some((Term::Variable(own), 1)), None)
                if *own == variable && own.width == self.width =>
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

    fn local(idx: u32) -> Variable {
        Variable { holder: Holder::Local(idx), width: Width::I32 }
    }

    #[test]
    fn sums_are_kept_in_their_width() {
        let sum = Linear::variable(local(3)).plus(&Linear::constant(Width::I32, u64::MAX), 1);
        assert_eq!(sum.step_of(local(3)), Some(-1));
        assert_eq!(sum.delta(&Steps::from([(local(3), 8)])), 8);
        assert_eq!(sum.times(4).delta(&Steps::from([(local(3), -2)])), -8);
        assert_eq!(sum.clone().plus(&Linear::variable(local(3)), u64::MAX).terms.len(), 0);
        assert_eq!(sum.step_of(local(4)), None);
        assert_eq!(sum.split(), (Linear::variable(local(3)), -1));
    }

    #[test]
    fn an_extension_is_undone_by_wrapping() {
        let sum = Linear::variable(local(0)).plus(&Linear::constant(Width::I32, 5), 1);
        let long = sum.clone().extended(true).plus(&Linear::constant(Width::I64, 1 << 40), 1);
        assert_eq!(long.wrapped(), sum);
        assert_eq!(long.extensions().count(), 1);
        assert_eq!(long.delta(&Steps::from([(local(0), 1)])), 1);
        let minus = Linear::constant(Width::I32, u64::from(u32::MAX));
        assert_eq!(minus.clone().extended(true).constant, u64::MAX);
        assert_eq!(minus.extended(false).constant, u64::from(u32::MAX));
    }
}
