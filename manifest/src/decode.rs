//! What a manifest is made of, as text: its keys, their types, and the defaults of what is missing.
//!
//! JSON, TOML and `serde` all come through here, so one manifest is read alike in each. A key that
//! is null counts as missing; only `max_var_bytes` tells the two apart.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value;

use crate::fields::{Fault, Fields, Opened};
#[cfg(feature = "toml")]
use crate::node::TomlNode;
use crate::node::{JsonNode, Node, Shape};
use crate::{HttpRequest, Manifest, ManifestError, MemoryOptions, Mistake, Wasm, WasmMetadata};

const MANIFEST_KEYS: &[&str] =
    &["wasm", "memory", "config", "allowed_hosts", "allowed_paths", "timeout_ms"];
const MEMORY_KEYS: &[&str] = &["max_pages", "max_http_response_bytes", "max_var_bytes"];
const WASM_KEYS: &[&str] = &["path", "data", "url", "headers", "method", "name", "hash"];
const SOURCE_KEYS: &[&str] = &["path", "data", "url"];
const FILE_KEYS: &[&str] = &["path", "name", "hash"];
const DATA_KEYS: &[&str] = &["data", "name", "hash"];
const REQUEST_KEYS: &[&str] = &["url", "headers", "method"];
const METADATA_KEYS: &[&str] = &["name", "hash"];

const U32_IN_WORDS: &str = "a whole number from 0 to 4294967295";
const U64_IN_WORDS: &str = "a whole number from 0 to 18446744073709551615";

impl Manifest {
    /// Reads a manifest from JSON text.
    ///
    /// # Errors
    ///
    /// The first mistake, with its field, line and column.
    ///
    /// # Examples
    ///
    /// ```
    /// use plugsmith_manifest::Manifest;
    ///
    /// let manifest = Manifest::from_json(r#"{"wasm": [{"path": "a.wasm"}], "timeout_ms": 50}"#)?;
    /// assert_eq!(manifest.timeout_ms, Some(50));
    /// # Ok::<(), plugsmith_manifest::ManifestError>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self, ManifestError> {
        let text = without_mark(text);
        let opened = Opened::new(JsonNode::parse(text)?);
        opened.and_then(manifest).map_err(|fault| fault.into_error(Some(text)))
    }

    /// Reads a manifest from TOML text.
    ///
    /// # Errors
    ///
    /// The first mistake, with its field, line and column.
    ///
    /// # Examples
    ///
    /// ```
    /// use plugsmith_manifest::Manifest;
    ///
    /// let text = r#"
    ///     timeout_ms = 50
    ///     [[wasm]]
    ///     path = "a.wasm"
    /// "#;
    /// assert_eq!(Manifest::from_toml(text)?.wasm.len(), 1);
    /// # Ok::<(), plugsmith_manifest::ManifestError>(())
    /// ```
    #[cfg(feature = "toml")]
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        let text = without_mark(text);
        let opened = Opened::new(TomlNode::parse(text)?);
        opened.and_then(manifest).map_err(|fault| fault.into_error(Some(text)))
    }
}

impl HttpRequest {
    /// Reads a request from JSON text.
    ///
    /// # Errors
    ///
    /// The first mistake, with its field, line and column.
    ///
    /// # Examples
    ///
    /// ```
    /// use plugsmith_manifest::HttpRequest;
    ///
    /// let request = HttpRequest::from_json(r#"{"url": "https://example.com", "method": "HEAD"}"#)?;
    /// assert_eq!(request, HttpRequest::new("https://example.com").with_method("HEAD"));
    /// # Ok::<(), plugsmith_manifest::ManifestError>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self, ManifestError> {
        Opened::new(JsonNode::parse(text)?)
            .and_then(http_request)
            .map_err(|fault| fault.into_error(Some(text)))
    }
}

macro_rules! deserialize_by {
    ($($type:ty, $read:expr;)*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let opened = Opened::new(Value::deserialize(deserializer)?);
                opened
                    .and_then($read)
                    .map_err(|fault| D::Error::custom(fault.into_error(None)))
            }
        }
    )*};
}

deserialize_by! {
    Manifest, manifest;
    MemoryOptions, memory;
    Wasm, wasm;
    WasmMetadata, |opened| metadata(&mut opened.fields("a map", METADATA_KEYS)?);
    HttpRequest, http_request;
}

/// Checks that `hash` can be a SHA-256 at all.
pub(crate) fn check_hash(hash: &str) -> Result<(), Mistake> {
    let found = hash.chars().count();
    if found != 64 {
        return Err(Mistake::HashLen { found });
    }
    match hash.chars().enumerate().find(|(_, digit)| !digit.is_ascii_hexdigit()) {
        Some((idx, found)) => Err(Mistake::HashDigit { found, position: idx + 1 }),
        None => Ok(()),
    }
}

