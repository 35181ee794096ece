//! JSON text as nodes: fragments of the text, which the JSON parser has found to be well-formed.

use core::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::node::{Entry, Node, Shape};
use crate::{Location, ManifestError, Mistake, TextFormat};

/// A JSON value within a text.
pub(crate) struct JsonNode<'t> {
    text: &'t str,
    /// The part of `text` that is this value, without white space around it.
    part: &'t str,
}

impl<'t> JsonNode<'t> {
    /// Returns the one value that `text` is.
    pub(crate) fn parse(text: &'t str) -> Result<Self, ManifestError> {
        let value: &RawValue = serde_json::from_str(text).map_err(|err| ManifestError {
            field: String::new(),
            location: Some(Location::of(text, byte_idx(text, &err))),
            mistake: syntax(&err),
        })?;
        Ok(Self { text, part: value.get() })
    }

    fn child(&self, value: &'t RawValue) -> Self {
        Self { text: self.text, part: value.get() }
    }

    fn start_of(&self, part: &str) -> usize {
        // The parser borrows from the text, so every part lies inside it.
        part.as_ptr().addr() - self.text.as_ptr().addr()
    }

    fn list(&self) -> Result<Shape<Self>, serde_json::Error> {
        let items: Vec<&RawValue> = serde_json::from_str(self.part)?;
        Ok(Shape::List(items.into_iter().map(|item| self.child(item)).collect()))
    }

    fn map(&self) -> Result<Shape<Self>, serde_json::Error> {
        let pairs = serde_json::Deserializer::from_str(self.part).deserialize_map(Pairs)?;
        let mut end = self.start_of(self.part);
        let mut entries = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let value = self.child(value);
            // Between one value and the next key there is white space, a comma or the opening
            // brace.
            let key_start = self.text[end..].find('"').map(|gap| end + gap);
            end = self.start_of(value.part) + value.part.len();
            entries.push(Entry { key, key_start, value });
        }
        Ok(Shape::Map(entries))
    }
}

impl Node for JsonNode<'_> {
    fn start(&self) -> Option<usize> {
        Some(self.start_of(self.part))
    }

    fn open(self) -> Result<Shape<Self>, Mistake> {
        let shape = match self.part.as_bytes().first() {
            Some(b'{') => self.map(),
            Some(b'[') => self.list(),
            Some(b'"') => serde_json::from_str(self.part).map(Shape::Text),
            Some(b't' | b'f') => serde_json::from_str(self.part).map(Shape::Bool),
            Some(b'n') => Ok(Shape::Null),
            _ => Ok(Shape::Number(self.part.to_owned(), self.part.parse().ok())),
        };
        shape.map_err(|err| syntax(&err))
    }
}

/// Collects the pairs of a map in order, those of the same key too.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

/// Returns the mistake without its place: of a part of the text, the parser knows only the place
/// there.
fn syntax(err: &serde_json::Error) -> Mistake {
    let message = err.to_string();
    let place = format!(" at line {} column {}", err.line(), err.column());
    let reason = message.strip_suffix(&place).unwrap_or(&message).to_owned();
    Mistake::Syntax { format: TextFormat::Json, reason }
}

/// Returns the byte at which the parser stopped: it counts the bytes of a line, not its characters.
fn byte_idx(text: &str, err: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n').take(err.line().saturating_sub(1));
    lines.map(str::len).sum::<usize>() + err.column().saturating_sub(1)
}
