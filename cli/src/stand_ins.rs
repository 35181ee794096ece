//! Host functions that do nothing, for plug-ins that are only looked at or compiled here.

use plugsmith::{CurrentPlugin, Function, UserData, Val, ValType};

use crate::module_facts::Import;

/// Returns a function for an import, unless that is no function, or takes what no host function can.
pub(crate) fn stand_in(import: &Import) -> Option<Function> {
    let types = |types: &[wasmparser::ValType]| {
        types.iter().copied().map(value_type).collect::<Option<Vec<_>>>()
    };
    let ty = import.function.as_ref()?;
    let (params, results) = (types(ty.params())?, types(ty.results())?);
    let nothing = |_: &mut CurrentPlugin<'_>, _: &[Val], _: &mut [Val], _| Ok(());
    let function = Function::new(&import.name, params, results, UserData::new(()), nothing);
    Some(function.with_namespace(&import.namespace))
}

/// Returns the type of a value as hosts name it, if they can pass it.
fn value_type(ty: wasmparser::ValType) -> Option<ValType> {
    match ty {
        wasmparser::ValType::I32 => Some(ValType::I32),
        wasmparser::ValType::I64 => Some(ValType::I64),
        wasmparser::ValType::F32 => Some(ValType::F32),
        wasmparser::ValType::F64 => Some(ValType::F64),
        wasmparser::ValType::V128 => Some(ValType::V128),
        wasmparser::ValType::Ref(_) => None,
    }
}
