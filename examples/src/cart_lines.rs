//! Carts from JSON Lines: one cart a line, and an error with its number for a line that is none.
//!
//! A bad line never ends the reading; only a failing reader does, as a line that says so.

use std::io::BufRead;

use crate::cart::Cart;

/// Reads carts from JSON Lines.
#[derive(Debug)]
pub struct CartLines<R> {
    reader: R,
    /// Number of the line read last; the first is 1.
    number: usize,
    failed: bool,
}

impl<R: BufRead> CartLines<R> {
    /// Reads from the start of `reader`.
    #[must_use]
    pub fn new(reader: R) -> Self {
        Self { reader, number: 0, failed: false }
    }
}

/// A line's number with the cart or what is wrong.
impl<R: BufRead> Iterator for CartLines<R> {
    type Item = (usize, Result<Cart, LineError>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let mut line = Vec::new();
        self.number += 1;
        match self.reader.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => Some((self.number, parse(&line))),
            Err(err) => {
                self.failed = true;
                Some((self.number, Err(LineError::Unreadable(err))))
            }
        }
    }
}

/// Why a line is not a cart.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// There is nothing on the line.
    #[error("empty line")]
    Empty,
    /// The line is not JSON, or not the JSON of a cart.
    #[error("column {column}: {reason}")]
    NotACart {
        /// Where the reading stopped, counted in bytes from 1.
        column: usize,
        /// What was found there.
        reason: String,
    },
    /// The reader failed; no line follows.
    #[error("the file cannot be read on")]
    Unreadable(#[source] std::io::Error),
}

fn parse(line: &[u8]) -> Result<Cart, LineError> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Err(LineError::Empty);
    }
    serde_json::from_slice(line).map_err(|err| {
        let column = err.column();
        let reason = err.to_string();
        // The parser numbers lines within the text it got, which is one line.
        let place = format!(" at line {} column {column}", err.line());
        let reason = reason.strip_suffix(&place).unwrap_or(&reason).to_owned();
        LineError::NotACart { column, reason }
    })
}

#[cfg(test)]
mod tests {
    use std::io::{self, BufReader, Read};

    use super::*;

    const GOOD: &str = r#"{"id":"C-1","channel":"web","is_new_customer":true,"provided_email":false,"cart_total_in_cents":1}"#;

    /// What each line comes to: the cart's name, or the message.
    fn read(text: &[u8]) -> Vec<(usize, Result<String, String>)> {
        let lines = CartLines::new(text);
        lines
            .map(|(number, cart)| (number, cart.map(|cart| cart.id).map_err(|err| err.to_string())))
            .collect()
    }

    #[test]
    fn good_lines_are_carts() {
        let text = format!("{GOOD}\n{GOOD}\r\n  {GOOD}");
        let ids: Vec<_> = read(text.as_bytes());
        let cart = |number| (number, Ok("C-1".to_owned()));
        assert_eq!(ids, [cart(1), cart(2), cart(3)]);
        assert_eq!(read(b""), []);
    }

    #[test]
    fn bad_lines_say_what_is_wrong() {
        let rows = [
            ("", "empty line"),
            ("   ", "empty line"),
            ("{", "column 1: EOF while parsing an object"),
            ("[]", "column 2: invalid length 0, expected struct Cart with 5 elements"),
            ("{}", "column 2: missing field `id`"),
        ];
        for (line, message) in rows {
            let text = format!("{line}\n{GOOD}\n");
            let expected = [(1, Err(message.to_owned())), (2, Ok("C-1".to_owned()))];
            assert_eq!(read(text.as_bytes()), expected, "`{line}`");
        }
    }

    #[test]
    fn fields_of_another_type_are_refused() {
        let rows = [("true", "\"yes\""), (":1}", ":-1}"), (":1}", ":1e40}"), ("web", "fax")];
        for (good, bad) in rows {
            let line = GOOD.replacen(good, bad, 1);
            assert!(matches!(read(line.as_bytes())[..], [(1, Err(_))]), "{line}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_a_bad_line() {
        let lines = read(b"\xff\xfe\n");
        assert!(matches!(lines[..], [(1, Err(_))]), "{lines:?}");
    }

    #[test]
    fn a_failing_reader_ends_the_lines() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::Other.into())
            }
        }
        let lines: Vec<_> = CartLines::new(BufReader::new(Broken)).collect();
        assert!(matches!(lines[..], [(1, Err(LineError::Unreadable(_)))]), "{lines:?}");
    }
}
