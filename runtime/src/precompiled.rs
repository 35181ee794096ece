//! Compiled code from outside of this process: the one place where the engine is given code that it
//! did not compile itself.
//!
//! The engine trusts such code as it trusts this program, so what is loaded must be what some engine
//! wrote. Two things vouch for that: a [`Seal`], which only holders of a secret key can make, and a
//! promise of the host's, given in an `unsafe` block. Nothing else here is unsafe.

#![expect(
    unsafe_code,
    reason = "the engine cannot check compiled code: whoever loads it vouches for it"
)]

use std::{borrow::Cow, fmt, ops::Range};

use wasmtime::{Engine, Module};

use crate::{
    artifact::{Artifact, ArtifactError},
    builder::PluginBuilder,
    error::{Error, LoadError},
};

/// What artifacts are sealed as.
const ARTIFACT: &str = "plugsmith artifact";

/// How many bytes a seal adds.
const SEAL_LEN: usize = blake3::OUT_LEN;

/// Bytes that this library wrote: the code of a module as an engine compiled it, or such code with
/// something around it.
#[derive(Clone)]
pub(crate) struct Code<'a> {
    bytes: Cow<'a, [u8]>,
}

impl Code<'_> {
    /// Makes a module of the code.
    ///
    /// # Errors
    ///
    /// If it was compiled by another version of the engine, for another processor, or with other
    /// settings.
    pub(crate) fn load(&self, engine: &Engine) -> wasmtime::Result<Module> {
        // SAFETY: a value of this type exists only for bytes that this library wrote: a seal or the
        // caller of an unsafe function vouches for that. Such bytes are what `Module::serialize`
        // returned, or else the engine sees that they do not begin as that does.
        unsafe { Module::deserialize(engine, &self.bytes) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the first `len` bytes, if there are that many.
    pub(crate) fn start(&self, len: usize) -> Option<Code<'_>> {
        Some(Code { bytes: Cow::Borrowed(self.bytes.get(..len)?) })
    }

    /// Copies a part of the bytes, if they are that long.
    pub(crate) fn part(&self, range: Range<usize>) -> Option<Code<'static>> {
        Some(Code { bytes: Cow::Owned(self.bytes.get(range)?.to_vec()) })
    }
}

/// Makes a module for another engine of what an engine has compiled.
///
/// # Errors
///
/// If the two have different settings, or this one takes no such module.
pub(crate) fn copy(module: &Module, engine: &Engine) -> wasmtime::Result<Module> {
    Code { bytes: Cow::Owned(module.serialize()?) }.load(engine)
}

/// Makes and checks seals: keyed BLAKE3 hashes behind what they vouch for.
#[derive(Clone)]
pub(crate) struct Seal {
    key: [u8; blake3::KEY_LEN],
}

impl Seal {
    /// Makes a seal with a key that is secret: nobody who knows it puts a seal on anything else than
    /// what engines compiled.
    pub(crate) fn new(key: [u8; blake3::KEY_LEN]) -> Self {
        Self { key }
    }

    /// Seals `bytes`, which an engine compiled, as what `name` says they are.
    pub(crate) fn close(&self, name: &str, bytes: &mut Vec<u8>) {
        let seal = self.hash(name, bytes);
        bytes.extend_from_slice(seal.as_bytes());
    }

    /// Returns what is sealed, if it is sealed with this key, under this name, and unchanged.
    pub(crate) fn open<'a>(&self, name: &str, sealed: &'a [u8]) -> Option<Code<'a>> {
        let (bytes, seal) = sealed.split_at_checked(sealed.len().checked_sub(SEAL_LEN)?)?;
        let seal = blake3::Hash::from_slice(seal).ok()?;
        // The comparison takes the same time wherever the two part.
        (self.hash(name, bytes) == seal).then_some(Code { bytes: Cow::Borrowed(bytes) })
    }

    fn hash(&self, name: &str, bytes: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes()).update(bytes).finalize()
    }
}

/// A secret with which compiled plug-ins are signed and recognised.
///
/// # Examples
///
/// ```
/// use plugsmith::{ArtifactKey, PluginBuilder};
///
/// # #[cfg(feature = "wat")] {
/// // SAFETY: (in a real program) the key is read from where only this program's owner can read it.
/// let key = unsafe { ArtifactKey::new([7; 32]) };
/// let compiled = PluginBuilder::new(r#"(module (func (export "ping")))"#).compile()?;
/// let artifact = compiled.serialize_signed(&key)?;
///
/// let mut plugin = PluginBuilder::from_signed_artifact(&artifact, &key)?.build()?;
/// plugin.call::<(), ()>("ping", ())?;
/// # }
/// # Ok::<(), plugsmith::Error>(())
/// ```
#[derive(Clone)]
pub struct ArtifactKey {
    seal: Seal,
}

impl ArtifactKey {
    /// Wraps a key of 32 random bytes.
    ///
    /// # Safety
    ///
    /// The code in an artifact signed with this key runs with all rights of this program. So
    ///
    /// - the key is known to nobody who may not run code with this program's rights, and
    /// - nothing is signed with it but by [`CompiledPlugin::serialize_signed`].
    ///
    /// [`CompiledPlugin::serialize_signed`]: crate::CompiledPlugin::serialize_signed
    pub unsafe fn new(key: [u8; 32]) -> Self {
        Self { seal: Seal::new(key) }
    }

    /// Signs an artifact.
    pub(crate) fn sign(&self, artifact: &mut Vec<u8>) {
        self.seal.close(ARTIFACT, artifact);
    }
}

impl fmt::Debug for ArtifactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArtifactKey").finish_non_exhaustive()
    }
}

impl PluginBuilder<'_> {
    /// Starts with a compiled plug-in that [`CompiledPlugin::serialize_signed`] returned.
    ///
    /// Host functions, WASI and everything else that is no part of the manifest is to be granted
    /// anew.
    ///
    /// # Errors
    ///
    /// An [`ArtifactError`] in a [`LoadError`] if the bytes were not signed with this key, or were
    /// changed. Whether they fit this program's engine is found out when they are built.
    ///
    /// [`CompiledPlugin::serialize_signed`]: crate::CompiledPlugin::serialize_signed
    pub fn from_signed_artifact(bytes: &[u8], key: &ArtifactKey) -> Result<Self, Error> {
        let code =
            key.seal.open(ARTIFACT, bytes).ok_or(LoadError::from(ArtifactError::Signature))?;
        Ok(Self::of_artifact(Artifact::read(&code).map_err(LoadError::from)?))
    }

    /// Starts with a compiled plug-in that [`CompiledPlugin::serialize`] returned, without a check.
    ///
    /// Host functions, WASI and everything else that is no part of the manifest is to be granted
    /// anew.
    ///
    /// # Safety
    ///
    /// The bytes are what [`CompiledPlugin::serialize`] returned, unchanged. They hold machine code
    /// that runs with all rights of this program.
    ///
    /// # Errors
    ///
    /// An [`ArtifactError`] in a [`LoadError`] if the bytes are no artifact.
    ///
    /// [`CompiledPlugin::serialize`]: crate::CompiledPlugin::serialize
    pub unsafe fn from_artifact_unchecked(bytes: &[u8]) -> Result<Self, Error> {
        let code = Code { bytes: Cow::Borrowed(bytes) };
        Ok(Self::of_artifact(Artifact::read(&code).map_err(LoadError::from)?))
    }
}
