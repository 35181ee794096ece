//! `plugsmith watch`: builds a project and calls its plug-in, again at each change.
//!
//! What the compiler itself writes is no change: by its name, if the language is known, and else because it
//! is written while the project's command runs. A build or a call that fails is told, and the next change is
//! waited for. What tells of a change that the last build has seen is no change either: it came late.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant, SystemTime},
};

use clap::Args;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use plugsmith::{Manifest, Plugin, Wasm};

use crate::{
    build::{self, Profile},
    call::{Called, shown},
    exit::Exit,
    failure::Failure,
    input::Input,
    output::{self, Output, style::DIM},
    plugin_options::PluginOptions,
    project::{self, Project},
};

/// How long nothing must change before something is done about it: editors write in several steps.
const QUIET: Duration = Duration::from_millis(50);

/// How long quiet is waited for: some program may write all the time.
const QUIET_LIMIT: Duration = Duration::from_secs(1);

/// Folders and files that compilers write at the top of a project.
const WRITTEN: [&str; 9] = [
    "target",
    "node_modules",
    ".git",
    ".zig-cache",
    "zig-out",
    "build",
    "Cargo.lock",
    "package-lock.json",
    "go.sum",
];

/// Calls a function, and again whenever what the plug-in is made of changes.
///
/// PLUGIN may be the folder of a project, which is then built first. Ctrl-C ends it, which a shell sees as
/// status 130.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    plugin: PluginOptions,
    /// The exported function to call.
    #[arg(value_name = "FUNCTION")]
    function: String,
    #[command(flatten)]
    input: Input,
}

/// What is watched.
enum Subject {
    Project(Project),
    /// The plug-in's files.
    Files(Vec<PathBuf>),
}

impl Watch {
    /// Builds and calls till the process is ended.
    ///
    /// # Errors
    ///
    /// If there is nothing to watch, or nothing that watches.
    pub(crate) fn run(mut self, output: &Output) -> Result<Exit, Failure> {
        let input = self.input.read()?;
        let subject = self.subject()?;
        let (sender, changes) = mpsc::channel();
        // Before the first build, so that no change is missed. It watches as long as it lives.
        let _watcher = subject.watch(move |event| {
            // Nobody listens any more when the command ends.
            let _ = sender.send(event);
        })?;
        let mut known = Known::default();
        loop {
            if let Err(failure) = self.round(&subject, &input, &changes, output) {
                output.failure(&failure);
            }
            output.note(&format!("{DIM}waiting for a change{DIM:#}"));
            if !known.wait(&changes, &subject) {
                return Err(Failure::new(Exit::Input, "nothing tells of changes any more"));
            }
        }
    }

    /// Finds out what to watch, and has the options name the plug-in that a project is built to.
    fn subject(&mut self) -> Result<Subject, Failure> {
        let folder = Path::new(&self.plugin.source);
        if folder.is_dir() {
            let project = Project::find(folder)?;
            self.plugin.take_project(&project);
            return Ok(Subject::Project(project));
        }
        if self.plugin.is_stdin() || self.plugin.source.contains("://") {
            return Err(Failure::new(Exit::Usage, "only files can be watched")
                .with_help(format!("name a file, or the folder of a `{}`", project::FILE)));
        }
        let manifest: Manifest = self.plugin.to_manifest()?;
        let modules = manifest.wasm.iter().filter_map(|wasm| match wasm {
            Wasm::File { path, .. } => Some(path.clone()),
            Wasm::Data { .. } | Wasm::Url { .. } => None,
        });
        let files = modules.chain(self.plugin.own_paths()).map(absolute);
        Ok(Subject::Files(files.collect()))
    }

    fn round(
        &self,
        subject: &Subject,
        input: &[u8],
        changes: &Receiver<notify::Result<Event>>,
        output: &Output,
    ) -> Result<(), Failure> {
        if let Subject::Project(project) = subject {
            let built = build::build(project, Profile::Release, output);
            if project.settings.command.is_some() {
                // What it writes, nobody but its author knows; it would be built again without end.
                settle(changes, |_| {});
            }
            built?;
        }
        let compiled = self.plugin.compile(output, |builder| builder)?;
        let mut plugin = Plugin::new_from_compiled(&compiled)?;
        let bytes = plugin.call::<_, Vec<u8>>(&self.function, input)?;
        if output.is_json() {
            return Called { bytes, report: None }.print_json();
        }
        output::print(&shown::for_terminal(&bytes))
    }
}

impl Subject {
    /// Has each change told to `tell`, as long as what is returned lives.
    fn watch(
        &self,
        tell: impl Fn(notify::Result<Event>) + Send + 'static,
    ) -> Result<RecommendedWatcher, Failure> {
        let failed = |err: notify::Error| {
            Failure::new(Exit::Input, "cannot watch for changes").with_cause(err)
        };
        let mut watcher = notify::recommended_watcher(tell).map_err(failed)?;
        match self {
            Self::Project(project) => {
                watcher.watch(&project.folder, RecursiveMode::Recursive).map_err(failed)?;
            }
            Self::Files(files) => {
                // The folders, since an editor may put another file in a file's place.
                let mut folders: Vec<_> = files.iter().filter_map(|file| file.parent()).collect();
                folders.sort_unstable();
                folders.dedup();
                for folder in folders {
                    watcher.watch(folder, RecursiveMode::NonRecursive).map_err(failed)?;
                }
            }
        }
        Ok(watcher)
    }

