//! Tools of other languages: found on this machine, or installed from their registries.
//!
//! Owns where tools are looked for and where they are put: `target/tools`, so that deleting the
//! target folder deletes them, too. Only packages of the system go elsewhere. What a tool is used
//! for, and which version of it, is its caller's matter.

pub(crate) mod debian;
pub(crate) mod python;

use std::{
    env,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;

/// The folders of `PATH`.
pub(crate) fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH").map_or_else(Vec::new, |path| env::split_paths(&path).collect())
}

/// The first program of this name in the folders.
pub(crate) fn program_in(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    folders.iter().map(|folder| folder.join(&name)).find(|path| Path::is_file(path))
}

/// The folder of one tool; it need not exist.
pub(crate) fn folder(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.target.join("tools").join(name)
}

/// Keeps other runs of this program from installing at the same time, until the file is dropped.
///
/// # Errors
///
/// If the folder of the tools cannot be made.
fn lock(workspace: &Workspace) -> Result<File> {
    let path = folder(workspace, ".lock");
    let open = || -> io::Result<File> {
        fs::create_dir_all(path.parent().expect("the file has a folder"))?;
        let file = File::create(&path)?;
        file.lock()?;
        Ok(file)
    };
    open().with_context(|| format!("locking `{}`", path.display()))
}
