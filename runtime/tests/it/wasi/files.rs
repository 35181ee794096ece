//! Paths of the host: directories and single files, granted for reading or writing, and the ways out
//! that are closed.

use std::fs;

use plugsmith::{CallError, LoadError, Plugin, PluginBuilder};

use super::{Folder, call, granted, guest, status};
use crate::guest::{chain, load_error};

const NOENT: i32 = 44;
const PERM: i32 = 63;
const ROFS: i32 = 69;
const EXIST: i32 = 20;
const ISDIR: i32 = 31;
const LOOP: i32 = 32;
const NOTCAPABLE: i32 = 76;

/// A plug-in with one path granted as descriptor 3.
fn with_path(host: &str, guest_path: &str) -> Plugin {
    granted(guest().with_allowed_path(host, guest_path))
}

/// Exports that change what is at their input, below descriptor 3.
const CHANGES: [&str; 7] = ["write", "mkdir", "unlink", "rename", "link", "symlink", "rmdir"];

#[test]
fn a_directory_is_read_and_written() {
    let folder = Folder::new("directory");
    let inside = folder.folder("inside");
    folder.file("inside/a.txt", "in");
    let mut plugin = with_path(&inside, "/data");
    assert_eq!(call(&mut plugin, "name", "").unwrap(), "/data");
    assert_eq!(call(&mut plugin, "read", "a.txt").unwrap(), "in");
    assert_eq!(status(&mut plugin, "write", "b.txt"), 0);
    assert_eq!(folder.read("inside/b.txt"), "hello");
    assert_eq!(status(&mut plugin, "write_new", "b.txt"), EXIST);
    assert_eq!(status(&mut plugin, "list", ""), 0);
    assert_eq!(status(&mut plugin, "mkdir", "sub"), 0);
    assert_eq!(status(&mut plugin, "write", "sub/c.txt"), 0);
    assert_eq!(status(&mut plugin, "unlink", "sub/c.txt"), 0);
    assert_eq!(status(&mut plugin, "rmdir", "sub"), 0);
    assert_eq!(status(&mut plugin, "rename", "b.txt"), 0);
    assert_eq!(folder.read("inside/moved"), "hello");
    assert_eq!(status(&mut plugin, "read", "b.txt"), NOENT);
}

#[test]
fn a_directory_for_reading_is_not_changed() {
    let folder = Folder::new("read_only");
    let inside = folder.folder("inside");
    folder.file("inside/a.txt", "in");
    folder.folder("inside/empty");
    let mut plugin = with_path(&format!("ro:{inside}"), "/data");
    assert_eq!(call(&mut plugin, "read", "a.txt").unwrap(), "in");
    assert_eq!(call(&mut plugin, "len", "a.txt").unwrap(), "2");
    for change in CHANGES {
        for name in ["a.txt", "empty", "new.txt"] {
            let status = status(&mut plugin, change, name);
            assert!([PERM, ROFS].contains(&status), "{change} {name}: {status}");
        }
    }
    assert_eq!(folder.read("inside/a.txt"), "in");
    assert!(!folder.exists("inside/new.txt") && !folder.exists("inside/moved"));
    assert!(folder.exists("inside/empty"));
}

#[test]
fn nothing_outside_a_directory_is_reached() {
    let folder = Folder::new("escape");
    let inside = folder.folder("inside");
    folder.folder("inside/sub");
    let secret = folder.file("secret.txt", "secret");
    let mut plugin = with_path(&inside, "/");
    let escapes = [
        "../secret.txt",
        "sub/../../secret.txt",
        "./../secret.txt",
        "..//secret.txt",
        "/etc/passwd",
        "//etc/passwd",
        secret.as_str(),
        "..",
        "/",
        "../inside/../secret.txt",
    ];
    for export in ["read", "stat", "readlink"].iter().chain(&CHANGES) {
        for path in escapes {
            let status = status(&mut plugin, export, path);
            assert_ne!(status, 0, "{export} {path}");
        }
    }
    assert_eq!(status(&mut plugin, "read", "../secret.txt"), PERM);
    assert_eq!(folder.read("secret.txt"), "secret");
    // Inside, `..` is as good as any other name.
    folder.file("inside/a.txt", "in");
    assert_eq!(call(&mut plugin, "read", "sub/../a.txt").unwrap(), "in");
}

#[cfg(unix)]
#[test]
fn no_symbolic_link_leads_outside() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new("links");
    let inside = folder.folder("inside");
    folder.folder("outside");
    folder.file("outside/secret.txt", "secret");
    folder.file("inside/a.txt", "in");
    let within = |name: &str| folder.path.join("inside").join(name);
    symlink("../outside/secret.txt", within("relative")).unwrap();
    symlink(folder.path.join("outside/secret.txt"), within("absolute")).unwrap();
    symlink("../outside", within("directory")).unwrap();
    symlink("directory/secret.txt", within("twice")).unwrap();
    symlink("/proc/self/root", within("root")).unwrap();
    symlink("circle", within("circle")).unwrap();
    symlink("a.txt", within("inside")).unwrap();
    let mut plugin = with_path(&inside, "/");
    for path in [
        "relative",
        "absolute",
        "directory/secret.txt",
        "twice",
        "root/etc/passwd",
        "directory/../outside/secret.txt",
        "circle",
    ] {
        for export in ["read", "stat", "write"] {
            assert_ne!(status(&mut plugin, export, path), 0, "{export} {path}");
        }
    }
    assert_eq!(folder.read("outside/secret.txt"), "secret");
    assert_eq!(call(&mut plugin, "read", "inside").unwrap(), "in");
    // A guest makes no link that leads outside either.
    assert_ne!(status(&mut plugin, "symlink", "made"), 0);
    assert!(!folder.exists("inside/made"));
}

