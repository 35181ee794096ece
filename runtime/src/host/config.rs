//! `config_get`: what the manifest's `config` says.

use wasmtime::{Caller, Linker};

use super::{EXTISM_ENV_MODULE, blocks::Blocks, finish, give};
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
    let (mut blocks, state) = Blocks::of(caller);
    let key = blocks.text(key, "a configuration key")?;
    let value = state.manifest.config.get(key).map(String::as_bytes);
    blocks.put(value).or_else(|value| give(caller, &value))
}
