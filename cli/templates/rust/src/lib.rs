//! A plug-in that greets people and counts words.
//!
//! A host can call each function with `#[plugin_fn]`: by its name, with bytes in and bytes out. What
//! the bytes mean is in the types.

use plugsmith_pdk::{Error, FnResult, Json, config, plugin_fn};
use serde::Serialize;

/// Greets somebody, in the words that the host has set, or else with "Hello".
///
/// # Errors
///
/// If the name is empty: the host gets the message.
#[plugin_fn]
pub fn greet(name: String) -> FnResult<String> {
    if name.is_empty() {
        return Err(Error::msg("nobody to greet").into());
    }
    let greeting = config::get("greeting")?.unwrap_or("Hello".to_owned());
    Ok(format!("{greeting}, {name}!"))
}

/// How much there is of a text.
#[derive(Serialize)]
pub struct Counts {
    words: usize,
    bytes: usize,
}

/// Counts words and bytes.
///
/// # Errors
///
/// None: any text has a count.
#[plugin_fn]
pub fn count(text: String) -> FnResult<Json<Counts>> {
    let words = text.split_whitespace().count();
    Ok(Json(Counts { words, bytes: text.len() }))
}

/// Run by `cargo test`, natively: a mock stands in for the host.
#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn greets_in_the_words_of_the_host() {
        let host = MockHost::new().with_config("greeting", "Kia ora");
        assert_eq!(host.call("Ada", greet).output, b"Kia ora, Ada!");
    }

    #[test]
    fn counts_words() {
        let outcome = MockHost::new().call("one  two\nthree", count);
        assert_eq!(outcome.output, br#"{"words":3,"bytes":14}"#);
    }
}
