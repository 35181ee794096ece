//! `plugsmith test`: calls a plug-in as its cases say, and compares what comes.
//!
//! The cases are in files in TOML; `file.rs` has what may stand there. Each case runs in a fresh instance,
//! unless its file says otherwise, in the order of the file. Tells on the way what came of each, as
//! `cargo test` does, and at the end what is wrong.

mod compare;
mod file;
mod item;
mod mock;
mod run;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::{Value, json};

use self::{
    compare::Complaint,
    file::{Case, CaseFile},
    run::{Report, Subject},
};
use crate::{
    build::{self, ProjectOptions},
    cache,
    exit::Exit,
    failure::Failure,
    output::{self, Output, style},
    printable::printable,
    project::Project,
};

/// The file, and the folder of files, that a project's cases are in.
const FILE: &str = "cases.toml";
const FOLDER: &str = "cases";

/// What may stand in a file of cases.
const HELP: &str = concat!(
    "A file of cases. All keys but `name` and `export` may be left out; paths are relative to the \
     file.\n\n",
    include_str!("cases/example.toml")
);

/// The last lines of a failed case's log that are shown.
const LOG_LINES_LIMIT: usize = 50;

/// Builds a project and runs its cases: calls with what is to come of them.
///
/// Without files, these are `cases.toml` and `cases/*.toml` in the project's folder.
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(crate) struct Test {
    /// Files of cases.
    files: Vec<PathBuf>,
    /// Runs only cases whose name contains this.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    filter: String,
    /// Tests this module, or WebAssembly text, instead of a project's.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["project", "release", "debug", "no_build"])]
    plugin: Option<PathBuf>,
    /// Grants WASI to the plug-in that `--plugin` names; a project says it in its `plugsmith.toml`.
    #[arg(long, requires = "plugin")]
    wasi: bool,
    /// Tests what was built before.
    #[arg(long, conflicts_with_all = ["release", "debug"])]
    no_build: bool,
    #[command(flatten)]
    project: ProjectOptions,
}

impl Test {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// If the plug-in cannot be built or read, or a file of cases is wrong.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        let (path, wasi, folder) = if let Some(path) = &self.plugin {
            (path.clone(), self.wasi, PathBuf::new())
        } else {
            let project = self.project.find()?;
            (self.built(&project, output)?, project.settings.wasi(), project.folder)
        };
        let module = fs::read(&path).map_err(|err| {
            let message = format!("cannot read plug-in `{}`", path.display());
            let help = match self.plugin {
                Some(_) => "name the file of a module (`.wasm`, `.wat`)",
                None => "`plugsmith build` makes a project's plug-in",
            };
            Failure::new(Exit::Load, message).with_cause(err).with_help(help)
        })?;
        let paths = if self.files.is_empty() { files_in(&folder)? } else { self.files.clone() };
        let files = paths.iter().map(|path| CaseFile::read(path)).collect::<Result<Vec<_>, _>>()?;

        let subject = Subject { module, wasi, cache: cache::folder()? };
        let mut summary = Summary::new(output);
        for file in &files {
            let is_wanted = |case: &Case| case.name.contains(&self.filter);
            summary.start(file, file.cases.iter().filter(|case| is_wanted(case)).count())?;
            let mut printed = Ok(());
            run::run(&subject, file, is_wanted, |case, report| {
                let added = summary.add(file, case, report);
                printed = std::mem::replace(&mut printed, Ok(())).and(added);
            });
            printed?;
        }
        summary.finish()
    }

    /// Builds the project, if that is wanted, and returns its plug-in.
    fn built(&self, project: &Project, output: &Output) -> Result<PathBuf, Failure> {
        if self.no_build {
            return Ok(project.plugin());
        }
        Ok(build::build(project, self.project.profile(), output)?.plugin)
    }
}

/// Returns the files of cases in a project's folder.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let is_toml = |path: &PathBuf| path.extension().is_some_and(|end| end == "toml");
    let entries = fs::read_dir(folder.join(FOLDER)).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).filter(is_toml).collect();
    files.sort();
    let first = folder.join(FILE);
    if first.is_file() {
        files.insert(0, first);
    }
    if files.is_empty() {
        let message = format!("no `{FILE}` and no `{FOLDER}/*.toml` to run");
        return Err(Failure::new(Exit::Input, message)
            .with_help("write one, or name the files: `plugsmith test more-cases.toml`"));
    }
    Ok(files.iter().map(|path| build::shorten(path)).collect())
}

