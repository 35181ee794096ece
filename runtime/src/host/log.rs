//! `log_*` and `get_log_level`: what a plug-in has to say goes to its log.

use wasmtime::{Caller, Linker};

use super::{EXTISM_ENV_MODULE, blocks::Blocks, finish};
use crate::{
    log::{LogLevel, LogSource},
    shown,
    state::State,
};

/// What `get_log_level` answers when nothing is logged.
const OFF: i32 = i32::MAX;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let get_log_level = |caller: Caller<'_, State>| number(caller.data().log.threshold());
    linker.func_wrap(EXTISM_ENV_MODULE, "get_log_level", get_log_level)?;
    for level in LogLevel::ALL {
        let name = format!("log_{}", level.to_string().to_ascii_lowercase());
        let log = move |caller: Caller<'_, State>, message: u64| log(caller, level, message);
        linker.func_wrap(EXTISM_ENV_MODULE, &name, log)?;
    }
    Ok(())
}

/// Returns the number that guests know a level by.
fn number(threshold: Option<LogLevel>) -> i32 {
    let Some(threshold) = threshold else { return OFF };
    (0..)
        .zip(LogLevel::ALL)
        .find(|(_, level)| *level == threshold)
        .map_or(OFF, |(number, _)| number)
}

fn log(mut caller: Caller<'_, State>, level: LogLevel, message: u64) -> wasmtime::Result<()> {
    if !caller.data().log.takes(level) {
        // Not even looked at, but freed all the same.
        let kernel = caller.data().kernel();
        kernel.free(&mut caller, message);
        return Ok(());
    }
    let outcome = write(&mut caller, level, message);
    finish(&mut caller, [message], outcome)
}

/// Logs the bytes of a block as text.
fn write(caller: &mut Caller<'_, State>, level: LogLevel, message: u64) -> wasmtime::Result<()> {
    let (blocks, state) = Blocks::of(caller);
    let text = shown::message(blocks.bytes(message, "a log message")?);
    // Whatever the host does with it.
    state.deadline.note_start();
    state.log.write(level, LogSource::Guest, &text).map_err(wasmtime::Error::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_the_numbers_that_guests_know() {
        assert_eq!(LogLevel::ALL.map(|level| number(Some(level))), [0, 1, 2, 3, 4]);
        assert_eq!(number(None), i32::MAX);
    }
}
