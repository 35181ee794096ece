//! Walks through a function from a point in a loop, along every path that may come back to it.
//!
//! Where a branch depends on variables, both ways are walked, each with what has to hold for it. Small
//! functions that are called are walked through as well.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use wasmparser::{BrTable, Operator};

use super::{
    accesses::Accesses,
    code::Code,
    conclude::{CopyLoop, conclude},
    linear::Width,
    value::{Comparison, Value},
};
use crate::fuse::expand::Expansion;

/// How many operators a path may have.
const PATH_LEN: usize = 1_000;

/// How many paths may be walked from one point.
const N_PATHS: usize = 48;

/// How many functions may be under way at once.
const DEPTH: usize = 4;

/// How many blocks may lie in the loop around the point where a walk begins.
const DEPTH_OF_BLOCKS: usize = 500;

/// What is known beside a function's operators.
pub(crate) struct Context<'a, 'f> {
    /// The width of each global, `None` for those that are no integer.
    pub(crate) globals: &'f [Option<Width>],
    /// What a call of a function comes to, if it is one of those that load and store.
    pub(crate) expansion: &'f dyn Fn(u32) -> Option<Expansion>,
    /// The code of a function, if it is small.
    pub(crate) callee: &'f dyn Fn(u32) -> Option<Rc<Code<'a>>>,
}

/// Looks for a round that begins and ends before the operator `cut`, and copies. `n_steps` is how many
/// operators may be walked over, and is counted down.
pub(super) fn find<'a>(
    code: &Rc<Code<'a>>,
    cut: usize,
    context: &Context<'a, '_>,
    n_steps: &mut usize,
) -> Option<CopyLoop> {
    let mut pending = vec![Path::new(code, cut)?];
    let mut n_paths = 0;
    while let Some(mut path) = pending.pop() {
        n_paths += 1;
        for _ in 0..PATH_LEN {
            if path.is_round(cut) {
                if let Some(found) = conclude(&path) {
                    return Some(found);
                }
                break;
            }
            *n_steps = n_steps.checked_sub(1)?;
            if path.step(context, &mut pending).is_none() {
                break;
            }
        }
        if n_paths + pending.len() > N_PATHS {
            return None;
        }
    }
    None
}

/// A path through the code, and what is known at its end.
#[derive(Clone)]
pub(super) struct Path<'a> {
    calls: Vec<Call<'a>>,
    has_begun: bool,
    pub(super) stack: Vec<Value>,
    /// The globals that were assigned.
    pub(super) globals: BTreeMap<u32, Value>,
    pub(super) accesses: Accesses,
    /// What has to hold for this path to be taken.
    pub(super) conditions: Vec<Comparison>,
}

/// A function under way.
#[derive(Clone)]
pub(super) struct Call<'a> {
    code: Rc<Code<'a>>,
    position: usize,
    labels: Vec<Label>,
    /// The locals that were assigned.
    pub(super) locals: BTreeMap<u32, Value>,
    /// How many values lie on the stack below its own.
    height: usize,
    /// The branches that depended on variables.
    decided: BTreeSet<usize>,
}

/// A block that is open.
#[derive(Clone, Copy)]
struct Label {
    opener: usize,
    /// How many values lie on the stack below.
    height: usize,
}

impl<'a> Path<'a> {
    fn new(code: &Rc<Code<'a>>, cut: usize) -> Option<Self> {
        // Whoever leaves the loop does not come back. Blocks around it are of no interest.
        let mut labels = Vec::new();
        for opener in code.around(cut).take(DEPTH_OF_BLOCKS) {
            labels.push(Label { opener, height: 0 });
            if code.is_loop(opener) {
                break;
            }
        }
        labels.reverse();
        if !code.is_loop(labels.first()?.opener) {
            return None;
        }
        let (code, locals, decided) = (Rc::clone(code), BTreeMap::new(), BTreeSet::new());
        Some(Self {
            calls: vec![Call { code, position: cut, labels, locals, height: 0, decided }],
            has_begun: false,
            stack: Vec::new(),
            globals: BTreeMap::new(),
            accesses: Accesses::default(),
            conditions: Vec::new(),
        })
    }

    /// Says whether this is back at its beginning.
    fn is_round(&self, cut: usize) -> bool {
        self.has_begun && matches!(&self.calls[..], [call] if call.position == cut)
    }

    /// Returns the function that is under way; whether it is the one with the loop.
    pub(super) fn call(&mut self) -> Option<(&mut Call<'a>, bool)> {
        let is_outermost = self.calls.len() == 1;
        Some((self.calls.last_mut()?, is_outermost))
    }

    /// Returns the locals of the function with the loop that were assigned.
    pub(super) fn locals(&self) -> impl Iterator<Item = (u32, &Value)> {
        self.calls[..1].iter().flat_map(|call| call.locals.iter().map(|(idx, value)| (*idx, value)))
    }

