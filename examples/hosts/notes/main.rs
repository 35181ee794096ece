//! A command line whose commands come from plug-ins.
//!
//! Shows how plug-ins describe themselves, how the user's manifests, and not the plug-ins, say what
//! each may do, and how a command that fails leaves everything as it was.

#![forbid(unsafe_code)]

mod commands;
mod grants;
mod notebook;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use plugsmith::{Error, UserData};

use crate::{
    commands::{Commands, Ran},
    grants::lock,
    notebook::Notebook,
};

const HELP: &str = "\
Keeps notes. What it can do comes from plug-ins.

Usage: notes [--plugins FOLDER] [--notes FILE] COMMAND [WORD]...

  --plugins FOLDER  a manifest NAME.toml for each plug-in (those that come with this program)
  --notes FILE      where the notes are kept (notes.json)
  --help            print this

Without a command it takes a tour, with notes that are not kept. If the environment variable
PLUGSMITH_CACHE names a folder, compiled plug-ins are kept there, and the next start is fast.

Commands:
";

/// The command lines of the tour.
const TOUR: [&[&str]; 11] = [
    &["--help"],
    &["add", "Buy", "paper", "#shop"],
    &["add", "Call Ada about the #engine, the other #engine"],
    &["list"],
    &["tags"],
    &["find", "#engine"],
    &["drop", "1"],
    &["drop", "1"],
    &["find", ""],
    &["ad", "Buy ink"],
    &["list"],
];

fn main() -> ExitCode {
    match Request::parse(env::args().skip(1)).and_then(Request::run) {
        Ok(code) => code,
        Err(err) => {
            eprintln!("error: {err:#}");
            ExitCode::from(2)
        }
    }
}

/// Takes the tour, and prints what a terminal would show.
fn tour(commands: &mut Commands, notebook: &UserData<Notebook>) {
    for words in TOUR {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let typed = words.iter().map(|word| {
            let is_plain = !word.is_empty() && !word.contains([' ', '#']);
            if is_plain { word.clone() } else { format!("'{word}'") }
        });
        println!("$ notes {}", typed.collect::<Vec<_>>().join(" "));
        if words == ["--help"] {
            print!("{HELP}{commands}");
        } else {
            match commands.run(&words, notebook) {
                Ok(ran) => println!("{}", ran.text),
                Err(err) => println!("error: {err:#}"),
            }
        }
        println!();
    }
}

/// What the command line asks for.
#[derive(Debug)]
struct Request {
    plugins: PathBuf,
    notes: PathBuf,
    help: bool,
    /// The command and its arguments.
    words: Vec<String>,
}

impl Request {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Error> {
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/hosts/notes/plugins");
        let (plugins, notes) = (PathBuf::from(shipped), PathBuf::from("notes.json"));
        let mut request = Self { plugins, notes, help: false, words: Vec::new() };
        while let Some(word) = words.next() {
            let path = match word.as_str() {
                "--plugins" => &mut request.plugins,
                "--notes" => &mut request.notes,
                "-h" | "--help" => {
                    request.help = true;
                    continue;
                }
                _ if word.starts_with('-') => {
                    return Err(Error::msg(format!("no flag `{word}`; `--help` lists them")));
                }
                // What follows the command is the command's, whatever it looks like.
                _ => {
                    request.words = [word].into_iter().chain(words).collect();
                    break;
                }
            };
            let value = words.next();
            *path = value.ok_or_else(|| Error::msg(format!("`{word}` needs a value")))?.into();
        }
        Ok(request)
    }

    fn run(self) -> Result<ExitCode, Error> {
        let is_command = !self.words.is_empty() && !self.help;
        let takes_tour = !is_command && !self.help;
        let notebook = if is_command { Notebook::open(&self.notes)? } else { Notebook::default() };
        let notebook = UserData::new(notebook);
        let mut commands = Commands::load(&self.plugins, &notebook)?;
        for warning in &commands.warnings {
            if takes_tour {
                println!("warning: {warning}\n");
            } else {
                eprintln!("warning: {warning}");
            }
        }
        if self.help {
            print!("{HELP}{commands}");
        } else if takes_tour {
            tour(&mut commands, &notebook);
        } else {
            return command(&mut commands, &self.words, &notebook, &self.notes);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Runs one command, and keeps what it changed.
fn command(
    commands: &mut Commands,
    words: &[String],
    notebook: &UserData<Notebook>,
    path: &Path,
) -> Result<ExitCode, Error> {
    match commands.run(words, notebook) {
        Ok(Ran { text, changed }) => {
            if changed {
                lock(&*notebook.get()?).save(path)?;
            }
            println!("{text}");
            Ok(ExitCode::SUCCESS)
        }
        Err(err) => {
            eprintln!("error: {err:#}");
            Ok(ExitCode::FAILURE)
        }
    }
}
