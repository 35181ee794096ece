//! Which plug-in a command is about, and what that plug-in may do: the options that all commands share
//! which load one, under the names that Extism's command has for them.
//!
//! What a manifest says holds until an option says otherwise; lists grow.

mod artifact;
mod signed;
mod source;
mod values;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use plugsmith::{
    CompiledPlugin, LoadError, LogLevel, Manifest, PluginBuilder, Wasm, manifest::MAIN_MODULE,
};

use self::values::{AllowedPath, ConfigObject, Link};
pub(crate) use self::{
    artifact::KeyOption,
    values::{Pair, duration, pair},
};
use crate::{
    build, cache,
    failure::Failure,
    module_file,
    output::Output,
    project::{self, Project},
};

/// A plug-in, and what it may do.
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct PluginOptions {
    /// The plug-in: the file or URL of a module, of WebAssembly text, the file of a manifest, or the folder
    /// of a project that is built; `-` is standard input.
    #[arg(value_name = "PLUGIN")]
    pub(crate) source: String,
    /// The module that the source names, where it has been fetched.
    #[arg(skip)]
    module: Option<Vec<u8>>,
    /// Takes the plug-in for a manifest, in JSON or TOML, whatever it looks like.
    #[arg(short, long, help_heading = "Plug-in")]
    manifest: bool,
    /// Adds a module that the plug-in's may import from, under a name.
    #[arg(long, value_name = "NAME=PATH", value_parser = values::link, help_heading = "Plug-in")]
    link: Vec<Link>,
    /// Loads nothing but what the owner of this public key signed (see `plugsmith sign`): every module, by one
    /// of the keys that are named.
    #[arg(long, value_name = "FILE", help_heading = "Plug-in")]
    verify_key: Vec<PathBuf>,
    /// Sets a value that the plug-in can read.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair, help_heading = "Plug-in")]
    config: Vec<Pair>,
    /// Sets values that the plug-in can read, as a JSON object.
    #[arg(long, value_name = "JSON", value_parser = values::config_object, help_heading = "Plug-in")]
    set_config: Option<ConfigObject>,
    /// Allows HTTP requests to the hosts of a pattern, such as `*.example.com`.
    #[arg(long, value_name = "HOST", help_heading = "Grants")]
    allow_host: Vec<String>,
    /// Allows a directory or file of this machine, `ro:` in front for reading only.
    #[arg(long, value_name = "PATH[:GUEST_PATH]", value_parser = values::allowed_path, help_heading = "Grants")]
    allow_path: Vec<AllowedPath>,
    /// Grants the system interface, WASI preview 1.
    #[arg(long, help_heading = "Grants")]
    wasi: bool,
    /// Lets the plug-in read the headers of HTTP responses.
    #[arg(long, help_heading = "Grants")]
    enable_http_response_headers: bool,
    /// Limits the time of a call: milliseconds, or `500ms`, `2s`, `1m`.
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Limits")]
    pub(crate) timeout: Option<Duration>,
    /// Limits the memory of the plug-in, in pages of 64 KiB.
    #[arg(long, value_name = "PAGES", help_heading = "Limits")]
    memory_max: Option<u32>,
    /// Limits the body of an HTTP response, in bytes.
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    http_response_max: Option<u64>,
    /// Limits what the plug-in's variables take, in bytes.
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    var_max: Option<u64>,
    /// Limits the fuel of a call, about one for each instruction.
    #[arg(long, value_name = "FUEL", help_heading = "Limits")]
    fuel_limit: Option<u64>,
    /// Compiles the plug-in anew, and keeps nothing of it.
    #[arg(long, help_heading = "Plug-in")]
    pub(crate) no_cache: bool,
    /// Prints what the plug-in logs from this level on: `trace`, `debug`, `info`, `warn`, `error`.
    #[arg(long, value_name = "LEVEL", value_parser = values::log_level, help_heading = "Plug-in")]
    log_level: Option<LogLevel>,
    /// For the commands that take compiled plug-ins.
    #[arg(skip)]
    pub(crate) key: KeyOption,
}

