//! New versions in the place of old ones: which calls run which, and what is kept.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
    time::Duration,
};

use plugsmith::{
    CallError, CompiledPlugin, Error, OwnVars, Plugin, PluginBuilder, PluginFunction, Pool,
    PoolBuilder, SharedVars,
};

use crate::guest::{call, call_error, manifest, speaking};

const NOW: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_mins(10);

/// A module that says `text`, and keeps its input as the variable `kept`.
fn keeping(text: &str) -> String {
    let exports = r#"
        (func (export "keep")
            (local $key i64)
            (local.set $key (call $alloc (i64.const 1)))
            (call $store (local.get $key) (i32.const 107))
            (call $var_set (local.get $key) (call $text)))"#;
    let wat = speaking(text, exports);
    wat.replacen(
        "(module",
        r#"(module (import "extism:host/env" "var_set" (func $var_set (param i64 i64)))"#,
        1,
    )
}

fn compile(text: &str) -> CompiledPlugin {
    PluginBuilder::new(manifest(&keeping(text))).compile().unwrap()
}

#[test]
fn a_plugin_that_is_replaced_keeps_its_variables_or_not() {
    for (vars, expected) in [(OwnVars::Keep, Some(b"old".as_slice())), (OwnVars::Discard, None)] {
        // Whether the variables are with an instance or without one.
        for is_live in [true, false] {
            let mut plugin = Plugin::new_from_compiled(&compile("old")).unwrap();
            if is_live {
                call(&mut plugin, "keep").unwrap();
            } else {
                plugin.vars_mut().insert("k".into(), b"old".into());
            }
            let id = plugin.id;
            plugin.replace(&compile("new"), vars);
            assert_eq!(plugin.vars().get("k").map(Vec::as_slice), expected, "{vars:?}");
            assert_eq!(call(&mut plugin, "say").unwrap(), "new");
            assert_eq!(plugin.vars().get("k").map(Vec::as_slice), expected, "{vars:?}");
            assert_eq!(plugin.id, id);
        }
    }
}

#[test]
fn a_name_calls_its_own_export_whatever_was_called_before_or_replaced() {
    let returning = |exports: &[(&str, i32)]| {
        let exports = exports.iter().map(|(name, status)| {
            format!(r#"(func (export "{name}") (result i32) i32.const {status})"#)
        });
        let wat = format!("(module {})", exports.collect::<String>());
        PluginBuilder::new(manifest(&wat)).compile().unwrap()
    };
    let check = |plugin: &mut Plugin, rows: &[(&str, i32)]| {
        for (name, expected) in rows {
            let (err, status) = plugin.call_get_error_code::<_, ()>(name, ()).unwrap_err();
            assert_eq!(status, *expected, "{name}: {err}");
        }
    };
    let mut plugin =
        Plugin::new_from_compiled(&returning(&[("a", 1), ("ab", 2), ("b", 3)])).unwrap();
    let missing = call_error(&mut plugin, "c");
    assert!(matches!(&missing, CallError::NoExport { name, .. } if name == "c"), "{missing}");
    check(&mut plugin, &[("b", 3), ("b", 3), ("a", 1), ("ab", 2), ("a", 1), ("b", 3)]);
    let missing = call_error(&mut plugin, "c");
    assert!(matches!(missing, CallError::NoExport { .. }), "{missing}");
    check(&mut plugin, &[("b", 3)]);
    plugin.replace(&returning(&[("b", 4), ("a", 5)]), OwnVars::Discard);
    check(&mut plugin, &[("b", 4), ("a", 5), ("b", 4)]);
    // Fewer exports than the last one's place.
    check(&mut plugin, &[("a", 5)]);
    plugin.replace(&returning(&[("a", 6)]), OwnVars::Discard);
    check(&mut plugin, &[("a", 6)]);
}

#[test]
fn a_plugin_that_is_replaced_starts_anew() {
    let compiled = compile("same");
    let mut plugin = Plugin::new_from_compiled(&compiled).unwrap();
    assert_eq!(call(&mut plugin, "count").unwrap(), "1");
    assert_eq!(call(&mut plugin, "count").unwrap(), "2");
    plugin.replace(&compiled, OwnVars::Keep);
    assert_eq!(call(&mut plugin, "count").unwrap(), "1");
}

#[test]
fn a_handle_cancels_a_plugin_that_was_replaced() {
    let mut plugin = Plugin::new_from_compiled(&compile("old")).unwrap();
    let handle = plugin.cancel_handle();
    plugin.replace(&compile("new"), OwnVars::Keep);
    handle.cancel().unwrap();
    assert!(matches!(call(&mut plugin, "say").unwrap_err(), CallError::Cancelled));
    assert_eq!(call(&mut plugin, "say").unwrap(), "new");
}

#[test]
fn what_is_told_of_a_call_does_not_outlive_what_was_called() {
    let measured = |text: &str| {
        let builder = PluginBuilder::new(manifest(&keeping(text)));
        builder.with_call_reports(true).with_fuel_limit(1_000_000).compile().unwrap()
    };
    let mut plugin = Plugin::new_from_compiled(&measured("old")).unwrap();
    call(&mut plugin, "say").unwrap();
    assert!(plugin.last_call().is_some() && plugin.fuel_consumed().is_some());
    plugin.replace(&measured("new"), OwnVars::Keep);
    assert!(plugin.last_call().is_none() && plugin.fuel_consumed().is_none());
}

#[test]
fn a_function_belongs_to_the_version_it_was_looked_up_in() {
    let (old, new) = (compile("old"), compile("new"));
    let say: PluginFunction<(), String> = old.function("say").unwrap();
    let mut plugin = Plugin::new_from_compiled(&old).unwrap();
    assert_eq!(say.call(&mut plugin, ()).unwrap(), "old");
    plugin.replace(&new, OwnVars::Keep);
    let err = say.call(&mut plugin, ()).unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(CallError::OtherPlugin { .. })), "{err}");
    let say: PluginFunction<(), String> = new.function("say").unwrap();
    assert_eq!(say.call(&mut plugin, ()).unwrap(), "new");
}

