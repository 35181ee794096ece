//! A plug-in's project: the folder that has a `plugsmith.toml`, and what stands in it.

use std::{
    path::{Path, PathBuf},
    process,
};

use serde::Deserialize;

use crate::{exit::Exit, failure::Failure, lang::Lang, toml_file::TomlFile};

/// The file that makes a folder a project.
pub(crate) const FILE: &str = "plugsmith.toml";

/// How the name of a plug-in ends that is being built. Some compilers go by the very end.
const UNFINISHED: &str = ".new.wasm";

/// A project, as its file describes it.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// The folder that has the file.
    pub(crate) folder: PathBuf,
    /// What `plugsmith.toml` says.
    pub(crate) settings: Settings,
}

/// What stands in `plugsmith.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// What the plug-in is written in.
    pub(crate) lang: Lang,
    /// Where the plug-in goes, from the project's folder.
    #[serde(default = "default_output")]
    pub(crate) output: PathBuf,
    /// What builds it, in place of what the language's compiler is usually told. The command runs in the
    /// project's folder and leaves the plug-in at `output`.
    pub(crate) command: Option<Vec<String>>,
    /// Whether the plug-in is granted WASI. If the file does not say, it depends on the language.
    wasi: Option<bool>,
}

impl Settings {
    /// Says whether the plug-in is to be granted WASI.
    pub(crate) fn wasi(&self) -> bool {
        self.wasi.unwrap_or(self.lang.needs_wasi())
    }

    /// Returns where a language's compiler puts the plug-in, from the project's folder, until it is whole.
    /// No other process puts its own there.
    pub(crate) fn unfinished(&self) -> PathBuf {
        self.output.with_extension(format!("{}{UNFINISHED}", process::id()))
    }
}

impl Project {
    /// Finds the project of a folder: the folder itself, or the nearest above it that is one.
    ///
    /// # Errors
    ///
    /// If there is none, or its file is wrong.
    pub(crate) fn find(folder: &Path) -> Result<Self, Failure> {
        if !folder.is_dir() {
            return Err(Failure::new(Exit::Input, format!("no folder `{}`", folder.display())));
        }
        let start = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
        let Some(found) = start.ancestors().find(|above| above.join(FILE).is_file()) else {
            let message = format!("no `{FILE}` in `{}` or above", start.display());
            return Err(Failure::new(Exit::Input, message).with_help(
                "go to a project's folder, or make one with `plugsmith new NAME --lang LANG`",
            ));
        };
        let file = TomlFile::read(&found.join(FILE))?;
        let settings: Settings = file.parse()?;
        if settings.command.as_ref().is_some_and(Vec::is_empty) {
            let message = format!("`{}` has an empty `command`", file.name);
            return Err(Failure::new(Exit::Input, message)
                .with_help("name the program first, then its arguments: `command = [\"make\"]`"));
        }
        Ok(Self { folder: found.to_path_buf(), settings })
    }

    /// Returns where the built plug-in is, or will be.
    pub(crate) fn plugin(&self) -> PathBuf {
        self.folder.join(&self.settings.output)
    }

    /// Says whether a file is the plug-in while it is being built, or what a linker writes first, under that
    /// name with more behind it.
    pub(crate) fn is_unfinished(&self, path: &Path) -> bool {
        let plugin = self.plugin();
        let stem = plugin.file_stem().unwrap_or_default().to_string_lossy();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let rest = name.strip_prefix(&*stem).and_then(|rest| rest.strip_prefix('.'));
        let rest = rest.map(|rest| rest.trim_start_matches(|letter: char| letter.is_ascii_digit()));
        path.parent() == plugin.parent() && rest.is_some_and(|rest| rest.starts_with(UNFINISHED))
    }
}

fn default_output() -> PathBuf {
    PathBuf::from("plugin.wasm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_all_that_a_project_must_say() {
        let settings: Settings = toml::from_str("lang = \"go\"").expect("it is enough");
        assert_eq!(settings.output, Path::new("plugin.wasm"));
        assert!(settings.wasi());
        let settings: Settings =
            toml::from_str("lang = \"go\"\nwasi = false").expect("it may say more");
        assert!(!settings.wasi());
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let rows = [
            ("", "missing field `lang`"),
            ("lang = \"cobol\"", "unknown variant `cobol`"),
            ("lang = \"c\"\noutptu = \"a.wasm\"", "unknown field `outptu`"),
            ("lang = \"c\"\ncommand = \"make\"", "invalid type: string"),
        ];
        for (text, message) in rows {
            let err = toml::from_str::<Settings>(text).unwrap_err();
            assert!(err.message().contains(message), "{text}: {err}");
        }
    }
}
