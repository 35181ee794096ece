//! Plug-ins that are loaded: compiled, or taken from a cache that others damage meanwhile.

use std::fs;

use anyhow::{Result, ensure};
use plugsmith::{LoadError, Plugin, PluginBuilder};

use super::{Worker, as_number, equal};
use crate::world::files;

/// How many modules there are.
const N_MODULES: u64 = 24;

/// Loads one of some modules without a cache.
pub(super) fn load(worker: &mut Worker<'_>) -> Result<()> {
    let number = worker.rng.u64(0..N_MODULES);
    let plugin = PluginBuilder::new(module(number).as_bytes()).with_cache_disabled().build()?;
    gives(worker, plugin, number)
}

/// Loads one of some modules, each of which is in the cache after the first time unless it was damaged.
pub(super) fn load_cached(worker: &mut Worker<'_>) -> Result<()> {
    let number = worker.rng.u64(0..N_MODULES);
    let cache = worker.world.cache();
    let plugin = PluginBuilder::new(module(number).as_bytes()).with_cache(cache).build()?;
    gives(worker, plugin, number)
}

fn gives(worker: &mut Worker<'_>, mut plugin: Plugin, number: u64) -> Result<()> {
    worker.tally.n_calls += 1;
    equal(&as_number(plugin.call("number", "")?)?, &number)
}

/// Loads what is no module, or damages a file of the cache.
pub(super) fn broken(worker: &mut Worker<'_>) -> Result<()> {
    if worker.rng.bool() {
        let mut module = module(0);
        module.truncate(worker.rng.usize(1..module.len()));
        let refused = Plugin::new(module.as_bytes(), [], false);
        let err = refused.err().map(anyhow::Error::downcast::<LoadError>);
        ensure!(matches!(err, Some(Ok(_))), "a broken module was loaded, or: {err:?}");
        return Ok(());
    }
    let mut files = files(&worker.world.cache());
    // A damaged key is an error until somebody takes it away.
    files.retain(|file| !file.ends_with("key"));
    let Some(file) = files.get(worker.rng.usize(0..files.len().max(1))) else { return Ok(()) };
    // Another thread may be faster.
    let Ok(mut bytes) = fs::read(file) else { return Ok(()) };
    let at = worker.rng.usize(0..bytes.len().max(1));
    match worker.rng.u8(0..3) {
        0 => {
            let _ = fs::remove_file(file);
            return Ok(());
        }
        1 => bytes.truncate(at),
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << worker.rng.u8(0..8);
            }
        }
    }
    // In a file of its own: what is in use is mapped, and may not change under whoever uses it.
    let damaged = file.with_extension(worker.rng.u64(..).to_string());
    let replaced = fs::write(&damaged, &bytes)
        .and_then(|()| fs::set_permissions(&damaged, fs::metadata(file)?.permissions()))
        .and_then(|()| fs::rename(&damaged, file));
    if replaced.is_err() {
        let _ = fs::remove_file(&damaged);
    }
    Ok(())
}

/// Returns the text of a module whose export gives a number.
fn module(number: u64) -> String {
    format!(
        r#"(module
            (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
            (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
            (import "extism:host/env" "output_set" (func $output (param i64 i64)))
            (func (export "number") (local $block i64)
                (local.set $block (call $alloc (i64.const 8)))
                (call $store (local.get $block) (i64.const {number}))
                (call $output (local.get $block) (i64.const 8))))"#
    )
}
