//! `plugsmith call`: one function of a plug-in, called once or often.

mod shown;

use std::{
    fs,
    io::{self, Read as _},
    path::PathBuf,
};

use clap::Args;
use plugsmith::{CallReport, Plugin};
use serde_json::{Value, json};

use crate::{
    exit::Exit,
    failure::Failure,
    output::{self, Output},
    plugin_options::PluginOptions,
};

/// Calls a function of a plug-in and prints its output.
///
/// The output is printed as the plug-in gave it; on a terminal, JSON is spread over lines, and what
/// the terminal would take for a command is spelt out.
#[derive(Debug, Args)]
pub(crate) struct Call {
    #[command(flatten)]
    plugin: PluginOptions,
    /// The exported function to call.
    #[arg(value_name = "FUNCTION")]
    function: String,
    #[command(flatten)]
    input: Input,
    /// Calls the function this many times; one instance serves all calls.
    #[arg(long = "loop", value_name = "N", default_value_t = 1, hide_default_value = true)]
    n_calls: u32,
    /// Tells what each call took: time, memory, bytes.
    #[arg(long)]
    report: bool,
}

/// Where the input comes from. Without any of these it is empty.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct Input {
    /// The input, as text.
    #[arg(id = "input", short, long, value_name = "TEXT")]
    text: Option<String>,
    /// Reads the input from a file.
    #[arg(id = "input-file", long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Reads the input from standard input.
    #[arg(long)]
    stdin: bool,
}

impl Input {
    fn read(&self) -> Result<Vec<u8>, Failure> {
        if let Some(path) = &self.file {
            let message = || format!("cannot read input file `{}`", path.display());
            return fs::read(path)
                .map_err(|err| Failure::new(Exit::Input, message()).with_cause(err));
        }
        let mut bytes = Vec::new();
        if self.stdin {
            io::stdin().lock().read_to_end(&mut bytes).map_err(|err| {
                Failure::new(Exit::Input, "cannot read standard input").with_cause(err)
            })?;
        } else if let Some(text) = &self.text {
            bytes.extend_from_slice(text.as_bytes());
        }
        Ok(bytes)
    }
}

impl Call {
    /// Calls the function.
    ///
    /// # Errors
    ///
    /// If the plug-in cannot be loaded, or a call fails.
    pub(crate) fn run(self, output: &Output) -> Result<Exit, Failure> {
        if self.input.stdin && self.plugin.is_stdin() {
            return Err(Failure::new(Exit::Usage, "standard input cannot be plug-in and input")
                .with_help("give the input with `--input` or `--input-file`"));
        }
        let input = self.input.read()?;
        let compiled =
            self.plugin.compile(output, |builder| builder.with_call_reports(self.report))?;
        let mut plugin = Plugin::new_from_compiled(&compiled)?;
        for _ in 0..self.n_calls {
            let called = plugin.call::<_, Vec<u8>>(&self.function, input.as_slice());
            let report = plugin.last_call().filter(|_| self.report);
            print_call(output, called.map_err(Failure::from), report)?;
        }
        Ok(Exit::Success)
    }
}

/// Prints the outcome of a call, if there is an output, and what it took.
fn print_call(
    output: &Output,
    called: Result<Vec<u8>, Failure>,
    report: Option<&CallReport>,
) -> Result<(), Failure> {
    if output.is_json() {
        let mut object = shown::json_of(&called?);
        if let Some(report) = report {
            object["report"] = report_json(report);
        }
        return output::print_json(&object);
    }
    if let Ok(bytes) = &called {
        if output.is_terminal() {
            output::print(&shown::for_terminal(bytes))?;
        } else {
            output::print_bytes(bytes)?;
        }
    }
    if let Some(report) = report {
        output.note(&shown::report_lines(report));
    }
    called.map(drop)
}

fn report_json(report: &CallReport) -> Value {
    let nanos = |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    json!({
        "time_ns": nanos(report.time),
        "guest_time_ns": nanos(report.guest_time),
        "host_time_ns": nanos(report.host_time),
        "fuel": report.fuel,
        "guest_memory_bytes": report.guest_memory,
        "exchange_memory_bytes": report.exchange_memory,
        "input_bytes": report.input_len,
        "output_bytes": report.output_len,
    })
}