impl PluginOptions {
    /// Takes the plug-in of a project, if the source is a project's folder or its file.
    ///
    /// # Errors
    ///
    /// If the folder is that of no project, or the project's file is wrong.
    pub(crate) fn enter_project(&mut self) -> Result<(), Failure> {
        // What was fetched is named by something else than a path.
        if self.module.is_some() {
            return Ok(());
        }
        let source = Path::new(&self.source);
        let folder = match source.file_name() {
            Some(name) if name == project::FILE && source.is_file() => {
                source.parent().map(|folder| if folder == "" { Path::new(".") } else { folder })
            }
            _ => source.is_dir().then_some(source),
        };
        if let Some(folder) = folder {
            let project = Project::find(folder)?;
            self.take_project(&project);
        }
        Ok(())
    }

    /// Takes the plug-in that a project is built to, with what the project grants it.
    pub(crate) fn take_project(&mut self, project: &Project) {
        self.source = build::shorten(&project.plugin()).to_string_lossy().into_owned();
        self.wasi |= project.settings.wasi();
    }

    /// Takes a module that was fetched for what the source names.
    pub(crate) fn take_module(&mut self, module: Vec<u8>) {
        self.module = Some(module);
    }

    /// Returns the least level at which the plug-in's log is shown, if it is.
    pub(crate) fn log_level(&self) -> Option<LogLevel> {
        self.log_level
    }

    /// Says whether the plug-in comes from standard input.
    pub(crate) fn is_stdin(&self) -> bool {
        self.source == source::STDIN
    }

    /// Returns the files that a change may come from, beside the modules: that which the source names, and
    /// those that signatures of the modules as they are named now would be in.
    pub(crate) fn own_paths(&self) -> Vec<PathBuf> {
        let source = PathBuf::from(&self.source);
        let mut paths = if source.exists() { vec![source] } else { Vec::new() };
        if self.verify_key.is_empty() || self.is_stdin() {
            return paths;
        }
        // What is wrong with the source is told by whoever loads it.
        let manifest = source::read(&self.source, self.manifest).unwrap_or_default();
        let modules = manifest.wasm.iter().filter_map(|wasm| match wasm {
            Wasm::File { path, .. } => Some(path),
            Wasm::Data { .. } | Wasm::Url { .. } => None,
        });
        let modules = modules.chain(self.link.iter().map(|link| &link.path));
        paths.extend(modules.map(|path| module_file::signatures_path(path)));
        paths
    }

    /// Returns the manifest that the source and the options make together. Its modules are signed as the options
    /// want it.
    ///
    /// # Errors
    ///
    /// If the source cannot be read, or is none, or is not signed as it has to be.
    pub(crate) fn to_manifest(&self) -> Result<Manifest, Failure> {
        let mut manifest = match &self.module {
            Some(module) => Manifest::new([Wasm::data(module.clone())]),
            None => source::read(&self.source, self.manifest)?,
        };
        self.add_links(&mut manifest);
        signed::require(&mut manifest, &self.verify_key)?;
        if let Some(object) = &self.set_config {
            manifest.config.extend(object.0.clone());
        }
        manifest
            .config
            .extend(self.config.iter().map(|pair| (pair.key.clone(), pair.value.clone())));
        if !self.allow_host.is_empty() {
            manifest.allowed_hosts.get_or_insert_default().extend(self.allow_host.iter().cloned());
        }
        for path in &self.allow_path {
            manifest = manifest.with_allowed_path(&path.host, &path.guest);
        }
        if let Some(time) = self.timeout {
            manifest = manifest.with_timeout(time);
        }
        let memory = &mut manifest.memory;
        memory.max_pages = self.memory_max.or(memory.max_pages);
        memory.max_http_response_bytes = self.http_response_max.or(memory.max_http_response_bytes);
        memory.max_var_bytes = self.var_max.or(memory.max_var_bytes);
        Ok(manifest)
    }

    /// Puts the linked modules before the plug-in's own, which stays the main one.
    fn add_links(&self, manifest: &mut Manifest) {
        if self.link.is_empty() {
            return;
        }
        let is_main = |wasm: &Wasm| wasm.meta().name.as_deref() == Some(MAIN_MODULE);
        if !manifest.wasm.iter().any(is_main)
            && let Some(last) = manifest.wasm.last_mut()
        {
            last.meta_mut().name = Some(MAIN_MODULE.to_owned());
        }
        let links = self.link.iter().map(|link| Wasm::file(&link.path).with_name(&link.name));
        manifest.wasm.splice(0..0, links);
    }

