//! TOML text as nodes: the tree that the TOML parser makes, with the places it notes.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::node::{Entry, Node, Shape};
use crate::{Location, ManifestError, Mistake, TextFormat};

/// A TOML value, and the byte at which it begins.
pub(crate) struct TomlNode<'t> {
    start: usize,
    value: DeValue<'t>,
}

impl<'t> TomlNode<'t> {
    /// Returns the table that `text` is.
    pub(crate) fn parse(text: &'t str) -> Result<Self, ManifestError> {
        let table = DeTable::parse(text).map_err(|err| ManifestError {
            field: String::new(),
            location: err.span().map(|span| Location::of(text, span.start)),
            mistake: Mistake::Syntax { format: TextFormat::Toml, reason: err.message().to_owned() },
        })?;
        Ok(Self { start: table.span().start, value: DeValue::Table(table.into_inner()) })
    }
}

impl<'t> From<Spanned<DeValue<'t>>> for TomlNode<'t> {
    fn from(value: Spanned<DeValue<'t>>) -> Self {
        Self { start: value.span().start, value: value.into_inner() }
    }
}

impl Node for TomlNode<'_> {
    fn start(&self) -> Option<usize> {
        Some(self.start)
    }

    fn open(self) -> Result<Shape<Self>, Mistake> {
        Ok(match self.value {
            DeValue::String(text) => Shape::Text(text.into_owned()),
            DeValue::Integer(integer) => {
                let whole = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
                Shape::Number(integer.to_string(), whole)
            }
            DeValue::Float(float) => Shape::Number(float.to_string(), None),
            DeValue::Boolean(truth) => Shape::Bool(truth),
            DeValue::Datetime(date) => Shape::Date(date.to_string()),
            DeValue::Array(items) => Shape::List(items.into_iter().map(Self::from).collect()),
            DeValue::Table(table) => Shape::Map(entries(table)),
        })
    }
}

/// Returns the entries in the order of the text, which the table does not keep.
fn entries(table: DeTable<'_>) -> Vec<Entry<TomlNode<'_>>> {
    let entry = |(key, value): (Spanned<_>, Spanned<_>)| Entry {
        key_start: Some(key.span().start),
        key: String::from(key.into_inner()),
        value: TomlNode::from(value),
    };
    let mut entries: Vec<_> = table.into_iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.key_start);
    entries
}
