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

use std::{
    borrow::Cow,
    fmt,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::Range,
    time::SystemTime,
};

use wasmtime::{Engine, Module};

use crate::{
    artifact::{Artifact, ArtifactError},
    builder::PluginBuilder,
    error::{Error, LoadError},
    known_files::{self, Version},
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

/// A file that this library wrote and nobody changes: the code of a module, and perhaps something
/// behind it.
pub(crate) struct CodeFile {
    file: File,
    /// How many bytes of it are left.
    len: u64,
}

impl CodeFile {
    /// Takes the last `len` bytes off.
    ///
    /// # Errors
    ///
    /// What the system said, or that there are not that many.
    pub(crate) fn split_off(&mut self, len: usize) -> io::Result<Vec<u8>> {
        let start = self.len.checked_sub(len as u64).ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut bytes = vec![0; len];
        self.file.seek(SeekFrom::Start(start))?;
        self.file.read_exact(&mut bytes)?;
        self.len = start;
        Ok(bytes)
    }

    /// Makes a module of the code, which stays in the file where the system can run it from there.
    ///
    /// # Errors
    ///
    /// If it was compiled by another version of the engine, for another processor, or with other
    /// settings.
    pub(crate) fn load(self, engine: &Engine) -> wasmtime::Result<Module> {
        // Elsewhere a file cannot be replaced as long as it is mapped.
        if cfg!(unix) {
            let file = self.file.try_clone()?;
            // SAFETY: a value of this type exists only for what `Seal::open_file` found to be what this
            // library sealed: what `Module::serialize` returned, with something behind it, which the
            // engine does not look at. That was found out of this very open file, not of whatever has
            // its name now; and no program writes to a file that lies in a cache: only those of this
            // process's user could, and they might as well change its memory.
            if let Ok(module) = unsafe { Module::deserialize_open_file(engine, file) } {
                return Ok(module);
            }
            // The file system may forbid to run what it holds.
        }
        self.load_copy(engine)
    }

    /// Makes a module of a copy of the code.
    fn load_copy(mut self, engine: &Engine) -> wasmtime::Result<Module> {
        let mut bytes = Vec::new();
        self.file.rewind()?;
        self.file.take(self.len).read_to_end(&mut bytes)?;
        // SAFETY: as in `load`.
        unsafe { Module::deserialize(engine, bytes) }
    }
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
        let seal = self.hasher(name).update(bytes).finalize();
        bytes.extend_from_slice(seal.as_bytes());
    }

    /// Returns what is sealed, if it is sealed with this key, under this name, and unchanged.
    pub(crate) fn open<'a>(&self, name: &str, sealed: &'a [u8]) -> Option<Code<'a>> {
        let (bytes, seal) = sealed.split_at_checked(sealed.len().checked_sub(SEAL_LEN)?)?;
        let seal = blake3::Hash::from_slice(seal).ok()?;
        // The comparison takes the same time wherever the two part.
        let is_same = self.hasher(name).update(bytes).finalize() == seal;
        is_same.then_some(Code { bytes: Cow::Borrowed(bytes) })
    }

    /// Does the same with a file, which is read to its end, unless this process has done that before and
    /// the file has not changed since.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub(crate) fn open_file(&self, name: &str, file: File) -> io::Result<Option<CodeFile>> {
        self.open_file_at(SystemTime::now(), name, file)
    }

    fn open_file_at(
        &self,
        now: SystemTime,
        name: &str,
        mut file: File,
    ) -> io::Result<Option<CodeFile>> {
        // Looked at before the bytes are read, so that it is theirs, or older.
        let metadata = file.metadata()?;
        let Some(len) = metadata.len().checked_sub(SEAL_LEN as u64) else {
            return Ok(None);
        };
        let version = Version::of(&metadata, now)
            .map(|version| self.hasher(name).update(version.as_bytes()).finalize());
        if version.as_ref().is_some_and(known_files::contains) {
            return Ok(Some(CodeFile { file, len }));
        }
        let mut hasher = self.hasher(name);
        hasher.update_reader((&file).take(len))?;
        let mut seal = [0; SEAL_LEN];
        file.read_exact(&mut seal)?;
        if hasher.finalize() != blake3::Hash::from_bytes(seal) {
            return Ok(None);
        }
        version.as_ref().map(known_files::remember);
        Ok(Some(CodeFile { file, len }))
    }

    /// Starts the hash of what `name` says.
    fn hasher(&self, name: &str) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        hasher
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

    /// Makes a key of a seal that is as secret.
    pub(crate) fn of_seal(seal: Seal) -> Self {
        Self { seal }
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

#[cfg(test)]
mod tests {
    use std::{
        env,
        fs::{self, OpenOptions},
        process,
        time::Duration,
    };

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_that_did_not_change_is_read_once() {
        let path = env::temp_dir().join(format!("plugsmith-read-once-{}", process::id()));
        let seal = Seal::new([4; 32]);
        let mut bytes = b"code".to_vec();
        seal.close("a name", &mut bytes);
        fs::write(&path, &bytes).unwrap();
        let later = SystemTime::now() + Duration::from_mins(1);
        let is_sealed = |name| {
            // What is not opened for reading cannot be read.
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            seal.open_file_at(later, name, file).is_ok_and(|file| file.is_some())
        };
        assert!(!is_sealed("a name"));
        let file = File::open(&path).unwrap();
        assert!(seal.open_file_at(later, "a name", file).unwrap().is_some());
        assert!(is_sealed("a name") && !is_sealed("another name"));
        bytes[0] ^= 1;
        while is_sealed("a name") {
            fs::write(&path, &bytes).unwrap();
        }
        let file = File::open(&path).unwrap();
        assert!(seal.open_file_at(later, "a name", file).unwrap().is_none());
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_sealed_file_is_loaded_mapped_or_copied() {
        let engine = Engine::default();
        let wasm = wat::parse_str(r#"(module (func (export "here")))"#).unwrap();
        let module = Module::new(&engine, wasm).unwrap();
        let seal = Seal::new([3; 32]);
        let mut bytes = module.serialize().unwrap();
        bytes.extend(b"notes");
        seal.close("a name", &mut bytes);
        let path = env::temp_dir().join(format!("plugsmith-sealed-{}", process::id()));
        fs::write(&path, &bytes).unwrap();
        let open = |name| seal.open_file(name, File::open(&path).unwrap()).unwrap();
        let [mapped, copied] = [CodeFile::load, CodeFile::load_copy].map(|load| {
            let mut file = open("a name").unwrap();
            assert_eq!(file.split_off(5).unwrap(), b"notes");
            load(file, &engine).unwrap()
        });
        assert!(open("another name").is_none());
        assert!(open("a name").unwrap().split_off(bytes.len()).is_err());
        fs::remove_file(&path).unwrap();
        for module in [mapped, copied] {
            assert!(module.get_export("here").is_some());
        }
    }
}
