//! The record beside `kernel.wasm`: which compiler built it, and which bytes they are.
//!
//! A record is a small TOML file of three lines that only this tool writes.

use std::fmt::{self, Write as _};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

const HEAD: &str = "# Written by `cargo xtask kernel`.\n";

/// What is known of one build of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The compiler's name for its own version.
    rustc: String,
    len: usize,
    sha256: String,
}

impl Record {
    pub(crate) fn new(rustc: String, bytes: &[u8]) -> Self {
        let mut sha256 = String::new();
        for byte in Sha256::digest(bytes) {
            write!(sha256, "{byte:02x}").expect("writing to a string cannot fail");
        }
        Self { rustc, len: bytes.len(), sha256 }
    }

    /// Reads a record.
    ///
    /// # Errors
    ///
    /// If a line is missing.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
            line.with_context(|| format!("no line `{key} = …`"))
        };
        Ok(Self {
            rustc: value("rustc")?.trim_matches('"').to_owned(),
            len: value("len")?.parse().context("`len` is not a number")?,
            sha256: value("sha256")?.trim_matches('"').to_owned(),
        })
    }

    pub(crate) fn to_text(&self) -> String {
        let Self { rustc, len, sha256 } = self;
        format!("{HEAD}rustc = \"{rustc}\"\nlen = {len}\nsha256 = \"{sha256}\"\n")
    }

    /// Whether the record is about these bytes.
    pub(crate) fn describes(&self, bytes: &[u8]) -> bool {
        *self == Self::new(self.rustc.clone(), bytes)
    }

    /// Whether the same compiler built both.
    pub(crate) fn has_compiler_of(&self, other: &Self) -> bool {
        self.rustc == other.rustc
    }
}

impl fmt::Display for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "rustc {}", self.rustc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_its_file() {
        let record = Record::new("1.95.0 (59807616e 2026-04-14)".to_owned(), b"abc");
        let text = record.to_text();
        assert_eq!(
            text,
            format!(
                "{HEAD}rustc = \"1.95.0 (59807616e 2026-04-14)\"\nlen = 3\nsha256 = \
                 \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"\n"
            )
        );
        assert_eq!(Record::parse(&text).expect("it was just written"), record);
    }

    #[test]
    fn a_record_knows_its_bytes_and_its_compiler() {
        let record = Record::new("1.95.0".to_owned(), b"abc");
        assert!(record.describes(b"abc") && !record.describes(b"abd"));
        assert!(record.has_compiler_of(&Record::new("1.95.0".to_owned(), b"abd")));
        assert!(!record.has_compiler_of(&Record::new("1.96.0".to_owned(), b"abc")));
    }

    #[test]
    fn a_missing_line_is_named() {
        let err = Record::parse("rustc = \"1.95.0\"\n").unwrap_err();
        assert_eq!(err.to_string(), "no line `len = …`");
    }
}
