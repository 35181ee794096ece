//! What a host loads, and what it grants: the manifest, as a value and as text.
//!
//! A [`Manifest`] names the modules of a plug-in and everything the plug-in may use; what it does
//! not name is denied. In text it is Extism's manifest: JSON, or TOML with the feature `toml`. A
//! mistake in the text is a [`ManifestError`] that says which field, what was found, what is
//! accepted, and the line and column.
//!
//! This crate knows no engine. It reads no file and fetches nothing: a manifest that is right here
//! may still name a file that is not there.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use plugsmith_manifest::{Manifest, Wasm};
//!
//! let manifest = Manifest::new([Wasm::file("discount.wasm")])
//!     .with_config_key("currency", "EUR")
//!     .with_timeout(Duration::from_millis(50));
//!
//! let text = r#"{
//!     "wasm": [{"path": "discount.wasm"}],
//!     "memory": {"max_var_bytes": null},
//!     "config": {"currency": "EUR"},
//!     "timeout_ms": 50
//! }"#;
//! assert_eq!(Manifest::from_json(text)?, manifest);
//!
//! let err = Manifest::from_json(r#"{"timeoutMs": 50}"#).unwrap_err();
//! assert!(err.to_string().ends_with("did you mean `timeout_ms`?"));
//! # Ok::<(), plugsmith_manifest::ManifestError>(())
//! ```

#![forbid(unsafe_code)]

mod decode;
mod encode;
mod error;
mod fields;
mod http_request;
mod manifest;
mod memory_options;
mod modules;
mod node;
mod suggest;
mod wasm;

pub use crate::error::{Location, ManifestError, Mistake, TextFormat};
pub use crate::http_request::HttpRequest;
pub use crate::manifest::Manifest;
pub use crate::memory_options::MemoryOptions;
pub use crate::modules::{KERNEL_MODULE, MAIN_MODULE};
pub use crate::wasm::{Wasm, WasmMetadata};

/// The former name of [`MemoryOptions`].
#[deprecated(note = "renamed to `MemoryOptions`")]
pub type ManifestMemory = MemoryOptions;

/// The former name of [`Wasm`].
#[deprecated(note = "renamed to `Wasm`")]
pub type ManifestWasm = Wasm;
