//! What a guest and this host may agree on beyond the interface of Extism 1.x, so that a guest that
//! knows of it profits and every other is served as ever.
//!
//! A guest that knows of extensions exports [`EXPORT`]. On each new instance the host calls it, before
//! any initialiser, with the extensions it offers, and from then on those hold that the guest names in
//! return. In a plug-in of several modules each that imports host functions must agree, since what
//! one of them is told another would miss.

use wasmtime::{AsContextMut, ExternType, FuncType, Instance, Module, TypedFunc, ValType};

/// The export by which a guest is asked, of type `(i64) -> i64`.
pub(crate) const EXPORT: &str = "plugsmith_extensions";

/// The offset that stands for a value without bytes, where 0 stands for none.
pub(crate) const EMPTY_OFFSET: u64 = 1;

/// A set of extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Extensions(u64);

impl Extensions {
    pub(crate) const NONE: Self = Self(0);
    /// Empty variables and settings are told from missing ones by [`EMPTY_OFFSET`].
    pub(crate) const EMPTY_VALUES: Self = Self(1);
    /// A host function that fails leaves an error message and returns zero, and the guest goes on.
    pub(crate) const HOST_ERRORS: Self = Self(2);

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Asks an instance of a module that [`can_be_asked`] which of these it takes.
    pub(crate) fn taken_by(
        self,
        mut store: impl AsContextMut,
        instance: &Instance,
    ) -> wasmtime::Result<Self> {
        let ask: TypedFunc<u64, u64> = instance.get_typed_func(&mut store, EXPORT)?;
        Ok(self.common(Self(ask.call(store, self.0)?)))
    }
}

/// Says whether a module knows of extensions.
pub(crate) fn can_be_asked(module: &Module) -> bool {
    let Some(ExternType::Func(ty)) = module.get_export(EXPORT) else { return false };
    let wanted = FuncType::new(module.engine(), [ValType::I64], [ValType::I64]);
    FuncType::eq(&ty, &wanted)
}
