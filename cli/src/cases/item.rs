//! A value in a case file: text as it stands, or a table that says what it is.
//!
//! What a value may be depends on where it stands, which is checked there.

use std::{fmt, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::Value;

/// A value, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// `"text"`
    Text(String),
    /// `{ json = … }`
    Json(Value),
    /// `{ base64 = "…" }`
    Base64(Vec<u8>),
    /// `{ file = "…" }`
    File(PathBuf),
    /// `{ error = "…" }`
    Error(String),
    /// `7`
    Integer(i64),
    /// `7.5`
    Float(f64),
}

/// The keys of which a table has one.
const KEYS: [&str; 4] = ["json", "base64", "file", "error"];

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, or a table with one of `json`, `base64`, `file` and `error`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Item, E> {
        Ok(Item::Text(text.to_owned()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Item, E> {
        Ok(Item::Integer(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Item, E> {
        Ok(Item::Float(number))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
        let Some(key) = map.next_key::<String>()? else {
            return Err(de::Error::custom("the table is empty"));
        };
        let item = match key.as_str() {
            "json" => Item::Json(to_json(map.next_value()?)),
            "base64" => Item::Base64(decode(&map.next_value::<String>()?)?),
            "file" => Item::File(map.next_value()?),
            "error" => Item::Error(map.next_value()?),
            key => return Err(de::Error::unknown_field(key, &KEYS)),
        };
        match map.next_key::<String>()? {
            None => Ok(item),
            Some(_) => Err(de::Error::custom("a value has one of these keys, not two")),
        }
    }
}

fn decode<E: de::Error>(text: &str) -> Result<Vec<u8>, E> {
    let bytes = BASE64.decode(text.trim());
    bytes.map_err(|err| de::Error::custom(format!("this is not base64: {err}")))
}

/// Returns what JSON makes of a value. It has no dates, so they become text.
fn to_json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(truth) => Value::from(truth),
        toml::Value::Datetime(date) => Value::from(date.to_string()),
        toml::Value::Array(items) => items.into_iter().map(to_json).collect(),
        toml::Value::Table(table) => {
            table.into_iter().map(|(key, value)| (key, to_json(value))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Holder {
        item: Item,
    }

    fn read(text: &str) -> Result<Item, toml::de::Error> {
        toml::from_str::<Holder>(&format!("item = {text}")).map(|holder| holder.item)
    }

    #[test]
    fn a_value_says_what_it_is() {
        let rows = [
            ("\"Ada\"", Item::Text("Ada".into())),
            ("7", Item::Integer(7)),
            ("7.5", Item::Float(7.5)),
            ("{ base64 = \"AP8=\" }", Item::Base64(vec![0, 0xff])),
            ("{ file = \"a.json\" }", Item::File("a.json".into())),
            ("{ error = \"no\" }", Item::Error("no".into())),
            (
                "{ json = { a = [1, 2.5, true, \"x\"] } }",
                Item::Json(json!({"a": [1, 2.5, true, "x"]})),
            ),
            ("{ json = 1979-05-27 }", Item::Json(json!("1979-05-27"))),
            ("{ json = \"text\" }", Item::Json(json!("text"))),
        ];
        for (text, item) in rows {
            assert_eq!(read(text).expect(text), item);
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        let rows = [
            ("{}", "the table is empty"),
            ("{ jsno = 1 }", "unknown field `jsno`, expected one of `json`, `base64`, `file`"),
            ("{ json = 1, file = \"a\" }", "a value has one of these keys, not two"),
            ("{ base64 = \"?\" }", "this is not base64"),
            ("{ file = 1 }", "invalid type: integer"),
            ("[1]", "invalid type: sequence, expected text, a number, or a table"),
        ];
        for (text, message) in rows {
            let err = read(text).expect_err(text);
            assert!(err.message().contains(message), "{text}: {err}");
        }
    }
}
