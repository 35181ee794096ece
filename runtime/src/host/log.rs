//! `log_*` and `get_log_level`: what a plug-in has to say goes to `tracing`, with its id.

use tracing::{Level, level_filters::LevelFilter};
use wasmtime::{Caller, Linker};

use super::{EXTISM_ENV_MODULE, take_text};
use crate::state::State;

/// What `get_log_level` answers when nothing is logged.
const OFF: i32 = i32::MAX;

/// The levels in the order of their numbers, with the functions that log at them.
const LEVELS: [(Level, &str); 5] = [
    (Level::TRACE, "log_trace"),
    (Level::DEBUG, "log_debug"),
    (Level::INFO, "log_info"),
    (Level::WARN, "log_warn"),
    (Level::ERROR, "log_error"),
];

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(EXTISM_ENV_MODULE, "get_log_level", || number(LevelFilter::current()))?;
    for (level, name) in LEVELS {
        let log = move |caller: Caller<'_, State>, message: u64| log(caller, level, message);
        linker.func_wrap(EXTISM_ENV_MODULE, name, log)?;
    }
    Ok(())
}

/// Returns the number that guests know a level by.
fn number(filter: LevelFilter) -> i32 {
    let Some(level) = filter.into_level() else { return OFF };
    let numbered = (0..).zip(LEVELS);
    numbered.filter(|(_, (other, _))| *other == level).map(|(number, _)| number).sum()
}

fn log(mut caller: Caller<'_, State>, level: Level, message: u64) -> wasmtime::Result<()> {
    if level > LevelFilter::current() {
        // Not even looked at, but freed all the same.
        let kernel = caller.data().kernel();
        return kernel.free(caller, message);
    }
    let message = take_text(&mut caller, message, "a log message")?;
    let plugin = caller.data().plugin_id;
    match level {
        Level::TRACE => tracing::trace!(target: "plugsmith::guest", %plugin, "{message}"),
        Level::DEBUG => tracing::debug!(target: "plugsmith::guest", %plugin, "{message}"),
        Level::INFO => tracing::info!(target: "plugsmith::guest", %plugin, "{message}"),
        Level::WARN => tracing::warn!(target: "plugsmith::guest", %plugin, "{message}"),
        Level::ERROR => tracing::error!(target: "plugsmith::guest", %plugin, "{message}"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_the_numbers_that_guests_know() {
        let filters = [
            LevelFilter::TRACE,
            LevelFilter::DEBUG,
            LevelFilter::INFO,
            LevelFilter::WARN,
            LevelFilter::ERROR,
            LevelFilter::OFF,
        ];
        assert_eq!(filters.map(number), [0, 1, 2, 3, 4, OFF]);
    }
}
