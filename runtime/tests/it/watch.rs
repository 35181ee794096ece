//! Files that are watched: that the system's tidings arrive, and what is made of them.

use std::{
    fs,
    path::Path,
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use plugsmith::{Error, Reloader, Watch, WatchError, WatchOptions};

use crate::reload::{Folder, reloader_of, said, says};

/// How long to wait for what is sure to come.
const LONG: Duration = Duration::from_mins(2);

/// A watch, and what its versions say, or why they are refused.
struct Watched {
    watch: Watch,
    versions: Receiver<Result<String, Error>>,
}

impl Watched {
    fn start(reloader: Reloader) -> Self {
        let (sender, versions) = mpsc::channel();
        let watch = Watch::start(reloader, WatchOptions::new(), move |version| {
            sender.send(version.map(|compiled| said(&compiled))).unwrap();
        });
        Self { watch: watch.unwrap(), versions }
    }

    /// Waits for a version that says `text`. What is refused meanwhile was half written.
    #[track_caller]
    fn wait_for(&self, text: &str) {
        loop {
            match self.versions.recv_timeout(LONG).expect("something happens") {
                Ok(said) if said == text => return,
                Ok(said) => panic!("`{said}` instead of `{text}`"),
                Err(_) => {}
            }
        }
    }

    #[track_caller]
    fn wait_for_refusal(&self) -> Error {
        self.versions.recv_timeout(LONG).expect("something happens").unwrap_err()
    }
}

/// A reloader that has loaded what is there.
fn loaded(path: &Path) -> Reloader {
    let mut reloader = reloader_of(path);
    reloader.load().unwrap();
    reloader
}

#[test]
fn files_are_loaded_again_when_they_change() {
    let folder = Folder::new();
    let watched = Watched::start(loaded(&folder.write("plugin.wasm", says("one"))));
    folder.write("plugin.wasm", says("two"));
    watched.wait_for("two");
    folder.replace("plugin.wasm", says("three"));
    watched.wait_for("three");
    folder.replace("plugin.wasm", b"\0asm\x01\0\0\0broken");
    watched.wait_for_refusal();
    fs::remove_file(folder.path("plugin.wasm")).unwrap();
    watched.wait_for_refusal();
    folder.replace("plugin.wasm", says("four"));
    watched.wait_for("four");
}

#[test]
fn what_changed_before_the_watch_began_is_noticed() {
    let folder = Folder::new();
    let path = folder.write("plugin.wasm", says("one"));
    let reloader = loaded(&path);
    folder.write("plugin.wasm", says("two"));
    Watched::start(reloader).wait_for("two");
}

#[test]
fn folders_that_come_and_go_are_followed() {
    let folder = Folder::new();
    let watched = Watched::start(loaded(&folder.write("deep/er/plugin.wasm", says("one"))));
    fs::remove_dir_all(folder.path("deep")).unwrap();
    watched.wait_for_refusal();
    folder.write("deep/er/plugin.wasm", says("two"));
    watched.wait_for("two");
    // A folder in the place of another.
    folder.write("new/er/plugin.wasm", says("three"));
    fs::rename(folder.path("deep"), folder.path("old")).unwrap();
    fs::rename(folder.path("new"), folder.path("deep")).unwrap();
    watched.watch.check_now();
    watched.wait_for("three");
    folder.replace("deep/er/plugin.wasm", says("four"));
    watched.wait_for("four");
}

#[cfg(unix)]
#[test]
fn links_are_followed() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new();
    folder.write("release-1/plugin.wasm", says("one"));
    folder.write("release-2/plugin.wasm", says("two"));
    symlink("release-1", folder.path("current")).unwrap();
    let watched = Watched::start(loaded(&folder.path("current/plugin.wasm")));
    symlink("release-2", folder.path("next")).unwrap();
    fs::rename(folder.path("next"), folder.path("current")).unwrap();
    watched.wait_for("two");
    folder.replace("release-2/plugin.wasm", says("three"));
    watched.wait_for("three");
}