#[test]
fn a_single_file_is_read_and_written_and_nothing_beside_it() {
    let folder = Folder::new("file");
    let path = folder.file("a.txt", "in");
    folder.file("b.txt", "other");
    let mut plugin = with_path(&path, "/data/a.txt");
    assert_eq!(call(&mut plugin, "name", "").unwrap(), "/data/a.txt");
    for own in [".", "./", ""] {
        assert_eq!(call(&mut plugin, "read", own).unwrap(), "in");
        assert_eq!(call(&mut plugin, "len", own).unwrap(), "2");
    }
    for other in ["a.txt", "b.txt", "..", "../a.txt", "./b.txt", "/", "new.txt", "\0"] {
        for export in ["read", "stat", "write"] {
            assert_eq!(status(&mut plugin, export, other), NOENT, "{export} {other}");
        }
    }
    for export in [
        "mkdir",
        "rmdir",
        "unlink",
        "rename",
        "link",
        "symlink",
        "readlink",
        "list",
        "filestat",
        "close",
        "renumber_from",
        "renumber_to",
    ] {
        for path in [".", "b.txt", "a.txt"] {
            assert_eq!(status(&mut plugin, export, path), NOTCAPABLE, "{export} {path}");
        }
    }
    assert_eq!(status(&mut plugin, "fdstat", ""), 0);
    assert_eq!(status(&mut plugin, "write_new", "."), EXIST);
    assert_eq!(status(&mut plugin, "write", "."), 0);
    assert_eq!(folder.read("a.txt"), "hello");
    assert_eq!(folder.read("b.txt"), "other");
    assert!(!folder.exists("new.txt") && !folder.exists("moved"));
}

#[test]
fn a_single_file_for_reading_is_not_changed() {
    let folder = Folder::new("read_only_file");
    let path = folder.file("a.txt", "in");
    let mut plugin = with_path(&format!("ro:{path}"), "/a.txt");
    assert_eq!(call(&mut plugin, "read", ".").unwrap(), "in");
    let status = status(&mut plugin, "write", ".");
    assert!([PERM, ROFS].contains(&status), "{status}");
    assert_eq!(folder.read("a.txt"), "in");
}

#[test]
fn what_takes_the_place_of_a_single_file_is_not_reached() {
    let folder = Folder::new("replaced");
    let path = folder.file("a.txt", "in");
    folder.file("b.txt", "other");
    let mut plugin = with_path(&path, "/a.txt");
    assert_eq!(call(&mut plugin, "read", ".").unwrap(), "in");
    fs::remove_file(&path).unwrap();
    assert_eq!(status(&mut plugin, "read", "."), NOENT);
    // It is not made anew either.
    assert_eq!(status(&mut plugin, "write", "."), NOENT);
    assert!(!folder.exists("a.txt"));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("b.txt", &path).unwrap();
        assert_eq!(status(&mut plugin, "read", "."), LOOP);
        fs::remove_file(&path).unwrap();
    }
    folder.folder("a.txt");
    assert_eq!(status(&mut plugin, "read", "."), ISDIR);
}

#[test]
fn files_and_directories_stand_side_by_side() {
    let folder = Folder::new("side_by_side");
    let inside = folder.folder("0_inside");
    folder.file("0_inside/in.txt", "inside");
    let file = folder.file("1_file.txt", "file");
    let manifest =
        guest().with_allowed_path(inside, "/inside").with_allowed_path(file, "/file.txt");
    let mut plugin = granted(manifest);
    // In the order of their names on the host; the second is closed to all but itself.
    assert_eq!(call(&mut plugin, "name", "").unwrap(), "/inside");
    assert_eq!(call(&mut plugin, "read", "in.txt").unwrap(), "inside");
    assert_eq!(status(&mut plugin, "unlink", "in.txt"), 0);
    assert!(!folder.exists("0_inside/in.txt"));
}

#[test]
fn paths_that_cannot_be_granted_are_named() {
    let folder = Folder::new("missing");
    let missing = folder.path.join("nothing").to_str().unwrap().to_owned();
    for path in [missing.clone(), format!("ro:{missing}")] {
        let builder = PluginBuilder::new(guest().with_allowed_path(path, "/")).with_wasi(true);
        let err = load_error(builder);
        assert!(matches!(&err, LoadError::AllowedPath { path, .. } if *path == missing), "{err:?}");
        assert!(chain(err).contains("cannot be used\nNo such file"));
    }
    #[cfg(unix)]
    {
        let manifest = guest().with_allowed_path("ro:/dev/null", "/null");
        let err = load_error(PluginBuilder::new(manifest).with_wasi(true));
        assert!(matches!(&err, LoadError::AllowedPathKind { path } if path == "/dev/null"));
    }
}

#[test]
fn a_path_that_vanished_fails_the_call_and_the_next_works() {
    let folder = Folder::new("vanished");
    let inside = folder.folder("inside");
    let mut plugin = with_path(&inside, "/");
    fs::remove_dir(&inside).unwrap();
    let err = call(&mut plugin, "count", "").unwrap_err();
    assert!(matches!(&err, CallError::AllowedPath { path, .. } if *path == inside), "{err:?}");
    folder.folder("inside");
    assert_eq!(call(&mut plugin, "count", "").unwrap(), "1");
}

#[test]
fn without_wasi_allowed_paths_grant_nothing() {
    let wat = r#"(module (func (export "runs")))"#;
    let manifest = crate::guest::manifest(wat).with_allowed_path("/nowhere at all", "/");
    let mut plugin = Plugin::new(manifest, [], false).unwrap();
    assert_eq!(call(&mut plugin, "runs", "").unwrap(), "");
}
