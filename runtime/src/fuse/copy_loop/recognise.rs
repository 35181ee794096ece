//! Executes one round of a loop with sums in the place of numbers, to find out whether it copies.
//!
//! A round is the one path from the loop's head back to it. Whatever else the loop may do is left to
//! the loop itself.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{BlockType, MemArg, Operator};

use super::linear::{Linear, Steps, Width};
use crate::fuse::expand::Expansion;

/// How many operators a round may have.
const ROUND_LEN: usize = 200;

/// How many terms a sum may have. Addresses in loops that compilers write have three.
const N_TERMS: usize = 8;

/// What is known of a function beside its operators.
pub(crate) struct Context<'a> {
    /// The width of each local, `None` for those that are no integer.
    pub(crate) locals: &'a [Option<Width>],
    /// What a call of a function comes to, if it is one of those that load and store.
    pub(crate) expansion: &'a dyn Fn(u32) -> Option<Expansion>,
}

/// A loop each of whose rounds copies a byte or a word from one place to another, the places next to
/// those of the round before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CopyLoop {
    /// Bytes that a round copies.
    pub(super) len: u8,
    pub(super) from: Place,
    pub(super) to: Place,
    /// What holds at the end of each round that is not the last.
    pub(super) conditions: Vec<Comparison>,
    pub(super) steps: Steps,
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
    fn negated(self) -> Self {
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
}

/// What a round computes with.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Sum(Linear),
    /// So many bytes, loaded from this place.
    Datum(u8, Place),
    Test(Comparison),
}

/// Looks at the loop whose head is `operators[at]`.
pub(super) fn recognise(
    operators: &[Operator<'_>],
    at: usize,
    context: &Context<'_>,
) -> Option<CopyLoop> {
    if !matches!(operators.get(at)?, Operator::Loop { blockty: BlockType::Empty }) {
        return None;
    }
    let mut round = Round {
        context,
        stack: Vec::new(),
        locals: BTreeMap::new(),
        conditions: Vec::new(),
        copied: None,
        n_loads: 0,
    };
    // How many blocks are open inside of the loop.
    let mut n_open = 0_u32;
    for operator in operators.get(at + 1..)?.iter().take(ROUND_LEN) {
        match operator {
            Operator::Block { blockty: BlockType::Empty } => n_open += 1,
            Operator::If { blockty: BlockType::Empty } => {
                let condition = round.condition()?;
                round.conditions.push(condition);
                n_open += 1;
            }
            Operator::End => n_open = n_open.checked_sub(1)?,
            Operator::Br { relative_depth } => {
                return if *relative_depth == n_open { round.finish() } else { None };
            }
            Operator::BrIf { relative_depth } => {
                let condition = round.condition()?;
                if *relative_depth == n_open {
                    round.conditions.push(condition);
                    return round.finish();
                }
                if *relative_depth < n_open {
                    return None;
                }
                round.conditions.push(condition.negated());
            }
            operator => round.execute(operator)?,
        }
    }
    None
}

/// The state of a round.
struct Round<'a> {
    context: &'a Context<'a>,
    stack: Vec<Value>,
    /// The locals that were assigned.
    locals: BTreeMap<u32, Value>,
    conditions: Vec<Comparison>,
    /// The one copy: how many bytes, from where, to where.
    copied: Option<(u8, Place, Place)>,
    n_loads: u32,
}

