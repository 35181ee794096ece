//! Tools of other languages: found on this machine, or installed from their registries.
//!
//! Owns where tools are looked for and where they are put: `target/tools`, so that deleting the
//! target folder deletes them, too. Only packages of the system go elsewhere. What a tool is used
//! for, and which version of it, is its caller's matter.

pub(crate) mod debian;
pub(crate) mod python;
pub(crate) mod version;

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

/// The newest program with a number at its end, as distributions name it: `wasm-ld-19`.
///
/// The plain name is often that of an older one.
pub(crate) fn newest_numbered(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    let entries = folders.iter().flat_map(|folder| folder.read_dir()).flatten().flatten();
    let numbered = entries.filter_map(|entry| {
        Some((number_behind(name, &entry.file_name().to_string_lossy())?, entry.path()))
    });
    numbered.max().map(|(_, path)| path)
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
pub(crate) fn lock(workspace: &Workspace) -> Result<File> {
    let path = folder(workspace, ".lock");
    let open = || -> io::Result<File> {
        fs::create_dir_all(path.parent().expect("the file has a folder"))?;
        let file = File::create(&path)?;
        file.lock()?;
        Ok(file)
    };
    open().with_context(|| format!("locking `{}`", path.display()))
}

fn number_behind(name: &str, file: &str) -> Option<u32> {
    file.strip_suffix(env::consts::EXE_SUFFIX)?.strip_prefix(name)?.strip_prefix('-')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_numbered() {
        let rows =
            [("wasm-ld-19", Some(19)), ("wasm-ld", None), ("wasm-ld-x", None), ("ld-19", None)];
        for (file, number) in rows {
            let file = format!("{file}{}", env::consts::EXE_SUFFIX);
            assert_eq!(number_behind("wasm-ld", &file), number, "{file}");
        }
    }

    #[test]
    fn programs_are_found_by_name() {
        let cargo = PathBuf::from(crate::workspace::cargo());
        let beside = cargo.parent().map(Path::to_path_buf).into_iter().chain(search_path());
        let folders: Vec<_> = beside.collect();
        assert!(program_in(&folders, "cargo").is_some());
        assert_eq!(program_in(&folders, "no-such-program"), None);
        assert_eq!(newest_numbered(&folders, "no-such-program"), None);
    }
}
