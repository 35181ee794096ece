//! JSON for people: spread over lines, with colour. Order of keys and digits of numbers stay as they are
//! in the text, which a value read into memory would not keep.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde::de::IgnoredAny;

use crate::printable::printable;

const KEY: Style = AnsiColor::Cyan.on_default();
const TEXT: Style = AnsiColor::Green.on_default();

/// Returns an object or a list spread over lines, or `None` if the bytes are anything else.
pub(crate) fn json_lines(bytes: &[u8]) -> Option<String> {
    let text = str::from_utf8(bytes).ok()?.trim_ascii();
    serde_json::from_str::<IgnoredAny>(text).ok().filter(|_| text.starts_with(['{', '[']))?;
    let mut writer = Writer::default();
    let mut rest = text;
    while let Some(token) = next_token(rest) {
        rest = rest[token.len()..].trim_ascii_start();
        writer.write(token, rest);
    }
    Some(writer.lines)
}

/// Returns what stands at the start of `text`: a sign, a string, or a word such as a number.
fn next_token(text: &str) -> Option<&str> {
    let len = match text.as_bytes().first()? {
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
        b'"' => string_len(text),
        _ => text.find(|letter: char| " \t\r\n,:]}".contains(letter)).unwrap_or(text.len()),
    };
    Some(&text[..len])
}

/// Returns the length of the string that `text` starts with, quotes included.
fn string_len(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 2)
}

#[derive(Default)]
struct Writer {
    lines: String,
    depth: usize,
}

impl Writer {
    /// Writes a token, before which everything is written; `rest` is what follows it.
    fn write(&mut self, token: &str, rest: &str) {
        match token {
            "{" | "[" => {
                self.lines.push_str(token);
                self.depth += 1;
                if !rest.starts_with(['}', ']']) {
                    self.break_line();
                }
            }
            "}" | "]" => {
                self.depth -= 1;
                if !self.lines.ends_with(['{', '[']) {
                    self.break_line();
                }
                self.lines.push_str(token);
            }
            "," => {
                self.lines.push(',');
                self.break_line();
            }
            ":" => self.lines.push_str(": "),
            _ => {
                let style = match token.starts_with('"') {
                    true if rest.starts_with(':') => KEY,
                    true => TEXT,
                    false => Style::new(),
                };
                write!(self.lines, "{style}{}{style:#}", printable(token))
                    .expect("a string takes any text");
            }
        }
    }

    fn break_line(&mut self) {
        self.lines.push('\n');
        self.lines.extend(std::iter::repeat_n("  ", self.depth));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Option<String> {
        json_lines(text.as_bytes()).map(|lines| anstream::adapter::strip_str(&lines).to_string())
    }

    #[test]
    fn order_and_digits_stay() {
        let text = r#"{"b":1.50,"a":[1e400,-0.0,{"k":null}],"c":{},"d":[ ],"e":""}"#;
        let lines = r#"{
  "b": 1.50,
  "a": [
    1e400,
    -0.0,
    {
      "k": null
    }
  ],
  "c": {},
  "d": [],
  "e": ""
}"#;
        assert_eq!(plain(text).as_deref(), Some(lines));
        assert_eq!(plain(lines).as_deref(), Some(lines));
    }

    #[test]
    fn signs_in_strings_are_text() {
        let text = r#"["a,b:{}[]","\"\\","\u00fc\\\"",""]"#;
        let lines = "[\n  \"a,b:{}[]\",\n  \"\\\"\\\\\",\n  \"\\u00fc\\\\\\\"\",\n  \"\"\n]";
        assert_eq!(plain(text).as_deref(), Some(lines));
    }

    #[test]
    fn what_is_no_object_or_list_is_left_alone() {
        for text in ["", "1", "\"a\"", "null", "{", "[1,]", "{} {}", "text"] {
            assert_eq!(plain(text), None, "{text}");
        }
        assert_eq!(json_lines(b"[\xff]"), None);
    }

    #[test]
    fn commands_to_terminals_are_spelt_out() {
        assert_eq!(plain("[\"\u{9b}2J\u{7f}\"]").as_deref(), Some("[\n  \"\\u{9b}2J\\u{7f}\"\n]"));
    }
}
