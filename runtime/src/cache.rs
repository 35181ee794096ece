//! A folder of compiled modules, so that the next process need not compile what this one did.
//!
//! A module's file is named for its bytes and for the engine that compiled it, and sealed with a key
//! that lies beside it: what is loaded is what was stored, whatever became of the file since. The
//! folder must be one that only this process's user can write to, because whoever knows the key can
//! have this process run anything.
//!
//! A file that is missing, cut off, changed, or of another engine counts as none; the module is then
//! compiled, and stored again. Files are written under another name first, so none is ever half there.

mod choice;
mod folder;

use std::{hash::Hash, path::Path};

use wasmtime::{Engine, Module};

pub(crate) use self::choice::CacheChoice;
use self::folder::Folder;
pub use self::{choice::ConfigError, folder::CacheError};
use crate::{compile::SharedCode, fuse::FusedNotes, kernel::KERNEL_WASM, precompiled::Seal};

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
        Ok(Self { folder, seal, bytes_limit: bytes_limit.unwrap_or(BYTES_LIMIT) })
    }

    /// Returns what is stored for `wasm` in a form, or else compiles and stores it: the module, and the
    /// notes of one that is fused.
    ///
    /// # Errors
    ///
    /// If it does not compile.
    pub(crate) fn module(
        &self,
        engine: &Engine,
        form: &str,
        wasm: &[u8],
        compile: impl FnOnce() -> wasmtime::Result<(Module, Option<FusedNotes>)>,
    ) -> wasmtime::Result<(Module, Option<FusedNotes>)> {
        let name = name(engine, form, wasm);
        if let Some(found) = self.load(engine, &name) {
            return Ok(found);
        }
        let (module, fused) = compile()?;
        self.store(&module, fused.as_ref(), &name);
        Ok((module, fused))
    }

    /// Stores what is compiled already, unless it is there.
    pub(crate) fn keep(&self, engine: &Engine, form: &str, wasm: &[u8], code: &SharedCode) {
        let name = name(engine, form, wasm);
        if !self.folder.contains(&name) {
            self.store(&code.module, code.fused.as_deref(), &name);
        }
    }

    fn load(&self, engine: &Engine, name: &str) -> Option<(Module, Option<FusedNotes>)> {
        let sealed = self.folder.read(name)?;
        let Some(code) = self.seal.open(name, &sealed) else {
            tracing::warn!("a cached module is damaged and is compiled anew");
            return None;
        };
        // The code, the notes, and how long these are.
        let (rest, notes_len) = code.bytes().split_last_chunk()?;
        let notes_len = usize::try_from(u64::from_le_bytes(*notes_len)).ok()?;
        let (module, notes) = rest.split_at_checked(rest.len().checked_sub(notes_len)?)?;
        let fused = match notes {
            [] => None,
            notes => Some(FusedNotes::from_bytes(notes)?),
        };
        let module = code.start(module.len())?.load(engine).ok()?;
        Some((module, fused))
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

/// Names the file of a module as compiled by an engine in a form.
fn name(engine: &Engine, form: &str, wasm: &[u8]) -> String {
    let mut hasher = Blake3(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    form.hash(&mut hasher);
    KERNEL_WASM.hash(&mut hasher);
    hasher.0.update(wasm);
    hasher.0.finalize().to_hex().to_string()
}

/// Lets an engine describe itself to BLAKE3.
struct Blake3(blake3::Hasher);

impl std::hash::Hasher for Blake3 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let hash = self.0.finalize();
        u64::from_le_bytes(
            *hash.as_bytes().first_chunk().expect("a hash has more bytes than eight"),
        )
    }
}
