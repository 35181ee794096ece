//! Shortcodes: `{{name text}}` becomes what the site's config has as `shortcode.name`, with the text
//! in place of `$1`.

#![deny(unsafe_code)]

use std::collections::BTreeMap;

use plugsmith_pdk::{Error, FnResult, Json, config, plugin_fn};
use serde::{Deserialize, Serialize};

/// A page, as the host passes it along the chain.
#[derive(Debug, Deserialize, Serialize)]
pub struct Document {
    path: String,
    meta: BTreeMap<String, String>,
    body: String,
}

/// Replaces the shortcodes of a page.
///
/// # Errors
///
/// If the site has none of a name.
#[plugin_fn]
pub fn transform(Json(mut document): Json<Document>) -> FnResult<Json<Document>> {
    document.body = expand(&document.body)?;
    Ok(Json(document))
}

fn expand(body: &str) -> Result<String, Error> {
    let mut expanded = String::new();
    let mut rest = body;
    // Braces that never close are just text.
    while let Some((before, (code, after))) =
        rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    {
        let (name, text) = code.trim().split_once(' ').unwrap_or((code.trim(), ""));
        let template = config::get(format!("shortcode.{name}"))?;
        let template = template.ok_or_else(|| Error::msg(format!("no shortcode `{name}`")))?;
        expanded += before;
        expanded += &template.replace("$1", text.trim());
        rest = after;
    }
    Ok(expanded + rest)
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn shortcodes_become_what_the_config_says() {
        let _host = MockHost::new()
            .with_config("shortcode.note", "> $1!")
            .with_config("shortcode.hr", "---")
            .with_config("note", "not a shortcode");
        let rows = [
            ("a {{note b c}} d", "a > b c! d"),
            ("{{note}}{{ hr }}{{note  ü }}", "> !---> ü!"),
            ("no codes {here}", "no codes {here}"),
            ("{{note open", "{{note open"),
            ("", ""),
        ];
        for (body, expanded) in rows {
            assert_eq!(expand(body).unwrap(), expanded);
        }
    }

    #[test]
    fn an_unknown_shortcode_is_an_error() {
        let host = MockHost::new();
        let outcome = host.call(r#"{"path":"a.md","meta":{},"body":"{{photo x}}"}"#, transform);
        assert_eq!(outcome.error.as_deref(), Some("no shortcode `photo`"));
    }

    #[test]
    fn all_else_of_a_page_stays() {
        let page = r#"{"path":"a.md","meta":{"title":"A"},"body":"text"}"#;
        assert_eq!(MockHost::new().call(page, transform).output, page.as_bytes());
    }
}
