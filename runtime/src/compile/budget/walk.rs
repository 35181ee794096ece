//! The work that one function's code makes for the compiler, operator by operator.
//!
//! Costly is what is alive in many places: for each place where branches meet or part, the compiler
//! notes which values are alive there. So how many values are on the operand stack is kept, too. Code
//! that is never reached is counted as if it were; the stack is then at least as high as it could be.

use wasmparser::{
    BinaryReaderError, BlockType, BrTable, Catch, ContType, FrameKind, FuncType, ModuleArity,
    Operator, RefType, SubType,
};

use super::{
    Module, OverBudget, PER_VALUE,
    operators::{branches, is_call},
    within,
};
use crate::module_limits::ModuleLimits;

/// Each use of a local, for every loop that it is in.
const PER_LOOP_AROUND: u64 = 8;

/// How many values alive where branches meet or part make one unit. Of locals through a loop, each does.
const VALUES_PER_MEETING: u64 = 16;

/// How many instructions that branch to one place cost each of them one unit: they are compared with each
/// other.
const BRANCHES_PER_UNIT: u64 = 64;

/// How many calls before one cost it one unit: values may be alive through all of them.
const CALLS_PER_UNIT: u64 = 32;

/// Each catch of a block: all that lead to one place are compared with each other.
const PER_CATCH: u64 = 1_000;

/// A walk through a function's code.
pub(super) struct Walk<'a> {
    module: &'a Module<'a>,
    frames: Vec<Frame>,
    /// How many values are on the operand stack.
    height: u64,
    n_operators: u64,
    n_calls: u64,
    loop_depth: u64,
    n_locals: u64,
    work: u64,
}

/// A block of code that is open.
struct Frame {
    kind: FrameKind,
    ty: BlockType,
    params: u32,
    results: u32,
    /// How many values are on the operand stack below those that the block takes.
    base: u64,
    /// How many handlers of exceptions are around its code.
    n_handlers: u64,
    /// How many instructions branch to it, and the last of them.
    n_branches: u64,
    last_branch: u64,
}

impl Frame {
    /// Returns how many values a branch to it takes along.
    fn arity(&self) -> u32 {
        if self.kind == FrameKind::Loop { self.params } else { self.results }
    }
}

impl<'a> Walk<'a> {
    /// Begins a function of type `ty`, which takes the work `entry` before any of its code does.
    pub(super) fn new(module: &'a Module<'a>, ty: u32, n_locals: u64, entry: u64) -> Self {
        let mut walk = Self {
            module,
            frames: Vec::new(),
            height: 0,
            n_operators: 0,
            n_calls: 0,
            loop_depth: 0,
            n_locals,
            work: entry + n_locals / VALUES_PER_MEETING,
        };
        walk.push(FrameKind::Block, BlockType::FuncType(ty), 0);
        walk
    }

    pub(super) fn work(&self) -> u64 {
        self.work
    }

    pub(super) fn step(&mut self, operator: &Operator<'_>) -> wasmtime::Result<()> {
        self.n_operators += 1;
        // Of what is not valid nothing is compiled.
        let (pops, pushes) = operator.operator_arity(self).unwrap_or_default();
        let base = self.frames.last().map_or(0, |frame| frame.base);
        let rest = self.height.saturating_sub(pops.into()).max(base);
        let extra = self.extra(operator, rest, u64::from(pops) + u64::from(pushes))?;
        self.work = self.work.saturating_add(1).saturating_add(extra);
        self.height = match (operator, self.frames.last()) {
            (Operator::Else, Some(frame)) => frame.base + u64::from(frame.params),
            (Operator::End, _) => self.close(),
            _ => rest + u64::from(pushes),
        };
        Ok(())
    }

