//! Copies the guest's functions, and replaces what they call of the kernel.

use std::{
    collections::{HashMap, HashSet},
    mem,
    ops::Range,
    rc::Rc,
};

use wasm_encoder::{Encode as _, InstructionSink};
use wasmparser::{BinaryReader, FunctionBody, Operator};

use super::{
    copy_loop::{Code, Context, Exchange, Search, Width},
    expand::{Expansion, Scratch},
    guest_copy::GuestCopies,
    kernel::{KernelParts, Picked},
    offsets::OffsetMapBuilder,
    shape::{Shape, Signature, width},
};

/// How many bytes a function may have that does nothing but pass its arguments on.
const FORWARDER_LEN: usize = 32;

/// How many bytes a function may have that is looked into where a loop calls it.
const WRAPPER_LEN: usize = 128;

/// How many steps the search for loops may take in any module, and for each of a module's bytes.
const N_STEPS: (usize, usize) = (100_000, 1);

/// What takes the place of a call of an import.
#[derive(Debug, Clone, Copy)]
struct Target {
    /// The kernel's function, as the kernel numbers it.
    function: u32,
    expansion: Option<Expansion>,
}

/// Copies bodies one after another.
pub(super) struct Splicer<'a> {
    guest: &'a [u8],
    shape: &'a Shape<'a>,
    guest_copies: GuestCopies,
    /// By function: imports that the kernel serves, and functions that pass their arguments on to one.
    targets: HashMap<u32, Target>,
    /// Small functions that load or store, and do more than pass their arguments on.
    wrappers: HashSet<u32>,
    /// How many steps the search for loops may still take.
    n_steps: usize,
    offsets: OffsetMapBuilder,
    /// The kernel's function of this name, as the kernel numbers it.
    load_u8: u32,
    /// What is called of the kernel.
    picked: Picked,
}

/// Something that is written in the place of some of a body, or between.
struct Edit {
    /// What is left out, perhaps nothing.
    range: Range<usize>,
    code: Vec<u8>,
}

impl<'a> Splicer<'a> {
    pub(super) fn new(
        guest: &'a [u8],
        shape: &'a Shape<'a>,
        kernel: &KernelParts,
        guest_copies: GuestCopies,
    ) -> Self {
        let target = |name: &str| {
            Some(Target { function: kernel.function(name)?, expansion: Expansion::of(name) })
        };
        let imports = (0_u32..).zip(&shape.served);
        let targets = imports.filter_map(|(idx, name)| Some((idx, target((*name)?)?))).collect();
        let mut splicer = Self {
            guest,
            shape,
            guest_copies,
            targets,
            wrappers: HashSet::new(),
            n_steps: N_STEPS.0 + guest.len() * N_STEPS.1,
            offsets: OffsetMapBuilder::default(),
            load_u8: kernel.function("load_u8").expect("guests load by it"),
            picked: Picked::default(),
        };
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
        let (edits, needs_scratch) = self.edits(idx, &range, &locals)?;
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

    /// Returns where everything was, counted from where the bodies begin, and what they call of the
    /// kernel.
    pub(super) fn finish(self) -> (OffsetMapBuilder, Picked) {
        (self.offsets, self.picked)
    }

    fn copy(&mut self, range: Range<usize>, code: &mut Vec<u8>) -> Option<()> {
        self.offsets.push(code.len(), range.start, range.len());
        code.extend_from_slice(self.guest.get(range)?);
        Some(())
    }

    /// Returns what is to be changed in a body, in order, and whether that needs scratch locals.
    fn edits(
        &mut self,
        idx: usize,
        range: &Range<usize>,
        locals: &Locals,
    ) -> Option<(Vec<Edit>, bool)> {
        let scratch = Scratch::at(u32::try_from(locals.widths.len()).ok()?);
        let mut edits = Vec::new();
        let mut needs_scratch = false;
        let mut has_loops = false;
        // Among the operators, the calls that load and store.
        let mut exchanges = Vec::new();
        // The operator before pushes what is too little to be copied in pieces.
        let mut is_little = false;
        let mut operators = self.parse(range)?.get_operators_reader().ok()?;
        for idx in 0.. {
            if operators.eof() {
                break;
            }
            let start = operators.original_position();
            let operator = operators.read().ok()?;
            let was_little = mem::replace(&mut is_little, GuestCopies::is_little(&operator));
            let (function, is_tail) = match operator {
                Operator::Call { function_index } => (function_index, false),
                Operator::ReturnCall { function_index } => (function_index, true),
                Operator::Loop { .. } => {
                    has_loops = true;
                    continue;
                }
                Operator::MemoryCopy { dst_mem, src_mem } if dst_mem == src_mem && !was_little => {
                    let code = self.guest_copies.before(dst_mem, scratch.byte);
                    edits.push(Edit { range: start..start, code });
                    needs_scratch = true;
                    continue;
                }
                _ => continue,
            };
            let Some(target) = self.targets.get(&function).copied() else {
                if self.wrappers.contains(&function) {
                    exchanges.push(idx);
                }
                continue;
            };
            let range = start..operators.original_position();
            let mut code = Vec::new();
            match target.expansion {
                Some(expansion) if !is_tail => {
                    let memory = self.shape.n_memories;
                    expansion.write(memory, scratch, || self.pick(target.function), &mut code);
                    needs_scratch = true;
                    if expansion.is_exchange() {
                        exchanges.push(idx);
                    }
                }
                _ => {
                    let function = self.pick(target.function);
                    let mut sink = InstructionSink::new(&mut code);
                    if is_tail {
                        sink.return_call(function)
                    } else {
                        sink.call(function)
                    };
                }
            }
            edits.push(Edit { range, code });
        }
        if has_loops && !exchanges.is_empty() {
            let preludes = self.preludes(idx, range, locals, scratch, &exchanges)?;
            needs_scratch |= !preludes.is_empty();
            edits.extend(preludes);
            // What is between stands before what replaces.
            edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        }
        Some((edits, needs_scratch))
    }

    /// Returns what goes into a function for the loops in it that copy. `exchanges` are the places of
    /// the calls that load and store among the operators.
    fn preludes(
        &mut self,
        idx: usize,
        range: &Range<usize>,
        locals: &Locals,
        scratch: Scratch,
        exchanges: &[usize],
    ) -> Option<Vec<Edit>> {
        let (operators, starts) = self.operators(range)?;
        let Signature { params, n_results } = &**self.shape.signatures.get(idx)?;
        let code = Code::new(operators, locals.widths.clone(), params.len(), *n_results);
        let Some(code) = code.map(Rc::new) else { return Some(Vec::new()) };
        let load_u8 = self.pick(self.load_u8);
        let search = Search {
            code: &code,
            context: Context {
                globals: &self.shape.globals,
                expansion: &|function| self.targets.get(&function)?.expansion,
                callee: &|function| self.callee(function),
            },
            exchange: Exchange { memory: self.shape.n_memories, load_u8 },
            scratch,
        };
        let mut n_steps = self.n_steps;
        let preludes = search.preludes(exchanges, &mut n_steps);
        self.n_steps = n_steps;
        let edit = |(at, code): (usize, Vec<u8>)| Edit { range: starts[at]..starts[at], code };
        Some(preludes.into_iter().map(edit).collect())
    }

    /// Returns the code of a function of the guest's own, if it is small.
    fn callee(&self, function: u32) -> Option<Rc<Code<'a>>> {
        let n_imported = self.shape.served.len();
        let idx = usize::try_from(function).ok()?.checked_sub(n_imported)?;
        let range = self.shape.bodies.get(idx)?;
        if range.len() > WRAPPER_LEN {
            return None;
        }
        let locals = self.locals(idx, range)?;
        let Signature { params, n_results } = &**self.shape.signatures.get(idx)?;
        let (operators, _) = self.operators(range)?;
        Code::new(operators, locals.widths, params.len(), *n_results).map(Rc::new)
    }

