//! What a plug-in says, and what went wrong with it, safe to print.
//!
//! A plug-in's author wrote some of it: it must neither steer a terminal, nor look like lines of the
//! host, nor fill the screen. Where in the plug-in it happened is left out: that is for its author.

use plugsmith::{Error, GuestTrap};

/// How many characters are kept.
const MOST_CHARACTERS: usize = 200;

/// Words an error and its causes on one line.
#[must_use]
pub fn complaint(err: &Error) -> String {
    let causes = err.chain().filter(|cause| !cause.is::<GuestTrap>());
    let parts: Vec<_> = causes.map(|cause| flat(&cause.to_string())).collect();
    one_line(&parts.join(": "))
}

/// Puts a text of whatever origin on one line.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line: String = text.chars().take(MOST_CHARACTERS).map(printable).collect();
    if text.chars().nth(MOST_CHARACTERS).is_some() {
        line.push('…');
    }
    line
}

/// Makes a text of whatever origin safe to print; it keeps its lines.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { c } else { printable(c) }).collect()
}

fn printable(c: char) -> char {
    if c.is_control() { '·' } else { c }
}

/// Joins the lines in which plug-ins written in Rust report an error and its causes.
fn flat(message: &str) -> String {
    let Some((message, causes)) = message.split_once("\n\nCaused by:\n") else {
        return message.to_owned();
    };
    let causes = causes.lines().map(|line| {
        let line = line.trim_start();
        // Of several causes each has a number in front.
        line.split_once(": ")
            .filter(|(number, _)| number.parse::<u8>().is_ok())
            .map_or(line, |(_, cause)| cause)
    });
    let parts: Vec<_> = [message].into_iter().chain(causes).collect();
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_stand_on_one_line() {
        let rows = [
            ("no such shelf", "no such shelf"),
            ("cannot decide\n\nCaused by:\n    no such shelf", "cannot decide: no such shelf"),
            ("a\n\nCaused by:\n    0: b\n    1: c: d", "a: b: c: d"),
            ("two\nlines", "two·lines"),
            ("\u{1b}[2Jgone", "·[2Jgone"),
        ];
        for (message, line) in rows {
            assert_eq!(complaint(&Error::msg(message)), line);
        }
        let err = Error::msg("no such file").context("cannot load");
        assert_eq!(complaint(&err), "cannot load: no such file");
    }

    #[test]
    fn only_one_line_is_cut() {
        let line = one_line(&"ü".repeat(MOST_CHARACTERS + 1));
        assert_eq!(line, "ü".repeat(MOST_CHARACTERS) + "…");
        assert_eq!(plain("one\n\ttwo\r\n"), "one\n·two·\n");
        assert_eq!(one_line(&"ü".repeat(MOST_CHARACTERS)), "ü".repeat(MOST_CHARACTERS));
    }
}
