//! No more memory: what the system refuses is an error, and what was there before goes on. Limits of the
//! host's own are tested in `tests/it/memory.rs` and `tests/it/kernel.rs`.
//!
//! No call has a limit of time here: a thread that starts where there is next to no memory ends the
//! process, by the standard library's doing, and the ticker would be one.

use std::fs;

use plugsmith::{CallError, LoadError, Plugin, PluginBuilder};
use rustix::{
    param::page_size,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

use crate::{
    child,
    guest::{check_echo, echoing, manifest, untimed},
};

/// Lets this process have `n_bytes` more of addresses than it has, or as many as it likes.
pub(crate) fn limit_addresses(n_bytes: Option<u64>) {
    let used = || {
        let pages = fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
        pages * page_size() as u64
    };
    let current = n_bytes.map(|n_bytes| used() + n_bytes);
    setrlimit(Resource::As, Rlimit { current, maximum: getrlimit(Resource::As).maximum }).unwrap();
}

/// Whatever a process may have from its start, it serves a call or says what there was no memory for.
#[test]
fn a_process_with_little_memory_serves_or_says_why_not() {
    const TEST: &str = "memory::a_process_with_little_memory_serves_or_says_why_not";
    if child::task().is_some() {
        let loaded = untimed(PluginBuilder::new(manifest(&echoing("", "(memory 1)")))).build();
        let called = loaded.and_then(|mut plugin| plugin.call::<_, String>("echo", "served"));
        match called {
            Ok(said) => child::say(&said),
            Err(err) if err.is::<CallError>() || err.is::<LoadError>() => child::say("refused"),
            Err(err) => panic!("{err:?}"),
        }
        return;
    }
    // Numbers of KiB: from too little for an instance to enough for a thousand.
    let served = [1_u64 << 20, 3 << 20, 6 << 20, 20 << 20, 60 << 20].map(|limit| {
        let said = child::run(TEST, "serve", &format!("ulimit -v {limit}"));
        let [said] = &said[..] else { panic!("{said:?}") };
        assert!(said == "served" || said == "refused", "{said}");
        said == "served"
    });
    assert!(served.is_sorted() && served[4], "more memory is no worse: {served:?}");
    assert_eq!(child::run(TEST, "serve", "true"), ["served"]);
}

/// More instances than there is memory for: those that are there serve on, and when there is memory
/// again, so do the others.
#[test]
fn instances_that_find_no_memory_are_refused_and_come_back() {
    const TEST: &str = "memory::instances_that_find_no_memory_are_refused_and_come_back";
    /// More than have a place kept ready.
    const N_PLUGINS: usize = 1_040;
    if child::task().is_none() {
        assert_eq!(child::run(TEST, "serve", "true"), ["some refused", "all served"]);
        return;
    }
    let compiled =
        untimed(PluginBuilder::new(manifest(&echoing("", "(memory 1)")))).compile().unwrap();
    let mut plugins: Vec<_> =
        (0..N_PLUGINS).map(|_| Plugin::new_from_compiled(&compiled).unwrap()).collect();
    limit_addresses(Some(64 << 20));
    let mut n_refused = 0;
    for plugin in &mut plugins {
        match plugin.call::<_, String>("echo", "x") {
            Ok(said) => assert_eq!(said, "x"),
            Err(err) => {
                assert!(matches!(err.downcast().unwrap(), CallError::Instantiate { .. }));
                n_refused += 1;
            }
        }
    }
    // Those that were served before are not affected.
    check_echo(&mut plugins[0], "served on");
    child::say(if n_refused > 0 { "some refused" } else { "none refused" });
    limit_addresses(None);
    for plugin in &mut plugins {
        check_echo(plugin, "served");
    }
    child::say("all served");
}
