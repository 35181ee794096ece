//! Tables of contents: the line `[[contents]]` becomes a list of the headings of its page.
//!
//! Lists are kept in variables, and used as long as the page stays as it is. How deep they go is in the
//! site's config: `deepest`, 3 unless it says otherwise.

#![deny(unsafe_code)]

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
};

use plugsmith_pdk::{Error, FnResult, Json, config, info, plugin_fn, var};
use serde::{Deserialize, Serialize};

/// What the list takes the place of.
const MARK: &str = "[[contents]]";

/// A page, as the host passes it along the chain.
#[derive(Debug, Deserialize, Serialize)]
pub struct Document {
    path: String,
    meta: BTreeMap<String, String>,
    body: String,
}

/// A list, and of which text it is.
#[derive(Debug, Deserialize, Serialize)]
struct Kept {
    /// A hash of the page's body.
    body: u64,
    list: String,
}

/// Puts the table of contents into a page.
///
/// # Errors
///
/// If `deepest` of the config is no number, or the variables are full.
#[plugin_fn]
pub fn transform(Json(mut document): Json<Document>) -> FnResult<Json<Document>> {
    if document.body.lines().any(|line| line == MARK) {
        let list = kept_list(&document)?;
        let lines =
            document.body.lines().map(|line| if line == MARK { list.as_str() } else { line });
        document.body = lines.flat_map(|line| [line, "\n"]).collect();
    }
    Ok(Json(document))
}

/// The list of a page, from the variable that is named for the page if it is of the same text.
fn kept_list(document: &Document) -> Result<String, Error> {
    let body = BuildHasherDefault::<DefaultHasher>::default().hash_one(&document.body);
    if let Some(Json(kept)) = var::get::<Json<Kept>>(&document.path)? {
        if kept.body == body {
            info!("{}: the contents are known", document.path);
            return Ok(kept.list);
        }
    }
    let deepest = config::get("deepest")?.map_or(Ok(3), |deepest| deepest.parse())?;
    let kept = Kept { body, list: list(&document.body, deepest) };
    var::set(&document.path, Json(&kept))?;
    Ok(kept.list)
}

fn list(body: &str, deepest: usize) -> String {
    let headings = body.lines().filter_map(|line| {
        let title = line.trim_start_matches('#');
        let depth = line.len() - title.len();
        let title = title.strip_prefix(' ')?.trim();
        (2..=deepest)
            .contains(&depth)
            .then(|| format!("{}- [{title}](#{})", "  ".repeat(depth - 2), anchor(title)))
    });
    headings.collect::<Vec<_>>().join("\n")
}

/// The name under which a heading is found: its words, with hyphens between.
fn anchor(title: &str) -> String {
    let title = title.to_lowercase();
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::{LogLevel, testing::MockHost};

    use super::*;

    #[test]
    fn headings_become_a_list() {
        let body = "# Title\n## One & two\n#no heading\n### Ünder\n#### Deep\n##  Three \n";
        let rows = [
            (1, ""),
            (2, "- [One & two](#one-two)\n- [Three](#three)"),
            (3, "- [One & two](#one-two)\n  - [Ünder](#ünder)\n- [Three](#three)"),
        ];
        for (deepest, expected) in rows {
            assert_eq!(list(body, deepest), expected);
        }
    }

    #[test]
    fn a_page_that_stays_is_known() {
        let host = MockHost::new().with_log_level(LogLevel::Info);
        let page = |heading: &str| {
            format!(r#"{{"path":"a.md","meta":{{}},"body":"[[contents]]\n## {heading}\n"}}"#)
        };
        for (heading, n_known) in [("A", 0), ("A", 1), ("B", 1), ("B", 2)] {
            let output = String::from_utf8(host.call(page(heading), transform).output).unwrap();
            assert!(output.contains(&format!("- [{heading}](#")), "{output}");
            assert_eq!(host.logs().len(), n_known, "{heading}");
        }
    }

    #[test]
    fn a_page_without_the_mark_stays_as_it_is() {
        let host = MockHost::new().with_config("deepest", "not looked at");
        let page = r###"{"path":"a.md","meta":{},"body":"## A\n in [[contents]] of\n"}"###;
        assert_eq!(host.call(page, transform).output, page.as_bytes());
        assert_eq!(host.var("a.md"), None);
    }
}
