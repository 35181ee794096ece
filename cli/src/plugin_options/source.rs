//! What a command line names as its plug-in becomes a manifest: a module's file or URL, WebAssembly
//! text, a manifest's file, or standard input.
//!
//! Relative paths in a manifest's file are relative to its folder, as the manifest and its modules
//! travel together.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use plugsmith::{
    Manifest, Wasm,
    manifest::{Location, ManifestError},
};

use super::artifact;
use crate::{exit::Exit, failure::Failure, project};

/// What every WebAssembly binary begins with.
const WASM_MAGIC: [u8; 4] = *b"\0asm";

/// What stands for standard input.
pub(super) const STDIN: &str = "-";

/// Bytes of the largest file that is looked into; the host has the same limit for a module.
const FILE_LIMIT: u64 = 64 << 20;

/// What the names of sources end in that people may take for plug-ins.
const SOURCE_ENDS: [&str; 8] = ["c", "cpp", "go", "js", "py", "rs", "ts", "zig"];

/// Reads what `source` names.
///
/// # Errors
///
/// If it is not there, cannot be read, or is neither a module nor a manifest.
pub(super) fn read(source: &str, is_manifest: bool) -> Result<Manifest, Failure> {
    if source == STDIN {
        return from_stdin(is_manifest);
    }
    if source.starts_with("http://") || source.starts_with("https://") {
        if is_manifest {
            return Err(Failure::new(Exit::Usage, format!("manifest `{source}` is not a file"))
                .with_help("download it, or name the module's URL in a manifest's file"));
        }
        return Ok(Manifest::new([Wasm::url(source)]));
    }
    from_file(Path::new(source), is_manifest)
}

fn from_stdin(is_manifest: bool) -> Result<Manifest, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(FILE_LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|err| Failure::new(Exit::Input, "cannot read standard input").with_cause(err))?;
    match as_manifest_text(&bytes, is_manifest) {
        Some(text) => parse("standard input", text?),
        None if bytes.is_empty() => Err(nothing("standard input", "is empty")),
        None => Ok(Manifest::new([Wasm::data(bytes)])),
    }
}

fn from_file(path: &Path, is_manifest: bool) -> Result<Manifest, Failure> {
    let failed = |err: io::Error| {
        let failure = Failure::new(Exit::Load, format!("cannot read plug-in `{}`", path.display()));
        failure.with_help(help_for(path, &err)).with_cause(err)
    };
    let kind = fs::metadata(path).map_err(failed)?.file_type();
    if path.extension().is_some_and(|end| SOURCE_ENDS.iter().any(|source| end == *source)) {
        let message = format!("`{}` is a source file, not a plug-in", path.display());
        return Err(Failure::new(Exit::Load, message)
            .with_help("compile it to WebAssembly first: `plugsmith build` does, in a project"));
    }
    if kind.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    // A device may have no end.
    if !kind.is_file() {
        return Err(failed(io::ErrorKind::Unsupported.into()));
    }
    if artifact::is_at(path) {
        return Err(artifact::refuse(path, "nothing of it can be looked at or changed").with_help(
            "name its module; `plugsmith call` and `plugsmith serve` run it, with `--key FILE`",
        ));
    }
    let mut start = Vec::new();
    let mut file = File::open(path).map_err(failed)?;
    file.by_ref().take(WASM_MAGIC.len() as u64).read_to_end(&mut start).map_err(failed)?;
    if start == WASM_MAGIC && !is_manifest {
        // The host reads it, under its own limits.
        return Ok(Manifest::new([Wasm::file(path)]));
    }
    file.take(FILE_LIMIT).read_to_end(&mut start).map_err(failed)?;
    let name = path.display().to_string();
    let refuse = |what| Err(nothing(&format!("`{name}`"), what));
    match as_manifest_text(&start, is_manifest) {
        Some(text) => {
            let mut manifest = parse(&name, text?)?;
            resolve(&mut manifest, path.parent().unwrap_or(Path::new("")));
            Ok(manifest)
        }
        None if start.is_empty() => refuse("is empty"),
        None if !is_wat(&start) => refuse("is neither a module nor a manifest"),
        None => Ok(Manifest::new([Wasm::file(path)])),
    }
}

