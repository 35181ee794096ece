//! `cargo xtask sbom`: the host library's bill of materials, as `CycloneDX` 1.5.
//!
//! What is in it is what `cargo tree` names, on every platform, with the features that are asked for;
//! the rest is from `cargo metadata` and the lock file. The same sources give the same bytes, so there
//! is no date in it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use crate::{
    supply::licence,
    toml_file,
    workspace::{self, Workspace},
};

/// The package that the bill is of.
const HOST: &str = "plugsmith";

/// Prints the bill. `rest` is for `cargo tree`.
///
/// # Errors
///
/// If cargo cannot be asked, or does not answer as documented.
pub(crate) fn run(workspace: &Workspace, rest: &[String]) -> Result<()> {
    println!("{:#}", bill(workspace, rest)?);
    Ok(())
}

fn bill(workspace: &Workspace, rest: &[String]) -> Result<Value> {
    let tree = ["tree", "--locked", "--package", HOST, "--edges=normal", "--target=all"];
    let layout = ["--prefix=none", "--no-dedupe", "--format={p}"];
    let mut tree = workspace.cargo(&tree);
    let tree = workspace::output(tree.args(layout).args(rest))?;
    let metadata = ["metadata", "--locked", "--format-version=1"];
    let metadata = workspace::output(&mut workspace.cargo(&metadata))?;
    let metadata = serde_json::from_str(&metadata).context("reading what `cargo metadata` said")?;
    let lock = toml_file::read(&workspace.root.join("Cargo.lock"))?;
    let inputs = Inputs { tree: &tree, metadata: &metadata, lock: &lock };
    inputs.bill().context("cargo's answers lack a field")
}

/// What cargo says, which the bill is made of.
struct Inputs<'a> {
    /// A package in each line: its name, its version with a `v`, and more.
    tree: &'a str,
    metadata: &'a Value,
    lock: &'a Value,
}

/// A package, by name and version.
type Key = (String, String);

impl Inputs<'_> {
    fn bill(&self) -> Option<Value> {
        let named = self.named()?;
        let mut components = BTreeMap::new();
        let mut keys = BTreeMap::new();
        for package in self.metadata["packages"].as_array()? {
            let key = key(package)?;
            if named.contains(&key) {
                keys.insert(package["id"].as_str()?, key.clone());
                components.insert(key.clone(), self.component(package, &key)?);
            }
        }
        let mut dependencies = BTreeMap::new();
        for node in self.metadata["resolve"]["nodes"].as_array()? {
            if let Some(key) = keys.get(node["id"].as_str()?) {
                dependencies.insert(key, dependency(node, key, &keys)?);
            }
        }
        let host = components.keys().find(|(name, _)| name == HOST)?.clone();
        let host = components.remove(&host)?;
        Some(json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": { "component": host },
            "components": components.into_values().collect::<Vec<_>>(),
            "dependencies": dependencies.into_values().collect::<Vec<_>>(),
        }))
    }

    fn named(&self) -> Option<BTreeSet<Key>> {
        let keys = self.tree.lines().filter(|line| !line.is_empty()).map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
        });
        keys.collect()
    }

    fn component(&self, package: &Value, key: &Key) -> Option<Value> {
        let (name, version) = key;
        let mut component = Map::new();
        let mut set = |key: &str, value: Value| component.insert(key.to_owned(), value);
        set("type", json!("library"));
        set("bom-ref", json!(url(key)));
        set("name", json!(name));
        set("version", json!(version));
        set("purl", json!(url(key)));
        if let Some(about) = package["description"].as_str() {
            set("description", json!(about.trim()));
        }
        if let Some(licence) = package["license"].as_str() {
            set("licenses", json!([{ "expression": licence::normal(licence) }]));
        }
        if package["source"].is_string() {
            let checksum = self.checksum(key)?;
            set("hashes", json!([{ "alg": "SHA-256", "content": checksum }]));
        }
        if let Some(repository) = package["repository"].as_str() {
            set("externalReferences", json!([{ "type": "vcs", "url": repository }]));
        }
        Some(Value::Object(component))
    }

    fn checksum(&self, wanted: &Key) -> Option<&str> {
        let packages = self.lock["package"].as_array()?;
        let found = packages.iter().find(|package| key(package).as_ref() == Some(wanted));
        found?["checksum"].as_str()
    }
}

