//! Patterns with wildcards: `*` for any run of characters, `?` for any one, `[a-z]` and `[!a-z]` for
//! one of a set and one outside of it.
//!
//! The meaning is that of the peer's pattern library, whose `**` between other characters is no
//! pattern either. Matching takes at most length times length steps, whatever the pattern: of all
//! stars only the last one passed is ever widened.

/// A pattern that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// This character.
    Exactly(char),
    /// Any one character.
    AnyOne,
    /// Any run of characters, none included.
    AnyRun,
    /// A character that is in one of the ranges, or in none of them.
    Set { ranges: Vec<(char, char)>, inside: bool },
}

impl Glob {
    /// Reads a pattern; `None` if it is none.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        if pattern == "**" {
            return Some(Self { tokens: vec![Token::AnyRun] });
        }
        let letters: Vec<char> = pattern.chars().collect();
        let mut rest = &letters[..];
        let mut tokens = Vec::with_capacity(letters.len());
        while let Some((&first, after)) = rest.split_first() {
            rest = after;
            tokens.push(match first {
                '*' if after.first() == Some(&'*') => return None,
                '*' => Token::AnyRun,
                '?' => Token::AnyOne,
                '[' => {
                    let (set, after) = parse_set(after)?;
                    rest = after;
                    set
                }
                letter => Token::Exactly(letter),
            });
        }
        Some(Self { tokens })
    }

    /// Says whether all of `text` matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        let mut unmatched = text.chars();
        let mut token_idx = 0;
        // The last star passed, and what of the text it has not yet swallowed.
        let mut star = None;
        loop {
            let before = unmatched.clone();
            match (self.tokens.get(token_idx), unmatched.next()) {
                (Some(Token::AnyRun), _) => {
                    token_idx += 1;
                    unmatched = before;
                    star = Some((token_idx, unmatched.clone()));
                    continue;
                }
                (None, None) => return true,
                (Some(token), Some(letter)) if token.accepts(letter) => {
                    token_idx += 1;
                    continue;
                }
                (Some(_), None) => return false,
                _ => {}
            }
            let Some((after_star, swallowable)) = &mut star else { return false };
            swallowable.next();
            token_idx = *after_star;
            unmatched = swallowable.clone();
        }
    }
}

impl Token {
    fn accepts(&self, letter: char) -> bool {
        match self {
            Self::Exactly(wanted) => *wanted == letter,
            Self::AnyOne | Self::AnyRun => true,
            Self::Set { ranges, inside } => {
                ranges.iter().any(|&(start, last)| (start..=last).contains(&letter)) == *inside
            }
        }
    }
}

/// Reads what follows an opening bracket: a set, and the rest of the pattern. A closing bracket that
/// comes first is a member of the set.
fn parse_set(letters: &[char]) -> Option<(Token, &[char])> {
    let (inside, letters) = match letters.split_first() {
        Some(('!', after)) => (false, after),
        _ => (true, letters),
    };
    let len = 1 + letters.get(1..)?.iter().position(|&letter| letter == ']')?;
    let (mut members, after) = (&letters[..len], &letters[len + 1..]);
    let mut ranges = Vec::new();
    while let Some((&start, others)) = members.split_first() {
        let (last, others) = match others {
            ['-', last, others @ ..] => (*last, others),
            _ => (start, others),
        };
        ranges.push((start, last));
        members = others;
    }
    Some((Token::Set { ranges, inside }, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_in_the_peer() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "api.example.com", true),
            ("**", "api.example.com", true),
            ("*.example.com", "api.example.com", true),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "example.com.evil.org", false),
            ("api.*.com", "api.a.b.com", true),
            ("*a*b*c", "xxaxxbxbxc", true),
            ("*a*b*c", "xxaxxcxbx", false),
            ("api?.com", "api1.com", true),
            ("api?.com", "api.com", false),
            ("api[0-9].com", "api7.com", true),
            ("api[0-9].com", "apix.com", false),
            ("api[!0-9].com", "apix.com", true),
            ("api[!0-9].com", "api7.com", false),
            ("[]]", "]", true),
            ("[!]]", "]", false),
            ("[a-]", "-", true),
            ("bü*", "bücher", true),
            ("ex.com", "exxcom", false),
        ] {
            assert_eq!(
                Glob::parse(pattern).unwrap().matches(text),
                expected,
                "{pattern:?} {text:?}"
            );
        }
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        for pattern in ["[", "[]", "[!]", "a[b", "a**b", "***", "**.com"] {
            assert_eq!(Glob::parse(pattern), None, "{pattern:?}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_ends() {
        let glob = Glob::parse(&"*a".repeat(2000)).unwrap();
        assert!(!glob.matches(&"a".repeat(1999)));
        assert!(!glob.matches(&format!("{}b", "a".repeat(4000))));
        assert!(glob.matches(&"a".repeat(2000)));
    }
}
