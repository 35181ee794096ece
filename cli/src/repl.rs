//! `plugsmith repl`: a plug-in that is kept alive and called line by line.
//!
//! At a terminal lines can be edited, come back from a history, and complete, and Ctrl-C ends a call; from
//! anywhere else lines are read as they are.

mod history;
mod interrupts;
mod line_editor;

use std::{collections::BTreeMap, io};

use clap::Args;
use console::Term;
use plugsmith::{CompiledPlugin, Plugin, WasmInput};
use serde_json::{Value, json};

use self::{
    interrupts::Interrupts,
    line_editor::{LineEditor, Step},
};
use crate::{
    call::{Called, shown},
    exit::Exit,
    failure::Failure,
    input::Input,
    module_facts::{ModuleFacts, Role},
    output::{self, Output, style::DIM},
    page::{Column, Page},
    plugin_options::PluginOptions,
    printable::{bytes_in_words, in_line},
};

/// What stands before a line.
const PROMPT: &str = "> ";

/// The lines that are no calls, and what they do.
const COMMANDS: [(&str, &str); 6] = [
    (".exports", "lists the functions that can be called"),
    (".vars", "lists the plug-in's variables"),
    (".report", "tells what each call takes, or no longer"),
    (".fresh", "begins anew: memory and variables are gone"),
    (".help", "prints this"),
    (".quit", "ends, as Ctrl-D does"),
];

/// Keeps a plug-in alive and calls it line by line: `FUNCTION INPUT`.
///
/// At a terminal, Ctrl-C ends the call that runs, and `.help` tells what else can be typed.
#[derive(Debug, Args)]
pub(crate) struct Repl {
    #[command(flatten)]
    pub(crate) plugin: PluginOptions,
}

/// A plug-in, and how its calls are shown.
struct Session {
    compiled: CompiledPlugin,
    plugin: Plugin,
    exports: Vec<String>,
    reports: bool,
    interrupts: Interrupts,
}

/// Whether there are to be more lines.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    More,
    End,
}

impl Repl {
    /// Calls till there are no more lines.
    ///
    /// # Errors
    ///
    /// If the plug-in cannot be loaded. That a call fails is told, and is no end.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Failure> {
        if self.plugin.is_stdin() {
            return Err(Failure::new(
                Exit::Usage,
                "lines and plug-in cannot both be standard input",
            )
            .with_help("name the plug-in's file"));
        }
        let mut session = Session::new(&self.plugin, output)?;
        let term = Term::stdout();
        if term.is_term() && console::user_attended() && io::IsTerminal::is_terminal(&io::stdin()) {
            output.note(&format!("{DIM}`.help` tells what can be typed{DIM:#}"));
            session.run_at_terminal(&term, output)?;
        } else {
            let mut lines = Input::of_stdin().lines()?;
            while let Some(line) = lines.next_line()? {
                if session.obey(&String::from_utf8_lossy(&line), output)? == Next::End {
                    break;
                }
            }
        }
        Ok(Exit::Success)
    }
}

impl Session {
    fn new(options: &PluginOptions, output: &Output) -> Result<Self, Failure> {
        let modules = WasmInput::from(options.to_manifest()?).into_modules()?;
        let main = modules.iter().find(|module| module.name == plugsmith::manifest::MAIN_MODULE);
        let facts = main.map(ModuleFacts::read).transpose()?;
        let exports = facts.iter().flat_map(|facts| &facts.exports);
        let is_callable = |role| matches!(role, Role::Callable | Role::Program);
        let exports = exports.filter(|export| is_callable(export.role));
        let exports = exports.map(|export| export.name.clone()).collect();
        let compiled = options.compile(output, |builder| builder.with_call_reports(true))?;
        let plugin = Plugin::new_from_compiled(&compiled)?;
        let interrupts = Interrupts::default();
        Ok(Self { compiled, plugin, exports, reports: false, interrupts })
    }

    fn run_at_terminal(&mut self, term: &Term, output: &Output) -> Result<(), Failure> {
        let words = COMMANDS.iter().map(|(name, _)| (*name).to_owned());
        let words: Vec<_> = self.exports.iter().cloned().chain(words).collect();
        let mut editor = LineEditor::new(history::read());
        let failed = |err| Failure::new(Exit::Input, "cannot use the terminal").with_cause(err);
        self.interrupts = Interrupts::listen().map_err(failed)?;
        loop {
            let line = read_line(term, &mut editor, &words).map_err(failed)?;
            let Some(line) = line else { break };
            // At once, since a line may be the last for reasons of its own.
            history::write(editor.history());
            if self.obey(&line, output)? == Next::End {
                break;
            }
        }
        Ok(())
    }

