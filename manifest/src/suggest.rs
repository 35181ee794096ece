//! Which key was meant by one that does not exist: another spelling of the same words, or a slip.

/// Returns the key of `accepted` that `found` was probably meant to be.
pub(crate) fn meant(found: &str, accepted: &'static [&'static str]) -> Option<&'static str> {
    let letters = letters_of(found);
    let same_words = accepted.iter().find(|key| letters_of(key) == letters);
    let slip = || accepted.iter().find(|key| n_edits(&letters, &letters_of(key)) <= slips(key));
    same_words.or_else(slip).copied()
}

/// Returns what `timeout_ms`, `timeoutMs` and `timeout-ms` have in common.
fn letters_of(key: &str) -> Vec<char> {
    let letters = key.chars().filter(|letter| !matches!(letter, '_' | '-'));
    // No key is as long: the rest cannot change the answer, and could cost much.
    letters.flat_map(char::to_lowercase).take(64).collect()
}

/// Returns how many slips a key of this length may have and still be known.
fn slips(key: &str) -> usize {
    if key.len() < 6 { 1 } else { 2 }
}

/// Returns how many letters have to be added, removed, changed or swapped with the next.
fn n_edits(from: &[char], to: &[char]) -> usize {
    // Row `i` has the edits from the first `i` letters of `from` to each beginning of `to`.
    let mut rows = vec![(0..=to.len()).collect::<Vec<_>>()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let changed = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut best = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[&str] = &["wasm", "memory", "allowed_hosts", "timeout_ms", "hash"];

    #[test]
    fn other_spellings_and_slips_are_known() {
        check("timeoutMs", Some("timeout_ms"));
        check("TIMEOUT-MS", Some("timeout_ms"));
        check("allowedHosts", Some("allowed_hosts"));
        check("allow_hosts", Some("allowed_hosts"));
        check("hsah", Some("hash"));
        check("memroy", Some("memory"));
    }

    #[test]
    fn other_words_are_not_guessed_at() {
        check("", None);
        check("plugins", None);
        check("wash_it", None);
        check(&"x".repeat(1 << 20), None);
    }

    fn check(found: &str, expected: Option<&str>) {
        assert_eq!(meant(found, KEYS), expected, "{found}");
    }
}