fn manifest<N: Node>(opened: Opened<N>) -> Result<Manifest, Fault> {
    let mut fields = opened.fields("a manifest as a map", MANIFEST_KEYS)?;
    let in_text = MemoryOptions::new().with_max_var_bytes(MemoryOptions::VAR_BYTES);
    Ok(Manifest {
        wasm: fields
            .take("wasm", |opened| opened.list("a list of modules", wasm))?
            .unwrap_or_default(),
        memory: fields.take("memory", memory)?.unwrap_or(in_text),
        config: fields
            .take("config", |opened| opened.text_map("a map of strings"))?
            .unwrap_or_default(),
        allowed_hosts: fields
            .take("allowed_hosts", |opened| opened.list("a list of host patterns", Opened::text))?,
        allowed_paths: fields.take("allowed_paths", |opened| {
            let paths = opened.text_map("a map from host path to guest path")?;
            Ok(paths.into_iter().map(|(host, guest)| (host, PathBuf::from(guest))).collect())
        })?,
        timeout_ms: fields.take("timeout_ms", |opened| opened.whole(U64_IN_WORDS))?,
    })
}

fn memory<N: Node>(opened: Opened<N>) -> Result<MemoryOptions, Fault> {
    let mut fields = opened.fields("a map of limits", MEMORY_KEYS)?;
    let max_var_bytes = if fields.has("max_var_bytes") {
        fields.take("max_var_bytes", |opened| opened.whole(U64_IN_WORDS))?
    } else {
        Some(MemoryOptions::VAR_BYTES)
    };
    Ok(MemoryOptions {
        max_pages: fields.take("max_pages", |opened| opened.whole(U32_IN_WORDS))?,
        max_http_response_bytes: fields
            .take("max_http_response_bytes", |opened| opened.whole(U64_IN_WORDS))?,
        max_var_bytes,
    })
}

fn wasm<N: Node>(opened: Opened<N>) -> Result<Wasm, Fault> {
    let mut fields = opened.fields("a module as a map", WASM_KEYS)?;
    let source = match *fields.present(SOURCE_KEYS) {
        [] => return Err(fields.fault(Mistake::NoSource)),
        [source] => source,
        [first, second, ..] => {
            return Err(fields.fault_at(second, Mistake::TwoSources { first, second }));
        }
    };
    match source {
        "path" => {
            fields.accept_only(FILE_KEYS)?;
            let path = required(&mut fields, "path", Opened::text)?;
            Ok(Wasm::File { path: path.into(), meta: metadata(&mut fields)? })
        }
        "data" => {
            fields.accept_only(DATA_KEYS)?;
            let data = required(&mut fields, "data", |opened| bytes(&opened))?;
            Ok(Wasm::Data { data, meta: metadata(&mut fields)? })
        }
        _ => Ok(Wasm::Url { req: request(&mut fields)?, meta: metadata(&mut fields)? }),
    }
}

fn http_request<N: Node>(opened: Opened<N>) -> Result<HttpRequest, Fault> {
    request(&mut opened.fields("a request as a map", REQUEST_KEYS)?)
}

fn request<N: Node>(fields: &mut Fields<N>) -> Result<HttpRequest, Fault> {
    Ok(HttpRequest {
        url: required(fields, "url", Opened::text)?,
        headers: fields
            .take("headers", |opened| opened.text_map("a map of strings"))?
            .unwrap_or_default(),
        method: fields.take("method", Opened::text)?,
    })
}

fn metadata<N: Node>(fields: &mut Fields<N>) -> Result<WasmMetadata, Fault> {
    Ok(WasmMetadata { name: fields.take("name", Opened::text)?, hash: fields.take("hash", hash)? })
}

fn hash<N: Node>(opened: Opened<N>) -> Result<String, Fault> {
    match &opened.shape {
        Shape::Text(digits) => check_hash(digits).map_err(|mistake| opened.fault(mistake))?,
        _ => return Err(opened.wrong_type("a SHA-256 of 64 hexadecimal digits")),
    }
    opened.text()
}

fn bytes<N: Node>(opened: &Opened<N>) -> Result<Vec<u8>, Fault> {
    match &opened.shape {
        Shape::Text(text) => {
            STANDARD.decode(text).map_err(|err| opened.fault(base64_mistake(text, &err)))
        }
        Shape::Map(entries)
            if entries.iter().any(|entry| matches!(entry.key.as_str(), "ptr" | "len")) =>
        {
            Err(opened.fault(Mistake::ProcessMemory))
        }
        _ => Err(opened.wrong_type("a module as base64 text")),
    }
}

fn base64_mistake(text: &str, err: &base64::DecodeError) -> Mistake {
    use base64::DecodeError::{InvalidByte, InvalidLastSymbol, InvalidLength, InvalidPadding};

    match *err {
        InvalidByte(idx, _) | InvalidLastSymbol { offset: idx, .. } => Mistake::Base64Symbol {
            // All before it are letters of base64, so bytes and characters count alike.
            found: text.get(idx..).and_then(|rest| rest.chars().next()).unwrap_or('='),
            position: idx + 1,
        },
        InvalidLength(_) | InvalidPadding => Mistake::Base64Len { found: text.chars().count() },
    }
}

fn required<N: Node, T>(
    fields: &mut Fields<N>,
    key: &'static str,
    read: impl FnOnce(Opened<N>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    match fields.take(key, read)? {
        Some(value) => Ok(value),
        None => Err(fields.fault(Mistake::MissingKey { key })),
    }
}

/// Returns `text` without the byte order mark that some editors write in front.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
