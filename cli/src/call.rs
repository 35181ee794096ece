//! `plugsmith call`: one function of a plug-in, called once, often, or for each line of an input.

mod batch;
pub(crate) mod shown;

use std::num::NonZeroU32;

use clap::Args;
use plugsmith::{CallReport, Plugin};

use self::batch::Batch;
use crate::{
    exit::Exit,
    failure::Failure,
    input::Input,
    output::{self, Output},
    plugin_options::{KeyOption, PluginOptions},
};

/// Calls a function of a plug-in and prints its output.
///
/// The output is printed as the plug-in gave it; on a terminal, JSON is spread over lines, and what the
/// terminal would take for a command is spelt out.
#[derive(Debug, Args)]
pub(crate) struct Call {
    #[command(flatten)]
    pub(crate) plugin: PluginOptions,
    #[command(flatten)]
    key: KeyOption,
    /// The exported function to call.
    #[arg(value_name = "FUNCTION")]
    function: String,
    #[command(flatten)]
    input: Input,
    /// Calls the function this many times; one instance serves all calls.
    #[arg(long = "loop", value_name = "N", conflicts_with = "jsonl")]
    n_calls: Option<NonZeroU32>,
    /// Calls the function for each line of the input file, or of standard input, and prints a line of
    /// JSON for each: its output, or its error. The results are in the order of the lines.
    #[arg(long, conflicts_with = "input")]
    jsonl: bool,
    /// How many lines are worked on at once, each by an instance of its own, which serves many.
    #[arg(long, value_name = "N", requires = "jsonl", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    jobs: Option<u16>,
    /// Tells what each call took: time, memory, bytes.
    #[arg(long)]
    report: bool,
}

impl Call {
    /// Calls the function.
    ///
    /// # Errors
    ///
    /// If the plug-in cannot be loaded, or a call fails.
    pub(crate) fn run(mut self, output: &Output) -> Result<Exit, Failure> {
        self.plugin.key = self.key.clone();
        if self.reads_stdin() && self.plugin.is_stdin() {
            return Err(Failure::new(Exit::Usage, "standard input cannot be plug-in and input")
                .with_help("name the plug-in's file, or give the input with `--input-file`"));
        }
        if self.jsonl { self.call_lines(output) } else { self.call_once_or_often(output) }
    }

    /// Says whether the input comes from standard input.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.input.is_stdin() || self.jsonl && !self.input.is_given()
    }

    fn call_once_or_often(&self, output: &Output) -> Result<Exit, Failure> {
        let input = self.input.read()?;
        let compiled =
            self.plugin.compile(output, |builder| builder.with_call_reports(self.report))?;
        let mut plugin = Plugin::new_from_compiled(&compiled)?;
        for _ in 0..self.n_calls.map_or(1, NonZeroU32::get) {
            let called = plugin.call::<_, Vec<u8>>(&self.function, input.as_slice());
            let report = plugin.last_call().filter(|_| self.report);
            print_call(output, called.map_err(Failure::from), report)?;
        }
        Ok(Exit::Success)
    }

    fn call_lines(&self, output: &Output) -> Result<Exit, Failure> {
        let lines = self.input.lines()?;
        let compiled =
            self.plugin.compile(output, |builder| builder.with_call_reports(self.report))?;
        let n_jobs = self.jobs.unwrap_or(1);
        let has_report = self.report;
        Batch { compiled, function: self.function.clone(), n_jobs, has_report }.run(lines, output)
    }
}

/// What a call came to, for scripts.
pub(crate) struct Called<'r> {
    pub(crate) bytes: Vec<u8>,
    pub(crate) report: Option<&'r CallReport>,
}

impl Called<'_> {
    /// Prints it as a line of JSON.
    ///
    /// # Errors
    ///
    /// If standard output is closed.
    pub(crate) fn print_json(&self) -> Result<(), Failure> {
        let mut object = shown::json_of(&self.bytes);
        if let Some(report) = self.report {
            object["report"] = shown::report_json(report);
        }
        output::print_json(&object)
    }
}

/// Prints the outcome of a call, if there is an output, and what it took.
fn print_call(
    output: &Output,
    called: Result<Vec<u8>, Failure>,
    report: Option<&CallReport>,
) -> Result<(), Failure> {
    if output.is_json() {
        return Called { bytes: called?, report }.print_json();
    }
    if let Ok(bytes) = &called {
        if output.is_terminal() {
            output::print(&shown::for_terminal(bytes))?;
        } else {
            output::print_bytes(bytes)?;
        }
    }
    if let Some(report) = report {
        output.note(shown::report_page(report).trim_end());
    }
    called.map(drop)
}
