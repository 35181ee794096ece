//! Where a plug-in comes from: bytes, text, files and URLs become the bytes of named modules.
//!
//! Bytes that the caller lends are not copied, and the manifest that is kept holds none: a module may be
//! large, and is of no use once it is compiled.

use std::{
    borrow::Cow,
    mem,
    path::{Path, PathBuf},
};
#[cfg(feature = "register-filesystem")]
use std::{
    fs::{self, File},
    io::{self, Read},
};

use plugsmith_manifest::{MAIN_MODULE, Manifest, Wasm};
use sha2::{Digest, Sha256};

use crate::{
    error::{Error, LoadError},
    module_limits::ModuleLimits,
};

/// How many modules a manifest may name.
const MODULES_LIMIT: usize = 256;

/// How every core module begins: magic number and version 1.
const MODULE_START: [u8; 8] = *b"\0asm\x01\0\0\0";

/// What every WebAssembly binary begins with.
const WASM_MAGIC: [u8; 4] = *b"\0asm";

/// What a plug-in can be made from: a module's bytes, or a manifest as text or as a value.
#[derive(Debug, Clone)]
pub enum WasmInput<'a> {
    /// A WebAssembly module, its text form (feature `wat`), or a manifest in JSON or TOML.
    Data(Cow<'a, [u8]>),
    /// A manifest.
    Manifest(Manifest),
    /// A borrowed manifest.
    ManifestRef(&'a Manifest),
}

/// One of a plug-in's modules, as [`WasmInput::into_modules`] reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModuleBytes {
    /// The name that it has in the plug-in.
    pub name: String,
    /// The module in binary form.
    pub bytes: Vec<u8>,
}

impl WasmInput<'_> {
    /// Reads the modules that a plug-in would be made of, without compiling them: files are opened, URLs
    /// fetched, hashes checked, text translated.
    ///
    /// No module may have more bytes than [`ModuleLimits`](crate::ModuleLimits) has by default. Whether
    /// the modules are valid is not looked at.
    ///
    /// # Errors
    ///
    /// The [`LoadError`] of the first thing that is wrong.
    ///
    /// # Examples
    ///
    /// ```
    /// use plugsmith::WasmInput;
    ///
    /// # #[cfg(feature = "wat")] {
    /// let modules = WasmInput::from("(module)").into_modules()?;
    /// assert_eq!(modules[0].name, "main");
    /// assert_eq!(modules[0].bytes, b"\0asm\x01\0\0\0");
    /// # }
    /// # Ok::<(), plugsmith::Error>(())
    /// ```
    pub fn into_modules(self) -> Result<Vec<ModuleBytes>, Error> {
        let limit = ModuleLimits::default().bytes.unwrap_or(u64::MAX);
        let (_, modules) = read(self, limit, Urls::Fetch)?;
        let owned = |module: NamedModule<'_>| ModuleBytes {
            name: module.name,
            bytes: module.bytes.into_owned(),
        };
        Ok(modules.into_iter().map(owned).collect())
    }
}

impl From<Manifest> for WasmInput<'_> {
    fn from(manifest: Manifest) -> Self {
        Self::Manifest(manifest)
    }
}

impl<'a> From<&'a Manifest> for WasmInput<'a> {
    fn from(manifest: &'a Manifest) -> Self {
        Self::ManifestRef(manifest)
    }
}

impl<'a> From<&'a mut Manifest> for WasmInput<'a> {
    fn from(manifest: &'a mut Manifest) -> Self {
        Self::ManifestRef(manifest)
    }
}

impl<'a> From<&'a [u8]> for WasmInput<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Data(bytes.into())
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for WasmInput<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Data(bytes.as_slice().into())
    }
}

impl<'a> From<&'a str> for WasmInput<'a> {
    fn from(text: &'a str) -> Self {
        Self::Data(text.as_bytes().into())
    }
}

impl From<Vec<u8>> for WasmInput<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Data(bytes.into())
    }
}

impl<'a> From<&'a Vec<u8>> for WasmInput<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Data(bytes.as_slice().into())
    }
}

/// A module's name in its manifest, and its bytes.
#[derive(Debug)]
pub(crate) struct NamedModule<'a> {
    pub(crate) name: String,
    pub(crate) bytes: Cow<'a, [u8]>,
    /// A hash of the bytes that nobody finds other bytes for.
    pub(crate) hash: [u8; blake3::OUT_LEN],
}

impl<'a> NamedModule<'a> {
    pub(crate) fn new(name: String, bytes: Cow<'a, [u8]>) -> Self {
        let hash = *blake3::hash(&bytes).as_bytes();
        Self { name, bytes, hash }
    }

    /// Keeps the module for longer than its caller lends it.
    pub(crate) fn into_owned(self) -> NamedModule<'static> {
        NamedModule { bytes: Cow::Owned(self.bytes.into_owned()), ..self }
    }
}

