//! Where measures find what they need: the compiled plug-ins, the peer, and a folder to write to.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, Result};
use plugsmith::{CompiledPlugin, PluginBuilder};
use serde_json::json;

use crate::{
    host_functions,
    peer::{self, Peer},
};

/// What the plug-ins on a PDK find in their configuration, and keep as a variable.
pub(crate) const VALUE: &str = "a value of 24 bytes here";

/// Far more than any call takes.
const TIMEOUT_MS: u64 = 60_000;

/// What all measures share.
pub(crate) struct Setting {
    /// The folder that `cargo xtask guests` fills.
    guests: PathBuf,
    /// The library to compare with, or why there is none.
    pub(crate) peer: Result<Peer, String>,
    pub(crate) scratch: Scratch,
}

/// A plug-in, and what it is granted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guest {
    pub(crate) file: &'static str,
    pub(crate) wasi: bool,
    /// Whether nothing ends its code, on Plugsmith: the peer has no such choice.
    pub(crate) uninterrupted: bool,
}

impl Guest {
    pub(crate) const fn new(file: &'static str) -> Self {
        Self { file, wasi: false, uninterrupted: false }
    }

    pub(crate) const fn with_wasi(self) -> Self {
        Self { wasi: true, ..self }
    }

    /// Trusts its code to end.
    pub(crate) const fn uninterrupted(self) -> Self {
        Self { uninterrupted: true, ..self }
    }
}

/// On Extism's own PDK, as it is published.
pub(crate) const PUBLISHED: Guest = Guest::new("published_measured");
/// The same source on our PDK.
pub(crate) const MOVED: Guest = Guest::new("moved_measured");

impl Setting {
    /// # Errors
    ///
    /// If the folder to write to cannot be made.
    pub(crate) fn new(guests: PathBuf, peer: Result<Peer, String>) -> Result<Self> {
        Ok(Self { guests, peer, scratch: Scratch::new()? })
    }

    /// Says whether a plug-in was built.
    pub(crate) fn has(&self, guest: Guest) -> bool {
        self.path(guest).is_file()
    }

    /// The bytes of a plug-in.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(crate) fn wasm(&self, guest: Guest) -> Result<Vec<u8>> {
        let path = self.path(guest);
        fs::read(&path).with_context(|| format!("reading `{}`", path.display()))
    }

    /// What every side is given, word for word: a manifest with a timeout.
    pub(crate) fn manifest(&self, guest: Guest) -> Vec<u8> {
        let manifest = json!({
            "wasm": [{ "path": self.path(guest) }],
            "config": { "measured": VALUE },
            "timeout_ms": TIMEOUT_MS,
        });
        manifest.to_string().into_bytes()
    }

    /// Compiles a plug-in on Plugsmith.
    ///
    /// # Errors
    ///
    /// If it cannot be loaded.
    pub(crate) fn compile(&self, guest: Guest) -> Result<CompiledPlugin> {
        builder(&self.manifest(guest), guest.wasi)
            .with_interruption(!guest.uninterrupted)
            .with_cache_disabled()
            .compile()
    }

    /// Compiles a plug-in on the peer.
    ///
    /// # Errors
    ///
    /// If it cannot be loaded.
    pub(crate) fn compile_peer(&self, peer: Peer, guest: Guest) -> Result<peer::Compiled> {
        Peer::use_cache(None);
        peer.compile(&self.manifest(guest), guest.wasi)
    }

    /// The file of a plug-in.
    pub(crate) fn path(&self, guest: Guest) -> PathBuf {
        self.guests.join(format!("{}.wasm", guest.file))
    }
}

/// Starts loading on Plugsmith, with the functions that plug-ins import.
pub(crate) fn builder(plugin: &[u8], wasi: bool) -> PluginBuilder<'_> {
    PluginBuilder::new(plugin).with_functions(host_functions::ours()).with_wasi(wasi)
}

/// A folder of this run's own, removed with the value.
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// # Errors
    ///
    /// If it cannot be made.
    pub(crate) fn new() -> Result<Self> {
        static N_FOLDERS: AtomicU32 = AtomicU32::new(0);
        let idx = N_FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("plugsmith-bench-{}-{idx}", process::id()));
        make_private(&path).with_context(|| format!("creating `{}`", path.display()))?;
        Ok(Self { path })
    }

    /// The path of something in the folder.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(err) = fs::remove_dir_all(&self.path) {
            eprintln!("removing `{}`: {err}", self.path.display());
        }
    }
}

/// Makes a folder that nobody else can write to: compiled code will lie in it.
fn make_private(path: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_has_a_timeout_and_one_module() {
        let setting = Setting::new(PathBuf::from("guests"), Err("none".to_owned())).unwrap();
        let manifest: serde_json::Value =
            serde_json::from_slice(&setting.manifest(Guest::new("echo"))).unwrap();
        assert_eq!(manifest["timeout_ms"], TIMEOUT_MS);
        assert_eq!(manifest["wasm"].as_array().map(Vec::len), Some(1));
        assert!(!setting.has(Guest::new("echo")));
    }

    #[test]
    fn the_scratch_folder_lives_as_long_as_the_setting() {
        let setting = Setting::new(PathBuf::new(), Err(String::new())).unwrap();
        let path = setting.scratch.join("");
        assert!(path.is_dir());
        drop(setting);
        assert!(!path.exists());
    }
}
