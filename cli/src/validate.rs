//! `plugsmith validate`: whether a plug-in would load here, and if not, every reason why.
//!
//! The host stops at the first reason. So each is noted and mended, and the plug-in loaded again, until
//! nothing is wrong or what is wrong cannot be mended: then more may lie behind it. Nothing of the
//! plug-in runs.

use clap::Args;
use plugsmith::{
    CallLimits, EXTISM_USER_MODULE, Function, LoadError, Manifest, ModuleBytes, PluginBuilder,
    Wasm, WasmInput, manifest::MAIN_MODULE,
};
use serde_json::json;

use crate::{
    exit::Exit,
    failure::Failure,
    module_facts::ModuleFacts,
    output::{
        self, Output,
        style::{BAD, DIM, GOOD},
    },
    page::{Page, counted},
    plugin_options::PluginOptions,
    printable::printable,
    stand_ins::stand_in,
};

/// How many reasons are looked for; each takes another attempt to load.
const REASONS_LIMIT: usize = 100;

/// The namespace of the system interface.
const WASI_NAMESPACE: &str = "wasi_snapshot_preview1";

/// A module without anything in it.
const EMPTY_MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";

/// Tells whether a plug-in would load here, and if not, every reason why.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    #[command(flatten)]
    pub(crate) plugin: PluginOptions,
    /// Takes a function for one that the host program has, whatever its type.
    #[arg(long, value_name = "[NAMESPACE::]NAME")]
    host_function: Vec<String>,
}

/// Why a plug-in does not load.
struct Verdict {
    reasons: Vec<Failure>,
    /// Whether there may be more, which only show once these are mended.
    may_have_more: bool,
}

impl Validate {
    /// Finds out.
    ///
    /// # Errors
    ///
    /// If there is no plug-in to look at.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        let manifest = self.plugin.to_manifest()?;
        let spinner = output.spinner(format!("Compiling {}", self.plugin.source));
        let verdict = self.judge(&manifest, output);
        spinner.finish_and_clear();
        if output.is_json() {
            let reasons: Vec<_> =
                verdict.reasons.iter().map(|reason| reason.to_json()["error"].clone()).collect();
            let loads = reasons.is_empty();
            output::print_json(
                &json!({"loads": loads, "reasons": reasons, "may_have_more": verdict.may_have_more}),
            )?;
        } else {
            verdict.page(&self.plugin.source).print()?;
        }
        Ok(if verdict.reasons.is_empty() { Exit::Success } else { Exit::Check })
    }

    fn judge(&self, manifest: &Manifest, output: &Output) -> Verdict {
        let modules = match read_all(manifest) {
            Ok(modules) => modules,
            Err(reasons) => return Verdict { reasons, may_have_more: true },
        };
        let facts: Result<Vec<_>, _> = modules.iter().map(ModuleFacts::read).collect();
        let facts = match facts {
            Ok(facts) => facts,
            Err(broken) => return Verdict { reasons: vec![broken], may_have_more: true },
        };
        // As they were read, so that each attempt is about the same bytes.
        let wasm = modules
            .into_iter()
            .map(|ModuleBytes { name, bytes, .. }| Wasm::data(bytes).with_name(name));
        let manifest = Manifest { wasm: wasm.collect(), ..manifest.clone() };
        let mut attempt = Attempt::new(manifest);
        for name in &self.host_function {
            let (namespace, name) = name.split_once("::").unwrap_or((EXTISM_USER_MODULE, name));
            attempt.add_functions(&facts, namespace, name);
        }
        attempt.judge(&facts, |manifest| self.plugin.builder_of(manifest, output))
    }
}

/// Reads each module by itself, or says of each that cannot be read why.
fn read_all(manifest: &Manifest) -> Result<Vec<ModuleBytes>, Vec<Failure>> {
    let named = manifest.named_modules().map_err(|err| vec![load_failure(err)])?;
    let (mut modules, mut unread) = (Vec::new(), Vec::new());
    for (name, wasm) in named {
        let mut alone = Manifest::new([wasm.clone()]);
        if name != MAIN_MODULE {
            // Beside a main module, this one keeps its name.
            alone = alone.with_wasm(Wasm::data(EMPTY_MODULE).with_name(MAIN_MODULE));
        }
        match WasmInput::from(alone).into_modules() {
            Ok(mut read) => modules.push(read.swap_remove(0)),
            Err(err) => unread.push(err.into()),
        }
    }
    if unread.is_empty() { Ok(modules) } else { Err(unread) }
}

fn load_failure(err: impl Into<LoadError>) -> Failure {
    plugsmith::Error::from(err.into()).into()
}

