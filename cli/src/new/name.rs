//! What a project may be called: what every language, every file system and every shell takes.

use crate::{exit::Exit, failure::Failure, lang::Lang};

/// The longest name, in bytes.
const LEN_LIMIT: usize = 64;

/// Words of Rust, which cannot name a package.
const RUST_WORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Packages that a project in Rust depends on, or that the compiler brings.
const RUST_PACKAGES: [&str; 8] =
    ["alloc", "core", "plugsmith", "plugsmith-pdk", "proc_macro", "serde", "std", "test"];

/// Names that some systems keep for devices.
const DEVICES: [&str; 6] = ["aux", "con", "nul", "prn", "com1", "lpt1"];

/// Checks a name for a project in this language.
///
/// # Errors
///
/// What is wrong with the name, and what is not.
pub(super) fn check(name: &str, lang: Lang) -> Result<(), Failure> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    let lower = name.to_ascii_lowercase();
    let reason = if name.is_empty() {
        "it is empty".to_owned()
    } else if let Some(letter) = name.chars().find(|letter| !is_letter(*letter)) {
        format!("it contains `{}`", letter.escape_debug())
    } else if !name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        "it does not begin with a letter".to_owned()
    } else if name.len() > LEN_LIMIT {
        format!("it has {} letters, the limit is {LEN_LIMIT}", name.len())
    } else if DEVICES.contains(&lower.as_str()) {
        "some systems keep it for a device".to_owned()
    } else if lang == Lang::Rust && RUST_WORDS.contains(&name) {
        "it is a word of Rust".to_owned()
    } else if lang == Lang::Rust && RUST_PACKAGES.contains(&name) {
        "a package of this name is there already".to_owned()
    } else {
        return Ok(());
    };
    Err(Failure::new(Exit::Usage, format!("`{name}` cannot name a project: {reason}"))
        .with_help("use letters, digits, `-` and `_`, a letter first: `word-counter`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_everywhere_or_refused() {
        let long = "a".repeat(LEN_LIMIT + 1);
        let rows = [
            ("word-counter", Lang::Rust, None),
            ("a", Lang::C, None),
            ("Vowels_2", Lang::Go, None),
            (&long[1..], Lang::Wat, None),
            ("type", Lang::Zig, None),
            ("types", Lang::Rust, None),
            ("type", Lang::Rust, Some("it is a word of Rust")),
            ("serde", Lang::Rust, Some("a package of this name is there already")),
            ("", Lang::C, Some("it is empty")),
            ("2fast", Lang::C, Some("it does not begin with a letter")),
            ("-x", Lang::C, Some("it does not begin with a letter")),
            ("a/b", Lang::C, Some("it contains `/`")),
            ("..", Lang::C, Some("it contains `.`")),
            ("zähler", Lang::C, Some("it contains `ä`")),
            ("a\nb", Lang::C, Some("it contains `\\n`")),
            ("NUL", Lang::C, Some("some systems keep it for a device")),
            (&long, Lang::C, Some("it has 65 letters, the limit is 64")),
        ];
        for (name, lang, reason) in rows {
            let refusal = check(name, lang).err().map(|failure| failure.to_string());
            let expected = reason.map(|reason| format!("`{name}` cannot name a project: {reason}"));
            assert_eq!(refusal, expected, "{name:?}");
        }
    }
}
