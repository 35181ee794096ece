//! What a call came to, for people and for scripts.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use plugsmith::CallReport;
use serde_json::{Value, json};

use crate::{
    output::style::{DIM, HEADING},
    printable::{bytes_in_words, printable},
};

/// Returns an output as a person likes to read it: JSON over several lines, and a last line with an
/// end.
pub(super) fn for_terminal(bytes: &[u8]) -> String {
    let mut text = match serde_json::from_slice::<Value>(bytes) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => format!("{value:#}"),
        _ => printable(&String::from_utf8_lossy(bytes)).into_owned(),
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Returns an output as an object for scripts: text under `output`, or anything under
/// `output_base64`.
pub(super) fn json_of(bytes: &[u8]) -> Value {
    match str::from_utf8(bytes) {
        Ok(text) => json!({"output": text}),
        Err(_) => json!({"output_base64": STANDARD.encode(bytes)}),
    }
}

/// Returns what a call took, as lines.
pub(super) fn report_lines(report: &CallReport) -> String {
    let mut rows = vec![
        ("time", format!("{:?}", report.time)),
        ("  in the guest", format!("{:?}", report.guest_time)),
        ("  in host functions", format!("{:?}", report.host_time)),
        ("guest memory", bytes_in_words(report.guest_memory)),
        ("exchange memory", bytes_in_words(report.exchange_memory)),
        ("input", bytes_in_words(report.input_len)),
        ("output", bytes_in_words(report.output_len)),
    ];
    if let Some(fuel) = report.fuel {
        rows.push(("fuel", fuel.to_string()));
    }
    let lines = rows.iter().map(|(name, value)| format!("\n  {DIM}{name:<20}{DIM:#} {value}"));
    format!("{HEADING}Report{HEADING:#}{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_get_json_over_lines_and_no_commands() {
        let rows: [(&[u8], &str); 6] = [
            (b"", ""),
            (b"hello", "hello\n"),
            (b"hello\n", "hello\n"),
            (b"{\"a\":[1]}", "{\n  \"a\": [\n    1\n  ]\n}\n"),
            (b"12", "12\n"),
            (b"\x1b[2J", "\\u{1b}[2J\n"),
        ];
        for (bytes, shown) in rows {
            assert_eq!(for_terminal(bytes), shown);
        }
    }

    #[test]
    fn scripts_get_text_or_base64() {
        assert_eq!(json_of("ü".as_bytes()), json!({"output": "ü"}));
        assert_eq!(json_of(b"\xff\0"), json!({"output_base64": "/wA="}));
    }
}
