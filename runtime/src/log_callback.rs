//! `set_log_callback`: the log of the whole process, the host library's and its plug-ins', goes to one
//! function. For programs that have no `tracing` subscriber of their own.

use std::{io, str};

use tracing::subscriber::SetGlobalDefaultError;
use tracing_subscriber::{
    Layer as _,
    filter::{ParseError, Targets},
    fmt,
    layer::SubscriberExt as _,
};

use crate::error::Error;

/// Why a log callback could not be set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogCallbackError {
    /// The filter is not one.
    #[error(
        "`{filter}` is neither a level (`off`, `error`, …, `trace`) nor a list of `target=level`"
    )]
    Filter {
        /// The filter as given.
        filter: String,
        /// Where it is wrong.
        #[source]
        source: ParseError,
    },
    /// The process has a `tracing` subscriber already, perhaps of an earlier call.
    #[error("this process has a log subscriber already")]
    SubscriberSet(#[source] SetGlobalDefaultError),
}

/// Has `callback` get each line of the process's log that `filter` lets pass. Can be called once.
///
/// `filter` is a level (`off`, `error`, `warn`, `info`, `debug`, `trace`), which then holds for this
/// library and its plug-ins, or a comma-separated list of `target=level`. The target `extism` is
/// taken for this library.
///
/// This installs a subscriber of `tracing` for the whole process. A program that has one needs no
/// callback, and a single plug-in is better served by
/// [`PluginBuilder::with_log_sink`](crate::PluginBuilder::with_log_sink).
///
/// # Errors
///
/// A [`LogCallbackError`].
///
/// # Examples
///
/// ```
/// plugsmith::set_log_callback(|line| eprint!("{line}"), "info")?;
/// assert!(plugsmith::set_log_callback(|_| (), "info").is_err());
/// # Ok::<(), plugsmith::Error>(())
/// ```
pub fn set_log_callback<F>(callback: F, filter: impl AsRef<str>) -> Result<(), Error>
where
    F: Fn(&str) + Clone + Send + Sync + 'static,
{
    let filter = filter.as_ref();
    let targets: Targets = targets(filter)
        .parse()
        .map_err(|source| LogCallbackError::Filter { filter: filter.to_owned(), source })?;
    let layer = fmt::layer()
        .with_ansi(false)
        .with_writer(move || Lines(callback.clone()))
        .with_filter(targets);
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::set_global_default(subscriber).map_err(LogCallbackError::SubscriberSet)?;
    Ok(())
}

/// Says for each target of a filter that Extism's name, or none, means this library.
fn targets(filter: &str) -> String {
    let directives = filter.split(',').map(str::trim);
    let directives: Vec<String> = directives
        .map(|directive| match directive.split_once('=') {
            None => format!("plugsmith={directive}"),
            Some(("extism", level)) => format!("plugsmith={level}"),
            Some(_) => directive.to_owned(),
        })
        .collect();
    directives.join(",")
}

/// Hands what is written, a line at a time, to a function.
struct Lines<F>(F);

impl<F: Fn(&str)> io::Write for Lines<F> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        (self.0)(&String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_this_library_by_default() {
        for (filter, expected) in [
            ("info", "plugsmith=info"),
            ("extism=debug", "plugsmith=debug"),
            ("host=warn, extism=trace", "host=warn,plugsmith=trace"),
            ("plugsmith::guest=off", "plugsmith::guest=off"),
        ] {
            assert_eq!(targets(filter), expected);
        }
    }

    #[test]
    fn a_filter_that_is_none_is_refused() {
        let err = set_log_callback(|_| (), "loud").unwrap_err();
        assert!(err.to_string().starts_with("`loud` is neither a level"), "{err}");
        assert!(err.downcast_ref::<LogCallbackError>().is_some());
    }
}