    /// Starts to load the plug-in.
    ///
    /// # Errors
    ///
    /// As [`Self::to_manifest`].
    pub(crate) fn builder(&self, output: &Output) -> Result<PluginBuilder<'static>, Failure> {
        let path = Path::new(&self.source);
        if self.module.is_some() || !artifact::is_at(path) {
            return Ok(self.builder_of(self.to_manifest()?, output));
        }
        if let Some(option) = self.option_of_manifest() {
            let reason = format!("`{option}` cannot change it any more");
            return Err(artifact::refuse(path, &reason).with_help(
                "give the option to `plugsmith precompile`, which writes it into the file",
            ));
        }
        Ok(self.complete(artifact::load(path, &self.key)?, output))
    }

    /// Returns an option that was given and is part of the manifest, if there is one.
    fn option_of_manifest(&self) -> Option<&'static str> {
        let options = [
            ("--manifest", self.manifest),
            ("--link", !self.link.is_empty()),
            ("--verify-key", !self.verify_key.is_empty()),
            ("--config", !self.config.is_empty()),
            ("--set-config", self.set_config.is_some()),
            ("--allow-host", !self.allow_host.is_empty()),
            ("--allow-path", !self.allow_path.is_empty()),
            ("--timeout", self.timeout.is_some()),
            ("--memory-max", self.memory_max.is_some()),
            ("--http-response-max", self.http_response_max.is_some()),
            ("--var-max", self.var_max.is_some()),
        ];
        options.into_iter().find_map(|(name, is_given)| is_given.then_some(name))
    }

    /// Starts to load a manifest with what the options say beyond it.
    pub(crate) fn builder_of(&self, manifest: Manifest, output: &Output) -> PluginBuilder<'static> {
        self.complete(PluginBuilder::new(manifest), output)
    }

    /// Adds what the options say beyond the manifest.
    fn complete(&self, builder: PluginBuilder<'static>, output: &Output) -> PluginBuilder<'static> {
        let mut builder = builder
            .with_wasi(self.wasi)
            .with_http_response_headers(self.enable_http_response_headers)
            .with_log_level(self.log_level);
        if let Some(fuel) = self.fuel_limit {
            builder = builder.with_fuel_limit(fuel);
        }
        if self.log_level.is_some() {
            builder = builder.with_log_sink(output.log_sink());
        }
        builder
    }

    /// Compiles the plug-in, with what the command has to say beyond the options.
    ///
    /// # Errors
    ///
    /// As [`Self::to_manifest`], and if the plug-in cannot be loaded.
    pub(crate) fn compile(
        &self,
        output: &Output,
        complete: impl FnOnce(PluginBuilder<'static>) -> PluginBuilder<'static>,
    ) -> Result<CompiledPlugin, Failure> {
        let builder = complete(self.builder(output)?);
        let spinner = output.spinner(format!("Compiling {}", self.source));
        let compiled = self.compile_cached(builder, output);
        spinner.finish_and_clear();
        compiled
    }

    /// Compiles, or takes what is compiled from the cache.
    fn compile_cached(
        &self,
        builder: PluginBuilder<'static>,
        output: &Output,
    ) -> Result<CompiledPlugin, Failure> {
        let folder = if self.no_cache { None } else { cache::folder()? };
        let uncached = builder.clone().with_cache_disabled();
        let Some(folder) = folder else { return Ok(uncached.compile()?) };
        match builder.with_cache(folder.path()).compile() {
            // Nobody asked for the user's own folder, so nobody need miss it.
            Err(err) if is_of_cache(&err) && cache::is_by_default() => {
                output.warn(&format!("{err}; nothing is cached"));
                Ok(uncached.compile()?)
            }
            compiled => Ok(compiled?),
        }
    }
}

fn is_of_cache(err: &plugsmith::Error) -> bool {
    matches!(err.downcast_ref(), Some(LoadError::Cache(_)))
}
