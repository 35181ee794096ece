//! Copies the guest's functions, and replaces what they call of the kernel.

use std::{collections::HashMap, ops::Range};

use wasm_encoder::{Encode as _, InstructionSink};
use wasmparser::{BinaryReader, FunctionBody, Operator, ValType};

use super::{
    copy_loop::{self, Context, Width},
    expand::{Expansion, Scratch},
    kernel::KernelParts,
    offsets::OffsetMapBuilder,
    shape::Shape,
};

/// How many bytes a function may have that does nothing but pass its arguments on.
const FORWARDER_LEN: usize = 32;

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
    /// By function: imports that the kernel serves, and functions that pass their arguments on to one.
    targets: HashMap<u32, Target>,
    offsets: OffsetMapBuilder,
}

/// Something that is written in the place of some of a body, or between.
struct Edit {
    /// What is left out, perhaps nothing.
    range: Range<usize>,
    code: Vec<u8>,
}

impl<'a> Splicer<'a> {
    pub(super) fn new(guest: &'a [u8], shape: &'a Shape<'a>, kernel: &KernelParts) -> Self {
        let target = |name: &str| {
            let function = shape.n_functions + kernel.function(name)?;
            Some(Target { function, expansion: Expansion::of(name) })
        };
        let imports = (0_u32..).zip(&shape.served);
        let targets = imports.filter_map(|(idx, name)| Some((idx, target((*name)?)?))).collect();
        let mut splicer = Self { guest, shape, targets, offsets: OffsetMapBuilder::default() };
        splicer.find_forwarders();
        splicer
    }

