//! Where a guest's standard output and standard error go: line by line to its log, or to those of the
//! host's process.
//!
//! Invariant: no more than [`LINE_LIMIT`] bytes of a line that has no end yet are kept.

use std::{
    io::{self, Write},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    async_trait,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamError, StreamResult},
};

use crate::{
    log::{GuestLog, LogLevel, LogSource, SinkPanic, Spending},
    shown,
};

/// The longest line that is logged whole, in bytes; a longer one is logged in pieces.
const LINE_LIMIT: usize = 8 * 1024;

/// How many bytes are taken at once.
const WRITE_LIMIT: usize = 64 * 1024;

/// One of the two streams that a guest writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// Where both streams go.
#[derive(Debug, Clone)]
pub(super) enum Destination {
    /// To the log of the plug-in.
    Log(GuestLog),
    /// To the host's own stream, as much as may be logged.
    Inherit(GuestLog),
}

/// A stream of one instance. Clones share the line that has no end yet.
#[derive(Debug, Clone)]
pub(super) struct GuestOutput {
    stream: Stream,
    destination: Destination,
    line: Arc<Mutex<Vec<u8>>>,
}

impl GuestOutput {
    pub(super) fn new(stream: Stream, destination: Destination) -> Self {
        Self { stream, destination, line: Arc::default() }
    }

    /// Logs a line that has no end, since none will come.
    pub(super) fn finish_line(&self) {
        let mut line = self.line();
        if let Destination::Log(log) = &self.destination
            && !line.is_empty()
        {
            // There is no call any more that a failure could be told to.
            let _ = emit(self.stream, log, &mut line);
        }
    }

    fn line(&self) -> MutexGuard<'_, Vec<u8>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, bytes: &[u8]) -> io::Result<()> {
        match (&self.destination, self.stream) {
            (Destination::Log(log), stream) => {
                if log.takes(stream.level()) {
                    append(&mut self.line(), bytes, |line| emit(stream, log, line))?;
                }
                Ok(())
            }
            (Destination::Inherit(log), _) if log.spend(bytes.len()) != Spending::Allowed => Ok(()),
            (Destination::Inherit(_), Stream::Stdout) => io::stdout().write_all(bytes),
            (Destination::Inherit(_), Stream::Stderr) => io::stderr().write_all(bytes),
        }
    }

    fn push_out(&self) -> io::Result<()> {
        match (&self.destination, self.stream) {
            (Destination::Log(_), _) => Ok(()),
            (Destination::Inherit(_), Stream::Stdout) => io::stdout().flush(),
            (Destination::Inherit(_), Stream::Stderr) => io::stderr().flush(),
        }
    }
}

impl Stream {
    fn level(self) -> LogLevel {
        match self {
            Self::Stdout => LogLevel::Info,
            Self::Stderr => LogLevel::Warn,
        }
    }

    fn source(self) -> LogSource {
        match self {
            Self::Stdout => LogSource::Stdout,
            Self::Stderr => LogSource::Stderr,
        }
    }
}

impl IsTerminal for GuestOutput {
    fn is_terminal(&self) -> bool {
        match (&self.destination, self.stream) {
            (Destination::Log(_), _) => false,
            (Destination::Inherit(_), Stream::Stdout) => io::IsTerminal::is_terminal(&io::stdout()),
            (Destination::Inherit(_), Stream::Stderr) => io::IsTerminal::is_terminal(&io::stderr()),
        }
    }
}

impl StdoutStream for GuestOutput {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for GuestOutput {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for GuestOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        // The guest is told what the system says, and the host what became of its own sink.
        self.take(&bytes).map_err(|err| match err.downcast::<SinkPanic>() {
            Ok(panic) => StreamError::Trap(wasmtime::Error::new(panic)),
            Err(err) => StreamError::LastOperationFailed(err.into()),
        })
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.push_out().map_err(|err| StreamError::LastOperationFailed(err.into()))
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_LIMIT)
    }
}

