//! Links between pages: `[text](page.md#part)` becomes `[text](BASE/page/#part)`, where BASE is in
//! the site's config. A link to a page that is not there stays, and is logged.

#![deny(unsafe_code)]

use std::collections::BTreeMap;

use plugsmith_pdk::{Error, FnResult, Json, config, host_fn, plugin_fn, warn};
use serde::{Deserialize, Serialize};

#[host_fn]
unsafe extern "ExtismHost" {
    safe fn has_page(path: &str) -> bool;
}

/// A page, as the host passes it along the chain.
#[derive(Debug, Deserialize, Serialize)]
pub struct Document {
    path: String,
    meta: BTreeMap<String, String>,
    body: String,
}

/// Rewrites the links of a page.
///
/// # Errors
///
/// If the host does not say which pages there are.
#[plugin_fn]
pub fn transform(Json(mut document): Json<Document>) -> FnResult<Json<Document>> {
    let base = config::get("base")?.unwrap_or_default();
    document.body = rewrite(&document, &base)?;
    Ok(Json(document))
}

fn rewrite(document: &Document, base: &str) -> Result<String, Error> {
    let mut parts = document.body.split("](");
    let mut rewritten = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        rewritten += "](";
        match part.split_once(')') {
            Some((target, rest)) => {
                rewritten += &address(document, target, base)?;
                rewritten += ")";
                rewritten += rest;
            }
            None => rewritten += part,
        }
    }
    Ok(rewritten)
}

/// Where a link leads on the site.
fn address(document: &Document, target: &str, base: &str) -> Result<String, Error> {
    let (page, part) = target.split_once('#').unwrap_or((target, ""));
    let Some(name) = page.strip_suffix(".md").filter(|_| !page.contains("://")) else {
        return Ok(target.to_owned());
    };
    if !has_page(page)? {
        warn!("{}: no page `{page}`", document.path);
        return Ok(target.to_owned());
    }
    let part = if part.is_empty() { String::new() } else { format!("#{part}") };
    Ok(format!("{base}/{name}/{part}"))
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::{LogLevel, testing::MockHost};

    use super::*;

    fn host() -> MockHost {
        MockHost::new().with_config("base", "/site").with_log_level(LogLevel::Warn).with_function(
            "extism:host/user",
            "has_page",
            |arguments| Ok(vec![u8::from(arguments[0] == b"a.md")]),
        )
    }

    #[test]
    fn links_to_pages_become_addresses() {
        let rows = [
            ("[a](a.md)", "[a](/site/a/)"),
            ("[a](a.md#b) [c](c.txt) ![d](d.png)", "[a](/site/a/#b) [c](c.txt) ![d](d.png)"),
            ("[a](https://example.com/a.md)", "[a](https://example.com/a.md)"),
            ("no link](", "no link]("),
            ("[a](a.md", "[a](a.md"),
            ("", ""),
        ];
        let host = host();
        for (body, rewritten) in rows {
            let document =
                Document { path: "x.md".into(), meta: BTreeMap::new(), body: body.into() };
            assert_eq!(rewrite(&document, "/site").unwrap(), rewritten);
        }
        assert_eq!(host.logs(), []);
    }

    #[test]
    fn a_page_that_is_not_there_is_logged() {
        let host = host();
        let page = r#"{"path":"x.md","meta":{},"body":"[b](b.md#c)"}"#;
        assert_eq!(host.call(page, transform).output, page.as_bytes());
        assert_eq!(host.logs(), [(LogLevel::Warn, "x.md: no page `b.md`".to_owned())]);
    }
}
