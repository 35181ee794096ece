//! Programs that compile: where they are, and which version they say they are.

use std::{
    env,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{exit::Exit, failure::Failure};

/// A version, as far as it matters here: two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    pub(super) major: u32,
    pub(super) minor: u32,
}

impl Version {
    /// Reads the first version that stands in a text: two numbers with a dot between.
    fn find(text: &str) -> Option<Self> {
        text.split(|letter: char| !letter.is_ascii_digit() && letter != '.').find_map(|word| {
            let mut numbers = word.split('.').map(str::parse);
            match (numbers.next(), numbers.next()) {
                (Some(Ok(major)), Some(Ok(minor))) => Some(Self { major, minor }),
                _ => None,
            }
        })
    }

    /// Runs a program that prints its version.
    pub(super) fn ask(command: &mut Command) -> Option<Self> {
        Self::find(&ask(command)?)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Returns the first line that a program prints, if it prints one and ends well.
pub(super) fn ask(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}

/// Finds a program in the folders of `PATH`.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    search_path().into_iter().map(|folder| folder.join(&name)).find(|path| path.is_file())
}

/// Finds the programs with this name and a number behind, as distributions have them, such as
/// `clang-19`: the newest first.
pub(super) fn find_numbered(name: &str) -> Vec<PathBuf> {
    let entries = search_path().into_iter().filter_map(|folder| folder.read_dir().ok());
    let mut found: Vec<(u32, PathBuf)> = entries
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((number_behind(name, &entry.file_name().to_string_lossy())?, entry.path()))
        })
        .collect();
    found.sort_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, path)| path).collect()
}

/// Returns a failure that says what is missing, and how to get it.
pub(super) fn missing(message: impl Into<String>, advice: impl Into<String>) -> Failure {
    Failure::new(Exit::Toolchain, message).with_help(advice)
}

/// Returns a command that is run in a folder.
pub(super) fn command(program: impl Into<OsString>, folder: &Path) -> Command {
    let mut command = Command::new(program.into());
    command.current_dir(folder);
    command
}

fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH").map_or_else(Vec::new, |path| env::split_paths(&path).collect())
}

fn number_behind(name: &str, file: &str) -> Option<u32> {
    file.strip_suffix(env::consts::EXE_SUFFIX)?.strip_prefix(name)?.strip_prefix('-')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_tools_print() {
        let rows = [
            ("1.85.0", Some((1, 85))),
            ("go version go1.27.3 linux/amd64", Some((1, 27))),
            ("Version 0.28.20", Some((0, 28))),
            ("v20.20.2", Some((20, 20))),
            ("Debian clang version 14.0.6", Some((14, 0))),
            ("version 9", None),
            ("99999999999.1", None),
            ("", None),
        ];
        for (text, numbers) in rows {
            let expected = numbers.map(|(major, minor)| Version { major, minor });
            assert_eq!(Version::find(text), expected, "{text}");
        }
    }

    #[test]
    fn programs_are_numbered() {
        let rows = [("clang-19", Some(19)), ("clang", None), ("clang-x", None), ("ng-19", None)];
        for (file, number) in rows {
            let file = format!("{file}{}", env::consts::EXE_SUFFIX);
            assert_eq!(number_behind("clang", &file), number, "{file}");
        }
    }
}