    /// Appends the body of the function `idx` of the guest's own, which is at `range` of its file.
    pub(super) fn body(
        &mut self,
        idx: usize,
        range: Range<usize>,
        code: &mut Vec<u8>,
    ) -> Option<()> {
        let locals = self.locals(idx, &range)?;
        let (edits, needs_scratch) = self.edits(&range, &locals)?;
        if edits.is_empty() {
            range.len().encode(code);
            return self.copy(range, code);
        }
        let mut head = Vec::new();
        let scratch: &[_] = if needs_scratch { &Scratch::TYPES } else { &[] };
        let n_groups = locals.n_groups.checked_add(u32::try_from(scratch.len()).ok()?)?;
        n_groups.encode(&mut head);
        head.extend_from_slice(self.guest.get(locals.groups.clone())?);
        for ty in scratch {
            1_u32.encode(&mut head);
            ty.encode(&mut head);
        }
        let left_out: usize = edits.iter().map(|edit| edit.range.len()).sum();
        let written: usize = edits.iter().map(|edit| edit.code.len()).sum();
        (head.len() + (range.end - locals.groups.end) - left_out + written).encode(code);
        code.extend_from_slice(&head);
        let mut position = locals.groups.end;
        for edit in edits {
            self.copy(position..edit.range.start, code)?;
            code.extend_from_slice(&edit.code);
            position = edit.range.end;
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

    /// Returns what is to be changed in a body, in order, and whether that needs scratch locals.
    fn edits(&self, range: &Range<usize>, locals: &Locals) -> Option<(Vec<Edit>, bool)> {
        let scratch = Scratch::at(u32::try_from(locals.widths.len()).ok()?);
        let mut edits = Vec::new();
        let mut needs_scratch = false;
        let mut loops = Vec::new();
        let mut operators = self.parse(range)?.get_operators_reader().ok()?;
        for idx in 0.. {
            if operators.eof() {
                break;
            }
            let start = operators.original_position();
            let (function, is_tail) = match operators.read().ok()? {
                Operator::Call { function_index } => (function_index, false),
                Operator::ReturnCall { function_index } => (function_index, true),
                Operator::Loop { .. } => {
                    loops.push((idx, start));
                    continue;
                }
                _ => continue,
            };
            let Some(target) = self.targets.get(&function) else { continue };
            let range = start..operators.original_position();
            let mut code = Vec::new();
            match target.expansion {
                Some(expansion) if !is_tail => {
                    expansion.write(self.shape.n_memories, scratch, &mut code);
                    needs_scratch = true;
                }
                _ if is_tail => {
                    InstructionSink::new(&mut code).return_call(target.function);
                }
                _ => {
                    InstructionSink::new(&mut code).call(target.function);
                }
            }
            edits.push(Edit { range, code });
        }
        if needs_scratch && !loops.is_empty() {
            self.find_copies(range, locals, &loops, scratch, &mut edits)?;
        }
        Some((edits, needs_scratch))
    }

    /// Adds what goes in front of those loops that copy. `loops` are their places among the
    /// operators and in the file.
    fn find_copies(
        &self,
        range: &Range<usize>,
        locals: &Locals,
        loops: &[(usize, usize)],
        scratch: Scratch,
        edits: &mut Vec<Edit>,
    ) -> Option<()> {
        let operators = self.parse(range)?.get_operators_reader().ok()?;
        let operators: Vec<Operator<'_>> = operators.into_iter().collect::<Result<_, _>>().ok()?;
        let expansion = |function: u32| self.targets.get(&function)?.expansion;
        let context = Context { locals: &locals.widths, expansion: &expansion };
        for &(idx, start) in loops {
            let memory = self.shape.n_memories;
            if let Some(code) = copy_loop::prelude(&operators, idx, &context, memory, scratch) {
                edits.push(Edit { range: start..start, code });
            }
        }
        edits.sort_by_key(|edit| edit.range.start);
        Some(())
    }

    /// Finds the functions that do nothing but pass their arguments on to the kernel.
    fn find_forwarders(&mut self) {
        let n_imported = u32::try_from(self.shape.served.len()).unwrap_or(u32::MAX);
        let forwarders: Vec<(u32, Target)> = (n_imported..)
            .zip(self.shape.bodies.iter().zip(&self.shape.params))
            .filter(|(_, (range, _))| range.len() <= FORWARDER_LEN)
            .filter_map(|(function, (range, params))| {
                Some((function, self.forwarded(range, params.len())?))
            })
            .collect();
        self.targets.extend(forwarders);
    }

    /// Returns what a function passes its arguments on to, if that is all it does.
    fn forwarded(&self, range: &Range<usize>, n_params: usize) -> Option<Target> {
        let mut operators = self.parse(range)?.get_operators_reader().ok()?;
        for param in 0..n_params {
            match operators.read().ok()? {
                Operator::LocalGet { local_index } if local_index as usize == param => {}
                _ => return None,
            }
        }
        let Operator::Call { function_index } = operators.read().ok()? else { return None };
        let Operator::End = operators.read().ok()? else { return None };
        self.targets.get(&function_index).copied()
    }

    fn locals(&self, idx: usize, range: &Range<usize>) -> Option<Locals> {
        let mut reader = self.parse(range)?.get_locals_reader().ok()?;
        let n_groups = reader.get_count();
        let start = reader.original_position();
        let mut widths: Vec<Option<Width>> =
            self.shape.params.get(idx)?.iter().copied().map(width).collect();
        for _ in 0..n_groups {
            let (n, ty) = reader.read().ok()?;
            widths.resize(widths.len().checked_add(usize::try_from(n).ok()?)?, width(ty));
        }
        Some(Locals { widths, n_groups, groups: start..reader.original_position() })
    }

    fn parse(&self, range: &Range<usize>) -> Option<FunctionBody<'a>> {
        let body = self.guest.get(range.clone())?;
        Some(FunctionBody::new(BinaryReader::new(body, range.start)))
    }
}

/// The locals of a function.
struct Locals {
    /// Those that are integers have a width. Parameters come first.
    widths: Vec<Option<Width>>,
    /// How many groups of locals are declared, and where in the file.
    n_groups: u32,
    groups: Range<usize>,
}

fn width(ty: ValType) -> Option<Width> {
    match ty {
        ValType::I32 => Some(Width::I32),
        ValType::I64 => Some(Width::I64),
        _ => None,
    }
}
