//! What the server logs: lines for people on a terminal, and JSON for everyone else.

use std::{
    fmt,
    io::{self, IsTerminal as _},
};

use plugsmith::{LogLevel, LogRecord};
use plugsmith_serve::REQUESTS;
use tracing::field::Field;
use tracing_subscriber::{
    Layer as _, field::MakeExt as _, filter, fmt::format, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{output::Output, printable::in_line};

/// Has everything from here on logged to standard error.
pub(super) fn start(output: &Output, has_requests: bool) {
    let requests = if has_requests { filter::LevelFilter::INFO } else { filter::LevelFilter::OFF };
    let filter = filter::Targets::new()
        .with_default(filter::LevelFilter::INFO)
        .with_target(GUEST, filter::LevelFilter::TRACE)
        .with_target(REQUESTS, requests);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
    let lines = if output.is_json() || !io::stderr().is_terminal() {
        lines.json().flatten_event(true).with_filter(filter).boxed()
    } else {
        let fields = format::debug_fn(write_field).delimited(" ");
        lines.fmt_fields(fields).with_filter(filter).boxed()
    };
    // Nobody else has started a log in this process.
    let _ = tracing_subscriber::registry().with(lines).try_init();
}

/// Writes a field of a line for people. It stays on its line, since a plug-in's words must not look like the
/// server's.
fn write_field(
    writer: &mut format::Writer<'_>,
    field: &Field,
    value: &dyn fmt::Debug,
) -> fmt::Result {
    let value = format!("{value:?}");
    match field.name() {
        "message" => write!(writer, "{}", in_line(&value)),
        name => write!(writer, "{name}={}", in_line(&value)),
    }
}

/// What the plug-in's own log is known as.
const GUEST: &str = "plugsmith::guest";

/// Logs what the plug-in logs.
pub(super) fn guest(record: &LogRecord<'_>) {
    let message = record.message;
    match record.level {
        LogLevel::Error => tracing::error!(target: GUEST, "{message}"),
        LogLevel::Warn => tracing::warn!(target: GUEST, "{message}"),
        LogLevel::Info => tracing::info!(target: GUEST, "{message}"),
        LogLevel::Debug => tracing::debug!(target: GUEST, "{message}"),
        LogLevel::Trace => tracing::trace!(target: GUEST, "{message}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Where lines go.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nothing panics").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_message_stays_on_its_line() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .without_time()
            .fmt_fields(format::debug_fn(write_field).delimited(" "));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info!(path = "/a\nb", n_calls = 2, "{}", "mine\n INFO ended\u{1b}[2J");
        });
        let text = lines.0.lock().expect("nothing panics").clone();
        let text = String::from_utf8(text).expect("it is text");
        let (_, line) = text.split_once(": ").expect("a target is in front");
        assert_eq!(line, "mine\\n INFO ended\\u{1b}[2J path=\"/a\\nb\" n_calls=2\n");
    }
}
