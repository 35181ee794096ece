//! Cached modules that are not what was stored: each is compiled anew, and stored again if it can be.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
    path::Path,
    process::Command,
};

use plugsmith::{CacheError, LoadError, PluginBuilder};

use crate::{
    folder::{Folder, replace},
    guest::{answering, manifest},
};

/// How many bytes the seal has, and the length of the notes before it.
const SEAL_LEN: usize = 32;
const NOTES_LEN_LEN: usize = 8;

/// Checks that the guest answers although its file is damaged, and that the file is whole again.
#[track_caller]
fn check_replaced(folder: &Folder, path: &Path, good: &[u8], what: &str) {
    assert_eq!(folder.answer(1), 1, "{what}");
    let stored = fs::read(path).unwrap();
    assert_eq!(stored.len(), good.len(), "{what}");
    assert_eq!(folder.answer(1), 1, "{what}, stored again");
    assert_eq!(folder.module(), path, "{what} leaves nothing else behind");
}

/// Seals what whoever has the key wants sealed, as `precompiled.rs` does.
fn sealed(folder: &Folder, path: &Path, mut bytes: Vec<u8>) -> Vec<u8> {
    let key = fs::read(folder.0.join("key")).unwrap().try_into().unwrap();
    let name = path.file_stem().unwrap().as_encoded_bytes();
    let mut hasher = blake3::Hasher::new_keyed(&key);
    hasher.update(&(name.len() as u64).to_le_bytes()).update(name).update(&bytes);
    bytes.extend_from_slice(hasher.finalize().as_bytes());
    bytes
}

#[test]
fn a_file_that_was_cut_off_anywhere_is_replaced() {
    let folder = Folder::new("cut");
    folder.answer(1);
    let path = folder.module();
    let good = fs::read(&path).unwrap();
    let len = good.len();
    let notes_len = len - SEAL_LEN - NOTES_LEN_LEN;
    let notes_len = u64::from_le_bytes(good[notes_len..][..NOTES_LEN_LEN].try_into().unwrap());
    let code_len = len - SEAL_LEN - NOTES_LEN_LEN - usize::try_from(notes_len).unwrap();
    let borders = [0, SEAL_LEN, SEAL_LEN + NOTES_LEN_LEN, 64, 4096, code_len, len - SEAL_LEN, len];
    let around = borders.iter().flat_map(|border| [border.saturating_sub(1), *border, border + 1]);
    let between = (1..16).map(|part| len * part / 16);
    for cut in around.chain(between).filter(|cut| *cut < len) {
        replace(&path, &good[..cut]);
        check_replaced(&folder, &path, &good, &format!("cut off at {cut} of {len}"));
    }
    replace(&path, &[&good[..], &[0]].concat());
    check_replaced(&folder, &path, &good, "one byte too long");
}

#[test]
fn a_flipped_bit_anywhere_is_found() {
    let folder = Folder::new("flipped");
    folder.answer(1);
    let path = folder.module();
    let good = fs::read(&path).unwrap();
    // A step without a common divisor with what files are made of.
    for (n_flipped, at) in (0..good.len()).step_by(good.len() / 61).enumerate() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (n_flipped % 8);
        replace(&path, &bad);
        check_replaced(&folder, &path, &good, &format!("bit {} of byte {at}", n_flipped % 8));
    }
}

