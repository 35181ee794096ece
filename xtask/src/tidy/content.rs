//! Rules about single lines: where `unsafe` may stand, what is unfinished, what is of one machine.

use std::{env, path::Path};

use super::{Complaint, File, Weight};

/// Where unsafe code may be expected: files, and folders that end in `/`.
///
/// Plug-ins are listed because exporting a function by its plain name is unsafe in Rust's eyes.
const UNSAFE_FILES: [&str; 10] = [
    "bench/src/peer.rs",
    "capi/",
    "compat/guests/",
    "examples/guests/rust/",
    "kernel/src/exports.rs",
    "kernel/src/memory.rs",
    "pdk/src/sys.rs",
    "pdk/src/sys/",
    "runtime/src/kernel/discard.rs",
    "runtime/src/precompiled.rs",
];

/// Crates that need not ban unsafe code: these show plug-ins as they are written for Extism.
const UNGUARDED: &str = "compat/guests/";

/// Beginnings of paths that exist on one machine only.
const MACHINE_PATHS: [&str; 5] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/tm", "p/"),
    concat!(r"C:\Us", r"ers\"),
];

/// Marks of work that is not done.
const UNFINISHED: [&str; 5] = [
    concat!("to", "do!("),
    concat!("unim", "plemented!("),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// Marks of tests that do not run, or pass for the wrong reason.
const WEAK_TESTS: [&str; 2] = [concat!("#[ign", "ore"), concat!("#[should", "_panic")];

/// Where the dates of files are compared. All other time is of clocks that nobody can set.
const DATE_FILES: [&str; 4] = [
    "runtime/src/cache/contents.rs",
    "runtime/src/cache/folder.rs",
    "runtime/src/known_files.rs",
    "runtime/src/precompiled.rs",
];

/// Nothing is left to do later.
pub(super) fn unfinished(file: &File) -> Vec<Complaint> {
    if !file.is_rust() {
        return Vec::new();
    }
    file.fail_lines(|line| {
        let mark = UNFINISHED.iter().find(|mark| stands_alone(line, mark))?;
        Some(format!("`{mark}`: finish it, or open an issue"))
    })
}

/// Every test runs, and says what it expects.
pub(super) fn weak_tests(file: &File) -> Vec<Complaint> {
    if !file.is_rust() {
        return Vec::new();
    }
    file.fail_lines(|line| {
        let mark = WEAK_TESTS.iter().find(|mark| line.contains(*mark))?;
        Some(format!("`{mark}]`: a test runs, and compares a value"))
    })
}

/// The compiler refuses unsafe code everywhere but where a file lifts the ban; only the listed
/// files may.
pub(super) fn unsafe_only_where_listed(file: &File) -> Vec<Complaint> {
    let listed =
        |entry: &str| file.path == entry || entry.ends_with('/') && file.path.starts_with(entry);
    if !file.is_rust() || UNSAFE_FILES.into_iter().any(listed) {
        return Vec::new();
    }
    let lifts = [concat!("expect(unsafe", "_code"), concat!("allow(unsafe", "_code")];
    file.fail_lines(|line| {
        lifts
            .iter()
            .any(|lift| line.contains(lift))
            .then(|| format!("lifts the ban on unsafe code; only {} may", UNSAFE_FILES.join(", ")))
    })
}

/// What ships does not look at a clock that jumps when it is set.
pub(super) fn clocks_that_are_set(file: &File) -> Vec<Complaint> {
    const SHIPPED: [&str; 6] = [
        "convert/src/",
        "kernel/src/",
        "manifest/src/",
        "pdk/src/",
        "runtime/src/",
        "signature/src/",
    ];
    let is_shipped = SHIPPED.iter().any(|folder| file.path.starts_with(folder));
    if !file.is_rust() || !is_shipped || DATE_FILES.contains(&file.path.as_str()) {
        return Vec::new();
    }
    file.fail_lines(|line| {
        stands_alone(line, "SystemTime").then(|| "a clock that can be set; `Instant`?".to_owned())
    })
}

/// Every crate bans unsafe code at its root.
pub(super) fn unsafe_guard(file: &File) -> Vec<Complaint> {
    let guards = ["#![forbid(unsafe_code)]", "#![deny(unsafe_code)]"];
    let guarded = file.text.lines().any(|line| guards.contains(&line));
    if guarded || file.path.starts_with(UNGUARDED) {
        return Vec::new();
    }
    let text = format!("a crate starts with `{}`, or `{}`", guards[0], guards[1]);
    vec![file.complain(1, Weight::Failure, text)]
}

/// No path of the machine that a file was written on.
pub(super) fn machine_paths(file: &File, root: &Path) -> Vec<Complaint> {
    let mut paths: Vec<String> = MACHINE_PATHS.map(str::to_owned).to_vec();
    paths.push(root.to_string_lossy().into_owned());
    paths.extend(env::var("HOME").ok());
    // A root or a home directly below `/` is too short to mean anything in a text.
    paths.retain(|path| path.matches(['/', '\\']).count() >= 2);
    file.fail_lines(|line| {
        let path = paths.iter().find(|path| stands_alone(line, path))?;
        Some(format!("`{path}` is a path of one machine"))
    })
}

/// Whether the mark stands in the line and is not the tail of a longer word or path.
fn stands_alone(line: &str, mark: &str) -> bool {
    line.match_indices(mark).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && !"_-./~})".contains(before))
    })
}

