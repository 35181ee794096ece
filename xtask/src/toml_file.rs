//! TOML files, read as the values that JSON has too: what this tool reads is either.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Reads a file.
///
/// # Errors
///
/// If it cannot be read or is not TOML; the message names it.
pub(crate) fn read(path: &Path) -> Result<Value> {
    let read = || {
        let text = fs::read_to_string(path)?;
        parse(&text)
    };
    read().with_context(|| format!("reading `{}`", path.display()))
}

/// Reads a text.
///
/// # Errors
///
/// If it is not TOML.
pub(crate) fn parse(text: &str) -> Result<Value> {
    let table = DeTable::parse(text).map_err(|err| anyhow!("{err}"))?;
    Ok(json(&DeValue::Table(table.into_inner())))
}

/// Dates and numbers become texts: nothing that is read here counts with them.
fn json(value: &DeValue<'_>) -> Value {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        (AsRef::<str>::as_ref(key.get_ref()).to_owned(), json(value.get_ref()))
    };
    match value {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Integer(integer) => Value::String(integer.to_string()),
        DeValue::Float(float) => Value::String(float.to_string()),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => Value::Object(table.iter().map(entry).collect()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn toml_becomes_values() {
        let text = "a = \"text\"\n[b]\nlist = [true, { c = 1 }, 1.5]\n[[d]]\ne = 2026-01-02\n";
        let expected = json!({
            "a": "text",
            "b": { "list": [true, { "c": "1" }, "1.5"] },
            "d": [{ "e": "2026-01-02" }],
        });
        assert_eq!(parse(text).unwrap(), expected);
        assert!(parse("a = ").is_err());
    }
}