    /// Returns what an operator costs beyond one unit. It takes and gives `n_values`, and `rest` are below
    /// those that it takes.
    fn extra(
        &mut self,
        operator: &Operator<'_>,
        rest: u64,
        n_values: u64,
    ) -> wasmtime::Result<u64> {
        Ok(match operator {
            Operator::LocalGet { .. } | Operator::LocalSet { .. } | Operator::LocalTee { .. } => {
                PER_LOOP_AROUND * self.loop_depth
            }
            Operator::Block { blockty } => {
                self.open(FrameKind::Block, *blockty, rest)? + self.meeting()
            }
            Operator::If { blockty } => self.open(FrameKind::If, *blockty, rest)? + self.meeting(),
            Operator::Loop { blockty } => {
                let through = self.n_locals + self.height / VALUES_PER_MEETING;
                self.open(FrameKind::Loop, *blockty, rest)? + through
            }
            Operator::TryTable { try_table } => {
                let catches: u64 = try_table.catches.iter().map(|catch| self.catch(catch)).sum();
                let opened = self.open(FrameKind::TryTable, try_table.ty, rest)?;
                if let Some(frame) = self.frames.last_mut() {
                    frame.n_handlers += try_table.catches.len() as u64;
                }
                opened + self.meeting() + catches
            }
            Operator::Else => self.meeting(),
            Operator::Br { relative_depth } => self.branch(*relative_depth),
            Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => {
                self.branch(*relative_depth) + self.meeting()
            }
            Operator::BrTable { targets } => self.table(targets)? + self.meeting(),
            Operator::Return => self.branch_to(0),
            Operator::GlobalGet { global_index } | Operator::GlobalSet { global_index } => {
                let globals = &self.module.counted_globals;
                let is_counted = globals.get(*global_index as usize).is_some_and(|is| *is);
                if is_counted { self.meeting() } else { 0 }
            }
            Operator::StructNewDefault { struct_type_index } => {
                let fields =
                    self.module.ty(*struct_type_index).and_then(|ty| self.sub_type_arity(ty));
                self.call() + PER_VALUE * u64::from(fields.map_or(0, |(n_fields, _)| n_fields))
            }
            operator => {
                let called = if is_call(operator) { self.call() + PER_VALUE * n_values } else { 0 };
                let parted = if branches(operator) { self.meeting() } else { 0 };
                called + parted
            }
        })
    }

    /// Returns what it costs that branches meet or part once more.
    fn meeting(&self) -> u64 {
        (self.n_locals + self.height).div_ceil(VALUES_PER_MEETING)
    }

    /// Returns what it costs to call once more.
    fn call(&mut self) -> u64 {
        self.n_calls += 1;
        // It may go on at each of the handlers around it, and takes the exception there.
        let caught = match self.n_handlers() {
            0 => 0,
            n_handlers => PER_VALUE * n_handlers + self.meeting(),
        };
        self.n_calls / CALLS_PER_UNIT + self.height / VALUES_PER_MEETING + caught
    }

    /// Returns how many handlers there are where the walk is.
    fn n_handlers(&self) -> u64 {
        self.frames.last().map_or(0, |frame| frame.n_handlers)
    }

    /// Opens a block that has `base` values below its own.
    fn open(&mut self, kind: FrameKind, ty: BlockType, base: u64) -> Result<u64, OverBudget> {
        let n_values = self.push(kind, ty, base);
        self.loop_depth += u64::from(kind == FrameKind::Loop);
        // The function itself is none of them.
        let depth = self.frames.len() as u64 - 1;
        let ModuleLimits { nesting, loop_nesting, .. } = *self.module.limits;
        within("the nesting of blocks", depth, nesting)?;
        within("the nesting of loops", self.loop_depth, loop_nesting)?;
        Ok(PER_VALUE * n_values)
    }

    /// Returns how many values the block takes and gives.
    fn push(&mut self, kind: FrameKind, ty: BlockType, base: u64) -> u64 {
        let (params, results) = self.block_type_arity(ty).unwrap_or_default();
        let n_handlers = self.n_handlers();
        self.frames.push(Frame {
            kind,
            ty,
            params,
            results,
            base,
            n_handlers,
            n_branches: 0,
            last_branch: 0,
        });
        u64::from(params) + u64::from(results)
    }

    /// Closes the innermost block, and returns how many values are on the stack then.
    fn close(&mut self) -> u64 {
        let Some(frame) = self.frames.pop() else { return self.height };
        self.loop_depth -= u64::from(frame.kind == FrameKind::Loop);
        frame.base + u64::from(frame.results)
    }

    /// Returns what it costs to branch to the frame that is so many around the innermost.
    fn branch(&mut self, depth: u32) -> u64 {
        self.frame_idx(depth).map_or(0, |idx| self.branch_to(idx))
    }

    fn branch_to(&mut self, idx: usize) -> u64 {
        let Some(frame) = self.frames.get_mut(idx) else { return 0 };
        // The targets of one jump table count once where they are the same.
        let is_new = frame.last_branch != self.n_operators;
        frame.last_branch = self.n_operators;
        frame.n_branches += u64::from(is_new);
        let crowd = if is_new { frame.n_branches / BRANCHES_PER_UNIT } else { 0 };
        crowd + u64::from(frame.arity())
    }

    fn catch(&mut self, catch: &Catch) -> u64 {
        let (Catch::One { label, .. }
        | Catch::OneRef { label, .. }
        | Catch::All { label }
        | Catch::AllRef { label }) = catch;
        PER_CATCH + PER_VALUE * self.branch(*label)
    }

