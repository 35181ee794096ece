//! What a call came to, for people and for scripts.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use plugsmith::CallReport;
use serde_json::{Value, json};

use crate::{
    page::{Column, Page},
    pretty,
    printable::{bytes_in_words, printable},
};

/// Returns an output as a person likes to read it: JSON over several lines, and a last line with an
/// end.
pub(crate) fn for_terminal(bytes: &[u8]) -> String {
    let mut text = pretty::json_lines(bytes)
        .unwrap_or_else(|| printable(&String::from_utf8_lossy(bytes)).into_owned());
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Returns an output as an object for scripts: text under `output`, or anything under
/// `output_base64`.
pub(crate) fn json_of(bytes: &[u8]) -> Value {
    match str::from_utf8(bytes) {
        Ok(text) => json!({"output": text}),
        Err(_) => json!({"output_base64": STANDARD.encode(bytes)}),
    }
}

/// Returns what a call took, for people.
pub(crate) fn report_page(report: &CallReport) -> String {
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
    let rows: Vec<_> = rows.into_iter().map(|(name, value)| [name.to_owned(), value]).collect();
    let mut page = Page::new();
    page.heading("Report");
    page.table([Column::Dim, Column::Left], &rows);
    page.into_text()
}

/// Returns what a call took, for scripts.
pub(crate) fn report_json(report: &CallReport) -> Value {
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    json!({
        "time_ns": nanoseconds(report.time),
        "guest_time_ns": nanoseconds(report.guest_time),
        "host_time_ns": nanoseconds(report.host_time),
        "fuel": report.fuel,
        "guest_memory_bytes": report.guest_memory,
        "exchange_memory_bytes": report.exchange_memory,
        "input_bytes": report.input_len,
        "output_bytes": report.output_len,
    })
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
            assert_eq!(anstream::adapter::strip_str(&for_terminal(bytes)).to_string(), shown);
        }
    }

    #[test]
    fn scripts_get_text_or_base64() {
        assert_eq!(json_of("ü".as_bytes()), json!({"output": "ü"}));
        assert_eq!(json_of(b"\xff\0"), json!({"output_base64": "/wA="}));
    }
}
