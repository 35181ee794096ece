//! What kind of code the compiler makes of an operator, where one does not see it at once.
//!
//! Every operator that there is has a place: in one of these lists, or among those that the test names,
//! which are counted by themselves or are as cheap as they look. So one that a new parser brings along
//! is not taken for cheap until somebody looked at what the compiler makes of it.

use wasmparser::Operator;

/// A function that says whether an operator is one of those named, and their names.
macro_rules! list {
    ($(#[$doc:meta])* $function:ident, $names:ident: $($operator:ident)*) => {
        $(#[$doc])*
        pub(super) fn $function(operator: &Operator<'_>) -> bool {
            matches!(operator, $(Operator::$operator { .. })|*)
        }

        #[cfg(test)]
        const $names: &[&str] = &[$(stringify!($operator)),*];
    };
}

list! {
    /// Says whether the compiler makes a call of an operator: of the guest's functions, or the engine's own.
    is_call, CALLS:
    Call CallIndirect CallRef ReturnCall ReturnCallIndirect ReturnCallRef
    MemoryGrow MemoryFill MemoryCopy MemoryInit
    MemoryAtomicNotify MemoryAtomicWait32 MemoryAtomicWait64
    TableGrow TableFill TableCopy TableInit ElemDrop RefFunc
    Throw ThrowRef
    StructNew StructNewDefault
    ArrayNew ArrayNewDefault ArrayNewData ArrayNewElem ArrayNewFixed
    ArrayFill ArrayCopy ArrayInitData ArrayInitElem
}

list! {
    /// Says whether the compiler makes branches of an operator that is none: where it looks at types, at
    /// what tables hold already, and at what the collector has to be told.
    branches, BRANCHES:
    TableGet TableSet
    StructGet StructSet ArrayGet ArraySet
    ArrayFill ArrayCopy ArrayInitData ArrayInitElem
    RefTestNonNull RefTestNullable RefCastNonNull RefCastNullable
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Those that the walk has an arm for.
    const BY_THEMSELVES: &[&str] = &[
        "LocalGet",
        "LocalSet",
        "LocalTee",
        "GlobalGet",
        "GlobalSet",
        "Block",
        "Loop",
        "If",
        "Else",
        "End",
        "TryTable",
        "Br",
        "BrIf",
        "BrTable",
        "BrOnNull",
        "BrOnNonNull",
        "BrOnCast",
        "BrOnCastFail",
        "Return",
    ];

    /// Those of which a few instructions are made, or none.
    const CHEAP: &[&str] = &[
        "Unreachable",
        "Nop",
        "Drop",
        "Select",
        "TypedSelect",
        "TypedSelectMulti",
        "MemorySize",
        "TableSize",
        "DataDrop",
        "AtomicFence",
        "RefNull",
        "RefIsNull",
        "RefEq",
        "RefAsNonNull",
        "RefI31",
        "I31GetS",
        "I31GetU",
        "StructGetS",
        "StructGetU",
        "ArrayGetS",
        "ArrayGetU",
        "ArrayLen",
        "AnyConvertExtern",
        "ExternConvertAny",
    ];

    /// What computes with numbers has their type at the head of its name, and is cheap.
    const NUMBERS: &[&str] = &["I32", "I64", "F32", "F64", "V128", "I8x16", "I16x8"];

    /// Proposals that the engine does not know, or has switched off.
    const OFF: &[&str] = &[
        "stack_switching",
        "custom_descriptors",
        "shared_everything_threads",
        "legacy_exceptions",
        "memory_control",
    ];

    macro_rules! operators {
        ($(@$proposal:ident $operator:ident $({ $($field:tt)* })? => $visit:ident ($($arity:tt)*))*) => {
            &[$((stringify!($proposal), stringify!($operator))),*]
        };
    }

    const ALL: &[(&str, &str)] = wasmparser::for_each_operator!(operators);

    #[test]
    fn every_operator_has_its_place() {
        let lists = [CALLS, BRANCHES, BY_THEMSELVES, CHEAP];
        let placed: HashSet<&str> = lists.into_iter().flatten().copied().collect();
        let computes = |name: &str| NUMBERS.iter().any(|number| name.starts_with(number));
        let lost: Vec<&str> = ALL
            .iter()
            .filter(|(proposal, name)| {
                !OFF.contains(proposal) && !placed.contains(name) && !computes(name)
            })
            .map(|(_, name)| *name)
            .collect();
        assert_eq!(lost, [""; 0]);
        // None is in a list for nothing, and those that look cheap are in no other.
        let all: HashSet<&str> = ALL.iter().map(|(_, name)| *name).collect();
        assert!(placed.is_subset(&all), "{:?}", placed.difference(&all));
        for name in CHEAP {
            let elsewhere = [CALLS, BRANCHES, BY_THEMSELVES].concat();
            assert!(!elsewhere.contains(name), "{name}");
        }
    }
}
