//! Whether compiling a module takes no more time and memory than it may: one pass over its bytes.
//!
//! The optimising compiler takes time in proportion to a module's code, if the code is of a usual kind.
//! A few kilobytes of another kind take minutes and gigabytes: values by the thousand passed along with
//! each branch, locals by the thousand alive through loops within loops. What is counted here as *work*
//! is about the number of instructions and values that the compiler makes of a function. The weights
//! were found by compiling such code.
//!
//! Nothing is validated that is not needed to count: the engine does that afterwards. But what cannot be
//! read is refused, or else code behind it would not be counted.

use std::{error::Error as StdError, fmt};

use wasmparser::{
    BinaryReaderError, BlockType, Catch, CompositeInnerType, FunctionBody, Operator, Parser,
    Payload, TypeRef,
};

use crate::module_limits::ModuleLimits;

/// Each value that a call or a block takes or gives.
const PER_VALUE: u64 = 4;

/// Each use of a local, for every loop that it is in.
const PER_LOOP_AROUND: u64 = 8;

/// How many locals alive through a place where branches meet make one unit. Through a loop, each does.
const LOCALS_PER_MEETING: u64 = 16;

/// How many instructions that branch to one place cost each of them one unit: they are compared with each
/// other.
const BRANCHES_PER_UNIT: u64 = 64;

/// How many calls before one cost it one unit: values may be alive through all of them.
const CALLS_PER_UNIT: u64 = 32;

/// Each catch of a block: all that lead to one place are compared with each other.
const PER_CATCH: u64 = 1_000;

/// What a function takes that does nothing.
const PER_FUNCTION: u64 = 32;

/// A module is past one of its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OverBudget {
    pub(crate) what: &'static str,
    pub(crate) found: u64,
    pub(crate) limit: u64,
}

impl fmt::Display for OverBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, the limit is {}", self.what, self.found, self.limit)
    }
}

impl StdError for OverBudget {}

/// Refuses a module that is past a limit, or that cannot be read.
///
/// # Errors
///
/// [`OverBudget`], or what the parser says.
pub(super) fn check(bytes: &[u8], limits: &ModuleLimits) -> wasmtime::Result<()> {
    if *limits == ModuleLimits::UNLIMITED {
        return Ok(());
    }
    let mut module = Module { limits, types: Vec::new(), functions: Vec::new(), tags: Vec::new() };
    let (mut n_items, mut n_bodies, mut work) = (0_u64, 0_usize, 0_u64);
    let mut n_imported = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        n_items = n_items.saturating_add(items(&payload));
        within("the number of declarations", n_items, limits.items)?;
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    let widths: Vec<_> = group?.into_types().map(|ty| Width::of(&ty)).collect();
                    // The compiler makes a function of its own for each type, which passes all on.
                    let passed = widths.iter().map(|width| width.values()).sum::<u64>();
                    work = work.saturating_add(PER_VALUE * passed);
                    within("the work to compile it", work, limits.work)?;
                    module.types.extend(widths);
                    let n_types = module.types.len() as u64;
                    within("the number of declarations", n_types, limits.items)?;
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import?.ty {
                        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => module.functions.push(ty),
                        TypeRef::Tag(tag) => module.tags.push(tag.func_type_idx),
                        _ => {}
                    }
                }
                n_imported = module.functions.len();
            }
            Payload::FunctionSection(section) => {
                within("the number of functions", section.count().into(), limits.functions)?;
                for ty in section {
                    module.functions.push(ty?);
                }
            }
            Payload::TagSection(section) => {
                for tag in section {
                    module.tags.push(tag?.func_type_idx);
                }
            }
            Payload::CodeSectionEntry(body) => {
                let ty = module.functions.get(n_imported + n_bodies).copied().unwrap_or(u32::MAX);
                n_bodies += 1;
                work = work.saturating_add(module.function_work(ty, &body)?);
                within("the work to compile it", work, limits.work)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Says that something is past its limit, if so.
fn within(what: &'static str, found: u64, limit: Option<u64>) -> Result<(), OverBudget> {
    match limit {
        Some(limit) if found > limit => Err(OverBudget { what, found, limit }),
        _ => Ok(()),
    }
}

/// Returns how many items, functions aside, a section declares.
fn items(payload: &Payload<'_>) -> u64 {
    u64::from(match payload {
        Payload::TypeSection(section) => section.count(),
        Payload::ImportSection(section) => section.count(),
        Payload::TableSection(section) => section.count(),
        Payload::MemorySection(section) => section.count(),
        Payload::TagSection(section) => section.count(),
        Payload::GlobalSection(section) => section.count(),
        Payload::ExportSection(section) => section.count(),
        Payload::ElementSection(section) => section.count(),
        Payload::DataSection(section) => section.count(),
        Payload::CustomSection(_) => 1,
        _ => 0,
    })
}

/// What the work of functions depends on.
struct Module<'a> {
    limits: &'a ModuleLimits,
    types: Vec<Width>,
    /// The type of each function, imported ones first.
    functions: Vec<u32>,
    tags: Vec<u32>,
}

