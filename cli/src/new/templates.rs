//! The files of new projects, which are part of this program: making a project needs no network.
//!
//! A file has places for what differs between projects, such as `{{name}}`. What is the interface
//! between a language and its host is embedded from the examples, where it is tested.

use serde_json::Value;

use super::examples::Example;
use crate::lang::Lang;

/// A file of a project.
#[derive(Debug)]
pub(super) struct File {
    /// Where it goes, from the project's folder, with `/` between.
    pub(super) path: &'static str,
    /// Its text, with places.
    pub(super) text: &'static str,
}

/// Names files, from this package's folder.
macro_rules! files {
    ($($path:literal from $source:literal,)*) => {
        &[$(File {
            path: $path,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $source)),
        },)*]
    };
}

/// What every plug-in's project has.
const SHARED: &[File] = files![
    "README.md" from "templates/shared/README.md",
    "cases.toml" from "templates/shared/cases.toml",
    "plugsmith.toml" from "templates/shared/plugsmith.toml",
];

const RUST: &[File] = files![
    ".gitignore" from "templates/rust/gitignore",
    "Cargo.toml" from "templates/rust/Cargo.toml",
    "src/lib.rs" from "templates/rust/src/lib.rs",
];

const C: &[File] = files![
    ".gitignore" from "templates/c/gitignore",
    "plugin.c" from "templates/c/plugin.c",
    "plugsmith.h" from "../examples/guests/c/plugsmith.h",
];

const ZIG: &[File] = files![
    ".gitignore" from "templates/zig/gitignore",
    "src/plugin.zig" from "templates/zig/src/plugin.zig",
    "src/plugsmith.zig" from "../examples/guests/zig/src/plugsmith.zig",
];

const ASSEMBLYSCRIPT: &[File] = files![
    ".gitignore" from "templates/assemblyscript/gitignore",
    "asconfig.json" from "../examples/guests/assemblyscript/asconfig.json",
    "assembly/index.ts" from "templates/assemblyscript/assembly/index.ts",
    "assembly/plugsmith.ts" from "../examples/guests/assemblyscript/assembly/plugsmith.ts",
    "assembly/tsconfig.json" from "../examples/guests/assemblyscript/assembly/tsconfig.json",
    "package.json" from "templates/assemblyscript/package.json",
];

const GO: &[File] = files![
    ".gitignore" from "templates/go/gitignore",
    "go.mod" from "templates/go/go.mod",
    "main.go" from "templates/go/main.go",
    "plugsmith/host.go" from "../examples/guests/go/plugsmith/host.go",
    "plugsmith/plugsmith.go" from "../examples/guests/go/plugsmith/plugsmith.go",
];

const WAT: &[File] = files![
    ".gitignore" from "templates/wat/gitignore",
    "plugin.wat" from "templates/host/plugins/greeter.wat",
];

/// What every example's project has.
const EXAMPLE: &[File] = files![
    ".gitignore" from "templates/rust/gitignore",
    "Cargo.toml" from "templates/rust/Cargo.toml",
    "README.md" from "templates/examples/README.md",
    "plugsmith.toml" from "templates/shared/plugsmith.toml",
];

const DISCOUNT: &[File] = files![
    "cases.toml" from "templates/examples/discount/cases.toml",
    "src/by_hand.rs" from "../examples/guests/rust/discount/src/by_hand.rs",
    "src/lib.rs" from "../examples/guests/rust/discount/src/lib.rs",
    "src/rule.rs" from "../examples/guests/rust/discount/src/rule.rs",
    "src/typed.rs" from "../examples/guests/rust/discount/src/typed.rs",
];

const WEBHOOK_ORDERS: &[File] = files![
    "cases.toml" from "templates/examples/webhook_orders/cases.toml",
    "src/lib.rs" from "../examples/guests/rust/webhook_orders/src/lib.rs",
];

const NOTES_SEARCH: &[File] = files![
    "cases.toml" from "templates/examples/notes_search/cases.toml",
    "src/lib.rs" from "../examples/guests/rust/notes_search/src/lib.rs",
];

const SITE_CONTENTS: &[File] = files![
    "cases.toml" from "templates/examples/site_contents/cases.toml",
    "src/lib.rs" from "../examples/guests/rust/site_contents/src/lib.rs",
];

const HOST: &[File] = files![
    ".gitignore" from "templates/host/gitignore",
    "Cargo.toml" from "templates/host/Cargo.toml",
    "README.md" from "templates/host/README.md",
    "plugins/greeter.wat" from "templates/host/plugins/greeter.wat",
    "src/main.rs" from "templates/host/src/main.rs",
];

/// The example whose compiler new projects ask for, too.
const ASSEMBLYSCRIPT_PACKAGE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/guests/assemblyscript/package.json"
));

/// Returns the files of a plug-in in this language.
pub(super) fn plugin(lang: Lang) -> impl Iterator<Item = &'static File> {
    let own = match lang {
        Lang::Rust => RUST,
        Lang::C => C,
        Lang::Zig => ZIG,
        Lang::AssemblyScript => ASSEMBLYSCRIPT,
        Lang::Go => GO,
        Lang::Wat => WAT,
    };
    own.iter().chain(SHARED)
}

/// Returns the files of an example.
pub(super) fn example(example: Example) -> impl Iterator<Item = &'static File> {
    let own = match example {
        Example::Discount => DISCOUNT,
        Example::WebhookOrders => WEBHOOK_ORDERS,
        Example::NotesSearch => NOTES_SEARCH,
        Example::SiteContents => SITE_CONTENTS,
    };
    own.iter().chain(EXAMPLE)
}

/// Returns the files of a host program.
pub(super) fn host() -> impl Iterator<Item = &'static File> {
    HOST.iter()
}

/// Returns the version of AssemblyScript that projects ask for.
pub(super) fn assemblyscript_version() -> String {
    let package: Value =
        serde_json::from_str(ASSEMBLYSCRIPT_PACKAGE).expect("the example's package is JSON");
    let version = package["devDependencies"]["assemblyscript"].as_str();
    version.expect("the example's package asks for a version").to_owned()
}

/// Fills the places of a text.
pub(super) fn fill(text: &str, places: &[(&str, &str)]) -> String {
    places.iter().fold(text.to_owned(), |text, (place, value)| {
        text.replace(&format!("{{{{{place}}}}}"), value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_nothing_else() {
        let text = fill("{{name}} {{{name}}} {{other}} {{", &[("name", "x"), ("unused", "y")]);
        assert_eq!(text, "x {x} {{other}} {{");
    }

    #[test]
    fn one_version_of_assemblyscript_is_asked_for() {
        let version = assemblyscript_version();
        assert!(version.split('.').all(|number| number.parse::<u32>().is_ok()), "{version}");
    }
}
