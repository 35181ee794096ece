//! The functions of the guest ABI by name and type, and the steps that a trial is made of.
//!
//! Nothing here knows what a function does.

/// A function of the guest ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is named for the function of the ABI that it stands for")]
pub enum Function {
    Alloc,
    Free,
    Length,
    LengthUnsafe,
    LoadU8,
    LoadU64,
    StoreU8,
    StoreU64,
    InputSet,
    InputOffset,
    InputLength,
    InputLoadU8,
    InputLoadU64,
    OutputSet,
    OutputOffset,
    OutputLength,
    ErrorSet,
    ErrorGet,
    Reset,
    MemoryBytes,
}

/// The type of a parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// `i32`
    Four,
    /// `i64`
    Eight,
}

/// One call of a function. Arguments that it has no parameter for are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is called.
    pub function: Function,
    /// The first argument.
    pub first: u64,
    /// The second argument, of which a parameter of four bytes takes the low half.
    pub second: u64,
}

/// One step of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The host begins a call with an input of `len` bytes, made from `seed`.
    Begin {
        /// Bytes of input.
        len: u64,
        /// What the bytes are made from.
        seed: u64,
    },
    /// The guest calls the kernel.
    Call(Call),
}

impl Function {
    /// All functions, in the order in which the module exports them.
    pub const ALL: [Self; 20] = [
        Self::Alloc,
        Self::Free,
        Self::Length,
        Self::LengthUnsafe,
        Self::LoadU8,
        Self::LoadU64,
        Self::StoreU8,
        Self::StoreU64,
        Self::InputSet,
        Self::InputOffset,
        Self::InputLength,
        Self::InputLoadU8,
        Self::InputLoadU64,
        Self::OutputSet,
        Self::OutputOffset,
        Self::OutputLength,
        Self::ErrorSet,
        Self::ErrorGet,
        Self::Reset,
        Self::MemoryBytes,
    ];

    /// Returns the name under which a guest imports the function.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alloc => "alloc",
            Self::Free => "free",
            Self::Length => "length",
            Self::LengthUnsafe => "length_unsafe",
            Self::LoadU8 => "load_u8",
            Self::LoadU64 => "load_u64",
            Self::StoreU8 => "store_u8",
            Self::StoreU64 => "store_u64",
            Self::InputSet => "input_set",
            Self::InputOffset => "input_offset",
            Self::InputLength => "input_length",
            Self::InputLoadU8 => "input_load_u8",
            Self::InputLoadU64 => "input_load_u64",
            Self::OutputSet => "output_set",
            Self::OutputOffset => "output_offset",
            Self::OutputLength => "output_length",
            Self::ErrorSet => "error_set",
            Self::ErrorGet => "error_get",
            Self::Reset => "reset",
            Self::MemoryBytes => "memory_bytes",
        }
    }

    /// Returns the types of the parameters.
    pub fn params(self) -> &'static [Width] {
        match self {
            Self::Alloc
            | Self::Free
            | Self::Length
            | Self::LengthUnsafe
            | Self::LoadU8
            | Self::LoadU64
            | Self::InputLoadU8
            | Self::InputLoadU64
            | Self::ErrorSet => &[Width::Eight],
            Self::StoreU8 => &[Width::Eight, Width::Four],
            Self::StoreU64 | Self::InputSet | Self::OutputSet => &[Width::Eight, Width::Eight],
            Self::InputOffset
            | Self::InputLength
            | Self::OutputOffset
            | Self::OutputLength
            | Self::ErrorGet
            | Self::Reset
            | Self::MemoryBytes => &[],
        }
    }

    /// Returns the type of the result.
    pub fn result(self) -> Option<Width> {
        match self {
            Self::Alloc
            | Self::Length
            | Self::LengthUnsafe
            | Self::LoadU64
            | Self::InputOffset
            | Self::InputLength
            | Self::InputLoadU64
            | Self::OutputOffset
            | Self::OutputLength
            | Self::ErrorGet
            | Self::MemoryBytes => Some(Width::Eight),
            Self::LoadU8 | Self::InputLoadU8 => Some(Width::Four),
            Self::Free
            | Self::StoreU8
            | Self::StoreU64
            | Self::InputSet
            | Self::OutputSet
            | Self::ErrorSet
            | Self::Reset => None,
        }
    }
}
