//! A folder of plug-ins: a manifest for each, written by whoever runs the host.
//!
//! The manifest `NAME.toml` says what the plug-in NAME may do. The host has the last word on time and
//! memory: a manifest that asks for more, or does not say, gets what the host gives at most. A
//! manifest that is wrong spoils none of the others.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use plugsmith::{Error, Manifest, Wasm};

use crate::guest::guest;

/// What a host gives each plug-in at most.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Time for a call.
    pub time: Duration,
    /// The guest's memory, in pages of 64 KiB.
    pub memory_pages: u32,
}

/// A plug-in of a folder.
#[derive(Debug)]
pub struct Installed {
    /// The manifest's file name without `.toml`.
    pub name: String,
    /// The manifest within the host's bounds, or what is wrong with it.
    pub manifest: Result<Manifest, Error>,
}

/// Reads the manifests of a folder, in the order of their names.
///
/// A module's path is looked for beside the manifest, then among the built example plug-ins.
///
/// # Errors
///
/// If the folder cannot be read.
pub fn plugin_folder(folder: &Path, bounds: Bounds) -> io::Result<Vec<Installed>> {
    let mut installed = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_manifest = path.extension().is_some_and(|extension| extension == "toml");
        if let (true, Some(name)) = (is_manifest, path.file_stem()) {
            let name = name.to_string_lossy().into_owned();
            installed.push(Installed { name, manifest: read(&path, folder, bounds) });
        }
    }
    installed.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(installed)
}

fn read(path: &Path, folder: &Path, bounds: Bounds) -> Result<Manifest, Error> {
    let mut manifest = Manifest::from_toml(&fs::read_to_string(path)?)?;
    for module in &mut manifest.wasm {
        if let Wasm::File { path, .. } = module {
            *path = find(path, folder)?;
        }
    }
    let time_ms = u64::try_from(bounds.time.as_millis()).unwrap_or(u64::MAX);
    manifest.timeout_ms = Some(manifest.timeout_ms.map_or(time_ms, |asked| asked.min(time_ms)));
    let pages = manifest.memory.max_pages;
    manifest.memory.max_pages =
        Some(pages.map_or(bounds.memory_pages, |asked| asked.min(bounds.memory_pages)));
    Ok(manifest)
}

fn find(module: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let beside = folder.join(module);
    let built = module.file_stem().filter(|_| module.components().count() == 1);
    match built {
        Some(name) if !beside.exists() => Ok(guest(&name.to_string_lossy())?),
        _ => Ok(beside),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { time: Duration::from_secs(1), memory_pages: 64 };

    /// A folder of its own for a test, with these files.
    fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("plugsmith-folder-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (file, text) in files {
            fs::write(folder.join(file), text).unwrap();
        }
        folder
    }

    #[test]
    fn the_host_has_the_last_word_on_limits() {
        let module = "[[wasm]]\npath = \"a.wat\"\n";
        let rows = [
            ("", (Some(1_000), Some(64))),
            ("timeout_ms = 5\nmemory.max_pages = 2\n", (Some(5), Some(2))),
            ("timeout_ms = 5000\nmemory.max_pages = 65\n", (Some(1_000), Some(64))),
        ];
        for (idx, (limits, expected)) in rows.into_iter().enumerate() {
            let text = format!("{limits}{module}");
            let folder = folder(&format!("limits-{idx}"), &[("a.toml", &text), ("a.wat", "")]);
            let [Installed { name, manifest: Ok(manifest) }] =
                &plugin_folder(&folder, BOUNDS).unwrap()[..]
            else {
                panic!("one manifest is there");
            };
            assert_eq!((manifest.timeout_ms, manifest.memory.max_pages), expected);
            assert_eq!(
                (name.as_str(), &manifest.wasm[..]),
                ("a", &[Wasm::file(folder.join("a.wat"))][..])
            );
            fs::remove_dir_all(&folder).unwrap();
        }
    }

    #[test]
    fn a_wrong_manifest_spoils_no_other() {
        let good = "[[wasm]]\npath = \"a.wat\"\n";
        let files = [("c.toml", good), ("b.toml", "wasm = 1"), ("a.wat", ""), ("notes.md", "")];
        let folder = folder("wrong", &files);
        let found: Vec<_> = plugin_folder(&folder, BOUNDS)
            .unwrap()
            .into_iter()
            .map(|installed| (installed.name, installed.manifest.is_ok()))
            .collect();
        assert_eq!(found, [("b".to_owned(), false), ("c".to_owned(), true)]);
        fs::remove_dir_all(&folder).unwrap();
        assert!(plugin_folder(&folder, BOUNDS).is_err());
    }
}
