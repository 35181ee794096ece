//! Runs cases: each in a fresh instance, or all of a file's in the same one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use plugsmith::{CacheFolder, Error, LoadError, LogRecord, Manifest, Plugin, PluginBuilder, Wasm};

use super::{
    compare::{Complaint, Content, compare},
    file::{Case, CaseFile, Expected, Setup},
    mock::Journal,
};
use crate::printable::printable;

/// What is tested.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// The module's bytes, or its text.
    pub(super) module: Vec<u8>,
    /// Whether it is granted WASI where a file does not say.
    pub(super) wasi: bool,
    /// Where compiled modules are kept, if they are.
    pub(super) cache: Option<CacheFolder>,
}

/// What came of one case.
#[derive(Debug)]
pub(super) struct Report {
    /// What is wrong; nothing if the case passed.
    pub(super) complaints: Vec<Complaint>,
    /// What the plug-in logged meanwhile.
    pub(super) log: Vec<String>,
}

/// Runs those cases of a file that are wanted, and hands each report on as soon as it is there.
pub(super) fn run(
    subject: &Subject,
    file: &CaseFile,
    is_wanted: impl Fn(&Case) -> bool,
    mut hand_on: impl FnMut(&Case, Report),
) {
    let wasi = file.wasi.unwrap_or(subject.wasi);
    let mut cases = file.cases.iter().filter(|case| is_wanted(case)).peekable();
    let mut shared: Option<Stage> = None;
    while let Some(case) = cases.next() {
        let stage = shared.take().map_or_else(|| Stage::set(subject, wasi, &case.setup), Ok);
        let mut stage = match stage {
            Ok(stage) => stage,
            Err(complaint) => {
                hand_on(case, Report { complaints: vec![complaint], log: Vec::new() });
                continue;
            }
        };
        let mut complaints = stage.play(case);
        if file.same_instance && cases.peek().is_some() {
            hand_on(case, Report { complaints, log: stage.log.take() });
            shared = Some(stage);
        } else {
            complaints.extend(stage.journal.close(&case.setup.mocks));
            hand_on(case, Report { complaints, log: stage.log.take() });
        }
    }
}

/// A plug-in, and what watches it.
struct Stage {
    plugin: Plugin,
    journal: Journal,
    log: Log,
}

impl Stage {
    /// Loads the plug-in.
    fn set(subject: &Subject, wasi: bool, setup: &Setup) -> Result<Self, Complaint> {
        let manifest = Manifest {
            wasm: vec![Wasm::data(subject.module.clone())],
            config: setup.config.clone(),
            allowed_hosts: setup.allowed_hosts.clone(),
            allowed_paths: setup.allowed_paths.clone(),
            timeout_ms: setup.timeout_ms,
            ..Manifest::default()
        };
        let (journal, log) = (Journal::default(), Log::default());
        let builder = PluginBuilder::new(manifest)
            .with_functions(journal.functions(&setup.mocks))
            .with_wasi(wasi)
            .with_log_sink(log.sink())
            // The next case loads the same module.
            .with_kept_code(true);
        let plugin = build(builder, subject.cache.as_ref()).map_err(|err| not_loaded(&err))?;
        Ok(Self { plugin, journal, log })
    }

    /// Makes the call of a case, and returns what is wrong.
    fn play(&mut self, case: &Case) -> Vec<Complaint> {
        self.plugin.vars_mut().extend(case.vars.clone());
        let outcome = self.plugin.call::<&[u8], Vec<u8>>(&case.export, &case.input);
        let mut complaints = self.journal.take();
        complaints.extend(check_outcome(&case.expected, &outcome));
        if let Some(expected) = &case.vars_after {
            complaints.extend(check_vars(expected, self.plugin.vars()));
        }
        complaints
    }
}

/// Makes a plug-in, with what the cache has of it. A cache that cannot be used changes no outcome, so it
/// is done without.
fn build(builder: PluginBuilder<'_>, cache: Option<&CacheFolder>) -> Result<Plugin, Error> {
    let uncached = builder.clone().with_cache_disabled();
    let Some(cache) = cache else { return uncached.build() };
    match builder.with_cache(cache.path()).build() {
        Err(err) if matches!(err.downcast_ref(), Some(LoadError::Cache(_))) => uncached.build(),
        built => built,
    }
}

fn check_outcome(expected: &Expected, outcome: &Result<Vec<u8>, Error>) -> Option<Complaint> {
    match (expected, outcome) {
        (Expected::Success, Ok(_)) => None,
        (Expected::Output(expected), Ok(output)) => compare("output", expected, output),
        (Expected::Error(text), Ok(output)) => {
            let output = String::from_utf8_lossy(output);
            let shown = printable(&output);
            let mut start: String = shown.chars().take(200).collect();
            if start.len() < shown.len() {
                start.push('…');
            }
            let what = format!("the call did not fail with `{text}`, its output is `{start}`");
            Some(Complaint::new(what))
        }
        (Expected::Error(text), Err(err)) => {
            let found = format!("{err:#}");
            let what = format!("the error does not contain `{text}`: {found}");
            (!found.contains(text)).then(|| Complaint::new(what))
        }
        (_, Err(err)) => Some(Complaint::new(format!("the call failed: {err:#}"))),
    }
}

fn check_vars(
    expected: &BTreeMap<String, Content>,
    found: &BTreeMap<String, Vec<u8>>,
) -> Vec<Complaint> {
    let wrong = expected.iter().filter_map(|(key, value)| match found.get(key) {
        Some(found) => compare(&format!("variable `{key}`"), value, found),
        None => Some(Complaint::new(format!("there is no variable `{key}`"))),
    });
    let extra = found.keys().filter(|key| !expected.contains_key(*key));
    let extra = extra.map(|key| Complaint::new(format!("variable `{key}` is not in `vars_after`")));
    wrong.chain(extra).collect()
}

/// Says why a plug-in cannot be loaded, and what the case file could say about it.
fn not_loaded(err: &Error) -> Complaint {
    let what = format!("the plug-in cannot be loaded: {err:#}");
    match err.downcast_ref::<LoadError>() {
        Some(LoadError::UnknownImport { namespace, .. }) if namespace.starts_with("wasi_") => {
            Complaint::new(format!("{what}\ngrant it WASI: `wasi = true` at the top of the file"))
        }
        Some(LoadError::UnknownImport { namespace, name, .. }) => Complaint::new(format!(
            "{what}\nmock it: `[[case.host]]` with `namespace = \"{namespace}\"`, \
             `name = \"{name}\"`, `params`, `result` and `answer`"
        )),
        _ => Complaint::new(what),
    }
}

/// What a plug-in logs.
#[derive(Clone, Default)]
struct Log {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Log {
    fn sink(&self) -> impl Fn(&LogRecord<'_>) + Send + Sync + 'static {
        let lines = Arc::clone(&self.lines);
        move |record| {
            let line = format!("{} {}", record.level, record.message);
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
