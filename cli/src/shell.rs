//! `plugsmith completions` and `plugsmith man`: what shells and manuals want to know of the command, made
//! of the same table as `--help`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::{
    arguments::Arguments,
    exit::Exit,
    failure::Failure,
    output::{self, Output},
    page::counted,
};

/// The name of the command.
const NAME: &str = "plugsmith";

/// Prints what has a shell complete the command's arguments.
///
/// For bash: `plugsmith completions bash > ~/.local/share/bash-completion/completions/plugsmith`
#[derive(Debug, Args)]
pub(crate) struct Completions {
    shell: Shell,
}

impl Completions {
    /// Prints it.
    ///
    /// # Errors
    ///
    /// If standard output is closed.
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), NAME, &mut script);
        output::print_bytes(&script)?;
        Ok(Exit::Success)
    }
}

/// Writes a manual page for each command, and the completions for each shell, into a folder.
#[derive(Debug, Args)]
pub(crate) struct Manual {
    folder: PathBuf,
}

impl Manual {
    /// Writes them.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        let n_files = write_all(&self.folder).map_err(|err| {
            let message = format!("cannot write to `{}`", self.folder.display());
            Failure::new(Exit::Input, message).with_cause(err)
        })?;
        output.note(&format!("{} in {}", counted(n_files, "file"), self.folder.display()));
        Ok(Exit::Success)
    }
}

/// Writes everything, and returns how many files there are.
fn write_all(folder: &Path) -> io::Result<usize> {
    let mut root = without_help(Arguments::command());
    root.build();
    let mut pages = Vec::new();
    list_pages(NAME, &root, &mut pages);
    let manual = folder.join("man");
    fs::create_dir_all(&manual)?;
    for (name, command) in &pages {
        let mut page = Vec::new();
        Man::new(command.clone().name(name.clone())).render(&mut page)?;
        fs::write(manual.join(format!("{name}.1")), page)?;
    }
    let completions = folder.join("completions");
    fs::create_dir_all(&completions)?;
    let shells = clap::ValueEnum::value_variants();
    for shell in shells {
        clap_complete::generate_to::<Shell, _, _>(
            *shell,
            &mut Arguments::command(),
            NAME,
            &completions,
        )?;
    }
    Ok(pages.len() + shells.len())
}

/// Returns a command without the subcommands that print the help of others, which are no pages.
fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

/// Lists a command and all below it, under the names of their pages.
fn list_pages(name: &str, command: &Command, pages: &mut Vec<(String, Command)>) {
    pages.push((name.to_owned(), command.clone()));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        list_pages(&format!("{name}-{}", below.get_name()), below, pages);
    }
}
