//! Types of imports and exports: how messages write them, `(i64, i32) -> i64`, and whether what is
//! provided fits what is wanted.

use std::fmt::Write as _;

use wasmtime::{ExternType, FuncType, Mutability, RefType, ValType};

/// Describes what an import or an export is.
pub(crate) fn describe(ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) => function(ty),
        ExternType::Global(ty) => format!("a global of type {}", ty.content()),
        ExternType::Memory(_) => "a memory".to_owned(),
        ExternType::Table(ty) => format!("a table of {}", ty.element()),
        ExternType::Tag(_) => "an exception tag".to_owned(),
    }
}

/// Says whether an import of type `wanted` may be given something of type `provided`, by the rules
/// of import matching in the WebAssembly core specification.
pub(crate) fn fits(provided: &ExternType, wanted: &ExternType) -> bool {
    match (provided, wanted) {
        (ExternType::Func(provided), ExternType::Func(wanted)) => is_or_extends(provided, wanted),
        (ExternType::Global(provided), ExternType::Global(wanted)) => {
            provided.mutability() == wanted.mutability()
                && match wanted.mutability() {
                    Mutability::Const => provided.content().matches(wanted.content()),
                    Mutability::Var => ValType::eq(provided.content(), wanted.content()),
                }
        }
        (ExternType::Memory(provided), ExternType::Memory(wanted)) => {
            provided.is_64() == wanted.is_64()
                && provided.is_shared() == wanted.is_shared()
                && provided.page_size() == wanted.page_size()
                && provided.minimum() >= wanted.minimum()
                && fits_maximum(provided.maximum(), wanted.maximum())
        }
        (ExternType::Table(provided), ExternType::Table(wanted)) => {
            provided.is_64() == wanted.is_64()
                && RefType::eq(provided.element(), wanted.element())
                && provided.minimum() >= wanted.minimum()
                && fits_maximum(provided.maximum(), wanted.maximum())
        }
        (ExternType::Tag(provided), ExternType::Tag(wanted)) => {
            FuncType::eq(provided.ty(), wanted.ty())
        }
        _ => false,
    }
}

/// Says whether a function type is another, or was declared as a subtype of it. That their parts match
/// is not enough.
fn is_or_extends(provided: &FuncType, wanted: &FuncType) -> bool {
    FuncType::eq(provided, wanted)
        || provided.supertype().is_some_and(|supertype| is_or_extends(&supertype, wanted))
}

fn fits_maximum(provided: Option<u64>, wanted: Option<u64>) -> bool {
    wanted.is_none_or(|wanted| provided.is_some_and(|provided| provided <= wanted))
}

/// Writes the type of a function.
pub(crate) fn function(ty: &FuncType) -> String {
    let mut text = format!("({}) -> ", list(ty.params()));
    let results = list(ty.results());
    match ty.results().len() {
        1 => text.push_str(&results),
        _ => write!(text, "({results})").expect("a string takes any text"),
    }
    text
}

fn list(types: impl Iterator<Item = ValType>) -> String {
    types.map(|ty| ty.to_string()).collect::<Vec<_>>().join(", ")
}
