//! The values that host functions take and return, and their types.

use wasmtime::{FuncType, V128, ValType as EngineType};

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(C)]
pub enum ValType {
    /// A 32-bit integer, signed or not.
    I32,
    /// A 64-bit integer, signed or not; also the offset of a block.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// 128 bits.
    V128,
    /// A reference to a function. Host functions cannot take or return it.
    FuncRef,
    /// A reference to a value of the host. Host functions cannot take or return it.
    ExternRef,
}

/// The type of a block's offset, by which arguments and results of any size are passed.
pub const PTR: ValType = ValType::I64;

/// A value passed between a host function and a guest.
///
/// Floats are held as their bits, so that every value passes unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Val {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    /// 128 bits, the first byte lowest.
    V128(u128),
}

/// Defines, for a variant, the method that returns its value and the one that insists on it.
macro_rules! accessors {
    ($($(#[$doc:meta])* $variant:ident($ty:ty) $get:ident $unwrap:ident = $convert:expr;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $get(&self) -> Option<$ty> {
            match *self {
                Self::$variant(value) => Some($convert(value)),
                _ => None,
            }
        }

        $(#[$doc])*
        ///
        /// # Panics
        ///
        /// If the value is of another type; declared parameters always have their type.
        #[must_use]
        #[track_caller]
        pub fn $unwrap(&self) -> $ty {
            match self.$get() {
                Some(value) => value,
                None => panic!("expected {}, found {self:?}", stringify!($variant)),
            }
        }
    )*};
}

impl Val {
    accessors! {
        /// Returns the 32-bit integer.
        I32(i32) i32 unwrap_i32 = |value| value;
        /// Returns the 64-bit integer.
        I64(i64) i64 unwrap_i64 = |value| value;
        /// Returns the 32-bit float.
        F32(f32) f32 unwrap_f32 = f32::from_bits;
        /// Returns the 64-bit float.
        F64(f64) f64 unwrap_f64 = f64::from_bits;
        /// Returns the 128 bits.
        V128(u128) v128 unwrap_v128 = |value| value;
    }

    /// Returns the type of the value.
    #[must_use]
    pub fn ty(&self) -> ValType {
        match self {
            Self::I32(_) => ValType::I32,
            Self::I64(_) => ValType::I64,
            Self::F32(_) => ValType::F32,
            Self::F64(_) => ValType::F64,
            Self::V128(_) => ValType::V128,
        }
    }

    /// Returns zero of the type `ty`, or `None` for a reference.
    pub(crate) fn zero(ty: ValType) -> Option<Self> {
        match ty {
            ValType::I32 => Some(Self::I32(0)),
            ValType::I64 => Some(Self::I64(0)),
            ValType::F32 => Some(Self::F32(0)),
            ValType::F64 => Some(Self::F64(0)),
            ValType::V128 => Some(Self::V128(0)),
            ValType::FuncRef | ValType::ExternRef => None,
        }
    }

    /// Takes a value from the engine, or returns `None` for a reference.
    pub(crate) fn from_engine(value: &wasmtime::Val) -> Option<Self> {
        match value {
            wasmtime::Val::I32(value) => Some(Self::I32(*value)),
            wasmtime::Val::I64(value) => Some(Self::I64(*value)),
            wasmtime::Val::F32(bits) => Some(Self::F32(*bits)),
            wasmtime::Val::F64(bits) => Some(Self::F64(*bits)),
            wasmtime::Val::V128(bits) => Some(Self::V128(bits.as_u128())),
            _ => None,
        }
    }

    /// Gives the value to the engine.
    pub(crate) fn to_engine(self) -> wasmtime::Val {
        match self {
            Self::I32(value) => wasmtime::Val::I32(value),
            Self::I64(value) => wasmtime::Val::I64(value),
            Self::F32(bits) => wasmtime::Val::F32(bits),
            Self::F64(bits) => wasmtime::Val::F64(bits),
            Self::V128(bits) => wasmtime::Val::V128(V128::from(bits)),
        }
    }
}

impl From<i32> for Val {
    fn from(value: i32) -> Self {
        Self::I32(value)
    }
}

impl From<i64> for Val {
    fn from(value: i64) -> Self {
        Self::I64(value)
    }
}

impl From<f32> for Val {
    fn from(value: f32) -> Self {
        Self::F32(value.to_bits())
    }
}

impl From<f64> for Val {
    fn from(value: f64) -> Self {
        Self::F64(value.to_bits())
    }
}

impl From<u128> for Val {
    fn from(bits: u128) -> Self {
        Self::V128(bits)
    }
}

impl ValType {
    /// Returns the engine's name for the type, or `None` for a reference.
    fn to_engine(self) -> Option<EngineType> {
        match self {
            Self::I32 => Some(EngineType::I32),
            Self::I64 => Some(EngineType::I64),
            Self::F32 => Some(EngineType::F32),
            Self::F64 => Some(EngineType::F64),
            Self::V128 => Some(EngineType::V128),
            Self::FuncRef | Self::ExternRef => None,
        }
    }
}

/// Returns the engine's type of a function, or `None` if it takes or returns a reference.
pub(crate) fn function_type(
    engine: &wasmtime::Engine,
    params: &[ValType],
    results: &[ValType],
) -> Option<FuncType> {
    let params: Vec<_> = params.iter().map(|ty| ty.to_engine()).collect::<Option<_>>()?;
    let results: Vec<_> = results.iter().map(|ty| ty.to_engine()).collect::<Option<_>>()?;
    Some(FuncType::new(engine, params, results))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_passes_the_engine_unchanged() {
        for value in [
            Val::I32(i32::MIN),
            Val::I64(-1),
            Val::F32(0x7fc0_0001),
            Val::F64(u64::MAX),
            Val::V128(u128::MAX - 7),
        ] {
            assert_eq!(Val::from_engine(&value.to_engine()), Some(value));
            assert_eq!(Val::zero(value.ty()).map(|zero| zero.ty()), Some(value.ty()));
        }
    }

    #[test]
    fn accessors_answer_for_their_own_type_only() {
        assert_eq!(Val::from(1.5_f64).f64(), Some(1.5));
        assert_eq!(Val::from(1.5_f64).i64(), None);
        assert_eq!(Val::from(7_i64).unwrap_i64(), 7);
    }
}
