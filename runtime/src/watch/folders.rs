//! The folders that hold a plug-in's files, and what the system tells of them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::mpsc::Sender,
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};

use super::{News, WatchError};

/// The folders that are watched.
pub(super) struct Folders {
    system: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
}

impl Folders {
    /// Watches nothing yet; what happens will be told to `news`.
    ///
    /// # Errors
    ///
    /// [`WatchError::System`].
    pub(super) fn new(news: Sender<News>) -> Result<Self, WatchError> {
        let tell = move |event: notify::Result<Event>| {
            // Where the system lost count, anything may have happened.
            if event.map_or(true, |event| is_change(event.kind)) {
                // After the end there is nobody to tell.
                let _ = news.send(News::Changed);
            }
        };
        let system = notify::recommended_watcher(tell).map_err(failed)?;
        Ok(Self { system, watched: BTreeSet::new() })
    }

    /// Watches the folders of `paths`, and no others. Says whether there is one that was not watched
    /// before.
    ///
    /// # Errors
    ///
    /// [`WatchError::System`].
    pub(super) fn follow<'a>(
        &mut self,
        paths: impl Iterator<Item = &'a Path>,
    ) -> Result<bool, WatchError> {
        let wanted: BTreeSet<PathBuf> = paths.flat_map(folders_of).collect();
        for folder in self.watched.difference(&wanted) {
            // It may be gone, and the watch with it.
            let _ = self.system.unwatch(folder);
        }
        let has_new = !wanted.is_subset(&self.watched);
        self.watched.clear();
        for folder in wanted {
            // Those that are watched, too: another folder may have their name by now.
            match self.system.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => drop(self.watched.insert(folder)),
                Err(err) if is_gone(&err) => {}
                Err(err) => return Err(failed(err)),
            }
        }
        Ok(has_new)
    }
}

/// Says whether a file may be another after this. That it was read says nothing.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

/// Returns where it is seen that a path leads to something else: in its folder, or the nearest above that
/// is there; in the folders of links on its way; and where those end.
fn folders_of(path: &Path) -> Vec<PathBuf> {
    let links = path.ancestors().filter(|prefix| prefix.is_symlink());
    let real = path.canonicalize().ok();
    let places = [Some(path), real.as_deref()].into_iter().flatten().chain(links);
    places.filter_map(folder_of).collect()
}

fn folder_of(path: &Path) -> Option<PathBuf> {
    let here = Path::new(".");
    let above = path.ancestors().skip(1);
    let folders = above.map(|folder| if folder.as_os_str().is_empty() { here } else { folder });
    folders.into_iter().find(|folder| folder.is_dir()).map(Path::to_owned)
}

/// Says whether a folder went away before it was watched: what is in it is then missing, and the folder
/// above it tells when it is back.
fn is_gone(err: &notify::Error) -> bool {
    match &err.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(err) => err.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn failed(err: notify::Error) -> WatchError {
    WatchError::System { source: err.into() }
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, ModifyKind, RemoveKind};

    use super::*;

    #[test]
    fn reading_is_no_change() {
        let rows = [
            (EventKind::Any, true),
            (EventKind::Other, true),
            (EventKind::Create(CreateKind::File), true),
            (EventKind::Modify(ModifyKind::Data(DataChange::Any)), true),
            (EventKind::Remove(RemoveKind::File), true),
            (EventKind::Access(AccessKind::Close(AccessMode::Write)), true),
            (EventKind::Access(AccessKind::Close(AccessMode::Read)), false),
            (EventKind::Access(AccessKind::Open(AccessMode::Any)), false),
        ];
        for (kind, expected) in rows {
            assert_eq!(is_change(kind), expected, "{kind:?}");
        }
    }

    #[test]
    fn a_file_is_seen_from_the_nearest_folder_that_is_there() {
        let here = |path: &str| folders_of(Path::new(path));
        let src = Path::new("src").canonicalize().expect("tests run in the package's folder");
        assert_eq!(here("src/lib.rs"), [PathBuf::from("src"), src]);
        assert_eq!(here("src/none/such.rs"), [PathBuf::from("src")]);
        assert_eq!(here("none"), [PathBuf::from(".")]);
        assert_eq!(here("/none"), [PathBuf::from("/")]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_seen_where_it_is_and_where_it_ends() {
        use std::{fs, os::unix::fs::symlink};

        let name = format!("plugsmith-folders-{}", std::process::id());
        let root = std::env::temp_dir().canonicalize().expect("it is there").join(name);
        fs::create_dir_all(root.join("release-1")).expect("it can be written");
        fs::write(root.join("release-1/plugin.wasm"), "").expect("it can be written");
        symlink("release-1", root.join("current")).expect("it can be written");
        let found = folders_of(&root.join("current/plugin.wasm"));
        assert_eq!(found, [root.join("current"), root.join("release-1"), root.clone()]);
        fs::remove_dir_all(root).expect("it was made");
    }
}
