//! What a guest says, as the host passes it on to people: no longer than anyone reads, and without
//! characters that a terminal takes for commands.

use std::{borrow::Cow, fmt::Write as _};

/// How many bytes of a guest's error message or log message the host passes on.
const MESSAGE_LEN: usize = 65_536;

/// How many bytes of a name that a guest chose the host passes on.
const NAME_LEN: usize = 256;

/// Returns a guest's message as text: broken UTF-8 replaced, [`hidden`] characters spelt out, and cut
/// where it is too long.
pub(crate) fn message(bytes: &[u8]) -> Cow<'_, str> {
    let text = spelt(&bytes[..bytes.len().min(MESSAGE_LEN)]);
    if bytes.len() <= MESSAGE_LEN && text.len() <= MESSAGE_LEN {
        return text;
    }
    let end = text.floor_char_boundary(MESSAGE_LEN);
    format!("{} … ({} bytes)", &text[..end], bytes.len()).into()
}

/// Returns a name that a guest chose, on one line.
pub(crate) fn name(name: &str) -> Cow<'_, str> {
    let is_fine = |c: char| !c.is_control() && !hidden(c);
    if name.len() <= NAME_LEN && name.chars().all(is_fine) {
        return name.into();
    }
    let end = name.floor_char_boundary(NAME_LEN);
    let mut shown = String::with_capacity(end);
    for c in name[..end].chars() {
        if is_fine(c) { shown.push(c) } else { shown.extend(c.escape_default()) }
    }
    if end < name.len() {
        write!(shown, "… ({} bytes)", name.len()).expect("a string takes any text");
    }
    shown.into()
}

fn spelt(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    // The end of a line on some systems, and on a terminal the way to write over it.
    let returns = text.bytes().filter(|&byte| byte == b'\r').count() > text.matches("\r\n").count();
    if !returns && !text.chars().any(hidden) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let returns = c == '\r' && chars.peek() != Some(&'\n');
        if returns || hidden(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown.into()
}

/// Says whether a character does something to a terminal, or to the order of the text around it, instead
/// of being shown.
fn hidden(c: char) -> bool {
    match c {
        '\n' | '\r' | '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_text_that_does_nothing_to_a_terminal() {
        for (bytes, expected) in [
            (&b""[..], ""),
            (b"two\n\tlines\r\nthree", "two\n\tlines\r\nthree"),
            (b"\x1b[31mred", "\\u{1b}[31mred"),
            (b"over\rwritten", "over\\rwritten"),
            (b"end\r\n\r", "end\r\n\\r"),
            ("\u{9b}2J bell\u{7}".as_bytes(), "\\u{9b}2J bell\\u{7}"),
            ("right\u{202e}tfel".as_bytes(), "right\\u{202e}tfel"),
            ("\u{61c}\u{200e}\u{200f}".as_bytes(), "\\u{61c}\\u{200e}\\u{200f}"),
            ("line\u{2028}\u{2029}".as_bytes(), "line\\u{2028}\\u{2029}"),
            (b"broken \xff\xfe", "broken \u{fffd}\u{fffd}"),
            ("Grüße 🎉".as_bytes(), "Grüße 🎉"),
        ] {
            assert_eq!(message(bytes), expected);
        }
    }

    #[test]
    fn messages_are_cut_where_nobody_reads_on() {
        let (whole, long) = (vec![b'x'; MESSAGE_LEN - 1], vec![b'x'; MESSAGE_LEN + 1]);
        assert_eq!(message(&whole).len(), MESSAGE_LEN - 1);
        assert_eq!(message(&long), format!("{} … (65537 bytes)", "x".repeat(MESSAGE_LEN)));
        let (zeros, broken) = (vec![0; MESSAGE_LEN], vec![255; MESSAGE_LEN]);
        for bytes in [zeros, broken] {
            let shown = message(&bytes).into_owned();
            assert!(shown.ends_with(" … (65536 bytes)"));
            assert!(shown.len() < MESSAGE_LEN + 32, "{}", shown.len());
        }
    }

    #[test]
    fn names_stay_on_one_line_and_are_short() {
        for (found, expected) in
            [("", ""), ("grüße", "grüße"), ("a\nb\x1b[2Jc", "a\\nb\\u{1b}[2Jc")]
        {
            assert_eq!(name(found), expected);
        }
        let long = "ü".repeat(200);
        assert_eq!(name(&long), format!("{}… (400 bytes)", "ü".repeat(128)));
    }
}
