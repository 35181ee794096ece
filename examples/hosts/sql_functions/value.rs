//! Values between SQL and JSON.
//!
//! NULL, integers, reals and text are what they are in JSON; a blob is `{"blob": "…"}` with Base64.
//! What the other side cannot hold is an error, never another value.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use plugsmith_examples::one_line;
use rusqlite::types::{Value as Sql, ValueRef};
use serde_json::{Number, Value as Json, json};

/// Why a value cannot cross.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ValueError {
    /// JSON has numbers, but neither infinity nor what is no number.
    #[error("a plug-in takes no infinite number")]
    NotFinite,
    /// SQLite stores any bytes as text.
    #[error("a plug-in takes no text that is not UTF-8")]
    NotUtf8,
    /// The plug-in answered something else than a JSON value.
    #[error("the plug-in gave no JSON")]
    NotJson(#[from] serde_json::Error),
    /// The plug-in's value is none of SQL's.
    #[error("the plug-in gave `{}`, which is no SQL value", one_line(.0))]
    NotSql(String),
}

/// Makes an argument for the plug-in.
pub(crate) fn to_json(value: ValueRef<'_>) -> Result<Json, ValueError> {
    Ok(match value {
        ValueRef::Null => Json::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => {
            Json::Number(Number::from_f64(number).ok_or(ValueError::NotFinite)?)
        }
        ValueRef::Text(bytes) => str::from_utf8(bytes).map_err(|_| ValueError::NotUtf8)?.into(),
        ValueRef::Blob(bytes) => json!({ "blob": STANDARD.encode(bytes) }),
    })
}

/// Makes the value of a function from the JSON that its plug-in answered.
pub(crate) fn to_sql(answer: &str) -> Result<Sql, ValueError> {
    let value: Json = serde_json::from_str(answer)?;
    let found = || ValueError::NotSql(answer.to_owned());
    Ok(match &value {
        Json::Null => Sql::Null,
        Json::Bool(truth) => Sql::Integer((*truth).into()),
        Json::Number(number) if number.is_f64() => {
            // `serde_json` may be off by one bit, the standard library never is.
            Sql::Real(answer.trim_ascii().parse().map_err(|_| found())?)
        }
        Json::Number(number) => Sql::Integer(number.as_i64().ok_or_else(found)?),
        Json::String(text) => Sql::Text(text.clone()),
        Json::Object(fields) if fields.len() == 1 => {
            let blob = fields.get("blob").and_then(Json::as_str);
            let bytes = blob.and_then(|text| STANDARD.decode(text).ok());
            Sql::Blob(bytes.ok_or_else(found)?)
        }
        Json::Array(_) | Json::Object(_) => return Err(found()),
    })
}
