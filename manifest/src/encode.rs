//! How the parts of a manifest are written where the derived form would differ.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serializer;

/// Writes bytes as base64 text.
pub(crate) fn base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}
