//! Titles, as a shelf sorts them.

use plugsmith_pdk::{FnResult, Json, plugin_fn};

const ARTICLES: [&str; 3] = ["the ", "a ", "an "];

/// Gives what a title is sorted by: lower case, without the article in front. NULL for NULL.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn title_key(Json((title,)): Json<(Option<String>,)>) -> FnResult<Json<Option<String>>> {
    Ok(Json(title.map(|title| key(&title))))
}

fn key(title: &str) -> String {
    let title = title.trim().to_lowercase();
    let bare = ARTICLES.iter().find_map(|article| title.strip_prefix(article));
    bare.map_or(title.as_str(), str::trim_start).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_do_not_count() {
        let rows = [
            ("The Hobbit", "hobbit"),
            ("A Wizard of Earthsea", "wizard of earthsea"),
            ("  An  Ocean ", "ocean"),
            ("Theseus", "theseus"),
            ("Émile", "émile"),
            ("The", "the"),
            ("", ""),
        ];
        for (title, expected) in rows {
            assert_eq!(key(title), expected);
        }
        assert!(matches!(title_key(Json((None,))), Ok(Json(None))));
    }
}
