//! What is measured: the list of measures, each with its name and how its subjects are made.
//!
//! A measure is the same work on each side. Making its subjects checks once that every side does the
//! work right.

mod calls;
mod crowd;
mod instances;
mod loading;
mod memory;
mod threads;
mod warm;

use anyhow::Result;

use crate::{
    setting::{Guest, Setting},
    subject::Subjects,
};

/// One row of the report.
pub(crate) struct Measure {
    pub(crate) name: String,
    /// What is done, for people.
    pub(crate) about: String,
    pub(crate) unit: Unit,
    /// The plug-in that has to be there.
    pub(crate) guest: Guest,
    /// The measure that this one is to be compared with on its own side.
    pub(crate) against: Option<&'static str>,
    pub(crate) subjects: SetUp,
}

/// Makes a measure's subjects.
type SetUp = Box<dyn Fn(&Setting) -> Result<Subjects>>;

impl Measure {
    fn new(
        name: impl Into<String>,
        about: impl Into<String>,
        guest: Guest,
        subjects: impl Fn(&Setting) -> Result<Subjects> + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            about: about.into(),
            unit: Unit::Nanoseconds,
            guest,
            against: None,
            subjects: Box::new(subjects),
        }
    }

    fn in_bytes(self) -> Self {
        Self { unit: Unit::Bytes, ..self }
    }

    fn in_count(self) -> Self {
        Self { unit: Unit::Count, ..self }
    }

    fn in_times(self) -> Self {
        Self { unit: Unit::Times, ..self }
    }

    fn against(self, name: &'static str) -> Self {
        Self { against: Some(name), ..self }
    }
}

/// What an operation costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Nanoseconds,
    Bytes,
    /// No cost: how many times as much each side does of what it did before. More is better.
    Times,
    /// No cost: how many of something there are. More is better.
    Count,
}

impl Unit {
    /// Says whether that is no matter of time, so that to look once is to know.
    pub(crate) fn is_steady(self) -> bool {
        matches!(self, Self::Bytes | Self::Count)
    }
}

/// Every measure, in the order of the report.
pub(crate) fn all() -> Vec<Measure> {
    [calls::all(), instances::all(), loading::all(), threads::all(), memory::all(), crowd::all()]
        .into_iter()
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_compared_with_earlier_ones() {
        let mut names = HashSet::new();
        for Measure { name, against, about, .. } in all() {
            assert!(against.is_none_or(|other| names.contains(other)), "{name}");
            assert!(!about.is_empty(), "{name}");
            assert!(names.insert(name.clone()), "`{name}` twice");
        }
    }
}
