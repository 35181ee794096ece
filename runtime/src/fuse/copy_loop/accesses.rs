//! What a round loads and stores, in groups of places whose distances are known.
//!
//! Places of one group are taken to be as far apart as their constants say, and places of different
//! groups to be apart: what is written in front of the loop sees to it that this is so.

use std::collections::BTreeSet;

use super::{
    linear::{Linear, Width},
    value::{Part, Parts, Value},
};

/// How far from their base places may be: beyond any address in the guest's space.
const REACH: u64 = 1 << 60;

/// How many groups and stores a round may have.
const N_GROUPS: usize = 16;
const N_STORES: usize = 100;

/// Where addresses lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// A memory of the guest's.
    Guest(u32),
    /// The kernel's memory, by its own addresses.
    Kernel,
    /// The input, counted from its first byte.
    Input,
}

/// Accesses whose addresses differ by constants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) space: Space,
    /// What the addresses have in common: a sum without a constant. Of 32 bits in the guest's space.
    pub(super) base: Linear,
    /// The least constant that an address adds.
    pub(super) lowest: i64,
    /// The bytes that are loaded before the round stores them, by their distances from the base.
    pub(super) loaded: BTreeSet<i64>,
    /// The bytes that are stored.
    pub(super) stored: BTreeSet<i64>,
}

/// What is stored at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// A number as long as the place.
    Sum(Linear),
    Bytes(Parts),
    Unknown,
}

impl Content {
    /// Returns what a value leaves at a place of so many bytes.
    pub(super) fn of(value: Value, len: u8) -> Self {
        match value {
            Value::Sum(sum) if usize::from(len) == sum.width.n_bytes() => Self::Sum(sum),
            Value::Sum(sum) if len == 4 => Self::Sum(sum.wrapped()),
            value => match value.into_parts() {
                Some((_, parts)) => Self::Bytes(parts),
                None => Self::Unknown,
            },
        }
    }

    /// Returns the number of this width that is loaded from a place of so many bytes.
    pub(super) fn into_value(self, width: Width, len: u8, signed: bool) -> Option<Value> {
        Some(match self {
            Self::Sum(sum) if sum.width == width => Value::Sum(sum),
            Self::Sum(sum) if len == 4 => Value::Sum(sum.extended(signed)),
            Self::Bytes(mut parts) => {
                let fill = if signed { Part::Unknown } else { Part::Zero };
                parts[usize::from(len)..].fill(fill);
                Value::Bytes(width, parts)
            }
            Self::Sum(_) | Self::Unknown => return None,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stored {
    group: usize,
    at: i64,
    len: u8,
    content: Content,
}

impl Stored {
    fn places(&self) -> std::ops::Range<i64> {
        self.at..self.at + i64::from(self.len)
    }
}

/// All that a round has loaded and stored so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Accesses {
    pub(super) groups: Vec<Group>,
    stores: Vec<Stored>,
}

impl Accesses {
    /// Returns what is at so many bytes from an address on.
    pub(super) fn load(
        &mut self,
        space: Space,
        address: Linear,
        offset: u64,
        len: u8,
    ) -> Option<Content> {
        let (group, at) = self.place(space, address, offset)?;
        let content = self.content(group, at, len)?;
        let is_stored = |place: &i64| {
            self.stores
                .iter()
                .any(|stored| stored.group == group && stored.places().contains(place))
        };
        let loaded: Vec<i64> =
            (at..at + i64::from(len)).filter(|place| !is_stored(place)).collect();
        self.groups[group].loaded.extend(loaded);
        Some(content)
    }

    pub(super) fn store(
        &mut self,
        space: Space,
        address: Linear,
        offset: u64,
        len: u8,
        value: Value,
    ) -> Option<()> {
        if self.stores.len() == N_STORES {
            return None;
        }
        let (group, at) = self.place(space, address, offset)?;
        self.groups[group].stored.extend(at..at + i64::from(len));
        self.stores.push(Stored { group, at, len, content: Content::of(value, len) });
        Some(())
    }

    /// Returns what is now at so many bytes of a group.
    pub(super) fn content(&self, group: usize, at: i64, len: u8) -> Option<Content> {
        let end = at + i64::from(len);
        let overlaps =
            |stored: &&Stored| stored.group == group && stored.at < end && at < stored.places().end;
        let latest = self.stores.iter().rev().find(overlaps);
        if let Some(stored) = latest
            && (stored.at, stored.len) == (at, len)
        {
            return Some(stored.content.clone());
        }
        let mut parts = [Part::Unknown; 8];
        for (place, part) in (at..end).zip(&mut parts) {
            let over = |stored: &&Stored| stored.group == group && stored.places().contains(&place);
            *part = match self.stores.iter().rev().find(over) {
                None => Part::Of { group, at: place },
                Some(Stored { at, content: Content::Bytes(parts), .. }) => {
                    parts[usize::try_from(place - at).ok()?]
                }
                Some(_) => return None,
            };
        }
        Some(Content::Bytes(parts))
    }

    /// Returns every place that was stored to, with its length.
    pub(super) fn stored(&self) -> impl Iterator<Item = (usize, i64, u8)> {
        self.stores.iter().map(|stored| (stored.group, stored.at, stored.len))
    }

    /// Returns the group of an address, and the distance from the group's base.
    fn place(&mut self, space: Space, address: Linear, offset: u64) -> Option<(usize, i64)> {
        let expected = if let Space::Guest(_) = space { Width::I32 } else { Width::I64 };
        if address.width != expected {
            return None;
        }
        let (base, constant) = address.split();
        let at = constant.checked_add(i64::try_from(offset).ok()?)?;
        let is_same = |group: &Group| group.space == space && group.base == base;
        let idx = self.groups.iter().position(is_same).unwrap_or(self.groups.len());
        if idx == N_GROUPS {
            return None;
        }
        if idx == self.groups.len() {
            let (loaded, stored) = (BTreeSet::new(), BTreeSet::new());
            self.groups.push(Group { space, base, lowest: constant, loaded, stored });
        }
        let group = &mut self.groups[idx];
        group.lowest = group.lowest.min(constant);
        (at.unsigned_abs() <= REACH).then_some((idx, at))
    }
}
