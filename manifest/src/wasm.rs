//! One module of a manifest: where its bytes come from, its name, and the hash they must have.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{HttpRequest, encode};

/// A module: its source and what is known of it.
///
/// # Examples
///
/// ```
/// use plugsmith_manifest::Wasm;
///
/// let wasm = Wasm::file("filters/spam.wasm").with_name("main");
/// assert_eq!(wasm.meta().name.as_deref(), Some("main"));
/// ```
// Not `#[non_exhaustive]`: programs written for Extism match all three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Wasm {
    /// A file that the host reads.
    File {
        /// Where the file is.
        path: PathBuf,
        /// The module's name and hash.
        #[serde(flatten)]
        meta: WasmMetadata,
    },
    /// The bytes themselves; base64 in text.
    Data {
        /// The module in binary or text form.
        #[serde(serialize_with = "encode::base64")]
        data: Vec<u8>,
        /// The module's name and hash.
        #[serde(flatten)]
        meta: WasmMetadata,
    },
    /// A module that the host fetches.
    Url {
        /// What the host asks for.
        #[serde(flatten)]
        req: HttpRequest,
        /// The module's name and hash.
        #[serde(flatten)]
        meta: WasmMetadata,
    },
}

impl Wasm {
    /// Returns the module in the file at `path`.
    #[must_use]
    pub fn file(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        Self::File { path, meta: WasmMetadata::default() }
    }

    /// Returns the module of these bytes.
    #[must_use]
    pub fn data(data: impl Into<Vec<u8>>) -> Self {
        Self::Data { data: data.into(), meta: WasmMetadata::default() }
    }

    /// Returns the module that a plain request to `url` answers with.
    #[must_use]
    pub fn url(url: impl Into<String>) -> Self {
        Self::http(HttpRequest::new(url))
    }

    /// Returns the module that this request answers with.
    #[must_use]
    pub fn http(req: impl Into<HttpRequest>) -> Self {
        Self::Url { req: req.into(), meta: WasmMetadata::default() }
    }

    /// Returns the module's name and hash.
    pub fn meta(&self) -> &WasmMetadata {
        match self {
            Self::File { meta, .. } | Self::Data { meta, .. } | Self::Url { meta, .. } => meta,
        }
    }

    /// Returns the module's name and hash, to be changed.
    pub fn meta_mut(&mut self) -> &mut WasmMetadata {
        match self {
            Self::File { meta, .. } | Self::Data { meta, .. } | Self::Url { meta, .. } => meta,
        }
    }

    /// Names the module, so that others can import from it.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.meta_mut().name = Some(name.into());
        self
    }

    /// Sets the SHA-256 that the module's bytes must have, as 64 hexadecimal digits.
    #[must_use]
    pub fn with_hash(mut self, hash: impl Into<String>) -> Self {
        self.meta_mut().hash = Some(hash.into());
        self
    }
}

impl From<HttpRequest> for Wasm {
    fn from(req: HttpRequest) -> Self {
        Self::http(req)
    }
}

impl From<PathBuf> for Wasm {
    fn from(path: PathBuf) -> Self {
        Self::File { path, meta: WasmMetadata::default() }
    }
}

impl From<Vec<u8>> for Wasm {
    fn from(data: Vec<u8>) -> Self {
        Self::data(data)
    }
}

/// What is known of a module besides where it comes from.
// Not `#[non_exhaustive]`: programs written for Extism build it as a struct literal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WasmMetadata {
    /// The name by which other modules import from this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The SHA-256 that the module's bytes must have, as 64 hexadecimal digits of either case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}
