//! What is printed for people: text and names that others chose, in which what a terminal would take for a
//! command is spelt out, and sizes.

use std::{borrow::Cow, fmt::Write as _};

/// Returns `text` with every control character but newlines and tabs escaped.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    spell(text, |letter| letter.is_control() && !matches!(letter, '\n' | '\t'))
}

/// Returns `text` on one line that is read as it is written: control characters are escaped, newlines and
/// tabs among them, and so is what has the letters around it change places.
pub(crate) fn in_line(text: &str) -> Cow<'_, str> {
    spell(text, |letter| letter.is_control() || is_order(letter))
}

/// Returns a text in which every byte is where it was, and nothing but newlines and tabs does what is not
/// seen.
pub(crate) fn in_place(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' | '\t' => String::from(letter),
        // Of an end of line, mostly.
        '\r' => " ".to_owned(),
        letter if letter.is_control() || is_order(letter) => "?".repeat(letter.len_utf8()),
        letter => String::from(letter),
    };
    text.chars().map(shown).collect()
}

/// Says whether a character breaks lines or settles the order of letters, and is not seen itself.
fn is_order(letter: char) -> bool {
    matches!(
        letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Escapes some letters.
fn spell(text: &str, is_spelt: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_spelt) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_spelt(letter) {
            write!(shown, "{}", letter.escape_default()).expect("a string takes any text");
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// Returns a size as a person says it.
pub(crate) fn bytes_in_words(n_bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(size, _)| n_bytes >= *size) {
        Some((size, unit)) => {
            let tenths = u128::from(n_bytes) * 10 / u128::from(*size);
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{n_bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commands_are_spelt_out() {
        let rows = [
            ("plain\n\ttext ü", "plain\n\ttext ü"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("back\u{8}space\r", "back\\u{8}space\\r"),
            ("\u{9b}2J", "\\u{9b}2J"),
        ];
        for (text, shown) in rows {
            assert_eq!(printable(text), shown);
        }
    }

    #[test]
    fn names_stay_on_their_line() {
        let rows = [
            ("plain ü", "plain ü"),
            ("run\n  evil\t\u{1b}[2J", "run\\n  evil\\t\\u{1b}[2J"),
            ("a\u{202e}b\u{2028}", "a\\u{202e}b\\u{2028}"),
        ];
        for (text, shown) in rows {
            assert_eq!(in_line(text), shown);
        }
    }

    #[test]
    fn bytes_stay_in_place() {
        let text = "a = 1\r\n\tb = '\u{1b}[2J\u{9b}\u{202e}ü'\n";
        let shown = "a = 1 \n\tb = '?[2J?????ü'\n";
        assert_eq!(in_place(text), shown);
        assert_eq!(text.len(), shown.len());
    }

    #[test]
    fn sizes_have_the_largest_unit_that_fits() {
        let rows = [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (1_600, "1.5 KiB"),
            (5 << 20, "5.0 MiB"),
            (u64::MAX, "17179869183.9 GiB"),
        ];
        for (n_bytes, words) in rows {
            assert_eq!(bytes_in_words(n_bytes), words);
        }
    }
}
