//! A compiled plug-in as bytes: its manifest and the code of its modules, for a program that loads it
//! later without compiling.
//!
//! ```text
//! magic and version   16 bytes
//! library             32 bytes, the hash of what the code takes for granted of this library
//! manifest            length (8 bytes, little-endian), JSON; its modules have names and no bytes
//! for each module     length, name; length, notes of a fused module or nothing; length, code
//! ```
//!
//! What the code may do to the host is not this file's concern: see `precompiled`.

use std::sync::Arc;

use plugsmith_manifest::{Manifest, ManifestError, Wasm};
use wasmtime::Engine;

use crate::{
    compile::SharedCode,
    compiled::CompiledPlugin,
    error::{Error, LoadError},
    fuse::{self, FusedNotes},
    kernel::KERNEL_WASM,
    link::CompiledModule,
    precompiled::{ArtifactKey, Code},
};

/// How every artifact begins; the last byte is the version of the format.
const MAGIC: [u8; 16] = *b"plugsmith code\0\x03";

/// Returns the hash of what compiled code takes for granted of this library: the kernel, and how it
/// is made part of a module.
fn library_hash() -> blake3::Hash {
    blake3::Hasher::new().update(fuse::VERSION.as_bytes()).update(KERNEL_WASM).finalize()
}

