//! A guest book in a file: a plug-in that uses `std` for what its host grants, a folder and the clock.
//!
//! The folder is `/book`, unless the configuration names another. Each line of the file in it is an
//! entry: when, in seconds since 1970, and who.

#![deny(unsafe_code)]

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use plugsmith_pdk::{Error, FnResult, Json, config, plugin_fn};
use serde::Serialize;

/// The file in the folder that the host grants.
const FILE: &str = "guests.txt";

/// One guest.
#[derive(Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Seconds since 1970.
    at: u64,
    name: String,
}

/// Adds a guest, as of now.
///
/// # Errors
///
/// If the name does not fit on a line, or the file cannot be written.
#[plugin_fn]
pub fn sign(name: String) -> FnResult<()> {
    let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    add(&folder()?, &Entry { at, name })?;
    Ok(())
}

/// Gives all guests, the first one first.
///
/// # Errors
///
/// If the file cannot be read, or holds something else.
#[plugin_fn]
pub fn entries() -> FnResult<Json<Vec<Entry>>> {
    Ok(Json(read(&folder()?)?))
}

fn folder() -> Result<PathBuf, Error> {
    Ok(config::get("folder")?.unwrap_or_else(|| "/book".to_owned()).into())
}

fn add(folder: &Path, entry: &Entry) -> Result<(), Error> {
    let name = entry.name.trim();
    if name.is_empty() || name.contains(['\n', '\r']) {
        return Err(Error::msg("a name is one line of text"));
    }
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(folder.join(FILE))
        .map_err(|err| Error::new(err).context("cannot open the guest book"))?;
    writeln!(file, "{} {name}", entry.at)
        .map_err(|err| Error::new(err).context("cannot write into the guest book"))
}

/// No file is a book without entries; no folder is a failure.
fn read(folder: &Path) -> Result<Vec<Entry>, Error> {
    fs::metadata(folder).map_err(|err| Error::new(err).context("there is no guest book"))?;
    let text = match fs::read_to_string(folder.join(FILE)) {
        Err(err) if err.kind() == ErrorKind::NotFound => String::new(),
        text => text.map_err(|err| Error::new(err).context("cannot read the guest book"))?,
    };
    text.lines().map(parse).collect()
}

fn parse(line: &str) -> Result<Entry, Error> {
    let entry = || {
        let (at, name) = line.split_once(' ')?;
        Some(Entry { at: at.parse().ok()?, name: name.to_owned() })
    };
    entry().ok_or_else(|| Error::msg(format!("`{line}` is no entry")))
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;

    /// An empty folder for one test.
    fn folder_of(test: &str) -> PathBuf {
        let folder = env::temp_dir().join(format!("guest-book-{}-{test}", process::id()));
        fs::create_dir_all(&folder).expect("there is room for a folder");
        folder
    }

    fn entry(at: u64, name: &str) -> Entry {
        Entry { at, name: name.to_owned() }
    }

    #[test]
    fn guests_are_kept_in_their_order() {
        let folder = folder_of("order");
        assert_eq!(read(&folder).unwrap(), []);
        add(&folder, &entry(1, "Ada")).unwrap();
        add(&folder, &entry(2, " Grace Hopper ")).unwrap();
        assert_eq!(read(&folder).unwrap(), [entry(1, "Ada"), entry(2, "Grace Hopper")]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn names_of_no_line_or_two_are_refused() {
        for name in ["", " ", "\n", "Ada\n2 Eve"] {
            let err = add(Path::new("nowhere"), &entry(1, name)).unwrap_err();
            assert_eq!(err.to_string(), "a name is one line of text", "{name:?}");
        }
    }

    #[test]
    fn a_missing_folder_and_a_strange_line_are_told() {
        let err = read(Path::new("nowhere")).unwrap_err();
        assert_eq!(err.to_string(), "there is no guest book");
        assert!(add(Path::new("nowhere"), &entry(1, "Ada")).is_err());
        assert_eq!(parse("nobody").unwrap_err().to_string(), "`nobody` is no entry");
        assert_eq!(parse("12 Ada L.").unwrap(), entry(12, "Ada L."));
    }
}
