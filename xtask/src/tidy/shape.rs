//! Rules about a file as a whole: its length, its name, how it opens, what it is.

use super::{Complaint, File, Weight};

const LINES_TO_SPLIT_AT: usize = 500;
const MOST_LINES: usize = 700;

/// Names that say nothing about the one idea a file should hold.
const FORBIDDEN_NAMES: [&str; 8] = [
    "common.rs",
    "helpers.rs",
    "internal.rs",
    "misc.rs",
    "mod.rs",
    "types.rs",
    "util.rs",
    "utils.rs",
];

/// Files named for a module that the guest's public interface has to have.
const GIVEN_NAMES: [&str; 1] = ["pdk/src/memory/internal.rs"];

/// The one WebAssembly file that is committed.
const KERNEL: &str = "runtime/src/kernel.wasm";

/// A file that needs scrolling for long holds more than one idea.
pub(super) fn length(file: &File) -> Vec<Complaint> {
    let n_lines = file.text.lines().count();
    if !file.is_rust() || n_lines <= LINES_TO_SPLIT_AT {
        return Vec::new();
    }
    let weight = if n_lines > MOST_LINES { Weight::Failure } else { Weight::Warning };
    let text = format!("{n_lines} lines; split at {LINES_TO_SPLIT_AT}, no more than {MOST_LINES}");
    vec![file.complain(n_lines, weight, text)]
}

/// A file is named for its idea, and a module's children lie beside it.
pub(super) fn name(file: &File) -> Vec<Complaint> {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    if !FORBIDDEN_NAMES.contains(&name) || GIVEN_NAMES.contains(&file.path.as_str()) {
        return Vec::new();
    }
    vec![file.complain(1, Weight::Failure, format!("`{name}` does not name an idea"))]
}

/// A file opens with what it owns.
pub(super) fn header(file: &File) -> Vec<Complaint> {
    // Inputs of the macros' tests are programs of other people.
    if !file.is_rust() || file.path.contains("/tests/ui/") || file.text.starts_with("//! ") {
        return Vec::new();
    }
    vec![file.complain(1, Weight::Failure, "opens without `//!` and what the file owns")]
}

/// Compiled modules come from source, not from the repository.
pub(super) fn no_wasm(file: &File) -> Vec<Complaint> {
    if !file.has_extension("wasm") || file.path == KERNEL {
        return Vec::new();
    }
    vec![file.complain(1, Weight::Failure, format!("no `.wasm` is committed but `{KERNEL}`"))]
}

#[cfg(test)]
mod tests {
    use super::{super::tests::file, *};

    #[test]
    fn long_files_are_warned_of_then_refused() {
        let rows = [
            (500, None),
            (501, Some(Weight::Warning)),
            (700, Some(Weight::Warning)),
            (701, Some(Weight::Failure)),
        ];
        for (n_lines, weight) in rows {
            let complaints = length(&file("a.rs", &"//\n".repeat(n_lines)));
            assert_eq!(complaints.first().map(|complaint| complaint.weight), weight, "{n_lines}");
        }
        assert_eq!(length(&file("carts.jsonl", &"{}\n".repeat(1_000))), []);
    }

    #[test]
    fn names_must_say_something() {
        for path in ["util.rs", "a/src/mod.rs", "a/src/types.rs"] {
            assert_eq!(name(&file(path, "")).len(), 1, "{path}");
        }
        for path in ["src/free_list.rs", "src/util.rs.md", "pdk/src/memory/internal.rs"] {
            assert_eq!(name(&file(path, "")), [], "{path}");
        }
    }

    #[test]
    fn files_open_with_what_they_own() {
        assert_eq!(header(&file("src/a.rs", "//! Owns a.\n")), []);
        assert_eq!(header(&file("README.md", "# Plugsmith\n")), []);
        assert_eq!(header(&file("pdk-macros/tests/ui/fail/a.rs", "fn main() {}\n")), []);
        for text in ["", "// a\n", "use std::fs;\n", "//!\n"] {
            assert_eq!(header(&file("src/a.rs", text)).len(), 1, "{text}");
        }
    }

    #[test]
    fn only_the_kernel_is_committed_compiled() {
        assert_eq!(no_wasm(&file(KERNEL, "")), []);
        assert_eq!(no_wasm(&file("a.wat", "")), []);
        assert_eq!(no_wasm(&file("examples/a.wasm", "")).len(), 1);
    }
}
