//! What helps to find mistakes: logs, dumps, options.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use extism::*;

use crate::GUEST;

#[test]
fn lines_of_the_log_are_called_back() {
    let lines = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&lines);
    set_log_callback(move |line| sink.lock().unwrap().push_str(line), "extism=trace").unwrap();
    assert!(set_log_callback(|_| (), "info").is_err());
    Plugin::new(GUEST, [], false).unwrap().call::<&str, ()>("log", "a message").unwrap();
    assert!(lines.lock().unwrap().contains("a message"));
}

#[test]
fn dumps_are_written_when_a_call_fails() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (core, memory) = (folder.join("moved_host.core"), folder.join("moved_host.memory"));
    let options = DebugOptions { debug_info: true, ..DebugOptions::default() };
    let mut plugin = PluginBuilder::new(GUEST)
        .with_debug_options(options)
        .with_coredump(&core)
        .with_memdump(&memory)
        .build()
        .unwrap();
    assert!(plugin.call::<&str, ()>("trap", "what was passed").is_err());
    assert!(fs::read(&core).unwrap().starts_with(b"\0asm"));
    let dump = fs::read(&memory).unwrap();
    assert!(dump.windows(15).any(|bytes| bytes == b"what was passed"));
}

#[test]
fn a_cache_is_configured_by_a_file() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let config = folder.join("moved_host_cache.toml");
    let directory = folder.join("moved_host_cache");
    fs::write(&config, format!("[cache]\ndirectory = {directory:?}\n")).unwrap();
    for _ in 0..2 {
        let mut plugin = PluginBuilder::new(GUEST).with_cache_config(&config).build().unwrap();
        assert_eq!(plugin.call::<&str, &str>("echo", "x").unwrap(), "x");
    }
    assert!(fs::read_dir(&directory).unwrap().next().is_some());
}
