//! The statuses with which the command ends: one table, which the help prints and scripts rely on.

use std::process::ExitCode;

/// How the command ended, as a shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well.
    Success,
    /// The plug-in failed.
    Call,
    /// The command line makes no sense.
    Usage,
    /// The plug-in cannot be loaded.
    Load,
    /// The call ran past its time limit, or was cancelled.
    Time,
    /// A file, an input or a folder is not as it must be.
    Input,
    /// What compiles plug-ins is missing.
    Toolchain,
    /// The plug-in's source does not compile.
    Build,
    /// What was checked is not in order.
    Check,
    /// A registry did not take or give a plug-in.
    Registry,
}

impl Exit {
    const ALL: [Self; 10] = [
        Self::Success,
        Self::Call,
        Self::Usage,
        Self::Load,
        Self::Time,
        Self::Input,
        Self::Toolchain,
        Self::Build,
        Self::Check,
        Self::Registry,
    ];

    /// Returns the status.
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Call => 1,
            Self::Usage => 2,
            Self::Load => 3,
            Self::Time => 4,
            Self::Input => 5,
            Self::Toolchain => 6,
            Self::Build => 7,
            Self::Check => 8,
            Self::Registry => 9,
        }
    }

    /// Returns the name that errors in JSON carry.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Call => "call",
            Self::Usage => "usage",
            Self::Load => "load",
            Self::Time => "time",
            Self::Input => "input",
            Self::Toolchain => "toolchain",
            Self::Build => "build",
            Self::Check => "check",
            Self::Registry => "registry",
        }
    }

    fn summary(self) -> &'static str {
        match self {
            Self::Success => "all went well",
            Self::Call => "the plug-in failed: it returned an error, trapped or exited",
            Self::Usage => "the command line makes no sense, or names an export that is not there",
            Self::Load => "the plug-in cannot be loaded",
            Self::Time => "a call ran past its time limit, or was cancelled",
            Self::Input => "a file, an input or a folder is not as it must be",
            Self::Toolchain => "what compiles plug-ins is missing",
            Self::Build => "the plug-in's source does not compile",
            Self::Check => {
                "what was checked is not in order: a case failed, a plug-in would not load"
            }
            Self::Registry => "a registry cannot be reached, refuses, or gives what it must not",
        }
    }

    /// Returns the statuses as a table for people.
    pub(crate) fn table() -> String {
        let rows = Self::ALL.map(|exit| format!("  {}  {}", exit.status(), exit.summary()));
        format!("Exit status:\n{}", rows.join("\n"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_every_status() {
        let readme = include_str!("../README.md");
        for exit in Exit::ALL {
            let row = format!("| {} | `{}` | {} |\n", exit.status(), exit.kind(), exit.summary());
            assert!(readme.contains(&row), "{row}");
        }
    }

    #[test]
    fn statuses_count_up() {
        let statuses: Vec<_> = Exit::ALL.iter().map(|exit| usize::from(exit.status())).collect();
        assert_eq!(statuses, (0..Exit::ALL.len()).collect::<Vec<_>>());
    }
}
