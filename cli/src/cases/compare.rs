//! What was expected beside what came: compared by what it is, and shown line by line.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::{output::style, printable::printable};

/// Bytes that are expected, and what they are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    /// The value, where JSON is compared as such: whatever its spaces, and the order of its keys.
    pub(super) json: Option<Value>,
}

/// What is wrong with a case, and how what was expected differs from what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) what: String,
    /// Lines with `-` in front of what was expected, `+` in front of what came; or empty.
    pub(super) diff: String,
}

impl Complaint {
    /// A complaint that needs no comparison.
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), diff: String::new() }
    }

    /// Returns the complaint for people.
    pub(super) fn shown(&self) -> String {
        let mut text = format!("{}\n", printable(&self.what));
        for line in self.diff.lines() {
            let style = match line.bytes().next() {
                Some(b'-') => style::BAD,
                Some(b'+') => style::GOOD,
                _ => style::DIM,
            };
            writeln!(text, "{style}{}{style:#}", printable(line)).expect("a string takes any text");
        }
        text
    }
}

/// The most lines of a comparison that are shown.
const LINES_LIMIT: usize = 200;

/// Returns what is wrong, if what came is not what was expected. `subject` is what it is that came.
pub(super) fn compare(subject: &str, expected: &Content, found: &[u8]) -> Option<Complaint> {
    if let Some(expected) = &expected.json {
        return compare_json(subject, expected, found);
    }
    if expected.bytes == found {
        return None;
    }
    let diff = match (str::from_utf8(&expected.bytes), str::from_utf8(found)) {
        (Ok(expected), Ok(found)) => diff(expected, found),
        _ => diff_bytes(&expected.bytes, found),
    };
    Some(Complaint { what: differs(subject), diff })
}

fn compare_json(subject: &str, expected: &Value, found: &[u8]) -> Option<Complaint> {
    let lines = |value: &Value| format!("{value:#}");
    match serde_json::from_slice::<Value>(found) {
        Ok(found) if found == *expected => None,
        Ok(found) => {
            Some(Complaint { what: differs(subject), diff: diff(&lines(expected), &lines(&found)) })
        }
        Err(err) => {
            let what = format!("{subject} is not JSON: {err}");
            Some(Complaint { what, diff: diff(&lines(expected), &String::from_utf8_lossy(found)) })
        }
    }
}

fn differs(subject: &str) -> String {
    format!("{subject} differs (- expected, + found)")
}

/// Compares texts, by lines.
fn diff(expected: &str, found: &str) -> String {
    let mut text = String::new();
    let diff = TextDiff::from_lines(expected, found);
    let groups = diff.grouped_ops(3);
    let changes = groups.iter().flatten().flat_map(|op| diff.iter_changes(op));
    for (n_lines, change) in changes.enumerate() {
        if n_lines == LINES_LIMIT {
            text.push_str(" …\n");
            break;
        }
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        let line = change.value();
        let (line, has_end) = line.strip_suffix('\n').map_or((line, false), |line| (line, true));
        // Carriage returns and the like would be seen nowhere.
        let shown = line.replace('\r', "\\r");
        writeln!(text, "{sign}{shown}").expect("a string takes any text");
        let is_about_ends = expected.ends_with('\n') != found.ends_with('\n');
        if !has_end && is_about_ends {
            text.push_str("  (no newline at the end)\n");
        }
    }
    text
}

/// Compares what is not text.
fn diff_bytes(expected: &[u8], found: &[u8]) -> String {
    let same = expected.iter().zip(found).take_while(|(expected, found)| expected == found).count();
    format!(
        "-{} bytes, in base64: {}\n+{} bytes, in base64: {}\n first difference at byte {same}\n",
        expected.len(),
        start_in_base64(expected),
        found.len(),
        start_in_base64(found)
    )
}

fn start_in_base64(bytes: &[u8]) -> String {
    const SHOWN_LEN: usize = 48;
    match bytes.get(..SHOWN_LEN) {
        Some(start) => format!("{}…", BASE64.encode(start)),
        None => BASE64.encode(bytes),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(text: &str) -> Content {
        Content { bytes: text.into(), json: None }
    }

    fn value(json: Value) -> Content {
        Content { bytes: Vec::new(), json: Some(json) }
    }

    #[test]
    fn equal_is_equal_by_what_it_is() {
        let rows = [
            (text("a\nb"), "a\nb"),
            (text(""), ""),
            (value(json!({"a": 1, "b": [null]})), "{ \"b\": [null],\n\"a\": 1 }"),
            (value(json!(1)), " 1 "),
        ];
        for (expected, found) in rows {
            assert_eq!(compare("output", &expected, found.as_bytes()), None);
        }
    }

    #[test]
    fn what_differs_is_shown_in_lines() {
        let rows: [(Content, &[u8], &str); 6] = [
            (text("a"), b"b", "-a\n+b\n"),
            (text("a\nb\nc\n"), b"a\nx\nc\n", " a\n-b\n+x\n c\n"),
            (text("a\n"), b"a", "-a\n+a\n  (no newline at the end)\n"),
            (text("a"), b"a\r", "-a\n+a\\r\n"),
            (
                value(json!({"words": 3})),
                b"{\"words\":4}",
                " {\n-  \"words\": 3\n+  \"words\": 4\n }\n",
            ),
            (
                Content { bytes: vec![1, 0xff], json: None },
                &[1, 2],
                "-2 bytes, in base64: Af8=\n+2 bytes, in base64: AQI=\n first difference at byte 1\n",
            ),
        ];
        for (expected, found, diff) in rows {
            let complaint = compare("output", &expected, found).expect("they differ");
            assert_eq!(complaint.what, "output differs (- expected, + found)");
            assert_eq!(complaint.diff, diff);
        }
    }

    #[test]
    fn what_is_not_json_is_told_and_shown() {
        let complaint = compare("output", &value(json!(1)), b"one").expect("it is not JSON");
        assert!(complaint.what.starts_with("output is not JSON: "), "{}", complaint.what);
        assert_eq!(complaint.diff, "-1\n+one\n");
    }

    #[test]
    fn a_long_comparison_is_cut() {
        let lines = "x\n".repeat(10 * LINES_LIMIT);
        let complaint = compare("output", &text(&lines), b"").expect("they differ");
        assert_eq!(complaint.diff.lines().count(), LINES_LIMIT + 1);
        assert!(complaint.diff.ends_with("-x\n …\n"));
    }
}
