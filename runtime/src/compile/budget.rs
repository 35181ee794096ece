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

mod operators;
mod startup;
mod walk;

use std::{error::Error as StdError, fmt};

use wasmparser::{CompositeInnerType, FunctionBody, Parser, Payload, SubType, TypeRef, ValType};

use self::{startup::Startup, walk::Walk};
use crate::module_limits::ModuleLimits;

/// Each value that a call or a block takes or gives.
const PER_VALUE: u64 = 4;

/// What a function takes that does nothing.
const PER_FUNCTION: u64 = 32;

/// What a declaration takes of anything but a function. A type counts itself and with its group.
const PER_ITEM: u64 = 8;

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

/// Refuses a module that is past a limit, or that cannot be read. `work` is what the modules before it
/// take, to which its own is added.
///
/// # Errors
///
/// [`OverBudget`], or what the parser says.
pub(super) fn check(bytes: &[u8], limits: &ModuleLimits, work: &mut u64) -> wasmtime::Result<()> {
    if *limits == ModuleLimits::UNLIMITED {
        return Ok(());
    }
    let mut module = Module::new(limits);
    let mut startup = Startup::default();
    let (mut n_items, mut n_imported, mut n_bodies) = (0_u64, 0_usize, 0_usize);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        let n_more = items(&payload);
        n_items = n_items.saturating_add(n_more);
        within("the number of declarations", n_items, limits.items)?;
        *work = work.saturating_add(PER_ITEM * n_more);
        within("the work to compile it", *work, limits.work)?;
        match payload {
            Payload::TypeSection(section) => {
                for group in section {
                    for ty in group?.into_types() {
                        // The compiler makes a function of its own for each, which passes all on.
                        *work = work.saturating_add(PER_ITEM + PER_VALUE * n_values(&ty));
                        module.types.push(ty);
                    }
                    within("the work to compile it", *work, limits.work)?;
                    let n_types = module.types.len() as u64;
                    within("the number of declarations", n_types, limits.items)?;
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import?.ty {
                        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => module.functions.push(ty),
                        TypeRef::Tag(tag) => module.tags.push(tag.func_type_idx),
                        TypeRef::Global(ty) => module.add_global(ty.content_type),
                        TypeRef::Table(_) => module.images.push(None),
                        TypeRef::Memory(_) => {}
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
            Payload::TableSection(section) => startup.tables(&mut module, section)?,
            Payload::GlobalSection(section) => startup.globals(&mut module, section)?,
            Payload::ElementSection(section) => startup.elements(&module, section)?,
            Payload::DataSection(section) => startup.data(&module, section)?,
            Payload::CodeSectionEntry(body) => {
                let ty = module.functions.get(n_imported + n_bodies).copied().unwrap_or(u32::MAX);
                n_bodies += 1;
                *work = work.saturating_add(module.function_work(ty, &body)?);
                within("the work to compile it", *work, limits.work)?;
            }
            _ => {}
        }
    }
    *work = work.saturating_add(startup.work());
    Ok(within("the work to compile it", *work, limits.work)?)
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

/// Returns how many values a function of this type takes and gives.
fn n_values(ty: &SubType) -> u64 {
    match &ty.composite_type.inner {
        CompositeInnerType::Func(ty) => (ty.params().len() + ty.results().len()) as u64,
        _ => 0,
    }
}

/// What the work of functions depends on.
struct Module<'a> {
    limits: &'a ModuleLimits,
    types: Vec<SubType>,
    /// The type of each function, imported ones first.
    functions: Vec<u32>,
    /// The type of each tag, imported ones first.
    tags: Vec<u32>,
    /// Whether each global holds a reference that the collector counts, imported ones first.
    counted_globals: Vec<bool>,
    /// How many elements of each table may be in an image, imported ones first, which have none.
    images: Vec<Option<u64>>,
}

impl<'a> Module<'a> {
    fn new(limits: &'a ModuleLimits) -> Self {
        Self {
            limits,
            types: Vec::new(),
            functions: Vec::new(),
            tags: Vec::new(),
            counted_globals: Vec::new(),
            images: Vec::new(),
        }
    }

    fn add_global(&mut self, ty: ValType) {
        self.counted_globals.push(matches!(ty, ValType::Ref(ty) if !ty.is_func_ref()));
    }

    fn ty(&self, ty: u32) -> Option<&SubType> {
        self.types.get(ty as usize)
    }

    /// Returns the work that a function takes, unless that or something else is past its limit.
    fn function_work(&self, ty: u32, body: &FunctionBody<'_>) -> wasmtime::Result<u64> {
        let n_params = match self.ty(ty).map(|ty| &ty.composite_type.inner) {
            Some(CompositeInnerType::Func(ty)) => ty.params().len() as u64,
            _ => 0,
        };
        let mut n_locals = n_params;
        for locals in body.get_locals_reader()? {
            n_locals = n_locals.saturating_add(locals?.0.into());
        }
        within("the number of locals of a function", n_locals, self.limits.locals)?;
        // As for each type, the compiler makes a function for each that others than the module call.
        let entry = PER_FUNCTION + PER_VALUE * self.ty(ty).map_or(0, n_values);
        let mut walk = Walk::new(self, ty, n_locals, entry);
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            walk.step(&operators.read()?)?;
            within("the work to compile a function", walk.work(), self.limits.function_work)?;
        }
        Ok(walk.work())
    }
}
