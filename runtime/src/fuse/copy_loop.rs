//! Loops that copy between the guest's memory and the kernel's, some bytes a round, as every kit for
//! plug-ins has them: most of their rounds are done by one instruction.
//!
//! What counts is what a round does, however it is spelled: it is executed with sums in the place of
//! numbers (`walk.rs`, `execute.rs`), through branches, blocks, frames in memory and small functions
//! that it calls, and then it is said what many such rounds do (`conclude.rs`).
//!
//! What is written at the beginning of a round finds out for how many rounds the loop would go on, and
//! stay within bounds, whatever the guest's numbers are; copies what these rounds would copy; and moves
//! the variables that count to where these rounds would have left them. The loop itself stays as it is
//! and always has at least one whole round left, which sets all other variables; so the end of the
//! loop, an access out of bounds, and a copy that overlaps itself are the loop's own business, as they
//! were.

mod accesses;
mod code;
mod conclude;
mod execute;
mod linear;
mod value;
mod walk;
mod write;

use std::{
    collections::{BTreeMap, HashSet},
    rc::Rc,
};

pub(super) use self::{code::Code, linear::Width, walk::Context};
use super::expand::Scratch;

/// How many ends of blocks before and after a call are tried as the beginning of a round.
const N_CUTS: usize = 8;

/// How many operators away they may be, and how many blocks may be around a call in its loop.
const REACH: usize = 500;

/// Looks for loops in a function.
pub(super) struct Search<'a, 'f> {
    pub(super) code: &'f Rc<Code<'a>>,
    pub(super) context: Context<'a, 'f>,
    pub(super) exchange: Exchange,
    pub(super) scratch: Scratch,
}

/// What of the kernel the written code uses, by its indices in the new module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exchange {
    pub(super) memory: u32,
    /// Asked for a byte that was handed out and is not yet zero, it makes all of those zero.
    pub(super) load_u8: u32,
}

impl Search<'_, '_> {
    /// Returns what to write, and before which operators, given the calls that load and store. `n_steps`
    /// is how many operators may be looked at, and is counted down.
    pub(super) fn preludes(
        &self,
        calls: &[usize],
        n_steps: &mut usize,
    ) -> BTreeMap<usize, Vec<u8>> {
        let mut preludes = BTreeMap::new();
        let mut tried = HashSet::new();
        for &call in calls {
            let mut around = self.code.around(call).take(REACH);
            let Some(head) = around.find(|idx| self.code.is_loop(*idx)) else { continue };
            if tried.insert(head)
                && let Some(code) = self.prelude(head + 1, n_steps)
            {
                preludes.insert(head, code);
            }
            if preludes.contains_key(&head) {
                continue;
            }
            // The loop begins its rounds elsewhere than at its head.
            let is_end = |idx: &usize| self.code.is_end(*idx);
            let before = (head + 1..call).rev().take(REACH).filter(is_end).take(N_CUTS);
            let after = (call..self.code.end(head)).take(REACH).filter(is_end).take(N_CUTS);
            let found = before.chain(after).map(|idx| idx + 1).find_map(|cut| {
                let is_taken = preludes.contains_key(&cut);
                if is_taken { None } else { Some((cut, self.prelude(cut, n_steps)?)) }
            });
            preludes.extend(found);
        }
        preludes
    }

    /// Returns what to write for a round that begins before the operator `cut`.
    fn prelude(&self, cut: usize, n_steps: &mut usize) -> Option<Vec<u8>> {
        let copy_loop = walk::find(self.code, cut, &self.context, n_steps)?;
        Some(write::write(&copy_loop, self.exchange, self.scratch))
    }
}

#[cfg(any(test, feature = "testing"))]
pub(super) mod generated;
#[cfg(any(test, feature = "testing"))]
pub(super) mod shapes;
#[cfg(test)]
mod tests;
