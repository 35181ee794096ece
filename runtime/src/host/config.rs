//! `config_get`: what the manifest's `config` says.

use wasmtime::{Caller, Linker};

use super::{EXTISM_ENV_MODULE, finish, give_from, read_text};
use crate::state::State;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(
        EXTISM_ENV_MODULE,
        "config_get",
        |mut caller: Caller<'_, State>, key: u64| {
            let outcome = config_get(&mut caller, key);
            finish(&mut caller, [key], outcome)
        },
    )?;
    Ok(())
}

fn config_get(caller: &mut Caller<'_, State>, key: u64) -> wasmtime::Result<u64> {
    let key = read_text(caller, key, "a configuration key")?;
    give_from(caller, |state| state.manifest.config.get(&key).map(String::as_bytes))
}