#[cfg(unix)]
#[test]
fn links_between_links_are_followed() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new();
    folder.write("opt/v2/plugin.wasm", says("one"));
    folder.write("opt/v3/plugin.wasm", says("two"));
    symlink("v2", folder.path("opt/current")).unwrap();
    fs::create_dir(folder.path("srv")).unwrap();
    symlink("../opt/current/plugin.wasm", folder.path("srv/plugin.wasm")).unwrap();
    let watched = Watched::start(loaded(&folder.path("srv/plugin.wasm")));
    symlink("v3", folder.path("opt/next")).unwrap();
    fs::rename(folder.path("opt/next"), folder.path("opt/current")).unwrap();
    watched.wait_for("two");
}

#[test]
fn who_writes_beside_the_files_is_not_told_of_it() {
    let folder = Folder::new();
    let path = folder.write("plugin.wasm", says("one"));
    let reloader = loaded(&path);
    fs::remove_file(&path).unwrap();
    let log = folder.path("log.txt");
    let (sender, versions) = mpsc::channel();
    let options = WatchOptions::new().with_settling_time(Duration::from_millis(1));
    let _watch = Watch::start(reloader, options, move |version| {
        let said = version.as_ref().map_or_else(ToString::to_string, said);
        fs::write(&log, &said).unwrap();
        sender.send(version.is_ok()).unwrap();
    });
    assert!(!versions.recv_timeout(LONG).unwrap(), "it is gone");
    folder.replace("plugin.wasm", says("two"));
    assert!(versions.recv_timeout(LONG).unwrap(), "it is back, and nothing else was said");
}

#[test]
fn who_asks_has_what_was_refused_tried_again() {
    let folder = Folder::new();
    let path = folder.write("plugin.wasm", says("one"));
    let reloader = loaded(&path);
    folder.write("plugin.wasm", b"\0asm\x01\0\0\0broken");
    let watched = Watched::start(reloader);
    for _ in 0..3 {
        watched.wait_for_refusal();
        watched.watch.check_now();
    }
}

#[test]
fn a_period_needs_no_tidings() {
    let folder = Folder::new();
    let path = folder.write("plugin.wasm", says("one"));
    // The recipe reads a file that nobody knows of.
    let mut reloader = Reloader::new(move || Ok(plugsmith::PluginBuilder::new(fs::read(&path)?)));
    reloader.load().unwrap();
    let (sender, versions) = mpsc::channel();
    let options = WatchOptions::new().with_period(Duration::from_millis(1));
    let _watch = Watch::start(reloader, options, move |version| {
        sender.send(version.is_ok_and(|compiled| said(&compiled) == "two")).unwrap();
    });
    folder.replace("plugin.wasm", says("two"));
    assert!(versions.recv_timeout(LONG).unwrap());
}

#[test]
fn a_panic_is_a_refusal() {
    let mut n_asked = 0;
    let recipe = move || {
        n_asked += 1;
        assert_ne!(n_asked, 2, "the recipe's own bug");
        Ok(plugsmith::PluginBuilder::new(says("one")))
    };
    let mut reloader = Reloader::new(recipe);
    reloader.load().unwrap();
    let watched = Watched::start(reloader);
    let err = watched.wait_for_refusal();
    assert!(matches!(err.downcast_ref(), Some(WatchError::Panicked)), "{err}");
}

#[test]
fn after_the_end_nothing_arrives() {
    let folder = Folder::new();
    let Watched { watch, versions } =
        Watched::start(loaded(&folder.write("plugin.wasm", says("one"))));
    folder.write("plugin.wasm", says("two"));
    drop(watch);
    // The function that sent is gone, and the thread with it.
    let n_versions = versions.try_iter().count();
    assert!(n_versions <= 1);
    assert!(versions.recv().is_err());
}