#[test]
fn who_has_a_plugin_keeps_it_and_who_asks_gets_a_new_one() {
    let (old, new) = (compile("old"), compile("new"));
    let pool =
        PoolBuilder::new().with_max_instances(2).build(move || Plugin::new_from_compiled(&old));
    let mut held = pool.get(NOW).unwrap().unwrap();
    drop(pool.get(NOW).unwrap().unwrap());
    assert_eq!(pool.count(), 2);
    pool.replace(move || Plugin::new_from_compiled(&new));
    assert_eq!(pool.count(), 1);
    let mut fresh = pool.get(NOW).unwrap().unwrap();
    assert_eq!(call(&mut held, "say").unwrap(), "old");
    assert_eq!(call(&mut fresh, "say").unwrap(), "new");
    // The old ones count as long as they are there.
    assert!(pool.get(NOW).unwrap().is_none());
    drop(held);
    assert_eq!(pool.count(), 1);
    assert_eq!(call(&mut pool.get(NOW).unwrap().unwrap(), "say").unwrap(), "new");
}

#[test]
fn a_new_source_that_fails_is_replaced_like_any_other() {
    let (old, new) = (compile("old"), compile("new"));
    let pool = Pool::new(move || Plugin::new_from_compiled(&old));
    drop(pool.get(NOW).unwrap().unwrap());
    pool.replace(|| Err(Error::msg("not yet")));
    assert_eq!(pool.get(NOW).unwrap_err().to_string(), "not yet");
    assert_eq!(pool.count(), 0);
    pool.replace(move || Plugin::new_from_compiled(&new));
    assert_eq!(call(&mut pool.get(NOW).unwrap().unwrap(), "say").unwrap(), "new");
}

#[test]
fn shared_variables_outlive_the_plugins_of_a_pool() {
    let vars = SharedVars::new();
    let source = |text: &str| {
        let builder = PluginBuilder::new(manifest(&keeping(text))).with_shared_vars(vars.clone());
        let compiled = builder.compile().unwrap();
        move || Plugin::new_from_compiled(&compiled)
    };
    let pool = Pool::new(source("old"));
    call(&mut pool.get(NOW).unwrap().unwrap(), "keep").unwrap();
    pool.replace(source("new"));
    assert_eq!(call(&mut pool.get(NOW).unwrap().unwrap(), "say").unwrap(), "new");
    assert_eq!(vars.get("k").as_deref(), Some(b"old".as_slice()));
}

/// The number that a plug-in's source gave it.
fn version_of(plugin: &Plugin) -> u32 {
    u32::from_le_bytes(plugin.vars()["version"].as_slice().try_into().unwrap())
}

/// Replacements come as fast as they can, while threads call. None of their calls fails, each runs on one
/// version from start to end, and that is no older than what was there when it asked.
#[test]
fn a_storm_of_replacements_loses_no_call_and_mixes_no_versions() {
    const N_VERSIONS: u32 = 500;
    let texts = ["even", "odd"];
    let compiled = texts.map(compile);
    let source = |version: u32| {
        let compiled = compiled[version as usize % 2].clone();
        move || {
            let mut plugin = Plugin::new_from_compiled(&compiled)?;
            plugin.vars_mut().insert("version".into(), version.to_le_bytes().into());
            Ok(plugin)
        }
    };
    for n_instances in [1, 2, 4] {
        let pool = PoolBuilder::new().with_max_instances(n_instances).build(source(0));
        let (oldest, newest) = (AtomicU32::new(0), AtomicU32::new(0));
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut last = 0;
                    while !is_over.load(Ordering::SeqCst) {
                        let expected = oldest.load(Ordering::SeqCst).max(last);
                        let mut plugin = pool.get(LONG).unwrap().unwrap();
                        last = version_of(&plugin);
                        for _ in 0..2 {
                            let said = call(&mut plugin, "say").unwrap();
                            assert_eq!(said, texts[last as usize % 2]);
                        }
                        assert_eq!(version_of(&plugin), last);
                        let possible = expected..=newest.load(Ordering::SeqCst);
                        assert!(possible.contains(&last), "{last} of {possible:?}");
                    }
                });
            }
            for version in 1..=N_VERSIONS {
                newest.store(version, Ordering::SeqCst);
                pool.replace(source(version));
                oldest.store(version, Ordering::SeqCst);
                thread::yield_now();
            }
            is_over.store(true, Ordering::SeqCst);
        });
        assert_eq!(version_of(&pool.get(NOW).unwrap().unwrap()), N_VERSIONS);
        assert!(pool.count() <= n_instances);
    }
}