    /// Returns the operators of a body, and where each is in the file.
    fn operators(&self, range: &Range<usize>) -> Option<(Vec<Operator<'a>>, Vec<usize>)> {
        let reader = self.parse(range)?.get_operators_reader().ok()?;
        let operators: Vec<_> = reader.into_iter_with_offsets().collect::<Result<_, _>>().ok()?;
        Some(operators.into_iter().unzip())
    }

    /// Finds the functions that do nothing but pass their arguments on to the kernel.
    fn find_forwarders(&mut self) {
        let n_imported = u32::try_from(self.shape.served.len()).unwrap_or(u32::MAX);
        let forwarders: Vec<(u32, Target)> = (n_imported..)
            .zip(self.shape.bodies.iter().zip(&self.shape.signatures))
            .filter(|(_, (range, _))| range.len() <= FORWARDER_LEN)
            .filter_map(|(function, (range, signature))| {
                Some((function, self.forwarded(range, signature.params.len())?))
            })
            .collect();
        self.targets.extend(forwarders);
        let wrappers: Vec<u32> = (n_imported..)
            .zip(&self.shape.bodies)
            .filter(|(_, range)| range.len() <= WRAPPER_LEN)
            .filter(|(function, range)| {
                !self.targets.contains_key(function) && self.exchanges(range) == Some(true)
            })
            .map(|(function, _)| function)
            .collect();
        self.wrappers.extend(wrappers);
    }

    /// Says whether a body has a call that loads or stores.
    fn exchanges(&self, range: &Range<usize>) -> Option<bool> {
        let mut operators = self.parse(range)?.get_operators_reader().ok()?;
        while !operators.eof() {
            if let Operator::Call { function_index } = operators.read().ok()?
                && let Some(target) = self.targets.get(&function_index)
                && target.expansion.is_some_and(Expansion::is_exchange)
            {
                return Some(true);
            }
        }
        Some(false)
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
            self.shape.signatures.get(idx)?.params.iter().copied().map(width).collect();
        for _ in 0..n_groups {
            let (n, ty) = reader.read().ok()?;
            widths.resize(widths.len().checked_add(usize::try_from(n).ok()?)?, width(ty));
        }
        Some(Locals { widths, n_groups, groups: start..reader.original_position() })
    }

    /// Returns the index in the new module of a function of the kernel's, which then is part of it.
    fn pick(&mut self, function: u32) -> u32 {
        self.guest_copies.end() + self.picked.pick(function)
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
