//! `plugsmith cache`: what is kept of compiled plug-ins, and of those that were fetched from registries;
//! and where that is, for all commands.
//!
//! The environment has the first word, as with any host program; where it says nothing, the user's own
//! folder for caches is taken.

use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use plugsmith::{CacheFolder, CacheSetting, CachedModule, LoadError};
use serde_json::{Value, json};

use crate::{
    exit::Exit,
    failure::Failure,
    output::{self, Output},
    page::{Column, Page, counted},
    printable::bytes_in_words,
    registry::{Kept, Store},
};

/// Lists, empties or locates what is kept of plug-ins: compiled ones, and those from registries.
#[derive(Debug, Args)]
pub(crate) struct Cache {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists what is compiled, by last use, and what was fetched.
    List,
    /// Removes all of them. Plug-ins that are running stay as they are.
    Clear,
    /// Prints the folder.
    Path,
}

impl Cache {
    /// Does it.
    ///
    /// # Errors
    ///
    /// If there is no cache, or its folder cannot be read.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        let folder = folder()?.ok_or_else(|| {
            Failure::new(Exit::Input, "there is no cache: it is switched off").with_help(HELP)
        })?;
        match self.action {
            Action::List => list(&folder, output)?,
            Action::Clear => clear(&folder, output)?,
            Action::Path if output.is_json() => {
                output::print_json(&json!({"path": folder.path()}))?;
            }
            Action::Path => output::print(&format!("{}\n", folder.path().display()))?,
        }
        Ok(Exit::Success)
    }
}

const HELP: &str =
    "the environment variable `PLUGSMITH_CACHE` names a folder, or is empty for no cache";

/// Returns the folder of the cache, if there is to be one.
///
/// # Errors
///
/// If the environment names a configuration that is wrong.
pub(crate) fn folder() -> Result<Option<CacheFolder>, Failure> {
    let setting = CacheSetting::of_environment();
    match setting.map_err(|err| plugsmith::Error::from(LoadError::from(err)))? {
        CacheSetting::Unset => Ok(CacheFolder::of_user()),
        CacheSetting::Off => Ok(None),
        CacheSetting::Folder(folder) => Ok(Some(folder)),
    }
}

/// Returns where what is fetched from registries is kept, if anything is to be.
///
/// # Errors
///
/// As [`folder`], and if a folder that was asked for cannot be used.
pub(crate) fn store(output: &Output) -> Result<Option<Store>, Failure> {
    let Some(folder) = folder()? else { return Ok(None) };
    let store = Store::of(&folder);
    match store.prepare() {
        Ok(()) => Ok(Some(store)),
        // As with what is compiled: nobody asked for it, so nobody need miss it.
        Err(_) if is_by_default() => {
            let folder = folder.path().display();
            output.warn(&format!("the folder `{folder}` cannot be used; nothing is kept"));
            Ok(None)
        }
        Err(err) => Err(unreadable(&folder, err)),
    }
}

/// Says whether the folder is one that nobody asked for.
pub(crate) fn is_by_default() -> bool {
    CacheSetting::of_environment().is_ok_and(|setting| setting == CacheSetting::Unset)
}

fn list(folder: &CacheFolder, output: &Output) -> Result<(), Failure> {
    let modules = folder.modules().map_err(|err| unreadable(folder, err))?;
    let n_bytes = modules.iter().map(|module| module.bytes).sum::<u64>();
    let pulled = Store::of(folder).list().map_err(|err| unreadable(folder, err))?;
    if output.is_json() {
        let modules: Vec<_> = modules.iter().map(module_json).collect();
        let pulled: Vec<_> = pulled.iter().map(kept_json).collect();
        return output::print_json(&json!({
            "path": folder.path(),
            "bytes": n_bytes,
            "modules": modules,
            "pulled": pulled,
        }));
    }
    let mut page = Page::new();
    page.heading(format_args!(
        "{}, {}, in {}",
        counted(modules.len(), "module"),
        bytes_in_words(n_bytes),
        folder.path().display()
    ));
    let row = |module: &CachedModule| {
        let age = age(module.last_use).map(|age| format!("used {} ago", age_in_words(age)));
        [short(&module.name).to_owned(), bytes_in_words(module.bytes), age.unwrap_or_default()]
    };
    let rows: Vec<_> = modules.iter().map(row).collect();
    page.table([Column::Left, Column::Right, Column::Dim], &rows);
    if !pulled.is_empty() {
        let n_bytes = pulled.iter().map(|kept| kept.bytes).sum();
        let number = counted(pulled.len(), "file");
        page.heading(format_args!("{number} from registries, {}", bytes_in_words(n_bytes)));
        let row = |kept: &Kept| {
            let age = age(kept.since).map(|age| format!("fetched {} ago", age_in_words(age)));
            [kept.digest.to_string(), bytes_in_words(kept.bytes), age.unwrap_or_default()]
        };
        let rows: Vec<_> = pulled.iter().map(row).collect();
        page.table([Column::Left, Column::Right, Column::Dim], &rows);
    }
    page.print()
}

fn clear(folder: &CacheFolder, output: &Output) -> Result<(), Failure> {
    let cleared = folder.clear().map_err(|err| unreadable(folder, err))?;
    let (n_files, n_bytes) = Store::of(folder).clear().map_err(|err| unreadable(folder, err))?;
    if output.is_json() {
        return output::print_json(&json!({
            "modules": cleared.n_modules,
            "bytes": cleared.bytes,
            "pulled": {"files": n_files, "bytes": n_bytes},
        }));
    }
    let number = counted(usize::try_from(cleared.n_modules).unwrap_or(usize::MAX), "module");
    output::print(&format!("removed {number}, {}\n", bytes_in_words(cleared.bytes)))?;
    if n_files == 0 {
        return Ok(());
    }
    let number = counted(n_files, "file");
    output::print(&format!("removed {number} from registries, {}\n", bytes_in_words(n_bytes)))
}

fn unreadable(folder: &CacheFolder, err: std::io::Error) -> Failure {
    let message = format!("cannot read the cache folder `{}`", folder.path().display());
    Failure::new(Exit::Input, message).with_help(HELP).with_cause(err)
}

fn module_json(module: &CachedModule) -> Value {
    json!({
        "name": module.name,
        "bytes": module.bytes,
        "seconds_since_use": age(module.last_use).map(|age| age.as_secs()),
    })
}

fn kept_json(kept: &Kept) -> Value {
    json!({
        "digest": kept.digest.to_string(),
        "bytes": kept.bytes,
        "seconds_since_fetch": age(kept.since).map(|age| age.as_secs()),
    })
}

/// Returns how long ago something was.
fn age(time: Option<SystemTime>) -> Option<Duration> {
    time?.elapsed().ok()
}

/// The start of a name, which tells modules apart well enough for people.
fn short(name: &str) -> &str {
    name.get(..16).unwrap_or(name)
}

fn age_in_words(age: Duration) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let seconds = age.as_secs();
    match UNITS.iter().find(|(unit, _)| seconds >= *unit) {
        Some((unit, name)) => counted(usize::try_from(seconds / unit).unwrap_or(usize::MAX), name),
        None => "less than a minute".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_the_largest_unit_that_fits() {
        let rows = [
            (0, "less than a minute"),
            (59, "less than a minute"),
            (60, "1 minute"),
            (7_200, "2 hours"),
            (86_399, "23 hours"),
            (172_800, "2 days"),
        ];
        for (seconds, words) in rows {
            assert_eq!(age_in_words(Duration::from_secs(seconds)), words);
        }
    }
}
