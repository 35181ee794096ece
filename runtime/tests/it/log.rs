//! What plug-ins log, and who gets it.

use std::sync::{Arc, Mutex};

use plugsmith::{CallError, LogLevel, LogRecord, LogSource, Plugin, PluginBuilder};

use crate::guest::{call, call_error, manifest};

/// Logs `hi` at each level, and tells the level that it is asked to log at.
const LOGGING: &str = r#"(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store (param i64 i32)))
    (import "extism:host/env" "get_log_level" (func $level (result i32)))
    (import "extism:host/env" "log_trace" (func $trace (param i64)))
    (import "extism:host/env" "log_debug" (func $debug (param i64)))
    (import "extism:host/env" "log_info" (func $info (param i64)))
    (import "extism:host/env" "log_warn" (func $warn (param i64)))
    (import "extism:host/env" "log_error" (func $error (param i64)))
    (func $word (result i64)
        (local $block i64)
        (local.set $block (call $alloc (i64.const 2)))
        (call $store (local.get $block) (i32.const 104))
        (call $store (i64.add (local.get $block) (i64.const 1)) (i32.const 105))
        (local.get $block))
    (func (export "log")
        (call $trace (call $word))
        (call $debug (call $word))
        (call $info (call $word))
        (call $warn (call $word))
        (call $error (call $word)))
    (func (export "bytes")
        (local $block i64)
        (local.set $block (call $alloc (i64.const 3)))
        (call $store (local.get $block) (i32.const 104))
        (call $store (i64.add (local.get $block) (i64.const 1)) (i32.const 255))
        (call $store (i64.add (local.get $block) (i64.const 2)) (i32.const 105))
        (call $error (local.get $block)))
    (func (export "level") (result i32) (call $level)))"#;

/// Notes what plug-ins log.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn sink(&self) -> impl Fn(&LogRecord<'_>) + Send + Sync + 'static {
        let notes = self.clone();
        move |record| {
            let LogRecord { name, level, source, message, .. } = record;
            let source = if *source == LogSource::Guest { "guest" } else { "stream" };
            let line = format!("{} {level} {source} {message}", name.unwrap_or("-"));
            notes.0.lock().unwrap().push(line);
        }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn logging() -> PluginBuilder<'static> {
    PluginBuilder::new(manifest(LOGGING))
}

fn level(plugin: &mut Plugin) -> i32 {
    match plugin.call_get_error_code::<_, ()>("level", ()) {
        Ok(()) => 0,
        Err((_, level)) => level,
    }
}

#[test]
fn each_plug_in_has_a_sink_a_level_and_a_name_of_its_own() {
    let (first, second) = (Notes::default(), Notes::default());
    let mut a = logging().with_log_sink(first.sink()).with_name("a").build().unwrap();
    let mut b =
        logging().with_log_sink(second.sink()).with_log_level(LogLevel::Warn).build().unwrap();
    call(&mut a, "log").unwrap();
    call(&mut b, "log").unwrap();
    let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];
    assert_eq!(first.take(), levels.map(|level| format!("a {level} guest hi")));
    assert_eq!(second.take(), ["- WARN guest hi", "- ERROR guest hi"]);
}

#[test]
fn a_guest_is_told_its_own_level() {
    let sink = |_: &LogRecord<'_>| {};
    for (wanted, number) in [
        (Some(LogLevel::Trace), 0),
        (Some(LogLevel::Debug), 1),
        (Some(LogLevel::Info), 2),
        (Some(LogLevel::Warn), 3),
        (Some(LogLevel::Error), 4),
        (None, i32::MAX),
    ] {
        let mut plugin = logging().with_log_sink(sink).with_log_level(wanted).build().unwrap();
        assert_eq!(level(&mut plugin), number);
    }
    // Neither a sink nor a subscriber: nobody listens.
    assert_eq!(level(&mut logging().build().unwrap()), i32::MAX);
}

#[test]
fn a_message_that_is_no_text_is_logged_as_far_as_it_is() {
    let notes = Notes::default();
    let mut plugin = logging().with_log_sink(notes.sink()).build().unwrap();
    call(&mut plugin, "bytes").unwrap();
    assert_eq!(notes.take(), ["- ERROR guest h\u{fffd}i"]);
}

#[test]
fn a_sink_that_panics_fails_the_call_and_no_other() {
    let notes = Notes::default();
    let sink = notes.sink();
    let mut plugin = logging()
        .with_log_sink(move |record| {
            assert!(record.level != LogLevel::Info, "sink is unhappy");
            sink(record);
        })
        .build()
        .unwrap();
    assert!(matches!(call_error(&mut plugin, "log"), CallError::Host { .. }));
    assert_eq!(notes.take(), ["- TRACE guest hi", "- DEBUG guest hi"]);
    assert_eq!(level(&mut plugin), 0);
}
