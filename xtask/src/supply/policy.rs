//! `deny.toml`: what may come in, as far as lock files tell.
//!
//! The file is that of cargo-deny, of which this is a small part: anything that this does not know is
//! refused, so that nobody believes in a rule that is not kept.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// What may come in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// The licences, as names.
    pub(super) licences: Vec<String>,
    /// The older versions that may be there beside others, as `NAME@VERSION`. Each has a reason.
    pub(super) duplicates: Vec<String>,
    /// The registries, as cargo names them.
    pub(super) registries: Vec<String>,
}

/// Settings that have to be as this says, as nothing else is implemented.
const FIXED: [(&str, &str); 5] = [
    ("/bans/multiple-versions", "deny"),
    ("/bans/wildcards", "deny"),
    ("/sources/unknown-registry", "deny"),
    ("/sources/unknown-git", "deny"),
    // Only cargo-deny knows what was withdrawn; what it is told is fixed here as well.
    ("/advisories/yanked", "deny"),
];

const LISTS: [&str; 3] = ["/licenses/allow", "/bans/skip", "/sources/allow-registry"];

/// A dependency that is named by its folder comes from inside, whatever version it has.
const OF_CARGO_DENY: &str = "/bans/allow-wildcard-paths";

impl Policy {
    /// Reads the policy out of the file's value.
    ///
    /// # Errors
    ///
    /// If a key is missing, unknown, or not as it has to be.
    pub(super) fn read(file: &Value) -> Result<Self> {
        for (key, value) in FIXED {
            let found = file.pointer(key).with_context(|| format!("no key `{key}`"))?;
            ensure!(found == value, "`{key}` is {found}, and has to be \"{value}\"");
        }
        for (table_name, table) in file.as_object().context("not a table")? {
            for name in table.as_object().context("a key outside of a table")?.keys() {
                let key = format!("/{table_name}/{name}");
                let is_known = FIXED.iter().any(|(fixed, _)| *fixed == key)
                    || LISTS.contains(&key.as_str())
                    || key == OF_CARGO_DENY;
                if !is_known {
                    bail!("no meaning of `{key}` is known here");
                }
            }
        }
        let [licences, duplicates, registries] = LISTS.map(|key| list(file, key));
        let duplicate = |value: &Value| {
            value["reason"].as_str()?;
            Some(value["crate"].as_str().filter(|text| text.contains('@'))?.to_owned())
        };
        Ok(Self {
            licences: texts(licences?, |value| value.as_str().map(str::to_owned))?,
            duplicates: texts(duplicates?, duplicate)?,
            registries: texts(registries?, |value| Some(format!("registry+{}", value.as_str()?)))?,
        })
    }
}

fn list<'v>(file: &'v Value, key: &str) -> Result<&'v [Value]> {
    let found = file.pointer(key).and_then(Value::as_array);
    Ok(found.with_context(|| format!("no list `{key}`"))?)
}

fn texts(list: &[Value], text: impl Fn(&Value) -> Option<String>) -> Result<Vec<String>> {
    let texts = list.iter().map(|value| text(value).with_context(|| format!("{value} in a list")));
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml_file;

    const FILE: &str = r#"
        [licenses]
        allow = ["MIT"]
        [bans]
        multiple-versions = "deny"
        wildcards = "deny"
        allow-wildcard-paths = true
        skip = [{ crate = "syn@2.0.1", reason = "old" }, { crate = "a@1.0.0", reason = "old" }]
        [sources]
        unknown-registry = "deny"
        unknown-git = "deny"
        allow-registry = ["https://registry.example/index"]
        [advisories]
        yanked = "deny"
    "#;

    fn read(text: &str) -> Result<Policy> {
        Policy::read(&toml_file::parse(text)?)
    }

    #[test]
    fn the_file_says_what_may_come_in() {
        let expected = Policy {
            licences: vec!["MIT".to_owned()],
            duplicates: vec!["syn@2.0.1".to_owned(), "a@1.0.0".to_owned()],
            registries: vec!["registry+https://registry.example/index".to_owned()],
        };
        assert_eq!(read(FILE).unwrap(), expected);
    }

    #[test]
    fn what_would_not_be_kept_is_refused() {
        let rows = [
            ("unknown-git = \"deny\"", "", "no key `/sources/unknown-git`"),
            (
                "wildcards = \"deny\"",
                "wildcards = \"allow\"",
                "`/bans/wildcards` is \"allow\", and has to be \"deny\"",
            ),
            (
                "[advisories]",
                "[advisories]\nignore = []",
                "no meaning of `/advisories/ignore` is known here",
            ),
            ("allow = [\"MIT\"]", "", "no list `/licenses/allow`"),
            ("[\"MIT\"]", "[true]", "true in a list"),
            (", reason = \"old\" }]", " }]", "{\"crate\":\"a@1.0.0\"} in a list"),
            (
                "syn@2.0.1\", reason",
                "syn\", reason",
                "{\"crate\":\"syn\",\"reason\":\"old\"} in a list",
            ),
        ];
        for (old, new, message) in rows {
            let err = read(&FILE.replace(old, new)).unwrap_err();
            assert_eq!(err.to_string(), message);
        }
    }
}
