//! A cache's folder of a test's own, and what becomes of its files.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process,
    time::SystemTime,
};

use plugsmith::PluginBuilder;

use crate::guest::{answering, manifest};

/// A folder that is removed when dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("plugsmith-faults-{name}-{}", process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    /// Loads a guest from this cache, and nowhere else if it is there, and returns what it answers.
    pub(crate) fn answer(&self, number: u32) -> i32 {
        answer(&self.0, number)
    }

    /// Returns the names of all files, apart from the key.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "key")
            .collect();
        names.sort();
        names
    }

    /// Returns the file of the only module.
    pub(crate) fn module(&self) -> PathBuf {
        let [name] = self.names().try_into().expect("there is one module");
        assert!(name.ends_with(".module"), "{name}");
        self.0.join(name)
    }

    /// Returns the files that were being written when their writers were killed.
    pub(crate) fn unfinished(&self) -> Vec<PathBuf> {
        let names = self.names().into_iter().filter(|name| name.ends_with(".unfinished"));
        names.map(|name| self.0.join(name)).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Loads a guest with a cache in `folder` and calls it.
pub(crate) fn answer(folder: &Path, number: u32) -> i32 {
    // Whatever else is loaded in this process, nobody has this folder's guests.
    let guest = manifest(&answering(number, &folder.to_string_lossy()));
    let mut plugin =
        PluginBuilder::new(guest).with_kept_code(false).with_cache(folder).build().unwrap();
    plugin.call_get_error_code::<_, ()>("run", ()).map_or_else(|(_, status)| status, |()| 0)
}

/// Puts another file in a file's place, closed to others.
pub(crate) fn replace(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o400)).unwrap();
}

/// Makes a file look as if it was last changed then.
pub(crate) fn date(path: &Path, time: SystemTime) {
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}