/// What is done about modules that come from URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urls {
    Fetch,
    /// They are read as nothing.
    PassOver,
}

/// Reads everything that `input` names, no module of which may have more than `limit` bytes.
///
/// Returns the manifest, in which modules that were data have none any more, and its modules in the
/// manifest's order. Input that is a module already gets an empty manifest.
///
/// # Errors
///
/// The [`LoadError`] of the first thing that is wrong.
pub(crate) fn read(
    input: WasmInput<'_>,
    limit: u64,
    urls: Urls,
) -> Result<(Manifest, Vec<NamedModule<'_>>), LoadError> {
    let mut manifest = match input {
        WasmInput::Manifest(manifest) => manifest,
        WasmInput::ManifestRef(manifest) => manifest.clone(),
        WasmInput::Data(data) => match Form::of(&data) {
            Form::Wasm | Form::Text => {
                let bytes = check_module(MAIN_MODULE, data, None, limit)?;
                let module = NamedModule::new(MAIN_MODULE.to_owned(), bytes);
                return Ok((Manifest::new([Wasm::data([])]), vec![module]));
            }
            Form::Json(text) => Manifest::from_json(text)?,
            Form::Toml(text) => Manifest::from_toml(text)?,
            Form::Unknown => return Err(unknown_input(&data)),
        },
    };
    if manifest.wasm.len() > MODULES_LIMIT {
        return Err(LoadError::TooManyModules { found: manifest.wasm.len(), limit: MODULES_LIMIT });
    }
    let names = manifest.named_modules()?.into_iter().map(|(name, _)| name.to_owned());
    let names: Vec<String> = names.collect();
    let modules = names.into_iter().zip(&mut manifest.wasm).map(|(name, wasm)| {
        let is_passed_over = urls == Urls::PassOver && matches!(wasm, Wasm::Url { .. });
        let bytes = if is_passed_over { Cow::default() } else { read_module(&name, wasm, limit)? };
        Ok(NamedModule::new(name, bytes))
    });
    let modules = modules.collect::<Result<_, LoadError>>()?;
    Ok((manifest, modules))
}

/// Returns the files of modules that `input` names, whether they are there or not.
pub(crate) fn files(input: &WasmInput<'_>) -> Vec<PathBuf> {
    let path = |wasm: &Wasm| match wasm {
        Wasm::File { path, .. } => Some(path.clone()),
        Wasm::Data { .. } | Wasm::Url { .. } => None,
    };
    manifest_of(input).wasm.iter().filter_map(path).collect()
}

/// Says whether `input` names a URL.
pub(crate) fn names_url(input: &WasmInput<'_>) -> bool {
    manifest_of(input).wasm.iter().any(|wasm| matches!(wasm, Wasm::Url { .. }))
}

/// Returns the manifest that `input` is. One that cannot be read names nothing: what is wrong with it is for
/// the one to say who reads it.
fn manifest_of<'a>(input: &'a WasmInput<'_>) -> Cow<'a, Manifest> {
    match input {
        WasmInput::Manifest(manifest) => Cow::Borrowed(manifest),
        WasmInput::ManifestRef(manifest) => Cow::Borrowed(manifest),
        WasmInput::Data(data) => Cow::Owned(match Form::of(data) {
            Form::Json(text) => Manifest::from_json(text).unwrap_or_default(),
            Form::Toml(text) => Manifest::from_toml(text).unwrap_or_default(),
            Form::Wasm | Form::Text | Form::Unknown => Manifest::default(),
        }),
    }
}

fn unknown_input(data: &[u8]) -> LoadError {
    let is_path =
        [".wasm", ".wat", ".json", ".toml"].iter().any(|end| data.ends_with(end.as_bytes()));
    let hint = if is_path { "; for a file, pass `Wasm::file` in a manifest" } else { "" };
    LoadError::UnknownInput { start: start_of(data), hint }
}

/// What the bytes of an input are.
enum Form<'a> {
    Wasm,
    Text,
    Json(&'a str),
    Toml(&'a str),
    Unknown,
}

impl<'a> Form<'a> {
    fn of(data: &'a [u8]) -> Self {
        if data.starts_with(&WASM_MAGIC) {
            return Self::Wasm;
        }
        let Ok(text) = str::from_utf8(data) else { return Self::Unknown };
        let trimmed = text.trim_start_matches('\u{feff}').trim_start();
        if is_wat(trimmed) {
            Self::Text
        } else if trimmed.starts_with('{') {
            Self::Json(text)
        } else if trimmed.contains('=') || trimmed.starts_with('[') {
            Self::Toml(text)
        } else {
            Self::Unknown
        }
    }
}

/// Says whether trimmed text is WebAssembly text: a list, or a comment of that format.
fn is_wat(trimmed: &str) -> bool {
    trimmed.starts_with(";;") || trimmed.starts_with('(')
}

fn read_module(name: &str, wasm: &mut Wasm, limit: u64) -> Result<Cow<'static, [u8]>, LoadError> {
    let bytes = match wasm {
        Wasm::File { path, .. } => read_file(name, path, limit)?,
        Wasm::Data { data, .. } => mem::take(data),
        Wasm::Url { req, .. } => crate::fetch::fetch(name, req, limit)?,
    };
    check_module(name, bytes.into(), wasm.meta().hash.as_deref(), limit)
}

