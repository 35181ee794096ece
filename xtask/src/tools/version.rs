//! The version of a tool, as far as it matters: two numbers.

use std::{fmt, process::Command};

use anyhow::{Context as _, Result};

use crate::workspace;

/// A version without what stands behind its second number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

impl Version {
    /// Reads the first version that stands in a text: two numbers with a dot between.
    pub(crate) fn find(text: &str) -> Option<Self> {
        text.split(|letter: char| !letter.is_ascii_digit() && letter != '.').find_map(|word| {
            let mut numbers = word.split('.').map(str::parse);
            match (numbers.next(), numbers.next()) {
                (Some(Ok(major)), Some(Ok(minor))) => Some(Self { major, minor }),
                _ => None,
            }
        })
    }

    /// Runs a program that prints its version.
    ///
    /// # Errors
    ///
    /// If it fails, or prints none.
    pub(crate) fn ask(command: &mut Command) -> Result<Self> {
        let printed = workspace::output(command)?;
        Self::find(&printed)
            .with_context(|| format!("`{}` printed no version", workspace::line(command)))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_tools_print() {
        let rows = [
            ("1.85.0", Some((1, 85))),
            ("1.100.0-nightly", Some((1, 100))),
            ("go version go1.27.3 linux/amd64", Some((1, 27))),
            ("0.17.0\n", Some((0, 17))),
            ("Version 0.28.20", Some((0, 28))),
            ("v20.20.2", Some((20, 20))),
            ("Debian clang version 14.0.6\nTarget: x86_64-pc-linux-gnu", Some((14, 0))),
            ("version 9", None),
            ("nightly", None),
            ("99999999999.1", None),
            ("", None),
        ];
        for (text, numbers) in rows {
            let expected = numbers.map(|(major, minor)| Version { major, minor });
            assert_eq!(Version::find(text), expected, "{text}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        let version = |text| Version::find(text).expect("it is a version");
        assert!(version("1.100.0") > version("1.85.0"));
        assert!(version("2.0") > version("1.100"));
        assert_eq!(version("1.96.0").to_string(), "1.96");
    }
}
