//! From a module's bytes to the first result, with nothing known beforehand, or with a cache on disk.

use std::{cell::Cell, fs, path::PathBuf, time::Instant};

use anyhow::{Context as _, Result, ensure};
use plugsmith::{Plugin, PluginBuilder};
use wasmtime::Strategy;

use super::{Measure, warm::Warm};
use crate::{
    first::{FirstCache, FirstLoad},
    limit,
    peer::Peer,
    setting::{self, Guest, PUBLISHED, Setting},
    subject::{Run, Side, Subjects, check, repeat},
};

pub(super) fn all() -> Vec<Measure> {
    vec![
        Measure::new(
            "load-cached",
            "load of a module once more, where there is a cache, with its first call",
            PUBLISHED,
            |setting| cached(setting, setting.wasm(PUBLISHED)?, true),
        ),
        Measure::new(
            "load-disk",
            "the same from the cache's files, with nothing kept in memory",
            PUBLISHED,
            // Of a module of its own, whose code no other measure has kept.
            |setting| cached(setting, Unseen::new(setting)?.next(), false),
        ),
        Measure::new(
            "load-first",
            "a process's first load, from a cache that another has filled, with its first call",
            PUBLISHED,
            first,
        ),
        Measure::new(
            "load-cold",
            "load of a module that nobody has seen, with its first call; limit: compiling it",
            PUBLISHED,
            cold,
        ),
        Measure::new(
            "load-fast",
            "the same with a fast start, optimised later; limit: compiling it in one go",
            PUBLISHED,
            fast,
        ),
        Measure::new(
            "fuse",
            "the same; limit: without making the kernel part of it",
            PUBLISHED,
            fused,
        ),
        Measure::new(
            "rewrite",
            "rewriting a module, as part of its load; limit: compiling it",
            PUBLISHED,
            |setting| rewriting(setting, PUBLISHED),
        ),
        Measure::new(
            "rewrite-go",
            "rewriting a module of Go's; limit: compiling it",
            GO,
            |setting| rewriting(setting, GO),
        ),
    ]
}

/// A plug-in of several megabytes.
const GO: Guest = Guest::new("go").with_wasi();

/// A module that is another one each time it is asked for, by a section that nobody reads.
struct Unseen {
    wasm: Vec<u8>,
    number: Cell<u64>,
}

impl Unseen {
    fn new(setting: &Setting) -> Result<Self> {
        Ok(Self::of(setting.wasm(PUBLISHED)?))
    }

    fn of(mut wasm: Vec<u8>) -> Self {
        // A custom section of twelve bytes: a name of three, with its length, and a number.
        wasm.extend([0, 12, 3]);
        wasm.extend(b"nth");
        wasm.extend([0; 8]);
        Self { wasm, number: Cell::new(0) }
    }

    /// The module of another number. Its copying is nothing beside its compiling.
    fn next(&self) -> Vec<u8> {
        let mut wasm = self.wasm.clone();
        self.number.set(self.number.get() + 1);
        let start = wasm.len() - size_of::<u64>();
        wasm[start..].copy_from_slice(&self.number.get().to_le_bytes());
        wasm
    }
}

fn cold(setting: &Setting) -> Result<Subjects> {
    let unseen = Unseen::new(setting)?;
    let limit = limit::compile(Strategy::Cranelift, move || unseen.next());
    Ok(Subjects {
        ours: compiling(setting, Form::Fused)?,
        peer: peer_compiling(setting)?,
        limit: limit::side(limit)?,
    })
}

/// What is compiled in the background is waited for between loads, when no clock runs: each load has
/// the machine for itself.
fn fast(setting: &Setting) -> Result<Subjects> {
    let unseen = Unseen::new(setting)?;
    let ours = Box::new(move |n_times| {
        let mut nanoseconds = 0.0;
        for _ in 0..n_times {
            let wasm = unseen.next();
            let builder = setting::builder(&wasm, false).with_cache_disabled();
            let started = Instant::now();
            let compiled = builder.with_fast_start(true).compile()?;
            call(Plugin::new_from_compiled(&compiled)?)?;
            nanoseconds += started.elapsed().as_secs_f64() * 1e9;
            ensure!(compiled.wait_until_optimized(), "Plugsmith has not optimised the plug-in");
        }
        Ok(nanoseconds)
    });
    let unseen = Unseen::new(setting)?;
    let limit = limit::compile(Strategy::Winch, move || unseen.next());
    Ok(Subjects { ours, peer: peer_compiling(setting)?, limit: limit::side(limit)? })
}

fn peer_compiling(setting: &Setting) -> Result<Side> {
    let peer = match &setting.peer {
        Ok(peer) => *peer,
        Err(reason) => return Ok(Side::absent(reason)),
    };
    let unseen = Unseen::new(setting)?;
    Ok(Side::Runs(repeat(move || {
        Peer::use_cache(None);
        theirs(peer, &unseen.next())
    })))
}

fn fused(setting: &Setting) -> Result<Subjects> {
    Ok(Subjects {
        ours: compiling(setting, Form::Fused)?,
        peer: Side::absent("it does nothing like it"),
        limit: Side::Runs(compiling(setting, Form::Linked)?),
    })
}

