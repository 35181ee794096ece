//! What all threads share: compiled plug-ins, a folder for a cache, a server.

use std::{
    env, fs,
    net::SocketAddr,
    panic,
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use anyhow::{Context as _, Result};
use plugsmith::{
    CompiledPlugin, CurrentPlugin, Function, LogLevel, Manifest, Plugin, PluginBuilder, Pool,
    PoolBuilder, Wasm, manifest::MemoryOptions,
};

use crate::server;

const GUEST: &str = include_str!("guest.wat");

/// How long a call may take that is meant to end: more than a crowded machine lets one wait.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a call may take that never ends.
pub(crate) const HASTE: Duration = Duration::from_millis(30);

/// Pages of 64 KiB that the guest's memory may have, and that of the kernel.
const PAGE_LIMIT: u32 = 64;

/// How many bytes of input have room in the kernel's memory, whatever the kernel needs itself.
pub(crate) const INPUT_LIMIT: usize = (PAGE_LIMIT as usize - 1) * 65_536;

/// How many plug-ins a pool has: fewer than threads that want one.
const POOL_LIMIT: usize = 3;

/// What a panic of the soak's own says, which nobody need be shown.
pub(crate) const PANIC: &str = "a panic that the soak injected";

pub(crate) struct World {
    /// For calls that are meant to end.
    pub(crate) patient: CompiledPlugin,
    /// For calls that never do.
    pub(crate) hasty: CompiledPlugin,
    /// The address of a server that answers on this machine.
    pub(crate) server: SocketAddr,
    folder: PathBuf,
}

impl World {
    /// # Errors
    ///
    /// If there is no folder, no port, or the guest does not compile.
    pub(crate) fn new() -> Result<Self> {
        silence_injected_panics();
        let folder = env::temp_dir().join(format!("plugsmith-soak-{}", process::id()));
        fs::create_dir_all(&folder)
            .with_context(|| format!("making the folder `{}`", folder.display()))?;
        let server = server::start()?;
        Ok(Self { patient: compile(PATIENCE)?, hasty: compile(HASTE)?, server, folder })
    }

    /// Makes a pool that has too few plug-ins for all threads.
    pub(crate) fn pool(&self) -> Pool {
        let compiled = self.patient.clone();
        let builder = PoolBuilder::new().with_max_instances(POOL_LIMIT);
        builder.build(move || Plugin::new_from_compiled(&compiled))
    }

    /// Where compiled modules are kept, and now and then damaged.
    pub(crate) fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Should it stay, it is small, and in the system's place for what may go.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn compile(timeout: Duration) -> Result<CompiledPlugin> {
    let memory = MemoryOptions::new()
        .with_max_pages(PAGE_LIMIT)
        .with_max_http_response_bytes(server::ANSWER_LIMIT);
    let manifest = Manifest::new([Wasm::data(GUEST)])
        .with_memory_options(memory)
        .with_allowed_host("127.0.0.1")
        .with_timeout(timeout);
    PluginBuilder::new(manifest)
        .with_functions(functions())
        .with_exchange_page_limit(PAGE_LIMIT)
        .with_cache_disabled()
        .with_log_level(LogLevel::Warn)
        .with_log_sink(|_| ())
        .compile()
}

fn functions() -> [Function; 4] {
    [
        Function::numeric("double", |_: &mut CurrentPlugin<'_>, number: i64| Ok(number * 2)),
        Function::typed("reverse", |_: &mut CurrentPlugin<'_>, text: String| {
            Ok(text.chars().rev().collect::<String>())
        }),
        Function::numeric("fail", |_: &mut CurrentPlugin<'_>| -> Result<(), plugsmith::Error> {
            anyhow::bail!("an error that the soak injected")
        }),
        Function::numeric("panic", |_: &mut CurrentPlugin<'_>| -> Result<(), plugsmith::Error> {
            panic!("{PANIC}")
        }),
    ]
}

fn silence_injected_panics() {
    let show = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some(PANIC) {
            show(info);
        }
    }));
}

/// Returns the files in a folder and in those in it; none if it is not there.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
