//! The notes, and the file that keeps them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use plugsmith::Error;
use serde::{Deserialize, Serialize};

/// A note, as plug-ins see it, too.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Note {
    pub(crate) id: u32,
    pub(crate) text: String,
}

/// All notes, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notebook {
    pub(crate) notes: Vec<Note>,
}

impl Notebook {
    /// Reads the notes of a file; there are none if there is no file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not one of notes.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let context = || format!("reading the notes `{}`", path.display());
        match fs::read(path) {
            Ok(bytes) => {
                let notes = serde_json::from_slice(&bytes);
                Ok(Self { notes: notes.map_err(|err| Error::from(err).context(context()))? })
            }
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(err) => Err(Error::from(err).context(context())),
        }
    }

    /// Writes the notes, all or nothing.
    ///
    /// # Errors
    ///
    /// If the system refuses; the file is then as it was.
    pub(crate) fn save(&self, path: &Path) -> Result<(), Error> {
        let mut new = PathBuf::from(path).into_os_string();
        new.push(".new");
        let write = || {
            fs::write(&new, serde_json::to_vec_pretty(&self.notes)?)?;
            Ok(fs::rename(&new, path)?)
        };
        write().map_err(|err: Error| err.context(format!("writing the notes `{}`", path.display())))
    }

    /// Adds a note, and returns its number, which no other note has.
    pub(crate) fn add(&mut self, text: String) -> u32 {
        let id = self.notes.iter().map(|note| note.id).max().unwrap_or(0).saturating_add(1);
        self.notes.push(Note { id, text });
        id
    }

    /// Removes a note.
    ///
    /// # Errors
    ///
    /// If there is none of this number.
    pub(crate) fn remove(&mut self, id: u32) -> Result<(), Error> {
        let idx = self.notes.iter().position(|note| note.id == id);
        self.notes.remove(idx.ok_or_else(|| Error::msg(format!("no note {id}")))?);
        Ok(())
    }
}
