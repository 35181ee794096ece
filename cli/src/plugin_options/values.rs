//! The values that options of a plug-in take: each is read once, here, and says what it should be.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use plugsmith::LogLevel;
use serde_json::Value;

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// A module's file, and the name others import from it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// A path of this machine, and the one the plug-in sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AllowedPath {
    /// With `ro:` in front where the plug-in may only read.
    pub(super) host: String,
    pub(super) guest: PathBuf,
}

/// Keys and values out of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConfigObject(pub(super) BTreeMap<String, String>);

/// Reads `KEY=VALUE`.
pub(crate) fn pair(text: &str) -> Result<Pair, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => {
            Ok(Pair { key: key.to_owned(), value: value.to_owned() })
        }
        _ => Err("expected `KEY=VALUE`".to_owned()),
    }
}

/// Reads `NAME=PATH`.
pub(super) fn link(text: &str) -> Result<Link, String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok(Link { name: name.to_owned(), path: path.into() })
        }
        _ => Err("expected `NAME=PATH`".to_owned()),
    }
}

/// Reads `PATH`, which the plug-in then sees under the same name, or `PATH:GUEST_PATH`.
pub(super) fn allowed_path(text: &str) -> Result<AllowedPath, String> {
    let (mode, path) = match text.strip_prefix("ro:") {
        Some(path) => ("ro:", path),
        None => ("", text),
    };
    // The drive of a path of Windows is no separator.
    let after_drive = if cfg!(windows) && path.as_bytes().get(1) == Some(&b':') { 2 } else { 0 };
    let (host, guest) = match path[after_drive..].find(':') {
        Some(idx) => (&path[..after_drive + idx], &path[after_drive + idx + 1..]),
        None => (path, path),
    };
    if host.is_empty() || guest.is_empty() {
        return Err("expected `PATH`, `PATH:GUEST_PATH` or either after `ro:`".to_owned());
    }
    Ok(AllowedPath { host: format!("{mode}{host}"), guest: guest.into() })
}

/// Reads a JSON object of texts, numbers and booleans.
pub(super) fn config_object(text: &str) -> Result<ConfigObject, String> {
    let Value::Object(object) = serde_json::from_str(text).map_err(|err| err.to_string())? else {
        return Err("expected a JSON object such as `{\"key\": \"value\"}`".to_owned());
    };
    let entry = |(key, value): (String, Value)| match value {
        Value::String(text) => Ok((key, text)),
        Value::Number(_) | Value::Bool(_) => Ok((key, value.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(format!("the value of `{key}` is not a text, a number or a boolean"))
        }
    };
    object.into_iter().map(entry).collect::<Result<_, _>>().map(ConfigObject)
}

/// Reads a time: milliseconds, or a number and `ms`, `s` or `m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit_ms = match &text[digits.len()..] {
        "" | "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let time_ms = digits.parse::<u64>().ok().zip(unit_ms);
    time_ms
        .and_then(|(number, unit_ms)| number.checked_mul(unit_ms))
        .map(Duration::from_millis)
        .ok_or_else(|| "expected milliseconds, or a time such as `500ms`, `2s`, `1m`".to_owned())
}

/// Reads a level of logs.
pub(super) fn log_level(text: &str) -> Result<LogLevel, String> {
    match text.to_ascii_lowercase().as_str() {
        "trace" => Ok(LogLevel::Trace),
        "debug" => Ok(LogLevel::Debug),
        "info" => Ok(LogLevel::Info),
        "warn" => Ok(LogLevel::Warn),
        "error" => Ok(LogLevel::Error),
        _ => Err("expected `trace`, `debug`, `info`, `warn` or `error`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_under_their_own_name_or_another() {
        let rows = [
            ("/srv", Ok(("/srv", "/srv"))),
            ("/srv:/data", Ok(("/srv", "/data"))),
            ("ro:/srv", Ok(("ro:/srv", "/srv"))),
            ("ro:srv:/data", Ok(("ro:srv", "/data"))),
            ("", Err(())),
            ("ro:", Err(())),
            (":/data", Err(())),
            ("/srv:", Err(())),
        ];
        for (text, expected) in rows {
            let found = allowed_path(text).map_err(|_| ());
            let expected = expected
                .map(|(host, guest)| AllowedPath { host: host.into(), guest: guest.into() });
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn times_have_units() {
        let rows = [
            ("500", Some(500)),
            ("500ms", Some(500)),
            ("2s", Some(2_000)),
            ("1m", Some(60_000)),
            ("0", Some(0)),
            ("", None),
            ("s", None),
            ("-1", None),
            ("1.5s", None),
            ("1h", None),
            ("18446744073709551615s", None),
        ];
        for (text, expected_ms) in rows {
            assert_eq!(duration(text).ok(), expected_ms.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn pairs_are_cut_at_the_first_sign() {
        let rows = [
            ("a=1", Some(("a", "1"))),
            ("a=1=2", Some(("a", "1=2"))),
            ("a=", Some(("a", ""))),
            ("=1", None),
            ("a", None),
        ];
        for (text, expected) in rows {
            let expected =
                expected.map(|(key, value)| Pair { key: key.into(), value: value.into() });
            assert_eq!(pair(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn objects_hold_what_can_be_text() {
        let object = config_object(r#"{"a": "1", "b": 2, "c": true}"#).expect("it is an object");
        let expected = [("a", "1"), ("b", "2"), ("c", "true")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(object, ConfigObject(expected.into()));
        for text in ["[]", "1", "{", r#"{"a": null}"#, r#"{"a": [1]}"#] {
            assert!(config_object(text).is_err(), "{text}");
        }
    }
}
