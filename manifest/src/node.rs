//! One value of a text, seen alike whether the text is JSON or TOML.
//!
//! A node knows where it begins, and shows what it is one level at a time. So a manifest is read as
//! deep as manifests go and no deeper, however deep a hostile text nests.

mod json;
#[cfg(feature = "toml")]
mod toml;
mod value;

pub(crate) use json::JsonNode;
#[cfg(feature = "toml")]
pub(crate) use toml::TomlNode;

use crate::Mistake;

/// A value that has not been looked into.
pub(crate) trait Node: Sized {
    /// Returns the byte of the text at which the value begins; `None` if there is no text.
    fn start(&self) -> Option<usize>;

    /// Returns what the value is.
    ///
    /// # Errors
    ///
    /// [`Mistake::Syntax`] if only a look inside shows that the text is wrong.
    fn open(self) -> Result<Shape<Self>, Mistake>;
}

/// What a value is.
pub(crate) enum Shape<N> {
    Null,
    Bool(bool),
    /// A number as it is written, and its value if that is a whole number from 0 to `u64::MAX`.
    Number(String, Option<u64>),
    Text(String),
    /// A date or a time, as it is written.
    #[cfg_attr(not(feature = "toml"), expect(dead_code, reason = "TOML alone has dates"))]
    Date(String),
    List(Vec<N>),
    Map(Vec<Entry<N>>),
}

/// A key of a map and its value.
pub(crate) struct Entry<N> {
    pub(crate) key: String,
    /// The byte of the text at which the key begins; `None` if there is no text.
    pub(crate) key_start: Option<usize>,
    pub(crate) value: N,
}

impl<N> Shape<N> {
    /// Returns what this is, in words that follow "found".
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(truth) => truth.to_string(),
            Self::Number(digits, _) => format!("the number {}", cut(digits)),
            Self::Text(text) => format!("the string {:?}", cut(text)),
            Self::Date(text) => format!("the date {text}"),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a map".to_owned(),
        }
    }
}

/// Returns the beginning of a text that may be megabytes long.
fn cut(text: &str) -> String {
    const N_SHOWN: usize = 40;
    match text.char_indices().nth(N_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
