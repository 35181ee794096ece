//! Code that is not Rust: each kind is held to what it is for, and there are no other kinds.

use std::{collections::BTreeSet, fs};

use plugsmith_guide::{Block, COMPILED, Chapter, repository};
use plugsmith_manifest::Manifest;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::includes::Include;

#[test]
fn every_piece_of_code_is_held_to_something() {
    for chapter in Chapter::all() {
        for block in chapter.blocks() {
            let place = format!("{}:{}", chapter.name, block.line);
            match block.info {
                "rust" | "rust,no_run" => {
                    assert!(COMPILED.contains(&chapter.name.as_str()), "{place}: is not compiled");
                }
                "json" => check_manifest(&place, Manifest::from_json(block.code)),
                "toml" => check_manifest(&place, Manifest::from_toml(block.code)),
                "toml,cargo" => check_dependencies(&place, block.code),
                "text" | "rs" | "c" | "zig" | "ts" | "go" | "toml,example" => {
                    check_included(&place, block);
                }
                // `commands.rs` looks at the first, and the command's own tests run the others.
                "sh" | "toml,cases-of-greeter" | "toml,cases-of-crier" | "toml,project" => {}
                info => panic!("{place}: nothing checks code of kind `{info}`"),
            }
        }
    }
}

/// A manifest of the guide is right, and what the library reads in it can be linked together.
#[track_caller]
fn check_manifest(place: &str, manifest: Result<Manifest, plugsmith_manifest::ManifestError>) {
    let manifest = manifest.unwrap_or_else(|err| panic!("{place}: {err}"));
    if let Err(err) = manifest.named_modules() {
        panic!("{place}: {err}");
    }
}

/// What is not tested in its place is a file that is tested elsewhere: of the repository, or what the
/// command printed.
#[track_caller]
fn check_included(place: &str, block: Block<'_>) {
    let include = Include::parse(block.code).unwrap_or_else(|| panic!("{place}: not an include"));
    let tested = match block.info {
        "text" => "screens/",
        "toml,example" => "../../../cli/src/cases/",
        _ => "../../../cli/templates/",
    };
    assert!(include.path.starts_with(tested), "{place}: `{}` is not tested", include.path);
}

/// Dependencies are packages of ours, of this version, with features that they have.
#[track_caller]
fn check_dependencies(place: &str, code: &str) {
    let parsed = DeTable::parse(code).unwrap_or_else(|err| panic!("{place}: {err}"));
    let dependencies = parsed.get_ref()["dependencies"].get_ref().as_table();
    for (name, dependency) in dependencies.expect("it is a table") {
        let text = |key: &str| {
            let value = dependency.get_ref().get(key)?.get_ref().as_str();
            Some(value.expect("it is text").to_owned())
        };
        let version = match dependency.get_ref() {
            DeValue::String(version) => version.to_string(),
            _ => text("version").expect("a table names the version"),
        };
        let package = text("package").unwrap_or_else(|| name.get_ref().to_string());
        assert!(env!("CARGO_PKG_VERSION").starts_with(&version), "{place}: version {version}");
        let folder = match package.as_str() {
            "plugsmith" => "runtime",
            "plugsmith-pdk" => "pdk",
            "plugsmith-signature" => "signature",
            other => panic!("{place}: `{other}` is none of our packages"),
        };
        let known = features(folder);
        let wanted = dependency.get_ref().get("features").map(Spanned::get_ref);
        for feature in wanted.and_then(DeValue::as_array).into_iter().flatten() {
            let feature = feature.get_ref().as_str().expect("it is text");
            assert!(known.contains(feature), "{place}: no feature `{feature}`");
        }
    }
}

/// The features of a package.
fn features(folder: &str) -> BTreeSet<String> {
    let path = repository(folder).join("Cargo.toml");
    let manifest = fs::read_to_string(path).expect("the package has a manifest");
    let parsed = DeTable::parse(&manifest).expect("it is TOML");
    let Some(features) = parsed.get_ref().get("features") else { return BTreeSet::new() };
    let features = features.get_ref().as_table().expect("it is a table");
    features.keys().map(|name| name.get_ref().to_string()).collect()
}

#[test]
fn the_table_of_features_has_all_that_are_for_hosts() {
    // What a user of Extism's crate may name, what tests alone need, and what no promise covers.
    const NOT_FOR_HOSTS: [&str; 5] = [
        "default",
        "testing",
        "unstable-wasmtime",
        "wasmtime-default-features",
        "wasmtime-exceptions",
    ];
    let chapter = Chapter::read("shipping.md");
    let rows = chapter.text.lines().filter(|line| line.starts_with("| `"));
    let named = rows.flat_map(|row| {
        let first = row.split('|').nth(1).unwrap_or_default();
        first.split('`').skip(1).step_by(2).map(str::to_owned)
    });
    let mut expected = features("runtime");
    expected.retain(|name| !NOT_FOR_HOSTS.contains(&name.as_str()));
    assert_eq!(named.collect::<BTreeSet<_>>(), expected);
}

#[test]
fn what_differs_from_extism_is_what_the_comparison_shows() {
    let source = fs::read_to_string(repository("compat/tests/it/differences.rs"));
    let source = source.expect("the comparison is there");
    let first_two = |row: &str| {
        let cells: Vec<_> = row.trim().trim_matches('|').split(" | ").map(str::trim).collect();
        (cells[0].to_owned(), cells[1].to_owned())
    };
    let tested: Vec<_> = source.lines().filter_map(|line| line.strip_prefix("//! ")).collect();
    let tested = tested.into_iter().filter(|line| line.starts_with("| ")).skip(2).map(first_two);
    let chapter = Chapter::read("from-extism.md");
    let told = chapter.text.lines().filter(|line| line.starts_with("| ")).skip(2).map(first_two);
    assert_eq!(told.collect::<Vec<_>>(), tested.collect::<Vec<_>>());
}