/// Says what to do about a function that nobody provides here, but perhaps a host program does.
fn advice(err: &LoadError) -> Option<String> {
    match err {
        LoadError::UnknownImport { namespace, name, .. } if namespace != WASI_NAMESPACE => {
            let name = match namespace.as_str() {
                EXTISM_USER_MODULE => name.clone(),
                _ => format!("{namespace}::{name}"),
            };
            Some(format!(
                "if the host program has it, say so with `--host-function {name}`; if a module has it, \
                 link that with `--link {namespace}=FILE`"
            ))
        }
        _ => None,
    }
}

/// A plug-in that is loaded again and again, with more of it mended each time.
struct Attempt {
    manifest: Manifest,
    functions: Vec<Function>,
    grants_wasi: bool,
    call_limits: CallLimits,
}

impl Attempt {
    fn new(manifest: Manifest) -> Self {
        let call_limits = CallLimits::default();
        Self { manifest, functions: Vec::new(), grants_wasi: false, call_limits }
    }

    fn judge(
        mut self,
        facts: &[ModuleFacts],
        builder_of: impl Fn(Manifest) -> PluginBuilder<'static>,
    ) -> Verdict {
        let mut reasons = Vec::new();
        while let Err(err) = self.load(&builder_of) {
            let is_mended = err.downcast_ref().is_some_and(|err| self.mend(err, facts));
            let advice = err.downcast_ref().and_then(advice);
            let reason = Failure::from(err);
            reasons.push(match advice {
                Some(advice) => reason.with_help(advice),
                None => reason,
            });
            if !is_mended || reasons.len() == REASONS_LIMIT {
                return Verdict { reasons, may_have_more: true };
            }
        }
        Verdict { reasons, may_have_more: false }
    }

    fn load(
        &self,
        builder_of: impl Fn(Manifest) -> PluginBuilder<'static>,
    ) -> Result<(), plugsmith::Error> {
        let mut builder = builder_of(self.manifest.clone())
            .with_functions(self.functions.iter().cloned())
            .with_call_limits(self.call_limits)
            .with_cache_disabled()
            // The next attempt compiles the same.
            .with_kept_code(true);
        if self.grants_wasi {
            builder = builder.with_wasi(true);
        }
        builder.compile().map(drop)
    }

    /// Mends what is wrong, if that can be done.
    fn mend(&mut self, err: &LoadError, facts: &[ModuleFacts]) -> bool {
        match err {
            LoadError::UnknownImport { namespace, .. }
                if namespace == WASI_NAMESPACE && !self.grants_wasi =>
            {
                self.grants_wasi = true;
                true
            }
            LoadError::UnknownImport { namespace, name, .. } => {
                self.add_functions(facts, namespace, name)
            }
            LoadError::MemoryLimit { .. } => {
                self.manifest.memory.max_pages = None;
                self.call_limits.memory_pages = None;
                true
            }
            LoadError::AllowedPath { path, .. }
            | LoadError::AllowedPathKind { path }
            | LoadError::AllowedPathName { path } => {
                let paths = self.manifest.allowed_paths.get_or_insert_default();
                let n_paths = paths.len();
                paths.retain(|host, _| host.strip_prefix("ro:").unwrap_or(host) != path);
                paths.len() < n_paths
            }
            _ => false,
        }
    }

    /// Adds a host function of each type that it is imported with, and says whether there is one.
    fn add_functions(&mut self, facts: &[ModuleFacts], namespace: &str, name: &str) -> bool {
        let n_functions = self.functions.len();
        let imports = facts.iter().flat_map(|module| &module.imports);
        let wanted = imports.filter(|import| import.namespace == namespace && import.name == name);
        self.functions.extend(wanted.filter_map(stand_in));
        self.functions.len() > n_functions
    }
}

impl Verdict {
    fn page(&self, source: &str) -> Page {
        let mut page = Page::new();
        if self.reasons.is_empty() {
            page.line(format_args!("{GOOD}✓{GOOD:#} {source} loads here"));
            return page;
        }
        let number = counted(self.reasons.len(), "reason");
        page.line(format_args!("{BAD}×{BAD:#} {source} does not load here, for {number}"));
        for (idx, reason) in self.reasons.iter().enumerate() {
            page.line(format_args!("{:>3}. {}", idx + 1, printable(&reason.in_one_line())));
            if let Some(help) = reason.help_text() {
                page.line(format_args!("     {DIM}{}{DIM:#}", printable(help)));
            }
        }
        if self.may_have_more {
            page.line("  Once these are mended, more may show.");
        }
        page
    }
}
