//! Why a command failed: what a person reads, what a script reads, and the status that both see.
//!
//! A failure says what and where, and its help names the next thing to do. What it quotes, others may have
//! written: scripts get it as it is, people without what a terminal would take for a command.

use std::{error::Error as StdError, fmt, iter, ops::Range};

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use plugsmith::{CallError, LoadError, Trap};
use serde_json::{Value, json};

use crate::{
    exit::Exit,
    printable::{in_place, printable},
};

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure(Box<Facts>);

#[derive(Debug)]
struct Facts {
    exit: Exit,
    message: String,
    cause: Option<Cause>,
    help: Option<String>,
    place: Option<Place>,
}

/// Where in a text the mistake is, and what it is.
#[derive(Debug)]
struct Place {
    text: NamedSource<String>,
    start: usize,
    len: usize,
    mistake: String,
}

impl Failure {
    /// Starts a failure that says `message`.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Facts { exit, message, cause: None, help: None, place: None }))
    }

    /// Makes a failure of an error that says what is wrong.
    pub(crate) fn of_error(exit: Exit, err: impl StdError + Send + Sync + 'static) -> Self {
        Self::new(exit, "").with_error(&err.into())
    }

    /// Adds what led to it.
    pub(crate) fn with_cause(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(Cause::of(&*cause.into()));
        self
    }

    /// Adds what to do about it.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Adds where the mistake is, and what it is: the text, what that is called, and the bytes of it
    /// that are wrong.
    pub(crate) fn with_place(
        mut self,
        name: &str,
        text: &str,
        wrong: Range<usize>,
        mistake: impl Into<String>,
    ) -> Self {
        let text = NamedSource::new(printable(name), in_place(text));
        let mistake = mistake.into();
        self.0.place = Some(Place { text, start: wrong.start, len: wrong.len(), mistake });
        self
    }

    /// Takes the message and the causes of an error.
    fn with_error(mut self, err: &plugsmith::Error) -> Self {
        self.0.message = err.to_string();
        self.0.cause = err.chain().nth(1).map(Cause::of);
        self
    }

    /// Returns the status that the command is to end with.
    pub(crate) fn exit(&self) -> Exit {
        self.0.exit
    }

    /// Returns the message and all causes.
    pub(crate) fn in_one_line(&self) -> String {
        iter::once(self.0.message.clone()).chain(self.causes()).collect::<Vec<_>>().join(": ")
    }

    fn causes(&self) -> impl Iterator<Item = String> + '_ {
        let causes = iter::successors(self.0.cause.as_ref(), |cause| cause.next.as_deref());
        causes.map(|cause| cause.text.clone())
    }

    /// Returns what to do about it.
    pub(crate) fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Returns the failure for scripts.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "error": {
                "kind": self.0.exit.kind(),
                "exit_status": self.0.exit.status(),
                "message": self.0.message,
                "causes": self.causes().collect::<Vec<_>>(),
                "help": self.0.help,
                "place": self.0.place.as_ref().map(Place::to_json),
            }
        })
    }
}

impl Place {
    /// Returns file, line and column, counted from 1, and the mistake.
    fn to_json(&self) -> Value {
        let before = self.text.inner().get(..self.start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        json!({
            "file": self.text.name(),
            "line": before.matches('\n').count() + 1,
            "column": line.chars().count() + 1,
            "mistake": self.mistake,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.0.message))
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as _)
    }
}

impl Diagnostic for Failure {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help.as_ref().map(|help| Box::new(printable(help)) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.place.as_ref().map(|place| &place.text as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.0.place.as_ref()?;
        let mistake = printable(&place.mistake).into_owned();
        let label = LabeledSpan::new(Some(mistake), place.start, place.len);
        Some(Box::new([label].into_iter()))
    }
}

impl From<plugsmith::Error> for Failure {
    /// Tells a failed call from a plug-in that cannot be loaded.
    fn from(err: plugsmith::Error) -> Self {
        let (exit, help) = match (err.downcast_ref::<CallError>(), err.downcast_ref::<LoadError>())
        {
            (Some(err), _) => of_call(err),
            (None, Some(err)) => (Exit::Load, of_load(err)),
            (None, None) => (Exit::Call, None),
        };
        let failure = Self::new(exit, "").with_error(&err);
        match help {
            Some(help) => failure.with_help(help),
            None => failure,
        }
    }
}

/// What led to something: what an error said, and those below it.
#[derive(Debug)]
struct Cause {
    text: String,
    next: Option<Box<Self>>,
}

impl Cause {
    fn of(err: &(dyn StdError + 'static)) -> Self {
        Self { text: err.to_string(), next: err.source().map(|err| Box::new(Self::of(err))) }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.text))
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.next.as_deref().map(|cause| cause as _)
    }
}

fn of_call(err: &CallError) -> (Exit, Option<String>) {
    let (exit, help) = match err {
        CallError::NoExport { .. } => {
            (Exit::Usage, "`plugsmith inspect` lists the functions that the plug-in exports")
        }
        CallError::ExportType { .. } => {
            (Exit::Usage, "`plugsmith inspect` tells which exports can be called")
        }
        CallError::TimedOut { .. } => (Exit::Time, "give the call more time with `--timeout`"),
        CallError::Cancelled => return (Exit::Time, None),
        err if err.trap() == Some(Trap::OutOfFuel) => {
            (Exit::Call, "give the call more fuel with `--fuel-limit`")
        }
        CallError::MemoryLimit { .. } => {
            (Exit::Call, "give the plug-in more pages of 64 KiB with `--memory-max`")
        }
        _ => return (Exit::Call, None),
    };
    (exit, Some(help.to_owned()))
}

fn of_load(err: &LoadError) -> Option<String> {
    let help = match err {
        LoadError::UnknownImport { namespace, .. } if namespace.starts_with("wasi_") => {
            "grant the plug-in the system interface with `--wasi`"
        }
        LoadError::UnknownImport { .. } => {
            "`plugsmith inspect` lists what the plug-in needs; a module that provides it can be \
             linked with `--link NAME=FILE`"
        }
        LoadError::ReadFile { .. } => {
            "check the path; those in a manifest are relative to the manifest's folder"
        }
        LoadError::Cache(_) => "`PLUGSMITH_CACHE=` or `--no-cache` does without a cache",
        LoadError::MemoryLimit { .. } => "give the plug-in more pages with `--memory-max`",
        _ => return None,
    };
    Some(help.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn people_see_what_scripts_get_without_commands() {
        let failure = Failure::new(Exit::Load, "odd \u{1b}[2J")
            .with_cause(io::Error::other("read \u{1b}[3J"))
            .with_help("mend \u{1b}[4J")
            .with_place("a\u{1b}[5J", "b = \u{1b}[6J", 0..1, "\u{1b}[7J");
        let mut shown = String::new();
        let handler =
            miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
        handler.render_report(&mut shown, &failure).expect("it can be drawn");
        assert!(!shown.contains('\u{1b}'), "{shown}");
        for digit in '2'..='7' {
            assert!(shown.contains(&format!("[{digit}J")), "{shown}");
        }
        let error = &failure.to_json()["error"];
        assert_eq!(error["message"], "odd \u{1b}[2J");
        assert_eq!(error["causes"], json!(["read \u{1b}[3J"]));
        assert_eq!(error["help"], "mend \u{1b}[4J");
    }
}
