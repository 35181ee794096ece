//! A value that has been read already as nodes. It has no text, and so no places.

use serde_json::Value;

use crate::Mistake;
use crate::node::{Entry, Node, Shape};

impl Node for Value {
    fn start(&self) -> Option<usize> {
        None
    }

    fn open(self) -> Result<Shape<Self>, Mistake> {
        Ok(match self {
            Value::Null => Shape::Null,
            Value::Bool(truth) => Shape::Bool(truth),
            Value::Number(number) => Shape::Number(number.to_string(), number.as_u64()),
            Value::String(text) => Shape::Text(text),
            Value::Array(items) => Shape::List(items),
            Value::Object(map) => Shape::Map(
                map.into_iter().map(|(key, value)| Entry { key, key_start: None, value }).collect(),
            ),
        })
    }
}