/// How many values a type stands for.
#[derive(Debug, Clone, Copy, Default)]
struct Width {
    params: u32,
    results: u32,
    fields: u32,
}

impl Width {
    fn of(ty: &wasmparser::SubType) -> Self {
        let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        match &ty.composite_type.inner {
            CompositeInnerType::Func(ty) => Self {
                params: count(ty.params().len()),
                results: count(ty.results().len()),
                fields: 0,
            },
            CompositeInnerType::Struct(ty) => {
                Self { fields: count(ty.fields.len()), ..Self::default() }
            }
            _ => Self::default(),
        }
    }

    fn values(self) -> u64 {
        u64::from(self.params) + u64::from(self.results)
    }
}

/// A block of code that is open.
struct Frame {
    is_loop: bool,
    /// How many values a branch to it takes along.
    arity: u32,
    /// How many instructions branch to it, and the last of them.
    n_branches: u64,
    last_branch: u64,
}

impl Frame {
    fn new(is_loop: bool, arity: u32) -> Self {
        Self { is_loop, arity, n_branches: 0, last_branch: 0 }
    }
}

impl Module<'_> {
    fn width(&self, ty: u32) -> Width {
        self.types.get(ty as usize).copied().unwrap_or_default()
    }

    fn function_width(&self, function: u32) -> Width {
        self.functions.get(function as usize).map_or_else(Width::default, |ty| self.width(*ty))
    }

    fn block_width(&self, ty: BlockType) -> Width {
        match ty {
            BlockType::Empty => Width::default(),
            BlockType::Type(_) => Width { results: 1, ..Width::default() },
            BlockType::FuncType(ty) => self.width(ty),
        }
    }

    /// Returns the work that a function takes, unless that or something else is past its limit.
    fn function_work(&self, ty: u32, body: &FunctionBody<'_>) -> wasmtime::Result<u64> {
        let width = self.width(ty);
        let mut n_locals = u64::from(width.params);
        for locals in body.get_locals_reader()? {
            n_locals = n_locals.saturating_add(locals?.0.into());
        }
        within("the number of locals of a function", n_locals, self.limits.locals)?;
        let mut walk = Walk {
            module: self,
            frames: vec![Frame::new(false, width.results)],
            n_operators: 0,
            n_calls: 0,
            loop_depth: 0,
            per_loop: n_locals,
            per_meeting: n_locals.div_ceil(LOCALS_PER_MEETING),
            // As for each type, the compiler makes a function for each that others than the module call.
            work: PER_FUNCTION + PER_VALUE * width.values() + n_locals / LOCALS_PER_MEETING,
        };
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            walk.step(&operators.read()?)?;
            within("the work to compile a function", walk.work, self.limits.function_work)?;
        }
        Ok(walk.work)
    }
}

/// A walk through a function's code.
struct Walk<'a> {
    module: &'a Module<'a>,
    frames: Vec<Frame>,
    n_operators: u64,
    n_calls: u64,
    loop_depth: u64,
    per_loop: u64,
    per_meeting: u64,
    work: u64,
}