impl AsyncWrite for GuestOutput {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.take(bytes).map(|()| bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.push_out())
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

/// Appends `bytes` to `line`, and has it emitted, which empties it, at each end of a line and
/// whenever it is as long as it may be.
fn append(
    line: &mut Vec<u8>,
    bytes: &[u8],
    mut emit: impl FnMut(&mut Vec<u8>) -> io::Result<()>,
) -> io::Result<()> {
    for mut rest in bytes.split_inclusive(|&byte| byte == b'\n') {
        while !rest.is_empty() {
            let piece;
            (piece, rest) = rest.split_at(rest.len().min(LINE_LIMIT - line.len()));
            line.extend_from_slice(piece);
            if line.ends_with(b"\n") || line.len() == LINE_LIMIT {
                emit(line)?;
            }
        }
    }
    Ok(())
}

fn emit(stream: Stream, log: &GuestLog, line: &mut Vec<u8>) -> io::Result<()> {
    let line = std::mem::take(line);
    let text = line.strip_suffix(b"\n").unwrap_or(&line);
    let text = shown::message(text.strip_suffix(b"\r").unwrap_or(text));
    log.write(stream.level(), stream.source(), &text).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::fmt::{self, Write as _};

    use tracing::{
        Event, Metadata, Subscriber,
        field::{Field, Visit},
        span,
    };

    use super::*;
    use crate::PluginBuilder;

    /// Notes every event as its level and fields.
    #[derive(Clone, Default)]
    struct Recorder(Arc<Mutex<Vec<String>>>);

    impl Subscriber for Recorder {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "plugsmith::guest"
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut fields = Fields(event.metadata().level().to_string());
            event.record(&mut fields);
            self.0.lock().unwrap().push(fields.0);
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    struct Fields(String);

    impl Visit for Fields {
        fn record_str(&mut self, field: &Field, value: &str) {
            self.record_debug(field, &format_args!("{value}"));
        }

        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            write!(self.0, " {}={value:?}", field.name()).unwrap();
        }
    }

    #[test]
    fn a_guests_output_is_logged_by_line_with_its_id() {
        let guest = r#"(module
            (import "wasi_snapshot_preview1" "fd_write"
                (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\10\00\00\00\0d\00\00\00")
            (data (i32.const 16) "one\r\ntwo\nhalf")
            (func (export "prints") (result i32)
                (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (func (export "fails")
                (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
                unreachable))"#;
        let guest = wat::parse_str(guest).unwrap();
        let mut plugin = PluginBuilder::new(guest).with_wasi(true).build().unwrap();
        let recorder = Recorder::default();
        tracing::subscriber::with_default(recorder.clone(), || {
            plugin.call::<(), ()>("prints", ()).unwrap();
            plugin.call::<(), ()>("fails", ()).unwrap_err();
        });
        // The line without an end comes at the end of the call, even of one that fails.
        let expected: Vec<String> = [("INFO", "stdout"), ("WARN", "stderr")]
            .into_iter()
            .flat_map(|(level, stream)| ["one", "two", "half"].map(|line| (level, stream, line)))
            .map(|(level, stream, line)| {
                format!("{level} message={line} plugin={} stream={stream}", plugin.id)
            })
            .collect();
        assert_eq!(*recorder.0.lock().unwrap(), expected);
    }

    #[test]
    fn a_sink_that_panics_ends_the_call_that_prints() {
        let guest = r#"(module
            (import "wasi_snapshot_preview1" "fd_write"
                (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\10\00\00\00\04\00\00\00")
            (data (i32.const 16) "one\n")
            (func (export "prints")
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
        let guest = wat::parse_str(guest).unwrap();
        let builder = PluginBuilder::new(guest).with_wasi(true);
        let mut plugin = builder.with_log_sink(|_| panic!("the sink is unhappy")).build().unwrap();
        let err = plugin.call::<(), ()>("prints", ()).unwrap_err();
        assert!(format!("{err:#}").contains("the log sink panicked"), "{err:#}");
    }

    #[test]
    fn lines_are_put_together_and_bounded() {
        let long = "x".repeat(LINE_LIMIT + 1);
        for (writes, expected, left) in [
            (&["one\ntwo\n", "thr"][..], &["one\n", "two\n"][..], 3),
            (&["thr", "ee\nfour"][..], &["three\n"][..], 4),
            (&["\n\n"][..], &["\n", "\n"][..], 0),
            (&[""][..], &[][..], 0),
            (&[long.as_str(), "\n"][..], &[&long[1..], "x\n"][..], 0),
        ] {
            let (mut line, mut lines) = (Vec::new(), Vec::new());
            for bytes in writes {
                append(&mut line, bytes.as_bytes(), |line| {
                    lines.push(String::from_utf8(std::mem::take(line)).unwrap());
                    Ok(())
                })
                .unwrap();
            }
            assert_eq!(lines, expected, "{writes:?}");
            assert_eq!(line.len(), left, "{writes:?}");
        }
    }
}
