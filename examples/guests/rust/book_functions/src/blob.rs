//! Bytes in JSON: `{"blob": "…"}` with Base64, so that they are not taken for text.

use base64::{DecodeError, Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// A value of SQL's type `BLOB`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Encoded", into = "Encoded")]
pub struct Blob(pub Vec<u8>);

/// The same as it stands in JSON.
#[derive(Deserialize, Serialize)]
struct Encoded {
    blob: String,
}

impl TryFrom<Encoded> for Blob {
    type Error = DecodeError;

    fn try_from(encoded: Encoded) -> Result<Self, DecodeError> {
        STANDARD.decode(encoded.blob).map(Self)
    }
}

impl From<Blob> for Encoded {
    fn from(Blob(bytes): Blob) -> Self {
        Self { blob: STANDARD.encode(bytes) }
    }
}
