//! Plug-ins in Rust that are compiled for WASI: they have the standard library whole, and of the
//! system what a host grants.
//!
//! If `cargo xtask` could not have the standard library for it, they are skipped, if it has said so.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use plugsmith::{CallError, LoadError, Manifest, Plugin, convert::Json};
use serde_json::{Value, json};

use crate::{is_skipped, manifest};

/// An empty folder of one test's own.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasip1").join(test);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("what an earlier run has left can be removed");
    }
    fs::create_dir_all(&folder).expect("there is room for a folder");
    folder
}

fn load(manifest: Manifest) -> Plugin {
    Plugin::new(manifest, [], true).expect("the example plug-in loads")
}

/// The guest book, with a folder of the host as `/book`.
fn guest_book(grant: &str) -> Plugin {
    load(manifest("guest_book.wasip1").with_allowed_path(grant, "/book"))
}

fn sign(plugin: &mut Plugin, name: &str) -> Result<(), String> {
    plugin.call::<&str, ()>("sign", name).map_err(message)
}

fn entries(plugin: &mut Plugin) -> Result<Vec<Value>, String> {
    plugin.call::<&str, Json<_>>("entries", "").map(|Json(entries)| entries).map_err(message)
}

/// What the plug-in itself says of a failed call.
fn message(err: plugsmith::Error) -> String {
    match err.downcast().expect("a failed call is a CallError") {
        CallError::Guest { message, trap: None, .. } => message,
        err => panic!("{err:#}"),
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("the clock is right about the century").as_secs()
}

#[test]
fn the_plug_in_of_the_readme_works_alike() {
    if is_skipped("wasip1") {
        return;
    }
    let mut plugin = load(manifest("count_vowels.wasip1"));
    for (text, count) in [("", 0), ("Hello, plug-in!", 4), ("ÄÖÜ aé", 1)] {
        let answer: String = plugin.call("count_vowels", text).expect("any text has a count");
        assert_eq!(answer, format!(r#"{{"count":{count},"vowels":"aeiouAEIOU"}}"#));
    }
    let err = plugin.call::<&[u8], String>("count_vowels", b"\xff\xfe").unwrap_err();
    assert!(err.to_string().contains("UTF-8"), "{err:#}");
    let answer: String = plugin.call("count_vowels", "a").expect("the plug-in stays usable");
    assert_eq!(answer, r#"{"count":1,"vowels":"aeiouAEIOU"}"#);
}

#[test]
fn a_granted_folder_and_the_clock_are_used() {
    if is_skipped("wasip1") {
        return;
    }
    let folder = folder("granted");
    let mut plugin = guest_book(&folder.display().to_string());
    assert_eq!(entries(&mut plugin), Ok(Vec::new()));
    let before = now();
    sign(&mut plugin, "Ada").expect("the folder may be written");
    sign(&mut plugin, "Zoë 🦀").expect("the folder may be written");
    let after = now();
    let entries = entries(&mut plugin).expect("the folder may be read");
    let names: Vec<_> = entries.iter().map(|entry| &entry["name"]).collect();
    assert_eq!(names, [&json!("Ada"), &json!("Zoë 🦀")]);
    for entry in &entries {
        let at = entry["at"].as_u64().expect("a time is a number");
        assert!((before..=after).contains(&at), "{before} <= {at} <= {after}");
    }
    let file = fs::read_to_string(folder.join("guests.txt")).expect("the file is the host's");
    assert_eq!(file.lines().count(), 2, "{file}");
}

#[test]
fn a_folder_for_reading_is_not_written() {
    if is_skipped("wasip1") {
        return;
    }
    let folder = folder("read_only");
    let file = folder.join("guests.txt");
    fs::write(&file, "12 Ada L.\n").expect("there is room for a file");
    let mut plugin = guest_book(&format!("ro:{}", folder.display()));
    let err = sign(&mut plugin, "Eve").unwrap_err();
    assert!(err.starts_with("cannot open the guest book"), "{err}");
    assert_eq!(entries(&mut plugin), Ok(vec![json!({ "at": 12, "name": "Ada L." })]));
    assert_eq!(fs::read_to_string(&file).expect("the file is there"), "12 Ada L.\n");
}

#[test]
fn nothing_but_the_granted_folder_is_reached() {
    if is_skipped("wasip1") {
        return;
    }
    let folder = folder("confined");
    let inside = folder.join("inside");
    fs::create_dir_all(&inside).expect("there is room for a folder");
    let inside = inside.display().to_string();
    for outside in ["/", "/book/..", "/elsewhere", "../outside"] {
        let manifest = manifest("guest_book.wasip1").with_config_key("folder", outside);
        let mut plugin = load(manifest.with_allowed_path(&inside, "/book"));
        let err = sign(&mut plugin, "Eve").unwrap_err();
        assert!(err.starts_with("cannot open the guest book"), "{outside}: {err}");
        let err = entries(&mut plugin).unwrap_err();
        assert!(err.starts_with("there is no guest book"), "{outside}: {err}");
    }
    assert!(!folder.join("guests.txt").exists());
}

#[test]
fn without_a_grant_there_is_no_folder_and_without_wasi_no_plug_in() {
    if is_skipped("wasip1") {
        return;
    }
    let mut plugin = load(manifest("guest_book.wasip1"));
    let err = sign(&mut plugin, "Ada").unwrap_err();
    assert!(err.starts_with("cannot open the guest book"), "{err}");
    let err = sign(&mut plugin, "two\nlines").unwrap_err();
    assert!(err.starts_with("a name is one line of text"), "{err}");

    let err = Plugin::new(manifest("guest_book.wasip1"), [], false).unwrap_err();
    let Some(LoadError::UnknownImport { namespace, .. }) = err.downcast_ref() else {
        panic!("{err:?}");
    };
    assert_eq!(namespace, "wasi_snapshot_preview1");
}
