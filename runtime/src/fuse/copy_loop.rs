//! Loops that copy between the guest's memory and the kernel's, a byte or a word a round, as every kit
//! for plug-ins has them: most of their rounds are done by one instruction ahead of the loop.
//!
//! What is written in front of a loop finds out for how many rounds the loop would go on, and stay
//! within bounds, whatever the guest's numbers are; copies what these rounds would copy; and moves the
//! locals that count to where these rounds would have left them. The loop itself stays as it is and
//! always has at least one whole round left, which sets all other locals; so the end of the loop, an
//! access out of bounds, and a copy that overlaps itself are the loop's own business, as they were.

mod linear;
mod recognise;
mod write;

use wasmparser::Operator;

use self::recognise::recognise;
pub(super) use self::{linear::Width, recognise::Context};
use super::expand::Scratch;

/// Returns the instructions to put in front of the loop whose head is `operators[at]`, if it copies.
/// `memory` is the kernel's.
pub(super) fn prelude(
    operators: &[Operator<'_>],
    at: usize,
    context: &Context<'_>,
    memory: u32,
    scratch: Scratch,
) -> Option<Vec<u8>> {
    let copy_loop = recognise(operators, at, context)?;
    Some(write::write(&copy_loop, context.locals, memory, scratch))
}

#[cfg(test)]
mod tests;
