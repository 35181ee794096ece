//! The languages that plug-ins are written in, as projects and the command line name them.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What a project is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub(crate) enum Lang {
    /// Compiled by cargo, for `wasm32-unknown-unknown`.
    Rust,
    /// Compiled by clang, or by Zig, without a C library.
    C,
    /// Compiled by Zig 0.17 or later.
    Zig,
    /// Compiled by `asc`, which runs in Node.js.
    AssemblyScript,
    /// Compiled by Go 1.24 or later, for WASI.
    Go,
    /// WebAssembly text, which needs no compiler.
    Wat,
}

impl Lang {
    /// Those that need a compiler.
    pub(crate) const COMPILED: [Self; 5] =
        [Self::Rust, Self::C, Self::Zig, Self::AssemblyScript, Self::Go];

    /// Returns the name that stands in `plugsmith.toml`.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::C => "c",
            Self::Zig => "zig",
            Self::AssemblyScript => "assemblyscript",
            Self::Go => "go",
            Self::Wat => "wat",
        }
    }

    /// Says whether what comes of the language needs WASI: Go's own runtime does.
    pub(crate) fn needs_wasi(self) -> bool {
        self == Self::Go
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::C => "C",
            Self::Zig => "Zig",
            Self::AssemblyScript => "AssemblyScript",
            Self::Go => "Go",
            Self::Wat => "WebAssembly text",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_has_one_name() {
        for lang in Lang::value_variants() {
            assert_eq!(Lang::from_str(lang.key(), false), Ok(*lang));
            assert_eq!(serde_json::to_value(lang).expect("it is a name"), lang.key());
        }
    }
}
