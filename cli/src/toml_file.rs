//! Files in TOML that people write: what is wrong in one is shown in its place.

use std::{fs, ops::Range, path::Path};

use serde::de::DeserializeOwned;

use crate::{exit::Exit, failure::Failure};

/// A file that was read, and what it is called.
#[derive(Clone, Debug)]
pub(crate) struct TomlFile {
    /// Its path, as people know it.
    pub(crate) name: String,
    text: String,
}

impl TomlFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is not UTF-8.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self { name, text }),
            Err(err) => {
                Err(Failure::new(Exit::Input, format!("cannot read `{name}`")).with_cause(err))
            }
        }
    }

    /// Makes a value of the text.
    ///
    /// # Errors
    ///
    /// With the place, if the text is not TOML, lacks a key, or has one that means nothing.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        toml::from_str(&self.text).map_err(|err| {
            let span = err.span().unwrap_or_default();
            self.refuse(format!("`{}` is not as it must be", self.name), span, err.message())
        })
    }

    /// Returns a failure that shows the place in the text, and says there what is wrong with it.
    pub(crate) fn refuse(
        &self,
        message: impl Into<String>,
        span: Range<usize>,
        label: impl Into<String>,
    ) -> Failure {
        Failure::new(Exit::Input, message).with_place(&self.name, &self.text, span, label)
    }

    /// Returns the number of the line in which a byte of the text is.
    pub(crate) fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count()
    }
}
