//! Which key was meant by one that does not exist: another spelling of the same words, or a slip.

use strsim::osa_distance;

/// Returns the key of `accepted` that `found` was probably meant to be.
pub(crate) fn meant(found: &str, accepted: &'static [&'static str]) -> Option<&'static str> {
    let letters = letters_of(found);
    let same_words = accepted.iter().find(|key| letters_of(key) == letters);
    let slip =
        || accepted.iter().find(|key| osa_distance(&letters, &letters_of(key)) <= slips(key));
    same_words.or_else(slip).copied()
}

/// Returns what `timeout_ms`, `timeoutMs` and `timeout-ms` have in common.
fn letters_of(key: &str) -> String {
    let letters = key.chars().filter(|letter| !matches!(letter, '_' | '-'));
    // No key is as long: the rest cannot change the answer, and could cost much.
    letters.flat_map(char::to_lowercase).take(64).collect()
}

/// Returns how many slips a key of this length may have and still be known.
fn slips(key: &str) -> usize {
    if key.len() < 6 { 1 } else { 2 }
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