#[cfg(test)]
mod tests {
    use super::{super::tests::file, *};

    fn check(rule: fn(&File) -> Vec<Complaint>, path: &str, rows: &[(&str, bool)]) {
        for (text, accepted) in rows {
            assert_eq!(rule(&file(path, text)).is_empty(), *accepted, "{path}: {text}");
        }
    }

    #[test]
    fn unfinished_work_is_refused() {
        let rows = [
            ("fn done() {}", true),
            ("let mastodons = 1;", true),
            (concat!("    to", "do!()"), false),
            (concat!("// TO", "DO: later"), false),
            (concat!("unim", "plemented!(\"x\")"), false),
        ];
        check(unfinished, "src/a.rs", &rows);
        check(unfinished, "notes.md", &[(concat!("TO", "DO"), true)]);
    }

    #[test]
    fn weak_tests_are_refused() {
        let rows = [
            ("#[test]", true),
            (concat!("#[ign", "ore]"), false),
            (concat!("#[ign", "ore = \"slow\"]"), false),
            (concat!("#[should", "_panic(expected = \"x\")]"), false),
        ];
        check(weak_tests, "src/a.rs", &rows);
    }

    #[test]
    fn the_ban_on_unsafe_code_is_lifted_only_where_listed() {
        let text = concat!("#![expect(unsafe", "_code, reason = \"raw memory\")]");
        for path in ["kernel/src/memory.rs", "pdk/src/sys.rs", "capi/src/lib.rs"] {
            check(unsafe_only_where_listed, path, &[(text, true)]);
        }
        for path in ["kernel/src/heap.rs", "runtime/src/call.rs", "xtask/src/main.rs"] {
            check(unsafe_only_where_listed, path, &[(text, false), ("fn safe() {}", true)]);
        }
    }

    #[test]
    fn clocks_that_are_set_are_read_for_the_dates_of_files_alone() {
        let text = "let now = SystemTime::now();\n";
        assert_eq!(clocks_that_are_set(&file("runtime/src/deadline.rs", text)).len(), 1);
        for path in ["runtime/src/known_files.rs", "runtime/tests/it/cache.rs", "xtask/src/ci.rs"] {
            assert_eq!(clocks_that_are_set(&file(path, text)), [], "{path}");
        }
        assert_eq!(clocks_that_are_set(&file("runtime/src/a.rs", "Instant::now()\n")), []);
    }

    #[test]
    fn every_crate_bans_unsafe_code() {
        let rows = [
            ("//! A.\n\n#![forbid(unsafe_code)]\n", true),
            ("//! A.\n\n#![deny(unsafe_code)]\n", true),
            ("//! A.\n", false),
            ("//! #![forbid(unsafe_code)]\n", false),
        ];
        check(unsafe_guard, "src/lib.rs", &rows);
    }

    #[test]
    fn paths_of_a_machine_are_refused() {
        let rows = [
            (concat!("see /ho", "me/ada/notes"), false),
            (concat!("\"/tm", "p/a.wasm\""), false),
            ("at /srv/build/plugsmith/Cargo.toml", false),
            (concat!("https://example.com/ho", "me/"), true),
            ("target/guests/discount.wasm", true),
        ];
        for (text, accepted) in rows {
            let complaints = machine_paths(&file("a.md", text), Path::new("/srv/build/plugsmith"));
            assert_eq!(complaints.is_empty(), accepted, "{text}");
        }
    }
}
