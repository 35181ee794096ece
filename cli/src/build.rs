//! `plugsmith build`: compiles a project to its plug-in.
//!
//! Finds what the project's language needs, and says what is missing and how to get it. Installs
//! nothing. How each language is compiled is in its own file.

mod assemblyscript;
mod c;
mod go;
mod recipe;
mod rust;
mod sources;
mod tool;
mod wat;
mod zig;

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use clap::Args;
use serde_json::json;

use self::recipe::{Recipe, Work};
use crate::{
    exit::Exit,
    failure::Failure,
    lang::Lang,
    output::{self, Output, style},
    project::{FILE, Project},
};

/// Tells a project's own command how to compile.
const PROFILE_VARIABLE: &str = "PLUGSMITH_PROFILE";

/// What may stand in a project's file.
const HELP: &str = "\
A project is a folder with a file `plugsmith.toml`:

lang = \"c\"               # rust, c, zig, assemblyscript, go, wat
output = \"plugin.wasm\"   # where the plug-in goes, from the project's folder
wasi = true              # whether it needs WASI; if this is left out, Go does, others do not
command = [\"make\"]       # is run in the project's folder, instead of the language's compiler;
                         # PLUGSMITH_PROFILE tells it `release` or `debug`";

/// Compiles a project to its plug-in: the one in the current folder, or the nearest above.
///
/// Says what is missing, and installs nothing.
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Build {
    #[command(flatten)]
    project: ProjectOptions,
}

/// Which project, and how it is compiled.
#[derive(Debug, Args)]
pub(crate) struct ProjectOptions {
    /// Compiles for speed and size, which is the default.
    #[arg(long)]
    release: bool,
    /// Compiles with debug information, and without optimisation.
    #[arg(long, conflicts_with = "release")]
    debug: bool,
    /// The project's folder, or one below it.
    #[arg(long, value_name = "FOLDER", default_value = ".", hide_default_value = true)]
    project: PathBuf,
}

impl ProjectOptions {
    /// Finds the project.
    ///
    /// # Errors
    ///
    /// If there is none, or its file is wrong.
    pub(crate) fn find(&self) -> Result<Project, Failure> {
        Project::find(&self.project)
    }

    /// Returns how the project is compiled.
    pub(crate) fn profile(&self) -> Profile {
        if self.debug { Profile::Debug } else { Profile::Release }
    }
}

/// How a project is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For speed and size.
    Release,
    /// To find mistakes.
    Debug,
}

impl Profile {
    fn key(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Debug => "debug",
        }
    }
}

/// What a language's file goes by.
struct Site<'a> {
    /// The project's folder.
    folder: &'a Path,
    /// Where the compiler puts the plug-in, from that folder.
    plugin: &'a Path,
    profile: Profile,
    /// Whether the plug-in is granted WASI.
    wasi: bool,
    /// Whether the compiler may use colour.
    has_colour: bool,
}

impl Site<'_> {
    /// Returns a command that is run in the project's folder.
    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        tool::command(program.as_ref(), self.folder)
    }
}

/// A plug-in that was built.
#[derive(Debug)]
pub(crate) struct Built {
    /// The file.
    pub(crate) plugin: PathBuf,
    /// What compiled it, for people.
    pub(crate) compiler: String,
    /// Its size.
    pub(crate) len: u64,
}

impl Build {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// If there is no project, a tool is missing, or the source does not compile.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        let project = self.project.find()?;
        let profile = self.project.profile();
        let built = build(&project, profile, output)?;
        let Built { plugin, compiler, len } = &built;
        if output.is_json() {
            output::print_json(&json!({
                "plugin": plugin.to_string_lossy(),
                "bytes": len,
                "lang": project.settings.lang,
                "compiler": compiler,
                "profile": profile.key(),
            }))?;
        } else {
            let (good, dim) = (style::GOOD, style::DIM);
            let shown = shorten(plugin);
            output::print(&format!(
                "{good}Built{good:#} {} ({len} bytes) {dim}with {compiler}{dim:#}\n",
                shown.display()
            ))?;
        }
        Ok(Exit::Success)
    }
}

/// Compiles a project.
///
/// # Errors
///
/// If a tool is missing, the source does not compile, or nothing is there afterwards.
pub(crate) fn build(
    project: &Project,
    profile: Profile,
    output: &Output,
) -> Result<Built, Failure> {
    let plugin = project.plugin();
    let unfinished = project.settings.unfinished();
    let site = Site {
        folder: &project.folder,
        plugin: &unfinished,
        profile,
        wasi: project.settings.wasi(),
        has_colour: output::has_colour_on_stderr(),
    };
    if let Some(folder) = plugin.parent() {
        fs::create_dir_all(folder).map_err(|err| {
            Failure::new(Exit::Input, format!("cannot make the folder `{}`", folder.display()))
                .with_cause(err)
        })?;
    }
    let compiler = if let Some(words) = &project.settings.command {
        by_command(&site, words).follow(&plugin, output)?
    } else {
        let lang = project.settings.lang;
        let sources = sources::of(lang, site.folder)?;
        let recipe = find(lang, &site)?.with_arguments(sources);
        finish(recipe, &project.folder.join(&unfinished), &plugin, output)?
    };
    let len = fs::metadata(&plugin).map_err(|err| {
        let message = format!("the build left no `{}`", plugin.display());
        Failure::new(Exit::Build, message)
            .with_cause(err)
            .with_help(format!("`output` in `{FILE}` says where the plug-in is to be"))
    })?;
    Ok(Built { plugin, compiler, len: len.len() })
}

/// Follows a language's recipe, and puts the plug-in in its place when it is whole: whoever watches that
/// file never sees a part of it, and a build that fails leaves the one that was there.
fn finish(
    recipe: Recipe,
    unfinished: &Path,
    plugin: &Path,
    output: &Output,
) -> Result<String, Failure> {
    let followed = recipe.follow(unfinished, output).and_then(|compiler| {
        fs::rename(unfinished, plugin).map_err(|err| recipe::cannot_write(plugin, err))?;
        Ok(compiler)
    });
    if followed.is_err() {
        // Most often nothing is there.
        let _ = fs::remove_file(unfinished);
    }
    followed
}

/// Finds what would compile a language in the current folder, and names it for people.
///
/// # Errors
///
/// What is missing, and how to get it.
pub(crate) fn find_compiler(lang: Lang) -> Result<String, Failure> {
    let site = Site {
        folder: Path::new("."),
        plugin: Path::new("plugin.wasm"),
        profile: Profile::Release,
        wasi: lang.needs_wasi(),
        has_colour: false,
    };
    find(lang, &site).map(|recipe| recipe.compiler)
}

fn find(lang: Lang, site: &Site<'_>) -> Result<Recipe, Failure> {
    match lang {
        Lang::Rust => rust::find(site),
        Lang::C => c::find(site),
        Lang::Zig => zig::find(site),
        Lang::AssemblyScript => assemblyscript::find(site),
        Lang::Go => go::find(site),
        Lang::Wat => Ok(wat::find(site)),
    }
}

/// What the project's file says in place of its language.
fn by_command(site: &Site<'_>, words: &[String]) -> Recipe {
    let (program, arguments) = words.split_first().expect("a project's command has a first word");
    let mut command = site.command(program);
    command.args(arguments).env(PROFILE_VARIABLE, site.profile.key());
    Recipe { compiler: format!("`{}`", words.join(" ")), work: Work::Run(command) }
}

/// Returns a path from the current folder, where that is shorter.
pub(crate) fn shorten(path: &Path) -> PathBuf {
    let current = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(current).unwrap_or(path).to_path_buf()
}
