//! Says what a round does as one of many: whether it copies, from where to where, and for how long.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    accesses::{Content, Group, Space},
    linear::{Holder, Linear, Steps, Variable, Width},
    value::{Comparison, Part, Value, parts_of},
    walk::Path,
};

/// How many bytes a round may copy.
const ROUND_LEN: i64 = 256;

/// How many bytes a frame may have.
const FRAME_LEN: i64 = 1 << 16;

/// A loop each of whose rounds copies some bytes from one place to another, the places next to those of
/// the round before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CopyLoop {
    /// Bytes that a round copies.
    pub(super) len: i64,
    pub(super) from: Place,
    pub(super) to: Place,
    /// What holds in each of the rounds.
    pub(super) conditions: Vec<Comparison>,
    pub(super) steps: Steps,
    /// In an order in which the address of each depends on those before it alone.
    pub(super) frames: Vec<Frame>,
}

/// Where a round copies from or to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A memory of the guest's, at a sum of 32 bits plus an offset.
    Guest { memory: u32, address: Linear, offset: u64 },
    /// The kernel's memory, by its own addresses.
    Kernel { offset: Linear },
    /// The input, counted from its first byte.
    Input { start: Linear },
}

impl Place {
    pub(super) fn sum(&self) -> &Linear {
        match self {
            Self::Guest { address, .. } => address,
            Self::Kernel { offset } => offset,
            Self::Input { start } => start,
        }
    }
}

/// A part of the guest's memory that rounds use as they use locals, in the same place in each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) group: usize,
    pub(super) memory: u32,
    /// The lowest address that an access adds an offset to, which differs from the group's base.
    pub(super) address: Linear,
    pub(super) lowest: i64,
    /// Where it begins and ends, from that address on.
    pub(super) start: u64,
    pub(super) end: u64,
}

/// Looks at a path that came back to its beginning.
pub(super) fn conclude(path: &Path<'_>) -> Option<CopyLoop> {
    if !path.stack.is_empty() {
        return None;
    }
    let steps = steps(path);
    let groups = &path.accesses.groups;
    let is_moving = |group: &Group| group.base.delta(&steps) != 0;
    let mut frames = Vec::new();
    let (mut from, mut to) = (None, None);
    for (idx, group) in groups.iter().enumerate() {
        match (is_moving(group), group.loaded.is_empty(), group.stored.is_empty()) {
            (false, ..) => frames.push(frame(idx, group)?),
            (true, false, true) if from.is_none() => from = Some(idx),
            (true, true, false) if to.is_none() => to = Some(idx),
            _ => return None,
        }
    }
    let (from, to) = (from?, to?);
    let len = copied_len(path, from, to)?;
    let round = Round { path, steps: &steps, frames: &frames };
    if !round.is_known() || [from, to].iter().any(|idx| groups[*idx].base.delta(&steps) != len) {
        return None;
    }
    let conditions = path.conditions.clone();
    let holds_for_some = |test: &Comparison| test.is_fixed(&steps) || test.ends(&steps);
    let is_bounded = conditions.iter().all(holds_for_some)
        && conditions.iter().any(|test| !test.is_fixed(&steps));
    let (from, to) = (place(groups.get(from)?)?, place(groups.get(to)?)?);
    // Other than from the input to the kernel's memory, nothing is copied inside one memory.
    let is_useful = !matches!((&from, &to), (Place::Guest { .. }, Place::Guest { .. }));
    (is_bounded && is_useful).then_some(CopyLoop { len, from, to, conditions, steps, frames })
}

/// Returns the variables that count.
fn steps(path: &Path<'_>) -> Steps {
    let mut steps = Steps::new();
    let mut note = |holder, sum: &Linear| {
        let variable = Variable { holder, width: sum.width };
        if let Some(step) = sum.step_of(variable) {
            steps.insert(variable, step);
        }
    };
    for (idx, value) in path.locals() {
        if let Value::Sum(sum) = value {
            note(Holder::Local(idx), sum);
        }
    }
    for (&idx, value) in &path.globals {
        if let Value::Sum(sum) = value {
            note(Holder::Global(idx), sum);
        }
    }
    for (group, at, len) in path.accesses.stored() {
        if let Some(Content::Sum(sum)) = path.accesses.content(group, at, len) {
            note(Holder::Slot { group, at }, &sum);
        }
    }
    steps
}

/// Returns a group that stays where it is as a frame.
fn frame(idx: usize, group: &Group) -> Option<Frame> {
    let Space::Guest(memory) = group.space else { return None };
    let places = || group.loaded.iter().chain(&group.stored);
    let (start, end) = (places().min()? - group.lowest, places().max()? - group.lowest + 1);
    if end > FRAME_LEN {
        return None;
    }
    Some(Frame {
        group: idx,
        memory,
        address: address(group),
        lowest: group.lowest,
        start: u64::try_from(start).ok()?,
        end: u64::try_from(end).ok()?,
    })
}

