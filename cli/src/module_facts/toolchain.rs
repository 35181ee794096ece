//! What made a module: what the module itself says of it, and what its imports and exports betray.

use super::{Export, Import};

/// What made a module, as far as can be told.
#[derive(Debug, Default)]
pub(crate) struct Toolchain {
    /// The languages that it says it was written in.
    pub(crate) languages: Vec<String>,
    /// The tools that it says made it, with their versions.
    pub(crate) tools: Vec<String>,
    /// The kit for plug-ins that it seems to be built with.
    pub(crate) kit: Option<&'static str>,
}

impl Toolchain {
    /// Notes a line of the section in which toolchains leave their names.
    pub(super) fn add(&mut self, field: &str, name: &str, version: &str) {
        let named = if version.is_empty() { name.to_owned() } else { format!("{name} {version}") };
        let list = if field == "language" { &mut self.languages } else { &mut self.tools };
        if !list.contains(&named) {
            list.push(named);
        }
    }

    /// Guesses the kit, once all else is known.
    pub(super) fn conclude(&mut self, imports: &[Import], exports: &[Export]) {
        let is_written_in =
            |language: &str| self.languages.iter().any(|found| found.starts_with(language));
        let is_made_by = |tool: &str| {
            self.tools.iter().any(|found| found.to_ascii_lowercase().starts_with(tool))
        };
        let has_export = |name: &str| exports.iter().any(|export| export.name == name);
        let imports_from =
            |namespace: &str| imports.iter().any(|import| import.namespace == namespace);
        let asks_host = imports.iter().any(|import| {
            import.namespace.starts_with("extism:") || import.name.starts_with("extism_")
        });
        self.kit = if has_export("plugsmith_extensions") {
            Some("plugsmith-pdk")
        } else if !asks_host {
            None
        } else if has_export("hs_init") {
            Some("a kit for Haskell")
        } else if is_made_by("tinygo") {
            Some("a kit for Go, with TinyGo")
        } else if is_written_in("Go") {
            Some("a kit for Go, or none")
        } else if is_written_in("Rust") {
            Some("a kit for Rust, such as extism-pdk")
        } else if is_made_by("zig") || imports_from("zig") {
            Some("a kit for Zig")
        } else if is_written_in("C") || is_made_by("clang") {
            Some("a kit for C, or none")
        } else {
            Some("by hand, or a kit that leaves no name")
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module_facts::Role;

    #[test]
    fn kits_are_guessed_from_what_they_leave() {
        let rows = [
            ("plugsmith_extensions", "language", "Rust", "alloc", Some("plugsmith-pdk")),
            ("run", "language", "Rust", "alloc", Some("a kit for Rust, such as extism-pdk")),
            ("run", "processed-by", "TinyGo", "alloc", Some("a kit for Go, with TinyGo")),
            ("run", "language", "Go", "alloc", Some("a kit for Go, or none")),
            ("hs_init", "language", "", "alloc", Some("a kit for Haskell")),
            ("run", "processed-by", "clang", "extism_alloc", Some("a kit for C, or none")),
            ("run", "sdk", "", "alloc", Some("by hand, or a kit that leaves no name")),
            ("run", "language", "Rust", "greet", None),
        ];
        for (export, field, name, import, kit) in rows {
            let namespace = match import {
                "alloc" => "extism:host/env",
                _ => "env",
            };
            let mut toolchain = Toolchain::default();
            toolchain.add(field, name, "1.0");
            let import = Import {
                namespace: namespace.to_owned(),
                name: import.to_owned(),
                ty: String::new(),
                function: None,
            };
            let export =
                Export { name: export.to_owned(), ty: String::new(), role: Role::Uncallable };
            toolchain.conclude(&[import], &[export]);
            assert_eq!(toolchain.kit, kit, "{name}");
        }
    }

    #[test]
    fn each_tool_is_named_once() {
        let mut toolchain = Toolchain::default();
        for _ in 0..2 {
            toolchain.add("processed-by", "rustc", "1.95.0");
            toolchain.add("language", "Rust", "");
        }
        assert_eq!(
            (toolchain.tools, toolchain.languages),
            (vec!["rustc 1.95.0".to_owned()], vec!["Rust".to_owned()])
        );
    }
}
