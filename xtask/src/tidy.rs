//! `cargo xtask tidy`: what compilers do not check, as one small rule each.
//!
//! Owns the reading of the files and the report. A rule looks at one file, or at the packages, and
//! returns complaints; it changes nothing.

mod content;
mod directions;
mod shape;

use std::{fmt, fs};

use anyhow::{Context as _, Result, bail};

use crate::{
    progress::Paint,
    workspace::{self, Workspace},
};

/// Runs the command.
///
/// # Errors
///
/// If a rule is broken, or a file cannot be read.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let files = files(workspace)?;
    let roots = crate_roots(workspace);
    let mut complaints = directions::check(&workspace.packages);
    for file in &files {
        complaints.extend(RULES.iter().flat_map(|rule| rule(file)));
        complaints.extend(content::machine_paths(file, &workspace.root));
        if roots.contains(&file.path) {
            complaints.extend(content::unsafe_guard(file));
        }
    }
    complaints.sort();
    let paint = Paint::for_stderr();
    for complaint in &complaints {
        let kind = match complaint.weight {
            Weight::Warning => paint.yellow("warning:"),
            Weight::Failure => paint.red("error:"),
        };
        eprintln!("{kind} {complaint}");
    }
    let failures =
        complaints.iter().filter(|complaint| complaint.weight == Weight::Failure).count();
    match failures {
        0 => Ok(()),
        1 => bail!("one file or package is not tidy"),
        n => bail!("{n} things are not tidy"),
    }
}

/// A file of the repository, with its text if it is text.
#[derive(Debug, Default)]
struct File {
    /// Relative to the root, with `/` between the parts.
    path: String,
    /// Empty for a file that is not UTF-8.
    text: String,
}

impl File {
    fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    fn has_extension(&self, extension: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
    }

    fn complain(&self, line: usize, weight: Weight, text: impl Into<String>) -> Complaint {
        Complaint { weight, place: format!("{}:{line}", self.path), text: text.into() }
    }

    /// One failure for each line that the test accepts; it returns what to say of the line.
    fn fail_lines(&self, test: impl Fn(&str) -> Option<String>) -> Vec<Complaint> {
        let lines = self.text.lines().enumerate();
        lines
            .filter_map(|(line_idx, line)| {
                Some(self.complain(line_idx + 1, Weight::Failure, test(line)?))
            })
            .collect()
    }
}

/// Something that a rule does not like.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Complaint {
    weight: Weight,
    place: String,
    text: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.text)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Warning,
    Failure,
}

type Rule = fn(&File) -> Vec<Complaint>;

/// The rules that need nothing but a file.
const RULES: &[Rule] = &[
    shape::length,
    shape::name,
    shape::header,
    shape::no_wasm,
    content::unfinished,
    content::weak_tests,
    content::unsafe_only_where_listed,
    content::clocks_that_are_set,
];

/// The files that git knows or would add.
fn files(workspace: &Workspace) -> Result<Vec<File>> {
    let mut git = std::process::Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = workspace::output(git.current_dir(&workspace.root))?;
    let mut files = Vec::new();
    for path in listed.split_terminator('\0') {
        let full = workspace.root.join(path);
        // A deleted file stays listed until the deletion is committed.
        if full.is_file() {
            let bytes = fs::read(&full).with_context(|| format!("reading `{path}`"))?;
            let text = String::from_utf8(bytes).unwrap_or_default();
            files.push(File { path: path.to_owned(), text });
        }
    }
    Ok(files)
}

/// The files at which the compiler starts, without tests and examples of a package.
fn crate_roots(workspace: &Workspace) -> Vec<String> {
    const KINDS: [&str; 5] = ["lib", "rlib", "cdylib", "proc-macro", "bin"];
    let targets = workspace.packages.iter().flat_map(|package| &package.targets);
    targets
        .filter(|target| target.kinds.iter().any(|kind| KINDS.contains(&kind.as_str())))
        .map(|target| target.source.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with this path and text, for the tests of the rules.
    pub(super) fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn complaints_name_file_and_line() {
        let complaints = file("a.rs", "good\nbad\n")
            .fail_lines(|line| (line == "bad").then(|| "not good".to_owned()));
        let shown: Vec<_> = complaints.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["a.rs:2: not good"]);
    }

    #[test]
    fn extensions_are_exact() {
        assert!(file("a/b.rs", "").is_rust());
        assert!(!file("a/b.rst", "").is_rust());
        assert!(!file("rs", "").is_rust());
    }
}