/// Returns the module that `bytes` are, in binary form.
fn check_module<'a>(
    name: &str,
    bytes: Cow<'a, [u8]>,
    hash: Option<&str>,
    limit: u64,
) -> Result<Cow<'a, [u8]>, LoadError> {
    if bytes.len() as u64 > limit {
        return Err(LoadError::TooLarge { module: name.to_owned(), limit });
    }
    if let Some(expected) = hash {
        check_hash(name, &bytes, expected)?;
    }
    to_binary(name, bytes)
}

#[cfg(feature = "register-filesystem")]
fn read_file(name: &str, path: &Path, limit: u64) -> Result<Vec<u8>, LoadError> {
    let failed =
        |source| LoadError::ReadFile { module: name.to_owned(), path: path.to_owned(), source };
    // Asked before it is opened, too, since opening a device may do something.
    fs::metadata(path).and_then(|metadata| check_regular(&metadata)).map_err(failed)?;
    let file = open_regular(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Opens a file, and nothing that has taken its place meanwhile: reading from a pipe waits for its other
/// end, and a device never ends.
#[cfg(feature = "register-filesystem")]
fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        // To open a pipe is to wait for its other end, too, but for this.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(path)?;
    check_regular(&file.metadata()?)?;
    Ok(file)
}

#[cfg(feature = "register-filesystem")]
fn check_regular(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    Ok(())
}

#[cfg(not(feature = "register-filesystem"))]
fn read_file(name: &str, _path: &Path, _limit: u64) -> Result<Vec<u8>, LoadError> {
    let feature = "register-filesystem";
    Err(LoadError::SourceDisabled { module: name.to_owned(), from: "file", feature })
}

fn check_hash(name: &str, bytes: &[u8], expected: &str) -> Result<(), LoadError> {
    let found = format!("{:x}", Sha256::digest(bytes));
    if found.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let expected = expected.to_ascii_lowercase();
    Err(LoadError::HashMismatch { module: name.to_owned(), expected, found })
}

/// Returns the module in binary form, translated if it is text.
fn to_binary<'a>(name: &str, bytes: Cow<'a, [u8]>) -> Result<Cow<'a, [u8]>, LoadError> {
    if bytes.starts_with(&MODULE_START) {
        return Ok(bytes);
    }
    if bytes.starts_with(&WASM_MAGIC) {
        return match bytes.get(4..8) {
            // Version 1 and layer 0 are a module's; layer 1 is a component's.
            Some([_, _, 1, 0]) => Err(LoadError::Component { module: name.to_owned() }),
            // The engine's validator says what is wrong with the rest.
            _ => Ok(bytes),
        };
    }
    // Some editors begin every text with a mark that is no part of it.
    match str::from_utf8(&bytes).map(|text| text.trim_start_matches('\u{feff}')) {
        Ok(text) if is_wat(text.trim_start()) => from_text(name, text).map(Cow::Owned),
        _ => Err(LoadError::NotWasm { module: name.to_owned(), start: start_of(&bytes) }),
    }
}

#[cfg(feature = "wat")]
fn from_text(name: &str, text: &str) -> Result<Vec<u8>, LoadError> {
    if text.trim_start().starts_with("(component") {
        return Err(LoadError::Component { module: name.to_owned() });
    }
    wat::parse_str(text)
        .map_err(|err| LoadError::Text { module: name.to_owned(), source: err.into() })
}

#[cfg(not(feature = "wat"))]
fn from_text(name: &str, _text: &str) -> Result<Vec<u8>, LoadError> {
    Err(LoadError::SourceDisabled { module: name.to_owned(), from: "text format", feature: "wat" })
}

/// Returns the first bytes of `data` in a form that can be shown.
fn start_of(data: &[u8]) -> String {
    data[..data.len().min(16)].escape_ascii().to_string()
}

#[cfg(all(test, unix, feature = "register-filesystem"))]
mod tests {
    use std::{env, process};

    use super::*;

    #[test]
    fn a_pipe_in_the_place_of_a_file_is_not_waited_for() {
        let path = env::temp_dir().join(format!("plugsmith-source-{}", process::id()));
        let made = process::Command::new("mkfifo").arg(&path).status().expect("it is there");
        assert!(made.success());
        let opened = open_regular(&path);
        fs::remove_file(&path).expect("it was made");
        assert_eq!(opened.expect_err("it is no file").to_string(), "not a regular file");
    }
}
