//! `plugsmith precompile`: a plug-in as machine code, which a host program loads without compiling.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use plugsmith::{ArtifactKey, KeyFileError, WasmInput};
use serde_json::json;

use crate::{
    exit::Exit,
    failure::Failure,
    module_facts::{self, ModuleFacts},
    output::{self, Output},
    plugin_options::PluginOptions,
    printable::bytes_in_words,
    stand_ins::stand_in,
};

/// Compiles a plug-in to a file that a host program loads at once.
///
/// The file fits hosts with this version of Plugsmith on this kind of processor. It holds the manifest and
/// machine code; host functions, WASI and everything else that is no part of the manifest, the host grants
/// anew. A signed one is loaded with `PluginBuilder::from_signed_artifact`, and whoever has the key can
/// have the host run anything.
#[derive(Debug, Args)]
pub(crate) struct Precompile {
    #[command(flatten)]
    pub(crate) plugin: PluginOptions,
    /// The file to write; by default the plug-in's name with the ending `.plugsmith`.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Signs the file with the key in a file that only you can read.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Makes such a key first.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    new_key: Option<PathBuf>,
    /// Has the code count fuel, for hosts that limit it.
    #[arg(long)]
    fuel: bool,
}

impl Precompile {
    /// Compiles and writes.
    ///
    /// # Errors
    ///
    /// If the plug-in does not compile, or a file cannot be read or written.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        let path = self.path()?;
        let manifest = self.plugin.to_manifest()?;
        let modules = WasmInput::from(&manifest).into_modules()?;
        let facts = modules.iter().map(ModuleFacts::read).collect::<Result<Vec<_>, _>>()?;
        let compiled = self.plugin.compile(output, |builder| {
            let stand_ins = module_facts::host_imports(&facts).filter_map(stand_in);
            let builder = builder.with_functions(stand_ins).with_wasi(true);
            // How much there is, the host says when it loads the file.
            if self.fuel { builder.with_fuel_limit(u64::MAX) } else { builder }
        })?;
        let key = self.key()?;
        let artifact = match &key {
            Some(key) => compiled.serialize_signed(key)?,
            None => compiled.serialize()?,
        };
        fs::write(&path, &artifact).map_err(|err| {
            let message = format!("cannot write `{}`", path.display());
            Failure::new(Exit::Input, message).with_cause(err)
        })?;
        if output.is_json() {
            let report = json!({"path": path, "bytes": artifact.len(), "signed": key.is_some()});
            output::print_json(&report)?;
        } else {
            let size = bytes_in_words(artifact.len() as u64);
            let signed = if key.is_some() { ", signed" } else { "" };
            output::print(&format!("{} ({size}{signed})\n", path.display()))?;
        }
        Ok(Exit::Success)
    }

    /// Returns where to write to.
    fn path(&self) -> Result<PathBuf, Failure> {
        let source = &self.plugin.source;
        if let Some(path) = &self.output {
            // A source that is no file is none that could be lost.
            let is_source = fs::canonicalize(source)
                .is_ok_and(|source| fs::canonicalize(path).is_ok_and(|path| path == source));
            if is_source {
                let message = format!("`{}` is the plug-in itself", path.display());
                return Err(Failure::new(Exit::Usage, message)
                    .with_help("name another file with `--output FILE`"));
            }
            return Ok(path.clone());
        }
        let file = source.rsplit('/').next().unwrap_or(source);
        if self.plugin.is_stdin() || file.is_empty() {
            return Err(Failure::new(Exit::Usage, "the file to write has no name")
                .with_help("name it with `--output FILE`"));
        }
        // What comes from a URL is put here; all else beside its source.
        let path = if source.contains("://") { Path::new(file) } else { Path::new(source) };
        Ok(path.with_extension("plugsmith"))
    }

    fn key(&self) -> Result<Option<ArtifactKey>, Failure> {
        let key = match (&self.key, &self.new_key) {
            (Some(path), _) => ArtifactKey::from_file(path),
            (None, Some(path)) => ArtifactKey::create_file(path),
            (None, None) => return Ok(None),
        };
        key.map(Some).map_err(|err| {
            let help = match &err {
                KeyFileError::Length { .. } => Some("`--new-key FILE` makes a key"),
                KeyFileError::File { .. } if self.key.is_some() => {
                    Some("`--new-key FILE` makes a key and its file")
                }
                KeyFileError::File { source, .. }
                    if source.kind() == io::ErrorKind::AlreadyExists =>
                {
                    Some("`--key FILE` takes a key that is there; none is ever overwritten")
                }
                _ => None,
            };
            let failure = Failure::of_error(Exit::Input, err);
            match help {
                Some(help) => failure.with_help(help),
                None => failure,
            }
        })
    }
}
