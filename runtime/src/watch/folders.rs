//! The folders that hold a plug-in's files, and what the system tells of them.
//!
//! Invariant: what happens to something counts by its name alone, whatever folder it is in. A file may be
//! known by many paths, and to look once more costs little.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc::Sender},
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};

use super::{News, WatchError};

/// How many links are followed on the way to a file. Systems give up there, too.
const LINKS_LIMIT: usize = 40;

/// What something that counts may be called.
type Names = BTreeSet<OsString>;

/// The folders that are watched.
pub(super) struct Folders {
    system: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    names: Arc<Mutex<Names>>,
}

impl Folders {
    /// Watches nothing yet; what happens will be told to `news`.
    ///
    /// # Errors
    ///
    /// [`WatchError::System`].
    pub(super) fn new(news: Sender<News>) -> Result<Self, WatchError> {
        let names = Arc::new(Mutex::new(Names::new()));
        let wanted = Arc::clone(&names);
        let tell = move |event: notify::Result<Event>| {
            // Where the system lost count, anything may have happened.
            if event.map_or(true, |event| counts(&event, &lock(&wanted))) {
                // After the end there is nobody to tell.
                let _ = news.send(News::Changed);
            }
        };
        let system = notify::recommended_watcher(tell).map_err(failed)?;
        Ok(Self { system, watched: BTreeSet::new(), names })
    }

    /// Watches where `paths` lead, and nothing else. Says whether there is something that was not watched
    /// before.
    ///
    /// # Errors
    ///
    /// [`WatchError::System`].
    pub(super) fn follow<'a>(
        &mut self,
        paths: impl Iterator<Item = &'a Path>,
    ) -> Result<bool, WatchError> {
        let (mut wanted, mut names) = (BTreeSet::new(), Names::new());
        for Place { folder, name } in paths.flat_map(places_of) {
            // What happens to a folder as a whole is told by its own name.
            names.extend(folder.file_name().map(OsStr::to_owned).into_iter().chain(name));
            wanted.insert(folder);
        }
        let has_new = !wanted.is_subset(&self.watched) || !names.is_subset(&lock(&self.names));
        // Before the files are read, and under no lock: the system may be waiting to tell something.
        *lock(&self.names) = names;
        for folder in self.watched.difference(&wanted) {
            // It may be gone, and the watch with it.
            let _ = self.system.unwatch(folder);
        }
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

/// Where it is seen that a path leads to something else.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// A folder that is there, by the path without links.
    folder: PathBuf,
    /// What in it lies on the way, be it there or not.
    name: Option<OsString>,
}

impl Place {
    /// Returns where `path`, in which only the last may be a link, is seen: in its folder, or the nearest
    /// above that is there.
    fn of(path: &Path) -> Option<Self> {
        let above = path.ancestors().skip(1).map(|folder| {
            let is_here = folder.as_os_str().is_empty();
            if is_here { Path::new(".") } else { folder }
        });
        let (below, folder) = path.ancestors().zip(above).find(|(_, folder)| folder.is_dir())?;
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        Some(Self { folder, name: below.file_name().map(OsStr::to_owned) })
    }
}

/// Returns where each link on the way is seen, and the end of the way.
fn places_of(path: &Path) -> Vec<Place> {
    let mut path = path.to_owned();
    let mut places = Vec::new();
    for _ in 0..LINKS_LIMIT {
        let Some((link, target)) = first_link(&path) else { break };
        places.extend(Place::of(&link));
        let above = link.parent().unwrap_or(Path::new(""));
        let below = path.strip_prefix(&link).unwrap_or(Path::new(""));
        path = above.join(target).components().chain(below.components()).collect();
    }
    places.extend(Place::of(&path));
    places
}

/// Returns the first link on the way, and what it says.
fn first_link(path: &Path) -> Option<(PathBuf, PathBuf)> {
    let mut prefixes: Vec<&Path> = path.ancestors().collect();
    prefixes.reverse();
    // What is no link cannot be read as one.
    prefixes.into_iter().find_map(|link| Some((link.to_owned(), fs::read_link(link).ok()?)))
}

/// Says whether a file that may have one of these names may be another after this.
fn counts(event: &Event, names: &Names) -> bool {
    let is_wanted = |path: &PathBuf| match path.file_name() {
        Some(name) => names.iter().any(|wanted| may_be_same(wanted, name)),
        None => true,
    };
    let names_none = event.paths.is_empty() || event.need_rescan();
    is_change(event.kind) && (names_none || event.paths.iter().any(is_wanted))
}

