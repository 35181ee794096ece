//! A cache whose writers are stopped: by a full disk, by being killed, by others who remove what they
//! have just looked at.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, SystemTime},
};

use plugsmith::{CacheError, LoadError, PluginBuilder};

use crate::{
    child,
    folder::{Folder, answer, date, replace},
    guest::{answering, manifest},
};

/// Has a process write no files of more than `n_blocks` of 512 bytes, as if the disk were full then.
fn full_after(n_blocks: u32) -> String {
    format!("trap '' XFSZ && ulimit -f {n_blocks}")
}

#[test]
fn a_full_disk_costs_the_cache_and_nothing_else() {
    const TEST: &str = "cache_writing::a_full_disk_costs_the_cache_and_nothing_else";
    if let Some(folder) = child::task() {
        for number in [1, 2, 1] {
            child::say(&answer(Path::new(&folder), number).to_string());
        }
        return;
    }
    let folder = Folder::new("full");
    let path = folder.0.to_string_lossy();
    for n_blocks in [1, 2, 8] {
        assert_eq!(child::run(TEST, &path, &full_after(n_blocks)), ["1", "2", "1"]);
        assert_eq!(folder.names(), [""; 0], "with {n_blocks} blocks, no half files");
    }
    assert_eq!(child::run(TEST, &path, "true"), ["1", "2", "1"]);
    assert_eq!(folder.names().len(), 2, "with room, both are stored");
}

#[test]
fn a_disk_with_no_room_for_a_key_is_named() {
    const TEST: &str = "cache_writing::a_disk_with_no_room_for_a_key_is_named";
    if let Some(folder) = child::task() {
        let guest = manifest(&answering(1, "no key"));
        let err = PluginBuilder::new(&guest).with_cache(&folder).compile().unwrap_err();
        let Ok(LoadError::Cache(err)) = err.downcast() else { panic!("it is the cache's") };
        assert!(matches!(err, CacheError::Key { .. }), "{err:?}");
        // Without a cache there is no need of a disk.
        PluginBuilder::new(&guest).with_cache_disabled().compile().unwrap();
        return;
    }
    let folder = Folder::new("no-key");
    let path = folder.0.to_string_lossy();
    child::run(TEST, &path, &full_after(0));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0, "no half key");
    assert_eq!(folder.answer(1), 1);
}

/// Each process is killed at another of its steps, while it goes on.
#[test]
fn a_host_that_is_killed_while_it_writes_leaves_nothing_for_ever() {
    const TEST: &str =
        "cache_writing::a_host_that_is_killed_while_it_writes_leaves_nothing_for_ever";
    const LAST: &str = "cache_writing::a_start_tidies_up";
    const N_KILLED: usize = 12;
    if let Some(task) = child::task() {
        let (first, folder) = task.split_once(' ').unwrap();
        for number in first.parse().unwrap().. {
            child::say("next");
            answer(Path::new(folder), number);
        }
    }
    let folder = Folder::new("killed");
    for n_killed in 0..N_KILLED {
        let task = format!("{} {}", n_killed * 1_000, folder.0.display());
        let mut host = child::start(TEST, &task);
        let output = BufReader::new(host.stdout.take().unwrap());
        let lines = output.lines().map_while(Result::ok);
        // It has begun to load a guest, and may be anywhere in that when it is killed.
        let said = lines.filter(|line| child::said(line).is_some()).nth(n_killed % 4);
        assert!(said.is_some(), "the host got so far");
        host.kill().unwrap();
        host.wait().unwrap();
        // Whatever it left, the next host starts, and has the right answers.
        for number in [n_killed * 1_000, n_killed * 1_000 + 1] {
            assert_eq!(folder.answer(u32::try_from(number).unwrap()).try_into(), Ok(number));
        }
    }
    // That none was killed in the middle of a file proves nothing; so there is one for certain.
    let unfinished = folder.0.join("killed.unfinished");
    replace(&unfinished, b"half a mod");
    let modules: Vec<_> =
        folder.names().into_iter().filter(|name| name.ends_with(".module")).collect();
    for path in folder.unfinished() {
        date(&path, SystemTime::now() - Duration::from_hours(2));
    }
    // A start that stores nothing.
    assert_eq!(child::run(LAST, &folder.0.to_string_lossy(), "true"), ["0"]);
    assert_eq!(folder.names(), modules);
}

#[test]
fn a_start_tidies_up() {
    if let Some(folder) = child::task() {
        child::say(&answer(Path::new(&folder), 0).to_string());
        return;
    }
    let folder = Folder::new("tidy");
    assert_eq!(folder.answer(0), 0);
    let [old, young] = ["old", "young"].map(|name| folder.0.join(format!("{name}.unfinished")));
    for path in [&old, &young] {
        replace(path, b"half");
    }
    date(&old, SystemTime::now() - Duration::from_hours(2));
    let said = child::run("cache_writing::a_start_tidies_up", &folder.0.to_string_lossy(), "true");
    assert_eq!(said, ["0"]);
    assert_eq!(folder.unfinished(), [young], "whoever writes this may be at it still");
}

/// Others remove, damage and put back what is being looked at.
#[test]
fn files_that_change_between_check_and_use_change_no_answer() {
    const N_LOADS: u32 = 40;
    let folder = Folder::new("changing");
    for number in 0..3 {
        folder.answer(number);
    }
    let files: Vec<_> = folder
        .names()
        .iter()
        .map(|name| (folder.0.join(name), fs::read(folder.0.join(name)).unwrap()))
        .collect();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0;
            while !is_over.load(Ordering::Relaxed) {
                for (idx, (path, good)) in files.iter().enumerate() {
                    let other = &files[(idx + 1) % files.len()].1;
                    let staged = folder.0.join("staged");
                    match (round + idx) % 4 {
                        0 => drop(fs::remove_file(path)),
                        1 => replace(&staged, &good[..good.len() / 2]),
                        2 => replace(&staged, good),
                        _ => replace(&staged, other),
                    }
                    // In one step, as whoever copies folders about does.
                    let _ = fs::rename(&staged, path);
                }
                round += 1;
            }
        });
        let loaders: Vec<_> = (0..3)
            .map(|number| {
                let folder = &folder;
                scope.spawn(move || {
                    for _ in 0..N_LOADS {
                        assert_eq!(folder.answer(number).try_into(), Ok(number));
                    }
                })
            })
            .collect();
        let loaded: Vec<_> = loaders.into_iter().map(thread::ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(loaded.iter().all(Result::is_ok));
    });
}
