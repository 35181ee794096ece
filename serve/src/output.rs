//! What a call gave, and what that is.
//!
//! Finding out takes a while if there is much of it. So it is part of the call, on whichever thread that
//! runs, and not done where nobody sees to it that other clients are heard.

use serde::de::IgnoredAny;

pub(crate) const JSON: &str = "application/json";
pub(crate) const PLAIN_TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

/// What a call gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) bytes: Vec<u8>,
    pub(crate) content_type: &'static str,
}

impl Output {
    /// Finds out what an output is.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let content_type = content_type(&bytes);
        Self { bytes, content_type }
    }
}

/// Returns the type of an output: JSON if it is an object or a list, text if it is that, else bytes.
fn content_type(output: &[u8]) -> &'static str {
    let Ok(text) = str::from_utf8(output) else { return BYTES };
    let may_be_json = text.trim_start().starts_with(['{', '[']);
    if may_be_json && serde_json::from_str::<IgnoredAny>(text).is_ok() { JSON } else { PLAIN_TEXT }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_have_the_type_that_they_are_of() {
        let rows: [(&[u8], &str); 9] = [
            (b"", PLAIN_TEXT),
            (b"hello", PLAIN_TEXT),
            (b"7", PLAIN_TEXT),
            (b"{", PLAIN_TEXT),
            (b"{\"a\": [1, null]}", JSON),
            (b" \n[]", JSON),
            (b"[1] and more", PLAIN_TEXT),
            (b"\xff\xfe", BYTES),
            (b"{\"a\": \"\xff\"}", BYTES),
        ];
        for (output, expected) in rows {
            assert_eq!(content_type(output), expected, "{}", output.escape_ascii());
        }
    }
}
