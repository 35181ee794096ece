//! What differs from one machine to the next, in what a scene prints: times become `…`.
//!
//! A rule changes nothing that people wrote: times in the help stand between backticks.

/// Units of time, as the command prints them.
const UNITS: [&str; 4] = ["ns", "µs", "ms", "s"];

/// Returns the text with its rules applied, and without blanks at the ends of lines.
pub(super) fn mask(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let words = line.split(' ').map(|word| if is_time(word) { "…" } else { word });
        let mut line = words.collect::<Vec<_>>().join(" ");
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    });
    lines.collect()
}

/// Returns a text, most of which was measured, with `…` for all that stands in tables and bars.
pub(super) fn mask_figures(text: &str) -> String {
    let mut masked = String::new();
    for line in text.lines() {
        let Some(row) = line.strip_prefix("  ") else {
            masked.push_str(line);
            masked.push('\n');
            continue;
        };
        // What a figure is of stands before it, two blanks or more apart; bars have no such words.
        let label = row.split("  ").next().unwrap_or_default();
        let is_label = label.starts_with(|c: char| c.is_ascii_alphabetic());
        let row = if is_label { format!("  {label}  …\n") } else { "  …\n".to_owned() };
        // How many bars there are differs, too.
        if is_label || !masked.ends_with(&row) {
            masked.push_str(&row);
        }
    }
    masked
}

/// Says whether a word is a number and a unit of time.
fn is_time(word: &str) -> bool {
    UNITS.iter().any(|unit| {
        word.strip_suffix(unit).is_some_and(|number| {
            number.starts_with(|c: char| c.is_ascii_digit())
                && number.chars().all(|c| c.is_ascii_digit() || c == '.')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_masked_and_nothing_else_is() {
        let rows = [
            ("  time  7.991981ms\n", "  time  …\n"),
            ("a 3µs b 2s\n", "a … b …\n"),
            ("`500ms`, 1.4 KiB, 5 cases, plugins\n", "`500ms`, 1.4 KiB, 5 cases, plugins\n"),
            ("ms s .5s\n", "ms s .5s\n"),
            ("text   \n          \n", "text\n\n"),
        ];
        for (text, expected) in rows {
            assert_eq!(mask(text), expected, "{text}");
        }
    }

    #[test]
    fn what_was_measured_is_masked_and_what_it_is_of_is_not() {
        let text = "calls: 200\n  p50    12\n  p99   130\n\nHow often\n  12 ███ 9\n  99 █ 1\nEnd\n";
        let expected = "calls: 200\n  p50  …\n  p99  …\n\nHow often\n  …\nEnd\n";
        assert_eq!(mask_figures(text), expected);
    }
}