    /// Does what a line says.
    ///
    /// # Errors
    ///
    /// If standard output is closed.
    fn obey(&mut self, line: &str, output: &Output) -> Result<Next, Failure> {
        let line = line.trim_start();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word.trim_end() {
            "" => {}
            ".quit" => return Ok(Next::End),
            ".help" => tell(output, help, help_json)?,
            ".exports" => tell(output, || self.exports_page(), || self.exports_json())?,
            ".vars" => tell(output, || self.vars_page(), || self.vars_json())?,
            ".report" => self.reports = !self.reports,
            ".fresh" => self.plugin = Plugin::new_from_compiled(&self.compiled)?,
            command if command.starts_with('.') => {
                let failure = Failure::new(Exit::Usage, format!("no command `{command}`"));
                output.failure(&failure.with_help("`.help` lists the commands"));
            }
            function => self.call(function, rest, output)?,
        }
        Ok(Next::More)
    }

    fn call(&mut self, function: &str, input: &str, output: &Output) -> Result<(), Failure> {
        let handle = self.plugin.cancel_handle();
        let call = || self.plugin.call::<_, Vec<u8>>(function, input).map_err(Failure::from);
        let called = self.interrupts.during(handle, call);
        let report = self.plugin.last_call().filter(|_| self.reports);
        match called {
            Ok(bytes) if output.is_json() => Called { bytes, report }.print_json()?,
            Ok(bytes) => {
                output::print(&shown::for_terminal(&bytes))?;
                if let Some(report) = report {
                    output.note(shown::report_page(report).trim_end());
                }
            }
            Err(failure) => output.failure(&failure),
        }
        Ok(())
    }

    fn exports_page(&self) -> Page {
        let mut page = Page::new();
        for name in &self.exports {
            page.line(in_line(name));
        }
        page
    }

    fn exports_json(&self) -> Value {
        json!({"exports": self.exports})
    }

    /// Returns the variables as calls' outputs are: as text, or in base64.
    fn vars_json(&self) -> Value {
        let vars = self.plugin.vars().iter();
        let vars = vars.map(|(name, value)| (name.clone(), shown::json_of(value)));
        json!({"vars": vars.collect::<Value>()})
    }

    fn vars_page(&self) -> Page {
        let row = |(name, value): (&String, &Vec<u8>)| {
            let text = match str::from_utf8(value) {
                Ok(text) => text.to_owned(),
                Err(_) => bytes_in_words(value.len() as u64),
            };
            [name.clone(), text]
        };
        let rows: Vec<_> = self.plugin.vars().iter().map(row).collect();
        let mut page = Page::new();
        page.table([Column::Dim, Column::Left], &rows);
        page
    }
}

/// Prints what was asked for, for people or for scripts.
fn tell(
    output: &Output,
    page: impl FnOnce() -> Page,
    json: impl FnOnce() -> Value,
) -> Result<(), Failure> {
    if output.is_json() { output::print_json(&json()) } else { page().print() }
}

fn help_json() -> Value {
    json!({"commands": COMMANDS.into_iter().collect::<BTreeMap<_, _>>()})
}

fn help() -> Page {
    let mut page = Page::new();
    page.line("FUNCTION INPUT calls a function; the input is the rest of the line.");
    let rows = COMMANDS.map(|(name, does)| [name.to_owned(), does.to_owned()]);
    page.table([Column::Left, Column::Dim], &rows);
    page
}

/// Reads a line, or `None` if there are to be no more.
fn read_line(term: &Term, editor: &mut LineEditor, words: &[String]) -> io::Result<Option<String>> {
    loop {
        let columns = usize::from(term.size().1).saturating_sub(PROMPT.len());
        let (seen, cursor) = editor.window(columns);
        term.clear_line()?;
        term.write_str(&format!("{PROMPT}{seen}"))?;
        term.move_cursor_left(seen.chars().count() - cursor)?;
        match editor.press(&term.read_key_raw()?, words) {
            Step::Typing => {}
            Step::Choices(choices) => {
                term.write_line("")?;
                term.write_line(&in_line(&choices.join("  ")))?;
            }
            Step::GivenUp => term.write_line("")?,
            Step::Line(line) => {
                term.write_line("")?;
                return Ok(Some(line));
            }
            Step::End => {
                term.write_line("")?;
                return Ok(None);
            }
        }
    }
}