/// Says whether two names may mean one file. For some systems upper case is lower case, and an accented
/// letter may be written in several ways.
fn may_be_same(one: &OsStr, other: &OsStr) -> bool {
    one.eq_ignore_ascii_case(other) || !(one.is_ascii() && other.is_ascii())
}

/// Says whether a file may be another after this. That it was read says nothing.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

fn lock(names: &Mutex<Names>) -> MutexGuard<'_, Names> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn what_happens_to_other_files_is_passed_over() {
        let names = Names::from(["plugin.wasm".into(), "plugins".into()]);
        let event = |paths: &[&str]| {
            let event = Event::new(EventKind::Modify(ModifyKind::Any));
            paths.iter().fold(event, |event, path| event.add_path(path.into()))
        };
        for (paths, expected) in [
            (&["/plugins/plugin.wasm"][..], true),
            (&["/plugins/PLUGIN.wasm"], true),
            (&["/plugins/log.txt", "/plugins/plugin.wasm"], true),
            (&["/plugins"], true),
            (&["/"], true),
            (&[], true),
            (&["/plugins/pl\u{fc}gin.wasm"], true),
            (&["/plugins/log.txt"], false),
            (&["/plugins/plugin.wasm.tmp"], false),
        ] {
            assert_eq!(counts(&event(paths), &names), expected, "{paths:?}");
        }
        let lost = event(&["/plugins/log.txt"]).set_flag(notify::event::Flag::Rescan);
        assert!(counts(&lost, &names));
        assert!(!counts(&Event { kind: EventKind::Access(AccessKind::Any), ..lost }, &names));
    }

    #[test]
    fn a_name_that_is_new_is_something_new() {
        let (sender, _arrivals) = std::sync::mpsc::channel();
        let mut folders = Folders::new(sender).expect("the system tells of changes");
        let rows = [("src/lib.rs", true), ("src/lib.rs", false), ("src/log.rs", true)];
        for (path, expected) in rows {
            let has_new = folders.follow([Path::new(path)].into_iter());
            assert_eq!(has_new.expect("it can be watched"), expected, "{path}");
        }
    }

    fn place(folder: impl Into<PathBuf>, name: &str) -> Place {
        Place { folder: folder.into(), name: Some(name.into()) }
    }

    #[test]
    fn a_file_is_seen_from_the_nearest_folder_that_is_there() {
        let here = Path::new(".").canonicalize().expect("it is there");
        for (path, expected) in [
            ("src/lib.rs", place(here.join("src"), "lib.rs")),
            ("src/../src/lib.rs", place(here.join("src"), "lib.rs")),
            ("src/none/such.rs", place(here.join("src"), "none")),
            ("none", place(here, "none")),
            ("/none", place("/", "none")),
        ] {
            assert_eq!(places_of(Path::new(path)), [expected], "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_seen_where_it_is_and_where_it_ends() {
        use std::os::unix::fs::symlink;

        let name = format!("plugsmith-folders-{}", std::process::id());
        let root = std::env::temp_dir().canonicalize().expect("it is there").join(name);
        for folder in ["srv", "opt/v2"] {
            fs::create_dir_all(root.join(folder)).expect("it can be written");
        }
        fs::write(root.join("opt/v2/plugin.wasm"), "").expect("it can be written");
        for (target, link) in [
            (root.join("opt/v2").as_path(), "opt/current"),
            (Path::new("../opt/current/plugin.wasm"), "srv/plugin.wasm"),
            (Path::new("circle"), "circle"),
        ] {
            symlink(target, root.join(link)).expect("it can be written");
        }
        let current = place(root.join("opt"), "current");
        let end = place(root.join("opt/v2"), "plugin.wasm");
        let link = place(root.join("srv"), "plugin.wasm");
        assert_eq!(places_of(&root.join("srv/plugin.wasm")), [link, current, end]);
        let circle = places_of(&root.join("circle"));
        assert!(circle.iter().all(|found| *found == place(&root, "circle")));
        assert_eq!(circle.len(), LINKS_LIMIT + 1);
        fs::remove_dir_all(root).expect("it was made");
    }
}