/// Why bytes are no compiled plug-in for this program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// They are something else, or of another version of this library.
    #[error("the bytes are no compiled plug-in that this version of the library wrote")]
    NotAnArtifact,
    /// Something is missing at the end.
    #[error("the compiled plug-in is cut off")]
    Truncated,
    /// They were not signed with this key, or were changed since.
    #[error("the compiled plug-in is not signed with this key, or was changed since it was signed")]
    Signature,
    /// The manifest in them cannot be read.
    #[error("the manifest of the compiled plug-in cannot be read")]
    Manifest(#[source] ManifestError),
    /// A module was compiled for another engine, processor or configuration.
    #[error(
        "the code of module `{module}` does not fit this program: compile the plug-in again, with \
         this version of the library, for this kind of processor, and with the same options"
    )]
    Incompatible {
        /// The module's name in the manifest.
        module: String,
        /// What the engine said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A host function would take the place of one that is part of the code.
    #[error(
        "host function `{name}` takes the place of one that is part of the compiled plug-in: compile \
         the plug-in again, with that function"
    )]
    ReplacedFunction {
        /// The function's name.
        name: String,
    },
    /// The manifest names a path that cannot be written as JSON.
    #[error("the manifest cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
    /// There is no code but what was compiled in a hurry, which is not worth keeping; the log says why.
    #[error("the plug-in could not be optimised")]
    NotOptimized,
    /// The engine could not give its code away.
    #[error("the code of the plug-in cannot be serialised")]
    Serialize(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A compiled plug-in that was read.
#[derive(Clone)]
pub(crate) struct Artifact {
    manifest: Manifest,
    modules: Vec<ArtifactModule>,
}

/// A module of an artifact.
#[derive(Clone)]
struct ArtifactModule {
    name: String,
    fused: Option<Arc<FusedNotes>>,
    code: Code<'static>,
}

impl Artifact {
    /// Takes an artifact apart.
    ///
    /// # Errors
    ///
    /// The [`ArtifactError`] of the first thing that is wrong.
    pub(crate) fn read(code: &Code<'_>) -> Result<Self, ArtifactError> {
        let bytes = code.bytes();
        let head = [MAGIC.as_slice(), library_hash().as_bytes()].concat();
        if !bytes.starts_with(&head) {
            return Err(ArtifactError::NotAnArtifact);
        }
        let mut position = head.len();
        let manifest = next_chunk(code, &mut position)?;
        let manifest =
            str::from_utf8(manifest.bytes()).map_err(|_| ArtifactError::NotAnArtifact)?;
        let manifest = Manifest::from_json(manifest).map_err(ArtifactError::Manifest)?;
        let mut modules = Vec::new();
        while position < bytes.len() {
            let name = next_chunk(code, &mut position)?;
            let name = str::from_utf8(name.bytes()).map_err(|_| ArtifactError::NotAnArtifact)?;
            let notes = next_chunk(code, &mut position)?;
            let fused = match notes.bytes() {
                [] => None,
                bytes => {
                    let notes =
                        FusedNotes::from_bytes(bytes).ok_or(ArtifactError::NotAnArtifact)?;
                    Some(Arc::new(notes))
                }
            };
            let code = next_chunk(code, &mut position)?;
            modules.push(ArtifactModule { name: name.to_owned(), fused, code });
        }
        Ok(Self { manifest, modules })
    }

    /// Says whether the kernel is part of a module.
    pub(crate) fn is_fused(&self) -> bool {
        self.modules.iter().any(|module| module.fused.is_some())
    }

    /// Returns a hash of the manifest and the code.
    pub(crate) fn hash(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{:?}", self.manifest).as_bytes());
        for ArtifactModule { name, code, .. } in &self.modules {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes()).update(blake3::hash(code.bytes()).as_bytes());
        }
        hasher.finalize()
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Makes the modules, in the order in which they were compiled.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Incompatible`].
    pub(crate) fn load(&self, engine: &Engine) -> Result<Vec<CompiledModule>, ArtifactError> {
        let load = |ArtifactModule { name, fused, code }: &ArtifactModule| {
            let name = name.clone();
            match code.load(engine) {
                Ok(module) => {
                    let code = Arc::new(SharedCode { module, fused: fused.clone() });
                    Ok(CompiledModule { name, code })
                }
                Err(err) => Err(ArtifactError::Incompatible { module: name, source: err.into() }),
            }
        };
        self.modules.iter().map(load).collect()
    }
}

impl std::fmt::Debug for Artifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.modules.iter().map(|module| &module.name).collect();
        f.debug_struct("Artifact").field("modules", &names).finish_non_exhaustive()
    }
}

impl CompiledPlugin {
    /// Returns the plug-in as bytes that a later program loads without compiling, with
    /// [`PluginBuilder::from_artifact_unchecked`](crate::PluginBuilder::from_artifact_unchecked).
    ///
    /// They hold the manifest and machine code. They fit programs with this version of this library,
    /// on this kind of processor, that load them with the same choices of interruption, fuel and debugging.
    /// Host functions and everything else that is no part of the manifest is not in them.
    ///
    /// [Waits](CompiledPlugin::wait_until_optimized) for optimised code.
    ///
    /// # Errors
    ///
    /// An [`ArtifactError`] in a [`LoadError`] if the manifest names a path that is not UTF-8, or if
    /// there can be no optimised code.
    pub fn serialize(&self) -> Result<Vec<u8>, Error> {
        Ok(self.write().map_err(LoadError::from)?)
    }

    /// Does the same, and signs the bytes for
    /// [`PluginBuilder::from_signed_artifact`](crate::PluginBuilder::from_signed_artifact).
    ///
    /// # Errors
    ///
    /// As [`CompiledPlugin::serialize`].
    pub fn serialize_signed(&self, key: &ArtifactKey) -> Result<Vec<u8>, Error> {
        let mut bytes = self.serialize()?;
        key.sign(&mut bytes);
        Ok(bytes)
    }

    fn write(&self) -> Result<Vec<u8>, ArtifactError> {
        if !self.wait_until_optimized() {
            return Err(ArtifactError::NotOptimized);
        }
        let builds = self.shared.code.current();
        let plan = &builds.first().plan;
        let modules = plan.named_modules();
        let notes = plan.notes().map(FusedNotes::to_bytes).unwrap_or_default();
        let mut manifest = Manifest::clone(&self.shared.manifest);
        let bare = |(name, _): &(&str, _)| Wasm::data([]).with_name(*name);
        manifest.wasm = modules.iter().map(bare).collect();
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(library_hash().as_bytes());
        put_chunk(&mut bytes, &serde_json::to_vec(&manifest).map_err(ArtifactError::Encode)?);
        for (name, module) in modules {
            put_chunk(&mut bytes, name.as_bytes());
            put_chunk(&mut bytes, &notes);
            let code = module.serialize().map_err(|err| ArtifactError::Serialize(err.into()))?;
            put_chunk(&mut bytes, &code);
        }
        Ok(bytes)
    }
}

fn put_chunk(bytes: &mut Vec<u8>, chunk: &[u8]) {
    bytes.extend_from_slice(&(chunk.len() as u64).to_le_bytes());
    bytes.extend_from_slice(chunk);
}

/// Returns the chunk at `position`, which is then behind it.
fn next_chunk(code: &Code<'_>, position: &mut usize) -> Result<Code<'static>, ArtifactError> {
    let start = *position + size_of::<u64>();
    let len = code.bytes().get(*position..start).and_then(<[u8]>::first_chunk);
    let len = len.map(|len| u64::from_le_bytes(*len)).and_then(|len| usize::try_from(len).ok());
    let end = len.and_then(|len| start.checked_add(len)).ok_or(ArtifactError::Truncated)?;
    *position = end;
    code.part(start..end).ok_or(ArtifactError::Truncated)
}
