//! The chapters of the guide: read for its tests, and taken in as documentation so that the code in them
//! is compiled and run.
//!
//! Invariant: what is printed is what was tested. So code stands in the chapters themselves or in files
//! that are tested elsewhere, and nothing here changes it.

#![forbid(unsafe_code)]

use std::{
    env,
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
};

/// Takes chapters in, each as the documentation of a module.
macro_rules! chapters {
    ($($name:ident = $file:literal),+ $(,)?) => {
        /// The chapters whose code is compiled.
        pub const COMPILED: &[&str] = &[$($file),+];

        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("src/", $file))]
            mod $name {}
        )+
    };
}

chapters! {
    concepts = "concepts.md",
    debugging = "debugging.md",
    errors = "errors.md",
    first_host = "first-host.md",
    first_plugin = "first-plugin.md",
    host_functions = "host-functions.md",
    limits = "limits.md",
    manifests = "manifests.md",
    modules = "modules.md",
    pooling = "pooling.md",
    reload = "reload.md",
    shipping = "shipping.md",
    testing = "testing.md",
}

/// A chapter, as it is written.
#[derive(Clone, Debug)]
pub struct Chapter {
    /// The file's name.
    pub name: String,
    /// Its text, in Markdown.
    pub text: String,
}

/// A piece of code in a chapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// What stands behind the opening fence: the language, and what kind of it.
    pub info: &'a str,
    /// The code, with the end of its last line.
    pub code: &'a str,
    /// The line of the opening fence, counted from 1.
    pub line: usize,
}

impl Chapter {
    /// Reads a chapter.
    ///
    /// # Panics
    ///
    /// If there is none of this name.
    pub fn read(name: &str) -> Self {
        let path = folder().join("src").join(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|err| panic!("{name}: {err}"));
        Self { name: name.to_owned(), text }
    }

    /// Reads all chapters, in the order of their names.
    ///
    /// # Panics
    ///
    /// If the folder cannot be read.
    pub fn all() -> Vec<Self> {
        let files = fs::read_dir(folder().join("src")).expect("the guide has a folder of chapters");
        let paths =
            files.map(|file| PathBuf::from(file.expect("the folder can be read").file_name()));
        let chapters = paths.filter(|path| path.extension().is_some_and(|end| end == "md"));
        let mut names: Vec<_> = chapters
            .map(|path| path.to_str().expect("chapters have plain names").to_owned())
            .collect();
        names.retain(|name| name != "SUMMARY.md");
        names.sort();
        names.iter().map(|name| Self::read(name)).collect()
    }

    /// Returns the code that stands between fences.
    ///
    /// # Panics
    ///
    /// If a fence is not closed.
    pub fn blocks(&self) -> Vec<Block<'_>> {
        const FENCE: &str = "```";
        let mut blocks = Vec::new();
        let mut opened: Option<(&str, usize, usize)> = None;
        let mut start = 0;
        for (line_idx, line) in self.text.split_inclusive('\n').enumerate() {
            let end = start + line.len();
            if let Some(info) = line.strip_prefix(FENCE) {
                opened = match opened {
                    None => Some((info.trim(), line_idx + 1, end)),
                    Some((info, line, code_start)) => {
                        blocks.push(Block { info, code: &self.text[code_start..start], line });
                        None
                    }
                };
            }
            start = end;
        }
        assert_eq!(opened, None, "{}: every fence is closed", self.name);
        blocks
    }
}

/// Returns the folder of the guide.
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns a file of the repository.
pub fn repository(path: &str) -> PathBuf {
    folder().join("../..").join(path)
}

/// Goes where a program that `plugsmith new --host rust` made is run: to the folder that has `plugins`.
///
/// # Panics
///
/// If it is not there.
pub fn go_to_host_project() {
    env::set_current_dir(repository("cli/templates/host")).expect("the template is there");
}

/// Parses the first code of a kind in a chapter.
///
/// # Panics
///
/// If there is none, or it is wrong.
pub fn first_block<T, E: Debug>(
    chapter: &str,
    info: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> T {
    let chapter = Chapter::read(chapter);
    let blocks = chapter.blocks();
    let block = blocks.iter().find(|block| block.info == info).expect("the chapter has such code");
    parse(block.code).expect("the code is right")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_found_between_fences() {
        let text = "words\n\n```rust\nlet a = 1;\n```\nmore\n```sh\n```\n".to_owned();
        let chapter = Chapter { name: "x.md".to_owned(), text };
        let expected = [
            Block { info: "rust", code: "let a = 1;\n", line: 3 },
            Block { info: "sh", code: "", line: 7 },
        ];
        assert_eq!(chapter.blocks(), expected);
    }
}
