//! How a project is compiled here: a command that was found out, and what is done with its words.
//!
//! A compiler's own words are never swallowed: they reach the person as they are, or the script that
//! asked for JSON as the cause of the failure.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::shorten;
use crate::{exit::Exit, failure::Failure, output::Output};

/// How a project is compiled here.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// What was found, for people.
    pub(crate) compiler: String,
    /// What makes the plug-in.
    pub(super) work: Work,
}

/// What makes a plug-in.
#[derive(Debug)]
pub(super) enum Work {
    /// A command that leaves the plug-in where it belongs.
    Run(Command),
    /// Cargo, which says where the plug-in is.
    Cargo(Command),
    /// WebAssembly text, which is assembled right here.
    Assemble(PathBuf),
}

impl Recipe {
    /// Adds to the end of the command.
    pub(super) fn with_arguments(mut self, arguments: Vec<OsString>) -> Self {
        if let Work::Run(command) | Work::Cargo(command) = &mut self.work {
            command.args(arguments);
        }
        self
    }

    /// Makes the plug-in, and puts it to `plugin`. Returns what made it, for people.
    ///
    /// # Errors
    ///
    /// If the source does not compile, or a file cannot be written.
    pub(super) fn follow(self, plugin: &Path, output: &Output) -> Result<String, Failure> {
        match self.work {
            Work::Run(command) => run(command, output)?,
            Work::Cargo(command) => {
                let built = run_cargo(command, output)?;
                fs::copy(&built, plugin).map_err(|err| cannot_write(plugin, err))?;
            }
            Work::Assemble(source) => {
                let source = shorten(&source);
                let bytes = assemble(&source)?;
                fs::write(plugin, bytes).map_err(|err| cannot_write(plugin, err))?;
            }
        }
        Ok(self.compiler)
    }
}

/// Returns the module that a file of WebAssembly text is.
fn assemble(source: &Path) -> Result<Vec<u8>, Failure> {
    let text = fs::read_to_string(source).map_err(|err| {
        Failure::new(Exit::Input, format!("cannot read `{}`", source.display())).with_cause(err)
    })?;
    // Some editors begin every text with a mark that is no part of it.
    wat::parse_str(text.trim_start_matches('\u{feff}')).map_err(|mut err| {
        err.set_path(source);
        let message = format!("`{}` does not assemble", source.display());
        Failure::new(Exit::Build, message).with_cause(err)
    })
}

/// Runs a compiler, which prints nothing while all is well.
fn run(mut command: Command, output: &Output) -> Result<(), Failure> {
    let spinner = output.spinner(line(&command));
    let result = command.stdin(Stdio::null()).output();
    spinner.finish_and_clear();
    let result = result.map_err(|err| cannot_run(&command, err))?;
    let mut words = result.stdout;
    words.extend(result.stderr);
    if !output.is_json() {
        // When this fails, nobody is left to tell.
        let _ = io::stderr().lock().write_all(&words);
    }
    if result.status.success() {
        return Ok(());
    }
    Err(failed(&command, output, &words))
}

/// Runs cargo, which shows by itself how far it is. Returns the file that it made.
fn run_cargo(mut command: Command, output: &Output) -> Result<PathBuf, Failure> {
    if !output.is_json() {
        command.stderr(Stdio::inherit());
    }
    let result = command.stdin(Stdio::null()).output().map_err(|err| cannot_run(&command, err))?;
    if !result.status.success() {
        return Err(failed(&command, output, &result.stderr));
    }
    plugin_of(&result.stdout).ok_or_else(|| {
        Failure::new(Exit::Build, "cargo made no plug-in").with_help(
            "a plug-in is a library: `Cargo.toml` wants a `[lib]` with `crate-type = [\"cdylib\"]`",
        )
    })
}

/// Finds the plug-in in cargo's messages, each of which is a line of JSON: the last module there is.
fn plugin_of(messages: &[u8]) -> Option<PathBuf> {
    let lines = messages.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let files: Vec<_> = messages
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|message| message["filenames"].as_array().cloned())
        .flatten()
        .collect();
    let mut paths = files.iter().filter_map(Value::as_str).map(PathBuf::from);
    paths.rfind(|path| path.extension().is_some_and(|end| end == "wasm"))
}

fn failed(command: &Command, output: &Output, words: &[u8]) -> Failure {
    let failure = Failure::new(Exit::Build, format!("`{}` failed", line(command)));
    let words = String::from_utf8_lossy(words);
    let has_more = output.is_json() && !words.trim().is_empty();
    if has_more { failure.with_cause(words.trim_end().to_owned()) } else { failure }
}

fn cannot_run(command: &Command, err: io::Error) -> Failure {
    Failure::new(Exit::Toolchain, format!("cannot run `{}`", line(command))).with_cause(err)
}

pub(super) fn cannot_write(path: &Path, err: io::Error) -> Failure {
    Failure::new(Exit::Input, format!("cannot write `{}`", path.display())).with_cause(err)
}

/// Returns a command as a person would type it, the program by its name alone.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_says_where_the_plug_in_is() {
        let messages = br#"{"reason":"compiler-artifact","filenames":["a/libserde.rlib"]}
not JSON
{"reason":"build-script-executed","filenames":["b.wasm"]}
{"reason":"compiler-artifact","filenames":["a/x.rlib","a/x.wasm"]}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(plugin_of(messages), Some(PathBuf::from("a/x.wasm")));
        assert_eq!(plugin_of(b""), None);
    }

    #[test]
    fn commands_are_shown_without_their_folder() {
        let mut command = Command::new(Path::new("some").join("clang"));
        command.args(["-o", "plugin.wasm"]);
        assert_eq!(line(&command), "clang -o plugin.wasm");
    }
}