fn nothing(name: &str, what: &str) -> Failure {
    Failure::new(Exit::Load, format!("{name} {what}")).with_help(
        "a plug-in is a WebAssembly module (`.wasm`), one as text (`.wat`), or a manifest in JSON or TOML \
         that names modules",
    )
}

fn help_for(path: &Path, err: &io::Error) -> &'static str {
    let is_of_project = || path.with_file_name(project::FILE).is_file();
    match err.kind() {
        io::ErrorKind::NotFound if is_of_project() => "`plugsmith build` makes a project's plug-in",
        io::ErrorKind::NotFound => {
            "name the file of a module (`.wasm`, `.wat`), of a manifest, or the folder of a project"
        }
        io::ErrorKind::Unsupported => "name a regular file, or give the plug-in to `-` by a pipe",
        _ => "check that the file can be read",
    }
}

/// Returns what may be a manifest's text, or `None` if the bytes are a module or are to be taken for
/// one.
fn as_manifest_text(bytes: &[u8], is_manifest: bool) -> Option<Result<&str, Failure>> {
    let text = str::from_utf8(bytes);
    if is_manifest {
        let is_module = bytes.starts_with(&WASM_MAGIC);
        let refusal = if is_module {
            Failure::new(Exit::Load, "a module was given where a manifest should be")
                .with_help("leave out `--manifest`")
        } else {
            Failure::new(Exit::Load, "the manifest is not text")
        };
        return Some(text.ok().filter(|_| !is_module).ok_or(refusal));
    }
    let text = text.ok()?;
    let is_manifest = start_of(text).starts_with(['{', '[']) || text.contains('=');
    (!is_wat(bytes) && is_manifest).then_some(Ok(text))
}

/// Says whether bytes look like WebAssembly text.
fn is_wat(bytes: &[u8]) -> bool {
    let is_text = |text| start_of(text).starts_with('(') || start_of(text).starts_with(";;");
    str::from_utf8(bytes).is_ok_and(is_text)
}

/// Returns a text from its first letter on.
fn start_of(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_start()
}

fn parse(name: &str, text: &str) -> Result<Manifest, Failure> {
    let is_json = start_of(text).starts_with('{');
    let parsed = if is_json { Manifest::from_json(text) } else { Manifest::from_toml(text) };
    parsed.map_err(|err| wrong_manifest(name, text, &err))
}

fn wrong_manifest(name: &str, text: &str, err: &ManifestError) -> Failure {
    let failure = Failure::new(Exit::Load, format!("manifest `{name}` is wrong"));
    match err.location {
        Some(location) => {
            let start = byte_of(text, location);
            let len = text[start..].chars().next().map_or(0, char::len_utf8);
            failure.with_place(name, text, start..start + len, err.mistake.to_string())
        }
        None => failure.with_cause(err.clone()),
    }
}

/// Returns the byte of `text` at which a place is.
fn byte_of(text: &str, location: Location) -> usize {
    let text_start = text.len() - text.trim_start_matches('\u{feff}').len();
    let lines = text[text_start..].split_inclusive('\n');
    let before: usize = lines.clone().take(location.line - 1).map(str::len).sum();
    let line = lines.clone().nth(location.line - 1).unwrap_or_default();
    let within: usize = line.chars().take(location.column - 1).map(char::len_utf8).sum();
    (text_start + before + within).min(text.len())
}

/// Makes the manifest's relative paths relative to its folder.
fn resolve(manifest: &mut Manifest, folder: &Path) {
    for wasm in &mut manifest.wasm {
        if let Wasm::File { path, .. } = wasm {
            *path = folder.join(&*path);
        }
    }
    if let Some(paths) = manifest.allowed_paths.take() {
        let resolved =
            paths.into_iter().map(|(host, guest)| (resolve_allowed(&host, folder), guest));
        manifest.allowed_paths = Some(resolved.collect());
    }
}

fn resolve_allowed(host: &str, folder: &Path) -> String {
    let (mode, path) = match host.strip_prefix("ro:") {
        Some(path) => ("ro:", path),
        None => ("", host),
    };
    let resolved: PathBuf = folder.join(path);
    format!("{mode}{}", resolved.display())
}
