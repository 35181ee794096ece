//! Counts the vowels of a text: the smallest plug-in that does something.

#![deny(unsafe_code)]

use plugsmith_pdk::{FnResult, Json, plugin_fn};
use serde::Serialize;

/// What was counted.
#[derive(Debug, PartialEq, Serialize)]
pub struct Report {
    count: usize,
    vowels: &'static str,
}

/// Counts the vowels of the input.
///
/// # Errors
///
/// None: any text has a count.
#[plugin_fn]
pub fn count_vowels(text: String) -> FnResult<Json<Report>> {
    let vowels = "aeiouAEIOU";
    Ok(Json(Report { count: text.chars().filter(|c| vowels.contains(*c)).count(), vowels }))
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn vowels_are_counted_in_any_case() {
        for (text, count) in [("", 0), ("rhythm", 0), ("Hello, World!", 3), ("AEIOU aeiou", 10)] {
            let Json(report) = count_vowels(text.to_owned()).map_err(|err| err.0).unwrap();
            assert_eq!(report, Report { count, vowels: "aeiouAEIOU" });
        }
    }

    #[test]
    fn the_host_gets_json() {
        let outcome = MockHost::new().call("Hello, World!", count_vowels);
        assert_eq!(outcome.output, br#"{"count":3,"vowels":"aeiouAEIOU"}"#);
    }
}
