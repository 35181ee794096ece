//! The work that a module's startup makes for the compiler.
//!
//! Of all that is computed when an instance is made the compiler makes one function: constant expressions,
//! and elements that tables and passive segments hold. What is known before, it puts into an image instead:
//! there is no code for the usual segment of functions at a constant place.

use wasmparser::{
    ConstExpr, DataKind, DataSectionReader, Element, ElementItems, ElementKind,
    ElementSectionReader, GlobalSectionReader, Operator, TableInit, TableSectionReader,
};

use super::{Module, PER_VALUE, walk::Walk, within};
use crate::limits::TABLE_ELEMENT_LIMIT;

/// The most elements of a table that the engine makes an image of.
const IMAGE_LIMIT: u64 = 1 << 20;

/// Each element that is a function by its number: the engine is called for it, and it is stored.
const PER_ELEMENT: u64 = PER_VALUE + 3;

/// What it takes beyond that to put an element into a table, whose length is then not known.
const PER_TABLE_ELEMENT: u64 = 16;

/// No function's type: startup takes nothing and gives nothing.
const NO_TYPE: u32 = u32::MAX;

/// What was counted of a module's startup.
#[derive(Default)]
pub(super) struct Startup {
    work: u64,
    n_passive: u64,
    /// Whether a segment came that is not in an image: then none is that comes after it.
    has_code: bool,
}

/// Where code puts the elements of a segment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Placed {
    /// There is none: they are in an image, or declared.
    Nowhere,
    /// Beside the tables.
    Aside,
    InTable,
}

impl Startup {
    pub(super) fn work(&self) -> u64 {
        self.work
    }

    pub(super) fn globals(
        &mut self,
        module: &mut Module<'_>,
        section: GlobalSectionReader<'_>,
    ) -> wasmtime::Result<()> {
        for global in section {
            let global = global?;
            let global_index = u32::try_from(module.counted_globals.len())?;
            module.add_global(global.ty.content_type);
            self.constant(module, &global.init_expr, &Operator::GlobalSet { global_index })?;
        }
        Ok(())
    }

    pub(super) fn tables(
        &mut self,
        module: &mut Module<'_>,
        section: TableSectionReader<'_>,
    ) -> wasmtime::Result<()> {
        for table in section {
            let table = table?;
            let is_plain = match &table.init {
                TableInit::RefNull => table.ty.element_type.is_func_ref(),
                TableInit::Expr(expr) => {
                    self.constant(module, expr, &Operator::TableFill { table: 0 })?;
                    false
                }
            };
            module.images.push(is_plain.then_some(table.ty.initial.min(IMAGE_LIMIT)));
        }
        Ok(())
    }