/// A seal says who wrote a file, not what can run it: the engine looks at that.
#[test]
fn code_of_another_engine_or_processor_is_not_run() {
    let folder = Folder::new("foreign");
    folder.answer(1);
    let path = folder.module();
    let good = fs::read(&path).unwrap();
    let unsealed = &good[..good.len() - SEAL_LEN];
    assert!(sealed(&folder, &path, unsealed.to_vec()) == good, "this is how files are sealed");
    let triple = format!("{}-unknown-linux", std::env::consts::ARCH);
    let version = "wasmtime";
    let mut rows: Vec<(&str, Vec<u8>)> = Vec::new();
    // The processor is named in the text of the target, and by a number in the file's head.
    for (what, text) in [("target", triple.as_str()), ("engine", version)] {
        let found = unsealed.windows(text.len()).position(|window| window == text.as_bytes());
        if let Some(at) = found {
            let mut foreign = unsealed.to_vec();
            foreign[at] ^= 1;
            rows.push((what, foreign));
        }
    }
    assert!(rows.iter().any(|(what, _)| *what == "target"), "the target is named in the file");
    let mut machine = unsealed.to_vec();
    machine[18] ^= 1;
    rows.push(("machine", machine));
    for cut in [0, 1, 63, 64, unsealed.len() - NOTES_LEN_LEN - 1] {
        rows.push(("nothing but a part", unsealed[..cut].to_vec()));
    }
    let mut notes_len = unsealed.to_vec();
    let at = notes_len.len() - NOTES_LEN_LEN;
    notes_len[at..].fill(0xFF);
    rows.push(("notes longer than the file", notes_len));
    for (what, foreign) in rows {
        replace(&path, &sealed(&folder, &path, foreign));
        check_replaced(&folder, &path, &good, what);
    }
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let folder = Folder::new("no-file");
    folder.answer(1);
    let path = folder.module();
    let good = fs::read(&path).unwrap();
    let elsewhere = Folder::new("elsewhere");
    fs::create_dir(&elsewhere.0).unwrap();
    let copy = elsewhere.0.join("copy");
    replace(&copy, &good);

    fs::remove_file(&path).unwrap();
    let made = Command::new("mkfifo").args(["-m", "600"]).arg(&path).status().unwrap();
    assert!(made.success());
    check_replaced(&folder, &path, &good, "a pipe");

    for (target, what) in [
        (elsewhere.0.join("nothing"), "a link to nothing"),
        ("/dev/zero".into(), "a link to a device without end"),
        ("/dev/full".into(), "a link to a device that is full"),
        (elsewhere.0.clone(), "a link to a folder"),
        (path.clone(), "a link to itself"),
    ] {
        fs::remove_file(&path).unwrap();
        symlink(target, &path).unwrap();
        check_replaced(&folder, &path, &good, what);
        assert!(fs::symlink_metadata(&path).unwrap().is_file(), "{what} was replaced");
    }

    // What is sealed and ours may lie elsewhere.
    fs::remove_file(&path).unwrap();
    symlink(&copy, &path).unwrap();
    assert_eq!(folder.answer(1), 1);
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
}

#[test]
fn a_folder_in_a_files_place_is_left_alone() {
    let folder = Folder::new("folder");
    folder.answer(1);
    let path = folder.module();
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    fs::write(path.join("precious"), "x").unwrap();
    for _ in 0..2 {
        assert_eq!(folder.answer(1), 1);
        assert_eq!(folder.module(), path);
    }
    assert!(path.join("precious").exists());
}

#[test]
fn a_file_that_cannot_be_read_or_is_anothers_is_not_taken() {
    const ANOTHER: u32 = 12_345;
    let folder = Folder::new("owner");
    folder.answer(1);
    let path = folder.module();
    let good = fs::read(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    assert_eq!(folder.answer(1), 1, "unreadable");

    // Only the system's administrator can give files away.
    replace(&path, &good);
    if chown(&path, Some(ANOTHER), None).is_ok() {
        check_replaced(&folder, &path, &good, "another user's");
        assert_ne!(fs::metadata(&path).unwrap().uid(), ANOTHER);
    } else {
        assert_ne!(fs::metadata(&folder.0).unwrap().uid(), 0, "an administrator can");
    }
}

#[test]
fn what_is_in_the_keys_place_is_named() {
    let folder = Folder::new("key");
    folder.answer(1);
    let key = folder.0.join("key");
    let error = || {
        let guest = manifest(&answering(1, "key"));
        let err = PluginBuilder::new(guest).with_cache(&folder.0).compile().unwrap_err();
        let Ok(LoadError::Cache(err)) = err.downcast() else { panic!("it is the cache's") };
        err
    };
    fs::remove_file(&key).unwrap();
    fs::create_dir(&key).unwrap();
    let err = error();
    assert!(matches!(err, CacheError::Key { .. } | CacheError::NotPrivate { .. }), "{err:?}");
    fs::remove_dir(&key).unwrap();
    symlink("nowhere", &key).unwrap();
    let err = error();
    assert!(matches!(err, CacheError::Key { .. }), "{err:?}");
    fs::remove_file(&key).unwrap();
    replace(&key, &[7; 31]);
    let err = error();
    assert!(matches!(err, CacheError::Key { .. }), "{err:?}");
    fs::remove_file(&key).unwrap();
    assert_eq!(folder.answer(1), 1);
}
