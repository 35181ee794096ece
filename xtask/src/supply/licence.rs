//! Licence expressions, as packages state them: names, joined by `AND`, `OR` and brackets.
//!
//! Cargo's old way of writing `OR`, a slash, is understood. Of an expression it is only asked whether
//! what is allowed suffices for it, which is all that a policy decides.

use std::collections::BTreeSet;

/// Says whether the allowed licences suffice, and adds those that were needed to `used`. An expression
/// that makes no sense is not satisfied.
pub(super) fn is_satisfied(
    expression: &str,
    allowed: &[String],
    used: &mut BTreeSet<String>,
) -> bool {
    let words = words(expression);
    let mut reader = Reader { words: &words, allowed };
    match reader.any_of() {
        Some(Verdict::Satisfied(names)) if reader.words.is_empty() => {
            used.extend(names);
            true
        }
        _ => false,
    }
}

/// Returns an expression as the standard wants it written.
pub(crate) fn normal(expression: &str) -> String {
    words(expression).join(" ").replace("( ", "(").replace(" )", ")")
}

enum Verdict {
    /// With these licences.
    Satisfied(Vec<String>),
    Refused,
}

/// Reads an expression from left to right. `None` is what makes no sense.
struct Reader<'w> {
    words: &'w [String],
    allowed: &'w [String],
}

impl Reader<'_> {
    fn any_of(&mut self) -> Option<Verdict> {
        let mut verdict = self.all_of()?;
        while self.take("OR") {
            // Whoever may choose takes the first that is allowed.
            let other = self.all_of()?;
            if matches!(verdict, Verdict::Refused) {
                verdict = other;
            }
        }
        Some(verdict)
    }

    fn all_of(&mut self) -> Option<Verdict> {
        let mut verdict = self.one()?;
        while self.take("AND") {
            verdict = match (verdict, self.one()?) {
                (Verdict::Satisfied(mut names), Verdict::Satisfied(others)) => {
                    names.extend(others);
                    Verdict::Satisfied(names)
                }
                _ => Verdict::Refused,
            };
        }
        Some(verdict)
    }

    fn one(&mut self) -> Option<Verdict> {
        if self.take("(") {
            let verdict = self.any_of()?;
            return self.take(")").then_some(verdict);
        }
        let mut name = self.name()?;
        if self.take("WITH") {
            name = format!("{name} WITH {}", self.name()?);
        }
        let is_allowed = self.allowed.contains(&name);
        Some(if is_allowed { Verdict::Satisfied(vec![name]) } else { Verdict::Refused })
    }

    fn name(&mut self) -> Option<String> {
        let (name, rest) = self.words.split_first()?;
        self.words = rest;
        let is_name = !["(", ")", "AND", "OR", "WITH"].contains(&name.as_str());
        is_name.then(|| name.clone())
    }

    fn take(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }
}

fn words(expression: &str) -> Vec<String> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_satisfied_by_what_is_allowed() {
        let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        let rows = [
            ("MIT", Some("MIT")),
            ("GPL-3.0", None),
            ("GPL-3.0 OR MIT", Some("MIT")),
            ("ISC/GPL-3.0", Some("ISC")),
            ("GPL-3.0 AND MIT", None),
            ("MIT AND ISC", Some("ISC MIT")),
            ("GPL-3.0 OR MIT AND ISC", Some("ISC MIT")),
            ("(GPL-3.0 OR MIT) AND ISC", Some("ISC MIT")),
            ("MIT OR GPL-3.0 AND GPL-2.0", Some("MIT")),
            ("Apache-2.0 WITH LLVM-exception", Some("Apache-2.0 WITH LLVM-exception")),
            ("Apache-2.0", None),
            ("MIT WITH LLVM-exception", None),
            // None of these makes sense.
            ("", None),
            ("(MIT", None),
            ("MIT)", None),
            ("MIT ISC", None),
            ("MIT OR", None),
            ("OR MIT", None),
            ("MIT WITH", None),
            ("mit", None),
        ];
        for (expression, names) in rows {
            let mut used = BTreeSet::new();
            let satisfied = is_satisfied(expression, &allowed, &mut used);
            assert_eq!(satisfied, names.is_some(), "{expression}");
            let used: Vec<_> = used.into_iter().collect();
            assert_eq!(used.join(" "), names.unwrap_or_default(), "{expression}");
        }
    }

    #[test]
    fn expressions_are_written_one_way() {
        let rows = [
            ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
            ("Apache-2.0 / MIT", "Apache-2.0 OR MIT"),
            ("( MIT OR ISC )  AND Zlib", "(MIT OR ISC) AND Zlib"),
        ];
        for (expression, expected) in rows {
            assert_eq!(normal(expression), expected);
        }
    }
}
