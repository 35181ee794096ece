//! The commands: which plug-in has which, what they take, and running one.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    path::Path,
    time::Duration,
};

use plugsmith::{Error, Manifest, Plugin, PluginBuilder, UserData, convert::Json};
use plugsmith_examples::{Bounds, Installed, complaint, one_line, plain, plugin_folder};
use serde::Deserialize;
use serde_json::json;

use crate::{
    grants::{granted, lock},
    notebook::Notebook,
};

const BOUNDS: Bounds = Bounds { time: Duration::from_millis(500), memory_pages: 64 };

/// A command, as its plug-in describes it.
#[derive(Debug, Deserialize)]
struct Command {
    name: String,
    help: String,
    arguments: Vec<Argument>,
}

/// An argument. The last one of a command takes all words that are left.
#[derive(Debug, Deserialize)]
struct Argument {
    name: String,
    required: bool,
}

/// Everything that the plug-ins of a folder can do.
pub(crate) struct Commands {
    plugins: Vec<Plugin>,
    /// By name, each with the index of its plug-in.
    by_name: BTreeMap<String, (Command, usize)>,
    /// What was left out, and why.
    pub(crate) warnings: Vec<String>,
}

impl Commands {
    /// Asks the plug-ins of a folder what they can do.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read. A plug-in that does not load is a warning.
    pub(crate) fn load(folder: &Path, notebook: &UserData<Notebook>) -> Result<Self, Error> {
        let read = plugin_folder(folder, BOUNDS)
            .map_err(|err| Error::from(err).context(format!("reading `{}`", folder.display())))?;
        let mut all = Self { plugins: Vec::new(), by_name: BTreeMap::new(), warnings: Vec::new() };
        for Installed { name, manifest } in read {
            match manifest.and_then(|manifest| describe(&manifest, notebook)) {
                Ok((plugin, commands)) => all.add(&name, plugin, commands),
                Err(err) => {
                    let reason = complaint(&err);
                    all.warnings.push(format!("plug-in `{name}` is left out: {reason}"));
                }
            }
        }
        Ok(all)
    }

    fn add(&mut self, plugin_name: &str, plugin: Plugin, commands: Vec<Command>) {
        for command in commands {
            match self.by_name.entry(command.name.clone()) {
                Entry::Vacant(vacant) => drop(vacant.insert((command, self.plugins.len()))),
                Entry::Occupied(taken) => self.warnings.push(format!(
                    "command `{}` of plug-in `{plugin_name}` is left out: another has this name",
                    taken.key()
                )),
            }
        }
        self.plugins.push(plugin);
    }

    /// Runs a command. If it fails, no note has changed.
    ///
    /// # Errors
    ///
    /// If there is no such command, a word is missing or too many, or the plug-in fails.
    pub(crate) fn run(
        &mut self,
        words: &[String],
        notebook: &UserData<Notebook>,
    ) -> Result<Ran, Error> {
        let (name, words) = words.split_first().ok_or_else(|| Error::msg("no command is given"))?;
        let Some((command, plugin_idx)) = self.by_name.get(name) else {
            let name = one_line(name);
            return Err(Error::msg(format!("no command `{name}`; `notes --help` lists them")));
        };
        let input = json!({ "command": name, "arguments": command.arguments(words)? });
        let notebook = notebook.get()?;
        let before = lock(&notebook).clone();
        match self.plugins[*plugin_idx].call::<_, &str>("run", Json(input)) {
            Ok(text) => Ok(Ran { text: plain(text), changed: *lock(&notebook) != before }),
            Err(err) => {
                *lock(&notebook) = before;
                Err(Error::msg(format!("{name}: {}", complaint(&err))))
            }
        }
    }
}

/// What came of a command.
pub(crate) struct Ran {
    /// What the plug-in has to say.
    pub(crate) text: String,
    /// Whether the notes are others now.
    pub(crate) changed: bool,
}

/// One line for each command.
impl fmt::Display for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut commands = self.by_name.values();
        commands.try_for_each(|(command, _)| {
            writeln!(f, "  {:<14}{}", command.usage(), one_line(&command.help))
        })
    }
}

impl Command {
    fn usage(&self) -> String {
        let arguments = self.arguments.iter().map(|argument| {
            let name = argument.name.to_uppercase();
            if argument.required { format!(" {name}") } else { format!(" [{name}]") }
        });
        [self.name.clone()].into_iter().chain(arguments).collect()
    }

    /// Gives each argument its words.
    fn arguments(&self, words: &[String]) -> Result<BTreeMap<&str, String>, Error> {
        let mut left = words;
        let mut values = BTreeMap::new();
        for (idx, argument) in self.arguments.iter().enumerate() {
            let n_words = if idx + 1 == self.arguments.len() { left.len() } else { 1 };
            match left.split_at_checked(n_words) {
                Some((words, rest)) if !words.is_empty() => {
                    values.insert(argument.name.as_str(), words.join(" "));
                    left = rest;
                }
                _ if argument.required => {
                    return Err(Error::msg(format!("usage: notes {}", self.usage())));
                }
                _ => {}
            }
        }
        match left.first() {
            Some(word) => Err(Error::msg(format!(
                "`{}` is one word too many; usage: notes {}",
                one_line(word),
                self.usage()
            ))),
            None => Ok(values),
        }
    }

    /// Refuses names that would make a mess of the list of commands.
    fn check(&self) -> Result<(), Error> {
        let mut names = self.arguments.iter().map(|argument| &argument.name).chain([&self.name]);
        let is_name = |name: &str| {
            let is_letter = |c: char| c.is_ascii_lowercase() || c == '-';
            name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_letter)
        };
        match names.find(|name| !is_name(name)) {
            Some(name) => Err(Error::msg(format!("{name:?} is no name: use a-z and `-`"))),
            None => Ok(()),
        }
    }
}

/// Loads a plug-in with what its manifest grants, and asks it for its commands.
fn describe(
    manifest: &Manifest,
    notebook: &UserData<Notebook>,
) -> Result<(Plugin, Vec<Command>), Error> {
    let mut plugin = PluginBuilder::new(manifest)
        .with_functions(granted(manifest, notebook)?)
        .with_exchange_page_limit(64)
        .build()?;
    let Json(commands) = plugin.call::<(), Json<Vec<Command>>>("commands", ())?;
    commands.iter().try_for_each(Command::check)?;
    Ok((plugin, commands))
}