    fn table(&mut self, targets: &BrTable<'_>) -> Result<u64, BinaryReaderError> {
        let mut work = self.branch(targets.default());
        for target in targets.targets() {
            work = work.saturating_add(1 + self.branch(target?));
        }
        Ok(work)
    }

    fn frame_idx(&self, depth: u32) -> Option<usize> {
        self.frames.len().checked_sub(depth as usize + 1)
    }
}

/// What the parser has to know to say how many values an operator takes and gives.
impl ModuleArity for Walk<'_> {
    fn sub_type_at(&self, ty: u32) -> Option<&SubType> {
        self.module.ty(ty)
    }

    fn tag_type_arity(&self, tag: u32) -> Option<(u32, u32)> {
        let ty = self.module.tags.get(tag as usize)?;
        self.sub_type_arity(self.module.ty(*ty)?)
    }

    fn type_index_of_function(&self, function: u32) -> Option<u32> {
        self.module.functions.get(function as usize).copied()
    }

    /// Continuations are not switched on.
    fn func_type_of_cont_type(&self, _: &ContType) -> Option<&FuncType> {
        None
    }

    /// Only continuations ask for it.
    fn sub_type_of_ref_type(&self, _: &RefType) -> Option<&SubType> {
        None
    }

    fn control_stack_height(&self) -> u32 {
        u32::try_from(self.frames.len()).unwrap_or(u32::MAX)
    }

    fn label_block(&self, depth: u32) -> Option<(BlockType, FrameKind)> {
        let frame = self.frames.get(self.frame_idx(depth)?)?;
        Some((frame.ty, frame.kind))
    }
}

#[cfg(test)]
mod tests {
    use crate::{compile::budget, module_limits::ModuleLimits};

    /// Returns the work that a function of this code takes beyond one that does nothing.
    fn work(code: &str) -> u64 {
        let of = |code: &str| {
            let items = "(memory 1) (table 1 funcref) (type $s (struct (field anyref))) (tag $e)
                (global $g (mut i32) (i32.const 0)) (global $r (mut anyref) (ref.null any))
                (func $pair (result i32 i32) unreachable) (elem $x func $pair)";
            let bytes = wat::parse_str(format!("(module {items} (func {code}))")).unwrap();
            let mut work = 0;
            budget::check(&bytes, &ModuleLimits::default(), &mut work).unwrap();
            work
        };
        of(code) - of("")
    }

    #[test]
    fn each_place_where_branches_meet_costs_what_is_alive_there() {
        let values = |n| ("(global.get $g)".repeat(n), "drop ".repeat(n));
        for (code, expected) in [
            ("nop", [1, 1]),
            ("(block)", [2, 4]),
            ("(loop)", [2, 4]),
            ("(try_table)", [2, 4]),
            ("(if (global.get $g) (then))", [4, 6]),
            ("(if (global.get $g) (then) (else))", [5, 9]),
            ("(block (br 0))", [3, 5]),
            ("(block (br_if 0 (global.get $g)))", [5, 9]),
            ("(block (br_table 0 (global.get $g)))", [5, 9]),
            ("(call $pair) drop drop", [11, 13]),
            // Around a call a handler is four more, and branches part there.
            ("(try_table (call $pair) drop drop)", [13, 17]),
            ("(try_table (catch_all 0) (call $pair) drop drop)", [1_017, 1_023]),
            ("(try_table (catch_all 0) (block (call $pair) drop drop))", [1_019, 1_027]),
            ("(try_table (catch_all 0) nop) (call $pair) drop drop", [1_014, 1_018]),
            ("(drop (ref.func $pair))", [6, 8]),
            ("(elem.drop $x)", [1, 3]),
            ("(drop (table.get 0 (global.get $g)))", [4, 6]),
            ("(drop (struct.get $s 0 (ref.null $s)))", [4, 6]),
            ("(drop (ref.test (ref i31) (ref.null any)))", [4, 6]),
            ("(drop (global.get $r))", [2, 4]),
            // What is on the stack behind a block is what was below it, and what it gives.
            ("(block (global.get $g) (br 0)) (block)", [6, 10]),
            ("(block (result i32 i32) (call $pair)) (block) drop drop", [24, 30]),
        ] {
            let cost = |n| {
                let (head, foot) = values(n);
                work(&format!("{head} {code} {foot}")) - 2 * n as u64
            };
            assert_eq!([cost(0), cost(32)], expected, "{code}");
        }
    }
}