/// Returns the lowest address of a group, to which offsets are added.
fn address(group: &Group) -> Linear {
    let lowest = Linear::constant(group.base.width, group.lowest.cast_unsigned());
    group.base.clone().plus(&lowest, 1)
}

/// Returns where a group that moves begins.
fn place(group: &Group) -> Option<Place> {
    let first = *group.loaded.first().or(group.stored.first())?;
    let at = |first: i64| {
        let first = Linear::constant(Width::I64, first.cast_unsigned());
        group.base.clone().plus(&first, 1)
    };
    Some(match group.space {
        Space::Guest(memory) => {
            let offset = u64::try_from(first - group.lowest).ok()?;
            // Beyond all memory there is nothing to copy.
            u32::try_from(offset).ok()?;
            Place::Guest { memory, address: address(group), offset }
        }
        Space::Kernel => Place::Kernel { offset: at(first) },
        Space::Input => Place::Input { start: at(first) },
    })
}

/// Returns how many bytes a round copies from one group to another, if it is that what it does.
fn copied_len(path: &Path<'_>, from: usize, to: usize) -> Option<i64> {
    let groups = &path.accesses.groups;
    let (loaded, stored) = (&groups[from].loaded, &groups[to].stored);
    let (first_loaded, first_stored) = (*loaded.first()?, *stored.first()?);
    let len = i64::try_from(loaded.len()).ok().filter(|len| *len <= ROUND_LEN)?;
    let is_whole = |places: &BTreeSet<i64>, first: i64| {
        i64::try_from(places.len()) == Ok(len) && places.last() == Some(&(first + len - 1))
    };
    if !is_whole(loaded, first_loaded) || !is_whole(stored, first_stored) {
        return None;
    }
    // What is at each place at the end.
    let mut parts = BTreeMap::new();
    for (group, at, len) in path.accesses.stored().filter(|(group, ..)| *group == to) {
        let content = match path.accesses.content(group, at, len)? {
            Content::Bytes(parts) => parts,
            Content::Sum(sum) => parts_of(&sum)?,
            Content::Unknown => return None,
        };
        parts.extend((at..).zip(content).take(usize::from(len)));
    }
    let is_copied = (0..len).all(|idx| {
        let loaded = Part::Of { group: from, at: first_loaded + idx };
        parts.get(&(first_stored + idx)) == Some(&loaded)
    });
    is_copied.then_some(len)
}

/// A round of which it is to be said whether it can be done without those before it.
struct Round<'a, 'p> {
    path: &'a Path<'p>,
    steps: &'a Steps,
    frames: &'a [Frame],
}

impl Round<'_, '_> {
    /// Says whether everything that the round computes depends on what is known before it, but for what
    /// it copies: on what counts, and on what no round changes.
    fn is_known(&self) -> bool {
        let mut variables = BTreeSet::new();
        let sums = self.path.accesses.groups.iter().map(|group| &group.base);
        let compared = self.path.conditions.iter().flat_map(|test| [&test.left, &test.right]);
        for sum in sums.chain(compared) {
            sum.note_variables(&mut variables);
        }
        let locals = self.path.locals().map(|(_, value)| value);
        for value in locals.chain(self.path.globals.values()) {
            match value {
                Value::Sum(sum) => sum.note_variables(&mut variables),
                Value::Test(test) | Value::Mask(_, test) => {
                    test.left.note_variables(&mut variables);
                    test.right.note_variables(&mut variables);
                }
                // These come from memory.
                Value::Bytes(..) => {}
            }
        }
        for (group, at, len) in self.path.accesses.stored() {
            match self.path.accesses.content(group, at, len) {
                Some(Content::Sum(sum)) => sum.note_variables(&mut variables),
                Some(Content::Bytes(_)) => {}
                Some(Content::Unknown) | None => return false,
            }
        }
        self.are_frames_known()
            && variables.iter().all(|variable| self.is_variable_known(*variable))
    }

    fn is_variable_known(&self, variable: Variable) -> bool {
        let counts = self.steps.contains_key(&variable);
        match variable.holder {
            Holder::Local(idx) => counts || self.path.locals().all(|(assigned, _)| assigned != idx),
            Holder::Global(idx) => counts || !self.path.globals.contains_key(&idx),
            // Of frames, all that is loaded is known.
            Holder::Slot { group, .. } => self.is_in_frame(group),
        }
    }

    /// Says whether no byte of a frame that is loaded was stored by the round before, unless it is of
    /// a variable that counts.
    fn are_frames_known(&self) -> bool {
        let mut counted = BTreeSet::new();
        for Variable { holder, width } in self.steps.keys() {
            if let Holder::Slot { group, at } = *holder {
                counted.extend((at..).take(width.n_bytes()).map(|at| (group, at)));
            }
        }
        self.frames.iter().all(|frame| {
            let Group { loaded, stored, .. } = &self.path.accesses.groups[frame.group];
            loaded.intersection(stored).all(|at| counted.contains(&(frame.group, *at)))
        })
    }

    fn is_in_frame(&self, group: usize) -> bool {
        self.frames.iter().any(|frame| frame.group == group)
    }
}
