//! A document: front matter, a line for each key, and a body.
//!
//! What is read can be written again, so nothing that a plug-in makes of a document can break it.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// The line before and after the front matter.
const FENCE: &str = "---";

/// What plug-ins get, and give back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    /// Its file in the folder of pages.
    pub(crate) path: String,
    /// The front matter.
    pub(crate) meta: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// Why a text is no document.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    #[error("the front matter does not end: `{FENCE}` is missing")]
    Unclosed,
    #[error("line {number} of the front matter has no `:`")]
    NoColon { number: usize },
    #[error("line {number} of the front matter gives `{key}` again")]
    Again { number: usize, key: String },
    #[error("`{key}` of the front matter does not fit on a line")]
    NotALine { key: String },
}

impl Document {
    /// Reads the text of a page.
    ///
    /// # Errors
    ///
    /// If its front matter is none.
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self, DocumentError> {
        let (path, mut meta) = (path.to_owned(), BTreeMap::new());
        let mut lines = text.split_inclusive('\n');
        if lines.next().map(str::trim_end) != Some(FENCE) {
            return Ok(Self { path, meta, body: text.to_owned() });
        }
        for (line, number) in lines.by_ref().map(str::trim_end).zip(1..) {
            if line == FENCE {
                return Ok(Self { path, meta, body: lines.collect() });
            }
            let (key, value) = line.split_once(':').ok_or(DocumentError::NoColon { number })?;
            let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
            if let Some(key) = meta.contains_key(&key).then(|| key.clone()) {
                return Err(DocumentError::Again { number, key });
            }
            meta.insert(key, value);
        }
        Err(DocumentError::Unclosed)
    }

    /// Checks what a plug-in made of a document.
    ///
    /// # Errors
    ///
    /// If it could not be read again.
    pub(crate) fn check(&self) -> Result<(), DocumentError> {
        let is_line = |text: &str| text.trim() == text && !text.contains(char::is_control);
        for (key, value) in &self.meta {
            if !is_line(key) || !is_line(value) || key.contains(':') || key.starts_with(FENCE) {
                return Err(DocumentError::NotALine { key: key.escape_debug().to_string() });
            }
        }
        Ok(())
    }
}

/// The text of the page.
impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.meta.is_empty() {
            writeln!(f, "{FENCE}")?;
            self.meta.iter().try_for_each(|(key, value)| writeln!(f, "{key}: {value}"))?;
            writeln!(f, "{FENCE}")?;
        }
        f.write_str(&self.body)
    }
}
