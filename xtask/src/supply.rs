//! `cargo xtask supply`: what comes from outside is what `deny.toml` lets in.
//!
//! Looks at the lock files of the repository, with what cargo knows of the packages in them: licences,
//! sources, duplicates, and the oldest compiler that each can do with. It fetches no list of known
//! weaknesses: `cargo deny check advisories` does, and reads the same file.

pub(crate) mod licence;
mod policy;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use self::policy::Policy;
use crate::{
    toml_file,
    tools::version::Version,
    workspace::{self, Workspace},
};

/// The file of the policy.
const POLICY: &str = "deny.toml";

/// The manifests of the workspaces that have a lock file. The first is of what ships: only that is kept
/// free of duplicates.
const MANIFESTS: [&str; 4] =
    ["Cargo.toml", "models/Cargo.toml", "fuzz/Cargo.toml", "smith/Cargo.toml"];

/// Runs the command.
///
/// # Errors
///
/// If something is not as `deny.toml` wants it, or cargo cannot be asked.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let file = toml_file::read(&workspace.root.join(POLICY))?;
    let policy = Policy::read(&file).with_context(|| format!("reading `{POLICY}`"))?;
    let locked = MANIFESTS.map(|manifest| Outside::of(workspace, manifest));
    let locked = locked.into_iter().collect::<Result<Vec<_>>>()?;
    let complaints = check(&policy, &locked);
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    match complaints.len() {
        0 => Ok(()),
        n => bail!("`{POLICY}` is broken {n} times"),
    }
}

/// What one workspace has from outside.
struct Outside {
    packages: Vec<Package>,
    /// The oldest compiler that the workspace promises to do with.
    rust: Version,
}

struct Package {
    name: String,
    version: String,
    licence: String,
    source: String,
    rust: Option<Version>,
}

impl Outside {
    fn of(workspace: &Workspace, manifest: &str) -> Result<Self> {
        let metadata = ["metadata", "--locked", "--format-version=1", "--manifest-path", manifest];
        let text = workspace::output(&mut workspace.cargo(&metadata))?;
        let metadata = serde_json::from_str(&text).context("reading what `cargo metadata` said")?;
        Self::read(&metadata).with_context(|| format!("`cargo metadata` of `{manifest}`"))
    }

    fn read(metadata: &Value) -> Option<Self> {
        let mut packages = Vec::new();
        let mut rust = None;
        for package in metadata["packages"].as_array()? {
            let text = |key: &str| package[key].as_str().map(str::to_owned);
            let package_rust = text("rust_version").and_then(|text| Version::find(&text));
            match text("source") {
                Some(source) => packages.push(Package {
                    name: text("name")?,
                    version: text("version")?,
                    licence: text("license").unwrap_or_default(),
                    source,
                    rust: package_rust,
                }),
                // Ours.
                None => rust = rust.max(package_rust),
            }
        }
        Some(Self { packages, rust: rust? })
    }
}

/// Returns what is wrong, one a line.
fn check(policy: &Policy, workspaces: &[Outside]) -> BTreeSet<String> {
    let mut complaints = BTreeSet::new();
    let mut licences = BTreeSet::new();
    for workspace in workspaces {
        for package in &workspace.packages {
            let Package { name, version, licence, source, rust } = package;
            if !licence::is_satisfied(licence, &policy.licences, &mut licences) {
                complaints.insert(format!("`{name}` {version} has the licence `{licence}`"));
            }
            if !policy.registries.contains(source) {
                complaints.insert(format!("`{name}` {version} comes from `{source}`"));
            }
            if let Some(rust) = rust.filter(|rust| *rust > workspace.rust) {
                complaints.insert(format!(
                    "`{name}` {version} needs rustc {rust}, and {} is promised",
                    workspace.rust
                ));
            }
        }
    }
    let unused = policy.licences.iter().filter(|licence| !licences.contains(*licence));
    complaints.extend(unused.map(|licence| format!("nothing needs the licence `{licence}`")));
    let shipped = workspaces.first().map_or(&[][..], |workspace| &workspace.packages);
    complaints.extend(duplicates(policy, shipped));
    complaints
}

/// Returns what there is in several versions and must not be, and what was excused in vain.
fn duplicates(policy: &Policy, packages: &[Package]) -> Vec<String> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let mut complaints = Vec::new();
    for (name, versions) in &versions {
        let is_excused = |version: &&&str| policy.duplicates.contains(&format!("{name}@{version}"));
        if versions.iter().filter(|version| !is_excused(version)).count() > 1 {
            complaints.push(format!("`{name}` is there as {}", versions.join(" and ")));
        }
    }
    let is_duplicate = |excused: &&String| {
        let found = excused.split_once('@').and_then(|(name, version)| {
            versions.get(name).filter(|versions| versions.contains(&version))
        });
        found.is_some()
    };
    let vain = policy.duplicates.iter().filter(|excused| !is_duplicate(excused));
    complaints.extend(vain.map(|excused| format!("`{excused}` is no duplicate")));
    complaints
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy() -> Policy {
        Policy {
            licences: vec!["MIT".to_owned()],
            duplicates: vec!["syn@2.0.1".to_owned()],
            registries: vec!["registry+ours".to_owned()],
        }
    }

    /// Two versions of syn, one excused, and a package of the workspace itself.
    fn workspace(changed: &Value) -> Outside {
        let mut newer = json!({
            "name": "syn", "version": "3.0.0", "license": "MIT", "source": "registry+ours",
            "rust_version": "1.95.0",
        });
        for (key, value) in changed.as_object().expect("a table was given") {
            newer[key] = value.clone();
        }
        let metadata = json!({ "packages": [
            { "name": "ours", "version": "0.1.0", "license": null, "rust_version": "1.95" },
            { "name": "syn", "version": "2.0.1", "license": "GPL-3.0 OR MIT",
              "source": "registry+ours" },
            newer,
        ]});
        Outside::read(&metadata).expect("the fields are all there")
    }

    #[test]
    fn what_breaks_the_policy_is_named() {
        let rows = [
            (json!({}), None),
            (json!({ "license": "GPL-3.0" }), Some("`syn` 3.0.0 has the licence `GPL-3.0`")),
            (json!({ "license": null }), Some("`syn` 3.0.0 has the licence ``")),
            (json!({ "source": "git+theirs" }), Some("`syn` 3.0.0 comes from `git+theirs`")),
            (
                json!({ "rust_version": "1.96" }),
                Some("`syn` 3.0.0 needs rustc 1.96, and 1.95 is promised"),
            ),
            (json!({ "name": "quote" }), Some("`syn@2.0.1` is no duplicate")),
        ];
        for (changed, complaint) in rows {
            let complaints = check(&policy(), &[workspace(&changed)]);
            assert_eq!(complaints.first().map(String::as_str), complaint, "{changed}");
            assert!(complaints.len() <= 1, "{complaints:?}");
        }
    }

    #[test]
    fn a_duplicate_is_excused_or_named() {
        let policy = Policy { duplicates: Vec::new(), ..policy() };
        let complaints = check(&policy, &[workspace(&json!({}))]);
        let complaints: Vec<_> = complaints.iter().map(String::as_str).collect();
        assert_eq!(complaints, ["`syn` is there as 2.0.1 and 3.0.0"]);
    }

    #[test]
    fn a_licence_that_nothing_needs_is_named() {
        let mut policy = policy();
        policy.licences.push("ISC".to_owned());
        let complaints = check(&policy, &[workspace(&json!({}))]);
        let complaints: Vec<_> = complaints.iter().map(String::as_str).collect();
        assert_eq!(complaints, ["nothing needs the licence `ISC`"]);
    }
}