    pub(super) fn elements(
        &mut self,
        module: &Module<'_>,
        section: ElementSectionReader<'_>,
    ) -> wasmtime::Result<()> {
        for element in section {
            let Element { kind, items, .. } = element?;
            let n_elements: u64 = match &items {
                ElementItems::Functions(section) => section.count().into(),
                ElementItems::Expressions(_, section) => section.count().into(),
            };
            let placed = match &kind {
                ElementKind::Declared => Placed::Nowhere,
                ElementKind::Passive => {
                    // Each instance holds them, next to its tables.
                    self.n_passive = self.n_passive.saturating_add(n_elements);
                    let what = "the number of elements of passive segments";
                    within(what, self.n_passive, Some(TABLE_ELEMENT_LIMIT))?;
                    // The engine is asked where they are.
                    self.add(module, PER_ELEMENT)?;
                    Placed::Aside
                }
                ElementKind::Active { table_index, offset_expr } => {
                    self.constant(module, offset_expr, &Operator::Drop)?;
                    let image = module.images.get(table_index.unwrap_or(0) as usize);
                    let end = number(offset_expr)?.and_then(|start| start.checked_add(n_elements));
                    let fits =
                        end.zip(image.copied().flatten()).is_some_and(|(end, len)| end <= len);
                    self.has_code |= !fits || matches!(items, ElementItems::Expressions(..));
                    if self.has_code { Placed::InTable } else { Placed::Nowhere }
                }
            };
            if placed == Placed::InTable {
                self.add(module, n_elements.saturating_mul(PER_TABLE_ELEMENT))?;
            }
            match items {
                ElementItems::Functions(_) => {
                    let each = if placed == Placed::Nowhere { 1 } else { PER_ELEMENT };
                    self.add(module, n_elements.saturating_mul(each))?;
                }
                // There is no code for those that are only declared, but they are kept as long.
                ElementItems::Expressions(_, section) => {
                    for expr in section {
                        self.constant(module, &expr?, &Operator::TableSet { table: 0 })?;
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn data(
        &mut self,
        module: &Module<'_>,
        section: DataSectionReader<'_>,
    ) -> wasmtime::Result<()> {
        for data in section {
            if let DataKind::Active { offset_expr, .. } = data?.kind {
                // Where memory has no image, which depends on how far apart all data is.
                self.constant(
                    module,
                    &offset_expr,
                    &Operator::MemoryInit { data_index: 0, mem: 0 },
                )?;
            }
        }
        Ok(())
    }

    /// Adds what an expression takes, and `then`, which its value is for. Nothing of it is alive afterwards.
    fn constant(
        &mut self,
        module: &Module<'_>,
        expr: &ConstExpr<'_>,
        then: &Operator<'_>,
    ) -> wasmtime::Result<()> {
        let mut walk = Walk::new(module, NO_TYPE, 0, 0);
        let mut operators = expr.get_operators_reader();
        while !operators.eof() {
            let operator = operators.read()?;
            walk.step(if matches!(operator, Operator::End) { then } else { &operator })?;
            self.within(module, walk.work())?;
        }
        self.add(module, walk.work())
    }

    fn add(&mut self, module: &Module<'_>, work: u64) -> wasmtime::Result<()> {
        self.within(module, work)?;
        self.work = self.work.saturating_add(work);
        Ok(())
    }

    /// Says that with so much more work it is past its limit, if so.
    fn within(&self, module: &Module<'_>, more: u64) -> wasmtime::Result<()> {
        let work = self.work.saturating_add(more);
        Ok(within("the work to compile the startup", work, module.limits.function_work)?)
    }
}

/// Returns the number that an expression is, if it is nothing else.
fn number(expr: &ConstExpr<'_>) -> wasmtime::Result<Option<u64>> {
    let mut operators = expr.get_operators_reader();
    let number = match operators.read()? {
        Operator::I32Const { value } => Some(u64::from(value.cast_unsigned())),
        Operator::I64Const { value } => Some(value.cast_unsigned()),
        _ => None,
    };
    Ok(number.filter(|_| matches!(operators.read(), Ok(Operator::End))))
}

#[cfg(test)]
mod tests {
    use crate::{compile::budget, module_limits::ModuleLimits};

    /// Returns the work that a module of these items takes, its declarations aside.
    fn work(items: &str) -> u64 {
        let bytes = wat::parse_str(format!("(module {items})")).unwrap();
        let of = |limits: &ModuleLimits| {
            let mut work = 0;
            budget::check(&bytes, limits, &mut work).map(|()| work)
        };
        let mut limits = ModuleLimits::default();
        let mut startup = 0;
        // The startup is held to the limit of a function, to the unit: there is nothing else here as large.
        loop {
            limits.function_work = Some(startup);
            match of(&limits) {
                Ok(_) => return startup,
                Err(err) => {
                    let over = err.downcast::<budget::OverBudget>().unwrap();
                    assert_eq!(over.what, "the work to compile the startup");
                    startup = over.found;
                }
            }
        }
    }

    #[test]
    fn what_is_computed_when_an_instance_is_made_costs_as_code_does() {
        let head = "(import \"m\" \"f\" (func $f)) (import \"m\" \"i\" (global $i i32))
            (import \"m\" \"t\" (table $i 9 funcref)) (table $t 9 funcref) (table $a 9 anyref)";
        for (items, expected) in [
            ("", 0),
            ("(global i32 (i32.const 1))", 2),
            ("(global funcref (ref.func $f))", 6),
            ("(global i32 (i32.add (global.get $i) (i32.const 1)))", 4),
            ("(table 1 funcref (ref.func $f))", 18),
            ("(type $s (struct (field i64 i64))) (global anyref (struct.new_default $s))", 11),
            // In an image: an offset, and one unit for each.
            ("(elem (table $t) (i32.const 7) func $f $f)", 4),
            // Past the end, at a place that is not known, in a table of others, or behind one of these.
            ("(elem (table $t) (i32.const 8) func $f $f)", 48),
            ("(elem (table $t) (global.get $i) func $f $f)", 48),
            ("(elem (table $i) (i32.const 7) func $f $f)", 48),
            ("(elem (table $t) (i32.const 7) funcref (ref.func $f) (ref.func $f))", 48),
            ("(elem (table $i) (i32.const 0) func) (elem (table $t) (i32.const 7) func $f $f)", 50),
            ("(elem (table $a) (i32.const 0) anyref (ref.i31 (i32.const 7)))", 22),
            ("(elem func $f $f)", 21),
            ("(elem funcref (ref.func $f) (ref.func $f))", 21),
            ("(elem declare func $f $f)", 2),
            ("(memory 1) (data \"a\")", 0),
            ("(memory 1) (data (i32.const 0) \"a\")", 14),
        ] {
            assert_eq!(work(&format!("{head} {items}")), expected, "{items}");
        }
    }

    #[test]
    fn passive_segments_hold_as_much_as_tables() {
        let check = |n_elements: usize| {
            let elements = "$f ".repeat(n_elements);
            let text = format!("(module (func $f) (elem func $f) (elem func {elements}))");
            let limits = ModuleLimits { function_work: None, ..ModuleLimits::default() };
            budget::check(&wat::parse_str(text).unwrap(), &limits, &mut 0)
        };
        check((1 << 20) - 1).unwrap();
        let err = check(1 << 20).unwrap_err().to_string();
        assert_eq!(
            err,
            "the number of elements of passive segments is 1048577, the limit is 1048576"
        );
    }
}