fn rewriting(setting: &Setting, guest: Guest) -> Result<Subjects> {
    let wasm = setting.wasm(guest)?;
    let unfused = wasm.clone();
    Ok(Subjects {
        ours: repeat(move || {
            let rewritten = plugsmith::__private::rewrite(&wasm);
            ensure!(rewritten.is_some_and(|bytes| bytes.len() > wasm.len()), "nothing was added");
            Ok(())
        }),
        peer: Side::absent("it does nothing like it"),
        limit: limit::side(limit::compile(Strategy::Cranelift, move || unfused.clone()))?,
    })
}

/// How a plug-in comes to its kernel.
#[derive(Clone, Copy)]
enum Form {
    /// It becomes part of the module.
    Fused,
    /// It is a module of its own.
    Linked,
}

fn compiling(setting: &Setting, form: Form) -> Result<Run> {
    let unseen = Unseen::new(setting)?;
    Ok(repeat(move || {
        let wasm = unseen.next();
        let builder = setting::builder(&wasm, false).with_cache_disabled();
        ours(match form {
            Form::Fused => builder,
            Form::Linked => builder.with_linked_kernel(),
        })
    }))
}

/// Loads again and again. Whether Plugsmith keeps code in memory is no matter for the peer, which does
/// not.
fn cached(setting: &Setting, wasm: Vec<u8>, is_kept: bool) -> Result<Subjects> {
    let Caches { folder, peer } = Caches::fill(setting, &wasm)?;
    let run = {
        let wasm = wasm.clone();
        move || ours(setting::builder(&wasm, false).with_cache(&folder).with_kept_code(is_kept))
    };
    let peer = match peer {
        Ok((peer, config)) => Side::Runs(repeat(move || {
            Peer::use_cache(Some(&config));
            theirs(peer, &wasm)
        })),
        Err(reason) => Side::Absent(reason),
    };
    Ok(Subjects { ours: repeat(run), peer, limit: Side::absent(UNASKED) })
}

fn first(setting: &Setting) -> Result<Subjects> {
    let Caches { folder, peer } = Caches::fill(setting, &setting.wasm(PUBLISHED)?)?;
    let in_processes = |cache| {
        let load = FirstLoad { cache, wasm: setting.path(PUBLISHED) };
        let run: Run = Box::new(move |n_times| (0..n_times).map(|_| load.take()).sum());
        run
    };
    let peer = match peer {
        Ok((_, config)) => Side::Runs(in_processes(FirstCache::Peer(config))),
        Err(reason) => Side::Absent(reason),
    };
    let ours = in_processes(FirstCache::Ours(folder));
    Ok(Subjects { ours, peer, limit: Side::absent(UNASKED) })
}

const UNASKED: &str = "what loads compiled code unasked is not safe";

/// Where either side has its cache, with a plug-in in it.
struct Caches {
    /// Plugsmith's.
    folder: PathBuf,
    /// The configuration of the peer's, or why there is no peer.
    peer: Result<(Peer, PathBuf), String>,
}

impl Caches {
    fn fill(setting: &Setting, wasm: &[u8]) -> Result<Self> {
        let folder = setting.scratch.join("ours");
        ours(setting::builder(wasm, false).with_cache(&folder).with_kept_code(false))?;
        let peer = match &setting.peer {
            Ok(peer) => Ok((*peer, fill_theirs(*peer, setting, wasm)?)),
            Err(reason) => Err(reason.clone()),
        };
        Ok(Self { folder, peer })
    }
}

/// Has the peer fill its cache, and returns the file of its configuration.
fn fill_theirs(peer: Peer, setting: &Setting, wasm: &[u8]) -> Result<PathBuf> {
    let (config, folder) = (setting.scratch.join("cache.toml"), setting.scratch.join("theirs"));
    fs::create_dir_all(&folder).with_context(|| format!("creating `{}`", folder.display()))?;
    let text = format!("[cache]\ndirectory = '{}'\n", folder.display());
    fs::write(&config, text).with_context(|| format!("writing `{}`", config.display()))?;
    Peer::use_cache(Some(&config));
    theirs(peer, wasm)?;
    ensure!(fs::read_dir(&folder)?.next().is_some(), "Extism's library has cached nothing");
    Ok(config)
}

fn ours(builder: PluginBuilder<'_>) -> Result<()> {
    call(builder.build()?)
}

fn call(mut plugin: Plugin) -> Result<()> {
    let Warm { input, output, .. } = Warm::echo(PUBLISHED, 64);
    check("Plugsmith", "echo", plugin.call("echo", &input[..])?, &output)
}

fn theirs(peer: Peer, wasm: &[u8]) -> Result<()> {
    let Warm { input, output, .. } = Warm::echo(PUBLISHED, 64);
    let mut plugin = peer.compile(wasm, false)?.instantiate()?;
    check("Extism", "echo", plugin.call(c"echo", &input)?, &output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unseen_module_is_valid_and_another_each_time() {
        let unseen = Unseen::of(wat::parse_str("(module)").unwrap());
        let engine = wasmtime::Engine::default();
        let (first, second) = (unseen.next(), unseen.next());
        assert_ne!(first, second);
        for wasm in [first, second] {
            wasmtime::Module::validate(&engine, &wasm).unwrap();
        }
    }
}
