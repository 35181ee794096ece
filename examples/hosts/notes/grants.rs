//! What a manifest lets a plug-in do with the notes: `may` in its config, and the host functions
//! that come with it.
//!
//! A plug-in that needs a function that it may not have does not load.

use std::sync::{Mutex, MutexGuard, PoisonError};

use plugsmith::{Error, Function, Manifest, PTR, UserData, convert::Json, host_fn};

use crate::notebook::{Note, Notebook};

/// The key of the config that lists what is granted.
const MAY: &str = "may";

host_fn!(notes(notebook: Notebook;) -> Json<Vec<Note>> {
    Ok(Json(lock(&*notebook.get()?).notes.clone()))
});

host_fn!(add(notebook: Notebook; text: String) -> u32 {
    Ok(lock(&*notebook.get()?).add(text))
});

host_fn!(remove(notebook: Notebook; id: u32) {
    lock(&*notebook.get()?).remove(id)
});

/// The functions that a manifest grants.
///
/// # Errors
///
/// If it grants something that there is not.
pub(crate) fn granted(
    manifest: &Manifest,
    notebook: &UserData<Notebook>,
) -> Result<Vec<Function>, Error> {
    let mut functions = Vec::new();
    let may = manifest.config.get(MAY).map_or("", String::as_str);
    for word in may.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word {
            "read" => functions.push(Function::new("notes", [], [PTR], notebook.clone(), notes)),
            "add" => functions.push(Function::new("add", [PTR], [PTR], notebook.clone(), add)),
            "remove" => {
                functions.push(Function::new("remove", [PTR], [], notebook.clone(), remove));
            }
            _ => {
                let message =
                    format!("the manifest grants `{word}`; there are `read`, `add` and `remove`");
                return Err(Error::msg(message));
            }
        }
    }
    Ok(functions)
}

/// Locks the notes. No panic can leave them half changed.
pub(crate) fn lock(notebook: &Mutex<Notebook>) -> MutexGuard<'_, Notebook> {
    notebook.lock().unwrap_or_else(PoisonError::into_inner)
}
