//! Copies the guest's functions, and replaces what they call of the kernel.

use std::ops::Range;

use wasm_encoder::{Encode as _, InstructionSink};
use wasmparser::{BinaryReader, FunctionBody, Operator};

use super::{
    expand::{Expansion, Scratch},
    kernel::KernelParts,
    offsets::OffsetMapBuilder,
    shape::Shape,
};

/// What takes the place of a call of an import.
#[derive(Debug, Clone, Copy)]
struct Target {
    /// The kernel's function in the fused module.
    function: u32,
    expansion: Option<Expansion>,
}

/// Copies bodies one after another.
pub(super) struct Splicer<'a> {
    guest: &'a [u8],
    shape: &'a Shape<'a>,
    /// By index of the import.
    targets: Vec<Option<Target>>,
    offsets: OffsetMapBuilder,
}

impl<'a> Splicer<'a> {
    pub(super) fn new(guest: &'a [u8], shape: &'a Shape<'a>, kernel: &KernelParts) -> Self {
        let target = |name: &str| {
            let function = shape.n_functions + kernel.function(name)?;
            Some(Target { function, expansion: Expansion::of(name) })
        };
        let targets = shape.served.iter().map(|name| target((*name)?)).collect();
        Self { guest, shape, targets, offsets: OffsetMapBuilder::default() }
    }

    /// Appends the body of the function `idx` of the guest's own, which is at `range` of its file.
    pub(super) fn body(
        &mut self,
        idx: usize,
        range: Range<usize>,
        code: &mut Vec<u8>,
    ) -> Option<()> {
        let calls = self.calls(&range)?;
        if calls.is_empty() {
            self.guest.get(range.clone())?.len().encode(code);
            self.copy(range, code)?;
            return Some(());
        }
        let needs_scratch = calls.iter().any(Call::is_expanded);
        let mut head = Vec::new();
        let (scratch, code_start) = self.locals(idx, &range, needs_scratch, &mut head)?;
        let replacements: Vec<Vec<u8>> =
            calls.iter().map(|call| call.replacement(self.shape.n_memories, scratch)).collect();
        let replaced: usize = calls.iter().map(|call| call.range.len()).sum();
        let added: usize = replacements.iter().map(Vec::len).sum();
        (head.len() + (range.end - code_start) - replaced + added).encode(code);
        code.extend_from_slice(&head);
        let mut position = code_start;
        for (call, replacement) in calls.iter().zip(replacements) {
            self.copy(position..call.range.start, code)?;
            code.extend_from_slice(&replacement);
            position = call.range.end;
        }
        self.copy(position..range.end, code)
    }

    /// Returns where everything was, given where the bodies begin in the fused module.
    pub(super) fn offsets_from(self, start: usize) -> OffsetMapBuilder {
        self.offsets.moved_by(start)
    }

    fn copy(&mut self, range: Range<usize>, code: &mut Vec<u8>) -> Option<()> {
        self.offsets.push(code.len(), range.start, range.len());
        code.extend_from_slice(self.guest.get(range)?);
        Some(())
    }

    /// Finds the calls of the kernel.
    fn calls(&self, range: &Range<usize>) -> Option<Vec<Call>> {
        let mut calls = Vec::new();
        let mut operators = self.parse(range)?.get_operators_reader().ok()?;
        while !operators.eof() {
            let start = operators.original_position();
            let (function, is_tail) = match operators.read().ok()? {
                Operator::Call { function_index } => (function_index, false),
                Operator::ReturnCall { function_index } => (function_index, true),
                _ => continue,
            };
            if let Some(Some(target)) = self.targets.get(function as usize) {
                let range = start..operators.original_position();
                calls.push(Call { range, is_tail, target: *target });
            }
        }
        Some(calls)
    }

    /// Appends the declaration of the locals, with scratch ones behind the guest's, and returns
    /// those and where the guest's instructions begin.
    fn locals(
        &self,
        idx: usize,
        range: &Range<usize>,
        needs_scratch: bool,
        head: &mut Vec<u8>,
    ) -> Option<(Scratch, usize)> {
        let mut locals = self.parse(range)?.get_locals_reader().ok()?;
        let n_groups = locals.get_count();
        let groups_start = locals.original_position();
        let mut n_locals = *self.shape.n_params.get(idx)?;
        for _ in 0..n_groups {
            let (n, _) = locals.read().ok()?;
            n_locals = n_locals.checked_add(n)?;
        }
        let end = locals.original_position();
        let scratch: &[_] = if needs_scratch { &Scratch::TYPES } else { &[] };
        n_groups.checked_add(u32::try_from(scratch.len()).ok()?)?.encode(head);
        head.extend_from_slice(self.guest.get(groups_start..end)?);
        for ty in scratch {
            1_u32.encode(head);
            ty.encode(head);
        }
        Some((Scratch::at(n_locals), end))
    }

    fn parse(&self, range: &Range<usize>) -> Option<FunctionBody<'a>> {
        let body = self.guest.get(range.clone())?;
        Some(FunctionBody::new(BinaryReader::new(body, range.start)))
    }
}

/// A call of the kernel.
struct Call {
    /// The instruction in the guest's file.
    range: Range<usize>,
    is_tail: bool,
    target: Target,
}

impl Call {
    fn is_expanded(&self) -> bool {
        !self.is_tail && self.target.expansion.is_some()
    }

    fn replacement(&self, memory: u32, scratch: Scratch) -> Vec<u8> {
        let mut code = Vec::new();
        match self.target.expansion {
            Some(expansion) if !self.is_tail => expansion.write(memory, scratch, &mut code),
            _ if self.is_tail => {
                InstructionSink::new(&mut code).return_call(self.target.function);
            }
            _ => {
                InstructionSink::new(&mut code).call(self.target.function);
            }
        }
        code
    }
}
