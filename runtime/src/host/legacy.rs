//! `extism_load_u32` and `extism_store_u32`: functions of the interface before Extism 1.0 that have
//! no successor in it. They keep the kernel's rules: a load out of bounds is 0, a store is ignored.

use wasmtime::{Caller, Linker};

use crate::state::State;

/// The namespaces of plug-ins that may import them.
const NAMESPACES: [&str; 2] = ["env", "extism:env"];

/// How many bytes both move.
const WORD_LEN: u64 = 4;

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    for namespace in NAMESPACES {
        let load = |mut caller: Caller<'_, State>, offset: u64| load_u32(&mut caller, offset);
        linker.func_wrap(namespace, "extism_load_u32", load)?;
        linker.func_wrap(namespace, "extism_store_u32", store_u32)?;
    }
    Ok(())
}

fn load_u32(caller: &mut Caller<'_, State>, offset: u64) -> u32 {
    let kernel = caller.data().kernel();
    let block = kernel.handed_out(caller, offset, WORD_LEN);
    let word = block.and_then(|block| kernel.read(caller, block).first_chunk().copied());
    u32::from_le_bytes(word.unwrap_or_default())
}

fn store_u32(mut caller: Caller<'_, State>, offset: u64, word: u32) {
    let kernel = caller.data().kernel();
    if let Some(block) = kernel.handed_out(&mut caller, offset, WORD_LEN) {
        kernel.read_mut(&mut caller, block).copy_from_slice(&word.to_le_bytes());
    }
}