    /// Returns what an event changed of that which the plug-in is made of.
    fn changed_by(&self, mut event: Event) -> Vec<PathBuf> {
        if matches!(event.kind, EventKind::Access(_)) {
            return Vec::new();
        }
        event.paths.retain(|path| match self {
            Self::Project(project) => is_source(path, project),
            Self::Files(files) => files.contains(path),
        });
        event.paths
    }
}

/// The files that have changed, as they were when the last round began.
#[derive(Default)]
struct Known(HashMap<PathBuf, Stamp>);

/// When a file was last written, and its length; `None` if it is not there.
type Stamp = Option<(SystemTime, u64)>;

impl Known {
    /// Waits for a change, and then for quiet. Says whether there can be more.
    fn wait(&mut self, changes: &Receiver<notify::Result<Event>>, subject: &Subject) -> bool {
        let mut paths = loop {
            match changes.recv() {
                // What was missed may have been a change.
                Ok(Ok(event)) if event.need_rescan() => break Vec::new(),
                Ok(Ok(event)) => {
                    let paths = subject.changed_by(event);
                    if self.is_news(&paths) {
                        break paths;
                    }
                }
                Ok(Err(_)) => break Vec::new(),
                Err(_) => return false,
            }
        };
        settle(changes, |event| paths.extend(subject.changed_by(event)));
        self.note(paths);
        true
    }

    /// Says whether files are not as they are known.
    fn is_news(&self, paths: &[PathBuf]) -> bool {
        paths.iter().any(|path| self.0.get(path) != Some(&stamp(path)))
    }

    fn note(&mut self, paths: Vec<PathBuf>) {
        self.0.extend(paths.into_iter().map(|path| {
            let stamp = stamp(&path);
            (path, stamp)
        }));
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn is_source(path: &Path, project: &Project) -> bool {
    let Ok(within) = path.strip_prefix(&project.folder) else { return false };
    // What is told of the folder itself is no change of what is in it.
    let Some(top) = within.components().next() else { return false };
    let is_written = WRITTEN.iter().any(|name| top.as_os_str() == *name);
    !is_written && path != project.plugin() && !project.is_unfinished(path)
}

/// Waits for quiet, and gives `see` what comes before.
fn settle(changes: &Receiver<notify::Result<Event>>, mut see: impl FnMut(Event)) {
    let start = Instant::now();
    while start.elapsed() < QUIET_LIMIT
        && let Ok(change) = changes.recv_timeout(QUIET)
    {
        if let Ok(event) = change {
            see(event);
        }
    }
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_compilers_write_is_no_source() {
        let folder = std::env::temp_dir().join("project");
        let project = Project {
            folder: folder.clone(),
            settings: toml::from_str("lang = \"rust\"\noutput = \"out/p.wasm\"")
                .expect("it is right"),
        };
        let rows = [
            ("src/lib.rs", true),
            ("plugsmith.toml", true),
            ("Cargo.toml", true),
            ("targets.rs", true),
            ("src/build/mod.rs", true),
            ("", false),
            ("Cargo.lock", false),
            ("target/release/x.wasm", false),
            (".git/index", false),
            ("out/p.wasm", false),
            ("out/p.17.new.wasm", false),
            ("out/p.17.new.wasm.tmp9e4dc0d", false),
            ("src/p.17.new.wasm", true),
            ("out/p.new.wasm.rs", true),
            ("../other/lib.rs", false),
        ];
        for (name, expected) in rows {
            let path = match name.strip_prefix("../") {
                Some(other) => folder.with_file_name("elsewhere").join(other),
                None => folder.join(name),
            };
            assert_eq!(is_source(&path, &project), expected, "{name}");
        }
    }

    #[test]
    fn what_the_last_round_has_seen_is_no_news() {
        let folder = std::env::temp_dir().join(format!("plugsmith-watch-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the folder can be made");
        let file = folder.join("lib.rs");
        fs::write(&file, "one").expect("the folder can be written to");
        let mut known = Known::default();
        assert!(known.is_news(std::slice::from_ref(&file)));
        known.note(vec![file.clone()]);
        assert!(!known.is_news(&[]));
        assert!(!known.is_news(std::slice::from_ref(&file)));
        fs::write(&file, "three").expect("the folder can be written to");
        assert!(known.is_news(std::slice::from_ref(&file)));
        known.note(vec![file.clone()]);
        fs::remove_dir_all(&folder).expect("the folder can be removed");
        assert!(known.is_news(std::slice::from_ref(&file)));
        known.note(vec![file.clone()]);
        assert!(!known.is_news(&[file]));
    }
}
