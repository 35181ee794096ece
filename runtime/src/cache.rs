//! A folder of compiled modules, so that the next process need not compile what this one did.
//!
//! A module's file is named for its bytes and for the engine that compiled it, and sealed with a key
//! that lies beside it: what is loaded is what was stored, whatever became of the file since. The
//! folder must be one that only this process's user can write to, because whoever knows the key can
//! have this process run anything.
//!
//! A file that is missing, cut off, changed, or of another engine counts as none; the module is then
//! compiled, and stored again. Files are written under another name first, so none is ever half there,
//! and never again, so what is mapped into memory stays what it was when its seal was checked.
//!
//! ```text
//! code                as the engine serialises it; first, so that the file can be mapped
//! notes               of a fused module, or nothing
//! length of the notes 8 bytes, little-endian
//! seal                32 bytes
//! ```
//!
//! All of a file is hashed when a process loads it first, although whoever can write to the folder can
//! read the key, too: what the seal finds are the accidents. Files are not flushed to the disk, so after
//! a power failure one may hold anything; folders are copied from machine to machine, and disks fail. A
//! date and a length would tell of none of these. After that, as long as the file does not change, its
//! date and its length do (`known_files`).

mod choice;
mod contents;
mod folder;

use std::path::Path;

use wasmtime::{Engine, Module};

pub(crate) use self::choice::CacheChoice;
use self::folder::Folder;
pub use self::{
    choice::ConfigError,
    contents::{CacheCleared, CacheFolder, CacheSetting, CachedModule},
    folder::CacheError,
};
use crate::{compile::SharedCode, engine::SharedEngine, fuse::FusedNotes, precompiled::Seal};

/// How many bytes of modules are kept unless the host says otherwise: 1 GiB.
const BYTES_LIMIT: u64 = 1 << 30;

/// A cache in use.
pub(crate) struct Cache {
    folder: Folder,
    seal: Seal,
    bytes_limit: u64,
}

impl Cache {
    /// Opens the cache in a folder, which is made if it does not exist.
    ///
    /// # Errors
    ///
    /// A [`CacheError`].
    pub(crate) fn open(path: &Path, bytes_limit: Option<u64>) -> Result<Self, CacheError> {
        let folder = Folder::open(path)?;
        let seal = Seal::new(folder.key()?);
        folder.tidy_up();
        Ok(Self { folder, seal, bytes_limit: bytes_limit.unwrap_or(BYTES_LIMIT) })
    }

    /// Returns what is stored under `name`, or else compiles and stores it: the module, and the notes of
    /// one that is fused.
    ///
    /// # Errors
    ///
    /// If it does not compile.
    pub(crate) fn module(
        &self,
        engine: &Engine,
        name: &str,
        compile: impl FnOnce() -> wasmtime::Result<(Module, Option<FusedNotes>)>,
    ) -> wasmtime::Result<(Module, Option<FusedNotes>)> {
        if let Some(found) = self.load(engine, name) {
            return Ok(found);
        }
        let (module, fused) = compile()?;
        self.store(&module, fused.as_ref(), name);
        Ok((module, fused))
    }

    /// Notes that what is compiled already was used, and stores it if it is not there.
    pub(crate) fn keep(&self, name: &str, code: &SharedCode) {
        if !self.folder.note_use(name) {
            self.store(&code.module, code.fused.as_deref(), name);
        }
    }

    /// Returns what is stored under `name`.
    pub(crate) fn load(&self, engine: &Engine, name: &str) -> Option<(Module, Option<FusedNotes>)> {
        let file = self.folder.open_module(name)?;
        let Some(mut code) = self.seal.open_file(name, file).ok()? else {
            tracing::warn!("a cached module is damaged and is compiled anew");
            return None;
        };
        let notes_len = code.split_off(size_of::<u64>()).ok()?;
        let notes_len = u64::from_le_bytes(notes_len.try_into().ok()?);
        let fused = match code.split_off(usize::try_from(notes_len).ok()?).ok()?.as_slice() {
            [] => None,
            notes => Some(FusedNotes::from_bytes(notes)?),
        };
        Some((code.load(engine).ok()?, fused))
    }

    /// Stores a module; that it cannot be stored is no failure.
    fn store(&self, module: &Module, fused: Option<&FusedNotes>, name: &str) {
        let notes = fused.map(FusedNotes::to_bytes).unwrap_or_default();
        let written = module.serialize().map_err(std::io::Error::other).and_then(|mut bytes| {
            bytes.extend_from_slice(&notes);
            bytes.extend_from_slice(&(notes.len() as u64).to_le_bytes());
            self.seal.close(name, &mut bytes);
            self.folder.write(name, &bytes)?;
            self.folder.shrink_to(self.bytes_limit)
        });
        if let Err(err) = written {
            tracing::warn!("a compiled module cannot be cached: {err}");
        }
    }
}

/// Names the file of the module whose bytes have this hash, as compiled by an engine in a form.
pub(crate) fn name(engine: &SharedEngine, form: &str, hash: &[u8; blake3::OUT_LEN]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(engine.fingerprint()).update(hash).update(form.as_bytes());
    hasher.finalize().to_hex().to_string()
}