/// Returns what a package needs of what is in the bill: not what only tests or build scripts need.
fn dependency(node: &Value, key: &Key, keys: &BTreeMap<&str, Key>) -> Option<Value> {
    let mut needs = BTreeSet::new();
    for dependency in node["deps"].as_array()? {
        let is_normal =
            dependency["dep_kinds"].as_array()?.iter().any(|kind| kind["kind"].is_null());
        if let Some(key) = keys.get(dependency["pkg"].as_str()?).filter(|_| is_normal) {
            needs.insert(url(key));
        }
    }
    Some(json!({ "ref": url(key), "dependsOn": needs }))
}

fn key(package: &Value) -> Option<Key> {
    Some((package["name"].as_str()?.to_owned(), package["version"].as_str()?.to_owned()))
}

/// Returns the package URL, whose version may hold a `+`, which has a meaning in URLs.
fn url((name, version): &Key) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'v>(list: &'v Value, key: &str) -> BTreeSet<&'v str> {
        let items = list.as_array().expect("it is a list").iter();
        items.map(|item| item[key].as_str().expect("it is a text")).collect()
    }

    #[test]
    fn the_bill_is_made_of_what_cargo_says() {
        let package = |name: &str, version: &str, source: Option<&str>| {
            json!({
                "id": format!("{name}#{version}"), "name": name, "version": version,
                "license": "MIT/Apache-2.0", "source": source, "description": null,
                "repository": null,
            })
        };
        let metadata = json!({
            "packages": [
                package("plugsmith", "0.1.0", None),
                package("toml", "1.2.1+spec", Some("registry")),
                package("syn", "2.0.0", Some("registry")),
            ],
            "resolve": { "nodes": [
                { "id": "plugsmith#0.1.0", "deps": [
                    { "pkg": "toml#1.2.1+spec", "dep_kinds": [{ "kind": null }] },
                    { "pkg": "syn#2.0.0", "dep_kinds": [{ "kind": "dev" }] },
                ] },
                { "id": "toml#1.2.1+spec", "deps": [] },
                { "id": "syn#2.0.0", "deps": [] },
            ] },
        });
        let lock = json!({ "package": [
            { "name": "toml", "version": "1.2.1+spec", "checksum": "abc" },
        ] });
        let tree = "plugsmith v0.1.0 (a folder)\ntoml v1.2.1+spec\ntoml v1.2.1+spec\n";
        let bill = Inputs { tree, metadata: &metadata, lock: &lock }.bill();
        let toml = "pkg:cargo/toml@1.2.1%2Bspec";
        let expected = json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": { "component": {
                "type": "library", "bom-ref": "pkg:cargo/plugsmith@0.1.0", "name": "plugsmith",
                "version": "0.1.0", "purl": "pkg:cargo/plugsmith@0.1.0",
                "licenses": [{ "expression": "MIT OR Apache-2.0" }],
            } },
            "components": [{
                "type": "library", "bom-ref": toml, "name": "toml", "version": "1.2.1+spec",
                "purl": toml, "licenses": [{ "expression": "MIT OR Apache-2.0" }],
                "hashes": [{ "alg": "SHA-256", "content": "abc" }],
            }],
            "dependencies": [
                { "ref": "pkg:cargo/plugsmith@0.1.0", "dependsOn": [toml] },
                { "ref": toml, "dependsOn": [] },
            ],
        });
        assert_eq!(bill, Some(expected));
    }

    #[test]
    fn the_hosts_bill_is_whole() {
        let workspace = Workspace::find().unwrap();
        let bill = bill(&workspace, &[]).unwrap();
        let host = bill["metadata"]["component"]["bom-ref"].as_str().unwrap();
        let mut components = texts(&bill["components"], "bom-ref");
        let names = texts(&bill["components"], "name");
        assert!(names.contains("wasmtime") && !names.contains("proptest"), "what ships, no more");
        assert!(components.insert(host), "the host is no component of itself");
        assert_eq!(texts(&bill["dependencies"], "ref"), components);
        let mut needed = BTreeSet::from([host]);
        for dependency in bill["dependencies"].as_array().unwrap() {
            needed.extend(
                dependency["dependsOn"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|url| url.as_str().expect("a reference is a text")),
            );
        }
        assert_eq!(needed, components, "all that is there is there for something");
        for component in bill["components"].as_array().unwrap() {
            let is_ours = component["name"].as_str().unwrap().starts_with("plugsmith");
            let checksum = component["hashes"][0]["content"].as_str();
            assert_eq!(checksum.map(str::len), (!is_ours).then_some(64), "{component}");
            assert!(component["licenses"][0]["expression"].is_string(), "{component}");
        }
        let less = super::bill(&workspace, &["--no-default-features".to_owned()]).unwrap();
        assert!(!texts(&less["components"], "name").contains("ureq"), "features count");
    }
}