/// What came of the cases so far.
struct Summary<'a> {
    output: &'a Output,
    n_passed: usize,
    n_filtered: usize,
    /// For scripts.
    cases: Vec<Value>,
    /// For people: the names of the cases that failed, and what is wrong with each.
    failed: Vec<(String, String)>,
}

impl<'a> Summary<'a> {
    fn new(output: &'a Output) -> Self {
        Self { output, n_passed: 0, n_filtered: 0, cases: Vec::new(), failed: Vec::new() }
    }

    /// Begins a file, of which so many cases are wanted.
    fn start(&mut self, file: &CaseFile, n_wanted: usize) -> Result<(), Failure> {
        self.n_filtered += file.cases.len() - n_wanted;
        let noun = if n_wanted == 1 { "case" } else { "cases" };
        self.print(&format!("\nrunning {n_wanted} {noun} of {}\n", file.name))
    }

    fn add(&mut self, file: &CaseFile, case: &Case, report: Report) -> Result<(), Failure> {
        let Report { complaints, log } = report;
        let has_passed = complaints.is_empty();
        let (style, word) = if has_passed { (style::GOOD, "ok") } else { (style::BAD, "FAILED") };
        self.n_passed += usize::from(has_passed);
        self.cases.push(json!({
            "file": file.name,
            "line": case.line,
            "name": case.name,
            "passed": has_passed,
            "complaints": complaints
                .iter()
                .map(|complaint| json!({ "what": complaint.what, "diff": complaint.diff }))
                .collect::<Vec<_>>(),
            "log": log,
        }));
        let name = printable(&case.name).into_owned();
        self.print(&format!("case {name} ... {style}{word}{style:#}\n"))?;
        if !has_passed {
            let details = details(file, case, &complaints, &log);
            self.failed.push((name, details));
        }
        Ok(())
    }

    /// Tells what is wrong, and how many cases passed.
    fn finish(self) -> Result<Exit, Failure> {
        let (n_passed, n_failed, n_filtered) = (self.n_passed, self.failed.len(), self.n_filtered);
        let exit = if n_failed == 0 { Exit::Success } else { Exit::Check };
        if self.output.is_json() {
            output::print_json(&json!({
                "cases": self.cases,
                "passed": n_passed,
                "failed": n_failed,
                "filtered_out": n_filtered,
            }))?;
            return Ok(exit);
        }
        let mut text = String::new();
        if n_failed > 0 {
            text.push_str("\nfailures:\n");
            for (name, details) in &self.failed {
                write!(text, "\n---- {name} ----\n{details}").expect("a string takes any text");
            }
        }
        let (style, word) = match exit {
            Exit::Success => (style::GOOD, "ok"),
            _ => (style::BAD, "FAILED"),
        };
        writeln!(
            text,
            "\ntest result: {style}{word}{style:#}. {n_passed} passed; {n_failed} failed; \
             {n_filtered} filtered out"
        )
        .expect("a string takes any text");
        self.print(&text)?;
        Ok(exit)
    }

    /// Prints for people.
    fn print(&self, text: &str) -> Result<(), Failure> {
        if self.output.is_json() { Ok(()) } else { output::print(text) }
    }
}

/// Returns what is wrong with a case, for people.
fn details(file: &CaseFile, case: &Case, complaints: &[Complaint], log: &[String]) -> String {
    let dim = style::DIM;
    let export = printable(&case.export);
    let mut text = format!("{dim}{}:{}: `{export}`{dim:#}\n", file.name, case.line);
    text.extend(complaints.iter().map(Complaint::shown));
    let shown = &log[log.len().saturating_sub(LOG_LINES_LIMIT)..];
    if !shown.is_empty() {
        text.push_str("log:\n");
    }
    for line in shown {
        writeln!(text, "  {dim}{}{dim:#}", printable(line)).expect("a string takes any text");
    }
    text
}