impl Round<'_> {
    fn execute(&mut self, operator: &Operator<'_>) -> Option<()> {
        use Width::{I32, I64};
        match *operator {
            Operator::Nop => {}
            Operator::Drop => drop(self.stack.pop()?),
            Operator::LocalGet { local_index } => {
                let value = self.local(local_index)?;
                self.stack.push(value);
            }
            Operator::LocalSet { local_index } => {
                let value = self.stack.pop()?;
                self.locals.insert(local_index, value);
            }
            Operator::LocalTee { local_index } => {
                let value = self.stack.last()?.clone();
                self.locals.insert(local_index, value);
            }
            Operator::I32Const { value } => {
                self.push(Linear::constant(I32, u64::from(value.cast_unsigned())));
            }
            Operator::I64Const { value } => {
                self.push(Linear::constant(I64, value.cast_unsigned()));
            }
            Operator::I32Add | Operator::I64Add => self.combine(1)?,
            Operator::I32Sub | Operator::I64Sub => self.combine(u64::MAX)?,
            Operator::I64ExtendI32U => self.map(|sum| sum.extended(false))?,
            Operator::I64ExtendI32S => self.map(|sum| sum.extended(true))?,
            Operator::I32WrapI64 => self.map(|sum| sum.wrapped())?,
            Operator::I64Load { memarg } => self.load_guest(8, memarg)?,
            Operator::I32Load8U { memarg }
            | Operator::I32Load8S { memarg }
            | Operator::I64Load8U { memarg }
            | Operator::I64Load8S { memarg } => self.load_guest(1, memarg)?,
            Operator::I64Store { memarg } => self.store_guest(8, memarg)?,
            Operator::I32Store8 { memarg } | Operator::I64Store8 { memarg } => {
                self.store_guest(1, memarg)?;
            }
            Operator::Call { function_index } => {
                self.call((self.context.expansion)(function_index)?)?;
            }
            _ => return self.compare(operator),
        }
        Some(())
    }

    fn compare(&mut self, operator: &Operator<'_>) -> Option<()> {
        let less = |signed| Relation::Less { signed };
        let at_most = |signed| Relation::AtMost { signed };
        let (relation, is_swapped) = match operator {
            Operator::I32Eqz | Operator::I64Eqz => {
                let condition = self.condition()?.negated();
                self.stack.push(Value::Test(condition));
                return Some(());
            }
            Operator::I32Eq | Operator::I64Eq => (Relation::Equal, false),
            Operator::I32Ne | Operator::I64Ne => (Relation::Different, false),
            Operator::I32LtU | Operator::I64LtU => (less(false), false),
            Operator::I32LtS | Operator::I64LtS => (less(true), false),
            Operator::I32LeU | Operator::I64LeU => (at_most(false), false),
            Operator::I32LeS | Operator::I64LeS => (at_most(true), false),
            Operator::I32GtU | Operator::I64GtU => (less(false), true),
            Operator::I32GtS | Operator::I64GtS => (less(true), true),
            Operator::I32GeU | Operator::I64GeU => (at_most(false), true),
            Operator::I32GeS | Operator::I64GeS => (at_most(true), true),
            _ => return None,
        };
        let (right, left) = (self.sum()?, self.sum()?);
        let (left, right) = if is_swapped { (right, left) } else { (left, right) };
        self.stack.push(Value::Test(Comparison { relation, left, right }));
        Some(())
    }

    /// Loads and stores of the kernel.
    fn call(&mut self, expansion: Expansion) -> Option<()> {
        match expansion {
            Expansion::LoadU8 | Expansion::LoadU64 => {
                let offset = self.sum()?;
                let len = if expansion == Expansion::LoadU8 { 1 } else { 8 };
                self.load(len, Place::Kernel { offset });
            }
            Expansion::InputLoadU8 | Expansion::InputLoadU64 => {
                let start = self.sum()?;
                let len = if expansion == Expansion::InputLoadU8 { 1 } else { 8 };
                self.load(len, Place::Input { start });
            }
            Expansion::StoreU8 | Expansion::StoreU64 => {
                let datum = self.stack.pop()?;
                let offset = self.sum()?;
                let len = if expansion == Expansion::StoreU8 { 1 } else { 8 };
                self.store(len, datum, Place::Kernel { offset })?;
            }
            // What they return is the same in each round, but a sum knows only locals.
            Expansion::InputLength | Expansion::InputOffset => return None,
        }
        Some(())
    }

    fn load_guest(&mut self, len: u8, memarg: MemArg) -> Option<()> {
        let place = self.guest_place(memarg)?;
        self.load(len, place);
        Some(())
    }

    fn store_guest(&mut self, len: u8, memarg: MemArg) -> Option<()> {
        let datum = self.stack.pop()?;
        let place = self.guest_place(memarg)?;
        self.store(len, datum, place)
    }

    fn guest_place(&mut self, memarg: MemArg) -> Option<Place> {
        let address = self.sum()?;
        let is_32 = address.width == Width::I32 && u32::try_from(memarg.offset).is_ok();
        is_32.then_some(Place::Guest { memory: memarg.memory, address, offset: memarg.offset })
    }

    fn load(&mut self, len: u8, place: Place) {
        self.n_loads += 1;
        self.stack.push(Value::Datum(len, place));
    }

    fn store(&mut self, len: u8, datum: Value, to: Place) -> Option<()> {
        let Value::Datum(loaded_len, from) = datum else { return None };
        if loaded_len != len || self.copied.is_some() {
            return None;
        }
        self.copied = Some((len, from, to));
        Some(())
    }

    fn local(&self, idx: u32) -> Option<Value> {
        if let Some(value) = self.locals.get(&idx) {
            return Some(value.clone());
        }
        let width = (*self.context.locals.get(usize::try_from(idx).ok()?)?)?;
        Some(Value::Sum(Linear::local(idx, width)))
    }

    fn push(&mut self, sum: Linear) {
        self.stack.push(Value::Sum(sum));
    }

    fn sum(&mut self) -> Option<Linear> {
        match self.stack.pop()? {
            Value::Sum(sum) => Some(sum),
            _ => None,
        }
    }

    fn condition(&mut self) -> Option<Comparison> {
        match self.stack.pop()? {
            Value::Test(test) => Some(test),
            Value::Sum(left) => {
                let right = Linear::constant(left.width, 0);
                Some(Comparison { relation: Relation::Different, left, right })
            }
            Value::Datum(..) => None,
        }
    }

    fn combine(&mut self, factor: u64) -> Option<()> {
        let (right, left) = (self.sum()?, self.sum()?);
        let sum = left.plus(&right, factor);
        let is_short = sum.terms.len() <= N_TERMS;
        self.push(sum);
        is_short.then_some(())
    }

    fn map(&mut self, map: impl FnOnce(Linear) -> Linear) -> Option<()> {
        let sum = self.sum()?;
        self.push(map(sum));
        Some(())
    }

    /// Says what the round does as one of many.
    fn finish(self) -> Option<CopyLoop> {
        let (len, from, to) = self.copied?;
        if self.n_loads != 1 {
            return None;
        }
        let mut steps = Steps::new();
        for (idx, value) in &self.locals {
            if let Value::Sum(sum) = value
                && let Some(step) = sum.step_of(*idx)
            {
                steps.insert(*idx, step);
            }
        }
        // Everything that counts is known at the loop's head, not left by the round before.
        let mut used = BTreeSet::new();
        let compared = self.conditions.iter().flat_map(|test| [&test.left, &test.right]);
        for sum in compared.chain([from.sum(), to.sum()]) {
            sum.note_locals(&mut used);
        }
        let is_known = |idx: &u32| !self.locals.contains_key(idx) || steps.contains_key(idx);
        if !used.iter().all(is_known) {
            return None;
        }
        // Other than from the input to the kernel's memory, nothing is copied inside one memory.
        let is_useful = match (&from, &to) {
            (Place::Guest { .. }, Place::Guest { .. }) => false,
            _ => {
                from.sum().delta(&steps) == i64::from(len)
                    && to.sum().delta(&steps) == i64::from(len)
            }
        };
        let conditions = self.conditions;
        let is_bounded = !conditions.is_empty() && conditions.iter().all(|test| test.ends(&steps));
        (is_useful && is_bounded).then_some(CopyLoop { len, from, to, conditions, steps })
    }
}

impl Comparison {
    /// Says whether this holds in a number of rounds that can be told at the start.
    fn ends(&self, steps: &Steps) -> bool {
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
