//! The folders that a guest is granted, and what must be left of them.
//!
//! They lie in a folder of this process among those for temporary files, and are gone afterwards.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What is in the file that can be read.
const TEXT: &str = "what may be read";

/// One folder to read, one to write to, and a file beside them that nobody may see.
pub(super) struct Files {
    folder: PathBuf,
    /// The paths are in the manifest of a guest that is compiled once, so one guest at a time has them.
    _alone: MutexGuard<'static, ()>,
}

impl Files {
    /// Makes the folders, with nothing in them of an earlier guest's.
    pub(super) fn make() -> Self {
        static IN_USE: Mutex<()> = Mutex::new(());
        let alone = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        let files = Self { folder: folder(), _alone: alone };
        let make = || -> io::Result<()> {
            fs::create_dir_all(files.folder.join("written"))?;
            fs::create_dir_all(files.folder.join("read"))?;
            fs::write(files.folder.join("read/file"), TEXT)?;
            fs::write(files.folder.join("beside"), TEXT)
        };
        make().expect("temporary files can be made");
        files
    }

    /// What the manifest says of them.
    pub(super) fn grants() -> [(String, PathBuf); 2] {
        let path = |name| folder().join(name).display().to_string();
        [
            (path("written"), PathBuf::from("/written")),
            (format!("ro:{}", path("read")), PathBuf::from("/read")),
        ]
    }

    /// Checks that only what may be written to has changed.
    pub(super) fn check(&self) {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).ok();
        assert_eq!(read("read/file").as_deref(), Some(TEXT), "what may only be read");
        assert_eq!(read("beside").as_deref(), Some(TEXT), "what is not granted");
        assert_eq!(names(&self.folder), ["beside", "read", "written"]);
        assert_eq!(names(&self.folder.join("read")), ["file"]);
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // What cannot be removed is not looked at either.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn folder() -> PathBuf {
    env::temp_dir().join(format!("plugsmith-hostile-guest-{}", process::id()))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read").file_name().display().to_string())
        .collect();
    names.sort();
    names
}
