//! The example plug-in that is written in several languages, compiled to `target/guests`.
//!
//! Owns the list of languages and when a plug-in is compiled again: when its sources, its compiler or
//! the command line have changed. Finding a compiler, or installing one, is each language's own file.
//! A language without a compiler is skipped and told; a plug-in that does not compile is an error.

mod assemblyscript;
mod c;
mod go;
mod wat;
mod zig;

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::{
    guests::Guest,
    progress::Progress,
    skips::Skips,
    tools,
    workspace::{self, Workspace},
};

/// How many steps [`build`] takes.
pub(crate) const N_STEPS: usize = 1;

const FOLDER: &str = "examples/guests";

/// A language that needs a compiler.
struct Language {
    /// Its folder in [`FOLDER`], and the name of its plug-in's file.
    name: &'static str,
    /// Finds a compiler, or installs one.
    find: fn(&Site) -> Result<Recipe>,
    /// How a person gets one, where this program cannot.
    advice: &'static str,
}

const LANGUAGES: [Language; 4] = [
    Language { name: "c", find: c::find, advice: c::ADVICE },
    Language { name: "zig", find: zig::find, advice: zig::ADVICE },
    Language { name: "assemblyscript", find: assemblyscript::find, advice: assemblyscript::ADVICE },
    Language { name: "go", find: go::find, advice: go::ADVICE },
];

/// Where one language's plug-in comes from, and where a compiler may put what it makes.
struct Site<'a> {
    workspace: &'a Workspace,
    /// The folder of the sources.
    sources: PathBuf,
    /// A folder of the language's own, in which nothing is precious.
    scratch: PathBuf,
}

impl Site<'_> {
    /// A command that compiles, run in the folder of the sources.
    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.sources);
        command
    }
}

/// How one language's plug-in is compiled here.
struct Recipe {
    /// What was found, for people.
    compiler: String,
    command: Command,
    /// Where the command puts the plug-in.
    built: PathBuf,
}

/// Compiles the plug-in in every language that can be compiled here, as one step of the caller's
/// progress.
///
/// # Errors
///
/// If one does not compile, or a file cannot be read or written.
pub(crate) fn build(
    workspace: &Workspace,
    progress: &mut Progress,
    skips: &mut Skips,
) -> Result<Vec<Guest>> {
    progress.step(
        "Building the plug-ins in other languages",
        "the first time installs what compiles them, and takes some minutes",
    );
    let folder = workspace.guests();
    fs::create_dir_all(&folder).with_context(|| format!("creating `{}`", folder.display()))?;
    let mut guests = vec![wat::assemble(workspace, &workspace.root.join(FOLDER).join("wat"))?];
    for language in &LANGUAGES {
        let name = language.name;
        let site = Site {
            workspace,
            sources: workspace.root.join(FOLDER).join(name),
            scratch: tools::folder(workspace, name),
        };
        fs::create_dir_all(&site.scratch)
            .with_context(|| format!("creating `{}`", site.scratch.display()))?;
        match (language.find)(&site) {
            Ok(recipe) => {
                progress.note(&format!("{name}: {}", recipe.compiler));
                guests.push(compile(name, &site, recipe)?);
            }
            Err(err) => {
                progress.note(&format!("{name}: skipped"));
                skips.add(name, &err, language.advice);
            }
        }
    }
    Ok(guests)
}

/// Compiles one plug-in, unless it is there and nothing has changed.
fn compile(name: &str, site: &Site, mut recipe: Recipe) -> Result<Guest> {
    let path = site.workspace.guests().join(format!("{name}.wasm"));
    let record = site.scratch.join("built-from");
    let fingerprint = fingerprint(&site.sources, &recipe)
        .with_context(|| format!("reading `{}`", site.sources.display()))?;
    let unchanged = fs::read_to_string(&record).is_ok_and(|recorded| recorded == fingerprint);
    if !unchanged || !path.is_file() {
        workspace::output(&mut recipe.command).with_context(|| format!("compiling `{name}`"))?;
        fs::copy(&recipe.built, &path).with_context(|| {
            format!("copying `{}` to `{}`", recipe.built.display(), path.display())
        })?;
        fs::write(&record, fingerprint)
            .with_context(|| format!("writing `{}`", record.display()))?;
    }
    Guest::at(path)
}

/// Names the sources, the compiler and its command line: another if any of them is another.
fn fingerprint(sources: &Path, recipe: &Recipe) -> io::Result<String> {
    let mut files = Vec::new();
    list(sources, &mut files)?;
    files.sort();
    let mut digest = Sha256::new();
    digest.update(format!("{}\n{:?}\n", recipe.compiler, recipe.command));
    for file in files {
        let bytes = fs::read(&file)?;
        digest.update(format!("{} {}\n", file.display(), bytes.len()));
        digest.update(bytes);
    }
    Ok(format!("{:x}", digest.finalize()))
}

/// Lists the files below a folder, without what building by hand puts there.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_built = name.starts_with('.')
            || ["node_modules", "package-lock.json", "zig-out"].contains(&&*name)
            || name.ends_with(".wasm");
        match entry.file_type()? {
            _ if is_built => {}
            kind if kind.is_dir() => list(&entry.path(), files)?,
            _ => files.push(entry.path()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A recipe that only names itself.
    fn recipe(compiler: &str, argument: &str) -> Recipe {
        let mut command = Command::new("cc");
        command.arg(argument);
        Recipe { compiler: compiler.to_owned(), command, built: PathBuf::new() }
    }

    #[test]
    fn a_fingerprint_changes_with_whatever_it_is_of() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tools");
        let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tidy");
        let of = |folder: &Path, compiler, argument| {
            fingerprint(folder, &recipe(compiler, argument)).expect("the sources are there")
        };
        let first = of(&folder, "cc 1", "-O2");
        assert_eq!(of(&folder, "cc 1", "-O2"), first);
        assert_ne!(of(&folder, "cc 2", "-O2"), first);
        assert_ne!(of(&folder, "cc 1", "-O3"), first);
        assert_ne!(of(&other, "cc 1", "-O2"), first);
    }

    #[test]
    fn each_language_has_sources_and_says_how_to_get_its_compiler() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(FOLDER);
        for language in &LANGUAGES {
            let mut files = Vec::new();
            list(&root.join(language.name), &mut files).expect("the language has a folder");
            assert!(files.iter().any(|file| file.ends_with("README.md")), "{}", language.name);
            assert!(!language.advice.is_empty());
        }
    }
}
