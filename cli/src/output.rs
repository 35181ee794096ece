//! What the command prints: results on standard output, all else on standard error, each as a person
//! or a script wants it.
//!
//! Colour goes to terminals only, unless the command line or the environment says otherwise.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process,
    time::Duration,
};

use anstream::ColorChoice;
use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use plugsmith::{LogLevel, LogRecord};
use serde_json::{Value, json};

use crate::{arguments::OutputOptions, exit::Exit, failure::Failure};

/// Colours, by what they mean.
pub(crate) mod style {
    use anstyle::{AnsiColor, Style};

    /// What stands above others.
    pub(crate) const HEADING: Style = Style::new().bold();
    /// What is in order.
    pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
    /// What is odd.
    pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
    /// What is wrong.
    pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
    /// What matters less.
    pub(crate) const DIM: Style = Style::new().dimmed();
}

/// How wide errors are drawn where there are no columns.
const FREE_WIDTH: usize = 200;

/// How the command prints.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    is_json: bool,
}

impl Output {
    /// Settles how things are printed, for the whole process.
    pub(crate) fn new(options: OutputOptions) -> Self {
        let choice = match options.color {
            clap::ColorChoice::Auto => ColorChoice::Auto,
            clap::ColorChoice::Always => ColorChoice::Always,
            clap::ColorChoice::Never => ColorChoice::Never,
        };
        choice.write_global();
        Self { is_json: options.json }
    }

    /// Says whether results are wanted as JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Says whether a person reads standard output.
    pub(crate) fn is_terminal(&self) -> bool {
        !self.is_json && io::stdout().is_terminal()
    }

    /// Tells a person on the way what goes on. Scripts that read JSON are spared it.
    pub(crate) fn note(&self, text: &str) {
        if !self.is_json {
            tell(text);
        }
    }

    /// Tells a person what is odd.
    pub(crate) fn warn(&self, text: &str) {
        self.note(&format!("{0}warning:{0:#} {text}", style::WARNING));
    }

    /// Returns what prints a plug-in's log, a line for each message.
    pub(crate) fn log_sink(&self) -> impl Fn(&LogRecord<'_>) + Send + Sync + 'static {
        let is_json = self.is_json;
        move |record| {
            let level = record.level.to_string();
            if is_json {
                tell_json(&json!({"log": {"level": level, "message": record.message}}));
            } else {
                let colour = match record.level {
                    LogLevel::Error => style::BAD,
                    LogLevel::Warn => style::WARNING,
                    _ => style::DIM,
                };
                tell(&format!("{colour}{level:>5}{colour:#} {}", record.message));
            }
        }
    }

    /// Prints why the command failed.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.is_json {
            print_json_failure(failure);
        } else {
            print_failure(failure);
        }
    }

    /// Returns something that moves while `what` goes on, which is seen on a terminal only.
    pub(crate) fn spinner(&self, what: impl Into<String>) -> ProgressBar {
        let style = ProgressStyle::with_template("{spinner} {msg}").expect("it is well formed");
        let spinner = ProgressBar::with_draw_target(None, self.progress_target()).with_style(style);
        spinner.set_message(what.into());
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner
    }

    /// Returns a bar for an input of `len` bytes, or a counter where the length is not known; it is seen
    /// where standard error is a terminal and results go elsewhere.
    pub(crate) fn batch_progress(&self, len: Option<u64>) -> ProgressBar {
        let target = if io::stdout().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            self.progress_target()
        };
        let template = match len {
            Some(_) => "{bar:32} {bytes} of {total_bytes}, {eta} left",
            None => "{spinner} {pos} calls, {per_sec}",
        };
        let style = ProgressStyle::with_template(template).expect("the templates are well formed");
        ProgressBar::with_draw_target(len, target).with_style(style)
    }

    /// Returns a bar for `len` bytes that come or go.
    pub(crate) fn transfer_progress(&self, what: &'static str, len: u64) -> ProgressBar {
        let template = "{msg} {bar:32} {bytes} of {total_bytes}, {eta} left";
        let style = ProgressStyle::with_template(template).expect("it is well formed");
        let target = self.progress_target();
        ProgressBar::with_draw_target(Some(len), target).with_style(style).with_message(what)
    }

    /// Returns where progress is drawn: on standard error, if that is a terminal.
    fn progress_target(&self) -> ProgressDrawTarget {
        if self.is_json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() }
    }
}

/// Prints a result as one line of JSON.
///
/// # Errors
///
/// If standard output is closed.
pub(crate) fn print_json(value: &Value) -> Result<(), Failure> {
    print_bytes(format!("{value}\n").as_bytes())
}

/// Prints text for people, without its colours where nobody sees them.
///
/// # Errors
///
/// If standard output is closed.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    anstream::stdout().lock().write_all(text.as_bytes()).map_err(closed)
}

/// Prints bytes as they are.
///
/// # Errors
///
/// If standard output is closed.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(closed)
}

/// Prints a failure for scripts.
pub(crate) fn print_json_failure(failure: &Failure) {
    tell_json(&failure.to_json());
}

/// Prints a line on standard error. When that takes no more, nobody is left to tell, and the status says the
/// rest.
fn tell(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// Prints a line of JSON on standard error.
fn tell_json(value: &Value) {
    let _ = writeln!(io::stderr().lock(), "{value}");
}

/// Says whether whoever reads standard error sees colour.
pub(crate) fn has_colour_on_stderr() -> bool {
    match ColorChoice::global() {
        ColorChoice::Never => false,
        ColorChoice::Auto => anstream::AutoStream::choice(&io::stderr()) != ColorChoice::Never,
        ColorChoice::Always | ColorChoice::AlwaysAnsi => true,
    }
}

/// Prints a failure for people.
fn print_failure(failure: &Failure) {
    let theme = if has_colour_on_stderr() {
        miette::GraphicalTheme::unicode()
    } else {
        miette::GraphicalTheme::unicode_nocolor()
    };
    let terminal = Term::stderr();
    let is_terminal = terminal.is_term();
    let n_columns = if is_terminal { usize::from(terminal.size().1) } else { FREE_WIDTH };
    let handler = miette::GraphicalReportHandler::new_themed(theme)
        .with_width(n_columns)
        .with_wrap_lines(is_terminal);
    let mut text = String::new();
    // What cannot be drawn is still said.
    if handler.render_report(&mut text, failure).is_err() {
        text = format!("error: {failure}\n");
    }
    tell(text.trim_end());
}

/// Returns the failure that standard output takes no more, unless that is as it should be: whoever
/// reads, such as `head`, has enough, and the command has nothing left to do.
fn closed(err: io::Error) -> Failure {
    if err.kind() == io::ErrorKind::BrokenPipe {
        process::exit(Exit::Success.status().into());
    }
    Failure::new(Exit::Input, "cannot write to standard output").with_cause(err)
}
