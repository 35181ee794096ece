//! What can be wrong with a manifest, and where.

use core::fmt;

/// A mistake in a manifest, and where it is.
///
/// The message has everything: place in the text, field, and mistake.
///
/// # Examples
///
/// ```
/// use plugsmith_manifest::{Manifest, Mistake};
///
/// let err = Manifest::from_json(r#"{"memory": {"max_pages": "4"}}"#).unwrap_err();
/// assert_eq!(err.field, "memory.max_pages");
/// assert!(matches!(err.mistake, Mistake::WrongType { .. }));
/// assert_eq!(
///     err.to_string(),
///     "line 1, column 26: `memory.max_pages`: \
///      expected a whole number from 0 to 4294967295, found the string \"4\"",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManifestError {
    /// The path to the field, such as `wasm[1].hash`; empty for the manifest as a whole.
    pub field: String,
    /// Where in the text; `None` if there is no text.
    pub location: Option<Location>,
    /// What is wrong.
    pub mistake: Mistake,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = self.location {
            write!(f, "{location}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "`{}`: ", self.field)?;
        }
        self.mistake.fmt(f)
    }
}

impl core::error::Error for ManifestError {}

/// What is wrong with a field of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// The text is not in the format it was taken for.
    #[error("invalid {format}: {reason}")]
    Syntax {
        /// The format.
        format: TextFormat,
        /// What the parser says, without the place, which it counts in another way.
        reason: String,
    },
    /// The field is none that a manifest has here.
    #[error("unknown key (accepted: {}){}", Backticked(accepted), Meant(*meant))]
    UnknownKey {
        /// The keys that can stand here.
        accepted: &'static [&'static str],
        /// The one of them that was probably meant.
        meant: Option<&'static str>,
    },
    /// The field is there twice.
    #[error("key is given twice")]
    DuplicateKey,
    /// A field that must be there is missing.
    #[error("key `{key}` is missing")]
    MissingKey {
        /// The missing key.
        key: &'static str,
    },
    /// The value is of another type, or out of range.
    #[error("expected {accepted}, found {found}")]
    WrongType {
        /// What can stand here, in words.
        accepted: &'static str,
        /// What stands here, in words.
        found: String,
    },
    /// A module without `path`, `data` or `url`.
    #[error("module has no source: one of `path`, `data` and `url` is needed")]
    NoSource,
    /// A module with more than one of `path`, `data` and `url`.
    #[error("module has two sources, `{first}` and `{second}`: only one is accepted")]
    TwoSources {
        /// The first of them.
        first: &'static str,
        /// The next of them.
        second: &'static str,
    },
    /// A module's `data` points into the memory of the process, as Extism allows it to.
    #[error("expected base64 text, found a pointer into the memory of the process: refused")]
    ProcessMemory,
    /// A character that base64 does not have there.
    #[error("expected standard base64, found `{found}` at character {position}")]
    Base64Symbol {
        /// The character.
        found: char,
        /// Its place in the text of the field, counted from 1.
        position: usize,
    },
    /// Base64 that stops within a group of four characters.
    #[error("expected standard base64 padded to groups of 4 characters, found {found} characters")]
    Base64Len {
        /// How many characters there are.
        found: usize,
    },
    /// A hash that is too long or too short.
    #[error("expected a SHA-256 of 64 hexadecimal digits, found {found} characters")]
    HashLen {
        /// How many characters there are.
        found: usize,
    },
    /// A hash with a character that is no hexadecimal digit.
    #[error("expected a SHA-256 of 64 hexadecimal digits, found `{found}` at character {position}")]
    HashDigit {
        /// The character.
        found: char,
        /// Its place in the hash, counted from 1.
        position: usize,
    },
    /// A manifest without modules.
    #[error("manifest has no modules")]
    NoModules,
    /// A module whose name an earlier one has.
    #[error("module `{name}` is named as `wasm[{first_idx}]` is")]
    DuplicateName {
        /// The name that both have.
        name: String,
        /// The index of the earlier module.
        first_idx: usize,
    },
    /// A module with a name that the host keeps for itself.
    #[error("module name `{name}` is the host's own")]
    ReservedName {
        /// The name.
        name: String,
    },
}

/// A place in a text, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
}

impl Location {
    /// Returns the place of the byte `byte_idx` in `text`, which may be its end.
    pub(crate) fn of(text: &str, byte_idx: usize) -> Self {
        let mut end = byte_idx.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |newline_idx| newline_idx + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A format that manifests are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextFormat {
    /// JSON.
    Json,
    /// TOML.
    Toml,
}

impl fmt::Display for TextFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "JSON",
            Self::Toml => "TOML",
        })
    }
}

/// Shows words as a list, each in backticks.
struct Backticked<'w>(&'w [&'static str]);

impl fmt::Display for Backticked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (idx, word) in self.0.iter().enumerate() {
            let separator = if idx == 0 { "" } else { ", " };
            write!(f, "{separator}`{word}`")?;
        }
        Ok(())
    }
}

/// Shows the question whether another word was meant, if one was.
struct Meant(Option<&'static str>);

impl fmt::Display for Meant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |word| write!(f, ": did you mean `{word}`?"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_count_characters_from_one() {
        let place = |byte_idx| {
            let Location { line, column } = Location::of("ä\nbü!\n", byte_idx);
            (line, column)
        };
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(1), (1, 1));
        assert_eq!(place(2), (1, 2));
        assert_eq!(place(3), (2, 1));
        assert_eq!(place(6), (2, 3));
        assert_eq!(place(8), (3, 1));
        assert_eq!(place(usize::MAX), (3, 1));
    }
}