    /// Goes one step, and adds the other way to `pending` where there are two. Returns `None` where the
    /// path leads out of the loop, or nowhere that is known.
    fn step(&mut self, context: &Context<'a, '_>, pending: &mut Vec<Self>) -> Option<()> {
        self.has_begun = true;
        let call = self.calls.last_mut()?;
        let code = Rc::clone(&call.code);
        let at = call.position;
        call.position += 1;
        match code.operators.get(at)? {
            Operator::Block { .. } | Operator::Loop { .. } => {
                // What a block takes along lies above its beginning.
                code.n_taken(at)?;
                self.open(at);
            }
            Operator::If { .. } => {
                code.n_taken(at)?;
                let condition = self.stack.pop()?.into_condition()?;
                if self.decide(at, condition, pending, |path| path.skip(at))? {
                    self.open(at);
                } else {
                    self.skip(at)?;
                }
            }
            Operator::Else => self.calls.last_mut()?.position = code.partner(at),
            Operator::End => {
                if call.labels.pop().is_none() {
                    return self.leave();
                }
                // Past the end of the loop.
                if self.calls.len() == 1 && self.calls[0].labels.is_empty() {
                    return None;
                }
            }
            Operator::Br { relative_depth } => self.branch(*relative_depth)?,
            Operator::BrIf { relative_depth } => {
                let depth = *relative_depth;
                let condition = self.stack.pop()?.into_condition()?;
                if self.decide(at, condition.negated(), pending, |path| path.branch(depth))? {
                    return Some(());
                }
                self.branch(depth)?;
            }
            Operator::BrTable { targets } => {
                let idx = self.stack.pop()?.into_sum()?.as_constant()?;
                self.branch(target(targets, idx)?)?;
            }
            Operator::Return => self.leave()?,
            Operator::Call { function_index } => match (context.expansion)(*function_index) {
                Some(expansion) => self.exchange(expansion)?,
                None => self.enter((context.callee)(*function_index)?)?,
            },
            operator => self.execute(operator, context, &code)?,
        }
        Some(())
    }

    /// Returns whether a condition holds, and assumes that it does where that depends on variables; the
    /// path on which it does not is added to `pending`, after `go` has made it go there.
    fn decide(
        &mut self,
        at: usize,
        condition: Comparison,
        pending: &mut Vec<Self>,
        go: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<bool> {
        if let Some(holds) = condition.as_constant() {
            return Some(holds);
        }
        // Twice in a round means a loop in it, whose rounds cannot be counted.
        if !self.calls.last_mut()?.decided.insert(at) {
            return None;
        }
        let mut other = self.clone();
        other.conditions.push(condition.clone().negated());
        if go(&mut other).is_some() {
            pending.push(other);
        }
        self.conditions.push(condition);
        Some(true)
    }

    fn open(&mut self, opener: usize) {
        let height = self.stack.len();
        if let Some(call) = self.calls.last_mut() {
            call.labels.push(Label { opener, height });
        }
    }

    /// Goes past the first part of an `if`.
    fn skip(&mut self, opener: usize) -> Option<()> {
        self.open(opener);
        let call = self.calls.last_mut()?;
        let partner = call.code.partner(opener);
        let has_else = matches!(call.code.operators[partner], Operator::Else);
        call.position = if has_else { partner + 1 } else { partner };
        Some(())
    }

    fn branch(&mut self, depth: u32) -> Option<()> {
        let call = self.calls.last_mut()?;
        let Some(idx) = call.labels.len().checked_sub(usize::try_from(depth).ok()? + 1) else {
            // The outermost block of a function is the function.
            let is_function = call.labels.len() == usize::try_from(depth).ok()?;
            return if is_function { self.leave() } else { None };
        };
        let label = call.labels[idx];
        let n_taken = call.code.n_taken(label.opener)?;
        if call.code.is_loop(label.opener) {
            call.labels.truncate(idx + 1);
            call.position = label.opener + 1;
        } else {
            call.labels.truncate(idx);
            call.position = call.code.end(label.opener) + 1;
        }
        self.keep(label.height, n_taken)
    }

    /// Keeps so many values of those that lie on the stack above a height.
    fn keep(&mut self, height: usize, n_values: usize) -> Option<()> {
        let start = self.stack.len().checked_sub(n_values)?;
        self.stack.drain(height.min(start)..start);
        Some(())
    }

    /// Begins a function that is called.
    fn enter(&mut self, code: Rc<Code<'a>>) -> Option<()> {
        if self.calls.len() == DEPTH {
            return None;
        }
        let height = self.stack.len().checked_sub(code.n_params)?;
        let locals = (0..).zip(self.stack.drain(height..)).collect();
        self.calls.push(Call {
            code,
            position: 0,
            labels: Vec::new(),
            locals,
            height,
            decided: BTreeSet::new(),
        });
        Some(())
    }

    /// Ends a function that was called.
    fn leave(&mut self) -> Option<()> {
        let call = self.calls.pop()?;
        if self.calls.is_empty() {
            return None;
        }
        self.keep(call.height, call.code.n_results)
    }
}

fn target(targets: &BrTable<'_>, idx: u64) -> Option<u32> {
    let idx = usize::try_from(idx).ok()?;
    let in_table = targets.targets().nth(idx);
    in_table.map_or_else(|| Some(targets.default()), Result::ok)
}