impl Walk<'_> {
    fn step(&mut self, operator: &Operator<'_>) -> wasmtime::Result<()> {
        let module = self.module;
        self.n_operators += 1;
        let extra = match operator {
            Operator::LocalGet { .. } | Operator::LocalSet { .. } | Operator::LocalTee { .. } => {
                PER_LOOP_AROUND * self.loop_depth
            }
            Operator::Block { blockty } | Operator::If { blockty } => {
                self.open(false, *blockty)? + self.per_meeting
            }
            Operator::Loop { blockty } => self.open(true, *blockty)? + self.per_loop,
            Operator::TryTable { try_table } => {
                let catches: u64 = try_table.catches.iter().map(|catch| self.catch(catch)).sum();
                self.open(false, try_table.ty)? + self.per_meeting + catches
            }
            Operator::Else => self.per_meeting,
            Operator::End => {
                self.close();
                0
            }
            Operator::Br { relative_depth }
            | Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => self.branch(*relative_depth),
            Operator::BrTable { targets } => self.table(targets)?,
            Operator::Return => self.branch_to(0),
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                self.call() + PER_VALUE * module.function_width(*function_index).values()
            }
            Operator::CallIndirect { type_index, .. }
            | Operator::ReturnCallIndirect { type_index, .. }
            | Operator::CallRef { type_index }
            | Operator::ReturnCallRef { type_index } => {
                self.call() + PER_VALUE * module.width(*type_index).values()
            }
            // Functions of the engine.
            Operator::MemoryGrow { .. }
            | Operator::MemoryFill { .. }
            | Operator::MemoryCopy { .. }
            | Operator::MemoryInit { .. }
            | Operator::TableGrow { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. }
            | Operator::ArrayNew { .. }
            | Operator::ArrayNewDefault { .. }
            | Operator::ArrayNewData { .. }
            | Operator::ArrayNewElem { .. } => self.call(),
            Operator::Throw { tag_index } => {
                let ty = module.tags.get(*tag_index as usize).copied().unwrap_or(u32::MAX);
                self.call() + PER_VALUE * module.width(ty).values()
            }
            Operator::StructNew { struct_type_index }
            | Operator::StructNewDefault { struct_type_index } => {
                self.call() + PER_VALUE * u64::from(module.width(*struct_type_index).fields)
            }
            Operator::ArrayNewFixed { array_size, .. } => {
                self.call() + PER_VALUE * u64::from(*array_size)
            }
            _ => 0,
        };
        self.work = self.work.saturating_add(1).saturating_add(extra);
        Ok(())
    }

    fn open(&mut self, is_loop: bool, ty: BlockType) -> Result<u64, OverBudget> {
        let width = self.module.block_width(ty);
        let arity = if is_loop { width.params } else { width.results };
        self.frames.push(Frame::new(is_loop, arity));
        self.loop_depth += u64::from(is_loop);
        // The function itself is none of them.
        let depth = self.frames.len() as u64 - 1;
        let ModuleLimits { nesting, loop_nesting, .. } = *self.module.limits;
        within("the nesting of blocks", depth, nesting)?;
        within("the nesting of loops", self.loop_depth, loop_nesting)?;
        Ok(PER_VALUE * width.values())
    }

    /// Returns what it costs to call once more.
    fn call(&mut self) -> u64 {
        self.n_calls += 1;
        self.n_calls / CALLS_PER_UNIT
    }

    fn close(&mut self) {
        if self.frames.pop().is_some_and(|frame| frame.is_loop) {
            self.loop_depth -= 1;
        }
    }

    /// Returns what it costs to branch to the frame that is so many around the innermost.
    fn branch(&mut self, depth: u32) -> u64 {
        self.frames.len().checked_sub(depth as usize + 1).map_or(0, |idx| self.branch_to(idx))
    }

    fn branch_to(&mut self, idx: usize) -> u64 {
        let Some(frame) = self.frames.get_mut(idx) else { return 0 };
        // The targets of one jump table count once where they are the same.
        let is_new = frame.last_branch != self.n_operators;
        frame.last_branch = self.n_operators;
        frame.n_branches += u64::from(is_new);
        let crowd = if is_new { frame.n_branches / BRANCHES_PER_UNIT } else { 0 };
        crowd + u64::from(frame.arity)
    }

    fn catch(&mut self, catch: &Catch) -> u64 {
        let (Catch::One { label, .. }
        | Catch::OneRef { label, .. }
        | Catch::All { label }
        | Catch::AllRef { label }) = catch;
        PER_CATCH + PER_VALUE * self.branch(*label)
    }

    fn table(&mut self, targets: &wasmparser::BrTable<'_>) -> Result<u64, BinaryReaderError> {
        let mut work = self.branch(targets.default());
        for target in targets.targets() {
            work = work.saturating_add(1 + self.branch(target?));
        }
        Ok(work)
    }
}
