//! `var_get` and `var_set`: bytes that a plug-in keeps from call to call, in the host.
//!
//! They count against `memory.max_var_bytes`: for each variable its key, its value, and
//! [`ENTRY_BYTES`] for what the host needs to hold it.

use std::collections::BTreeMap;

use wasmtime::{Caller, Linker};

use super::{EXTISM_ENV_MODULE, HostError, blocks::Blocks, finish, give};
use crate::state::State;

/// The limit in bytes unless the manifest says otherwise.
const DEFAULT_LIMIT: u64 = 1 << 20;

/// What a variable costs beyond its key and value, in bytes.
const ENTRY_BYTES: u64 = 48;

/// The variables of a plug-in, or of several.
#[derive(Debug, Default)]
pub(crate) struct Vars {
    map: BTreeMap<String, Vec<u8>>,
    /// What all of them cost in bytes, `None` if that must be counted anew.
    cost: Option<u64>,
}

impl Vars {
    pub(crate) fn map(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.map
    }

    /// Returns the variables, to change at will.
    pub(crate) fn map_mut(&mut self) -> &mut BTreeMap<String, Vec<u8>> {
        self.cost = None;
        &mut self.map
    }

    /// Sets a variable, or removes it.
    ///
    /// # Errors
    ///
    /// [`HostError::VarsFull`] if all would cost more than `limit`; they are then unchanged.
    fn change(&mut self, key: &str, value: Option<&[u8]>, limit: u64) -> Result<(), HostError> {
        if let Some(value) = value {
            return self.set(key, value, limit);
        }
        self.remove(key);
        Ok(())
    }

    fn set(&mut self, key: &str, value: &[u8], limit: u64) -> Result<(), HostError> {
        let total = self.cost();
        let old = self.map.get_mut(key);
        let replaced = old.as_ref().map_or(0, |old| cost(key, old));
        let needed = total - replaced + cost(key, value);
        if needed > limit {
            return Err(HostError::VarsFull { needed, limit });
        }
        self.cost = Some(needed);
        match old {
            Some(old) if old.len() == value.len() => old.copy_from_slice(value),
            // In no more memory than is counted: not in what a longer value left.
            Some(old) => *old = value.to_vec(),
            None => drop(self.map.insert(key.to_owned(), value.to_vec())),
        }
        Ok(())
    }

    fn remove(&mut self, key: &str) {
        let total = self.cost();
        if let Some(value) = self.map.remove(key) {
            self.cost = Some(total - cost(key, &value));
        }
    }

    fn cost(&mut self) -> u64 {
        let map = &self.map;
        *self.cost.get_or_insert_with(|| map.iter().map(|(key, value)| cost(key, value)).sum())
    }
}

/// Returns what one variable costs in bytes.
fn cost(key: &str, value: &[u8]) -> u64 {
    key.len() as u64 + value.len() as u64 + ENTRY_BYTES
}

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(EXTISM_ENV_MODULE, "var_get", |mut caller: Caller<'_, State>, key: u64| {
        let outcome = var_get(&mut caller, key);
        finish(&mut caller, [key], outcome)
    })?;
    linker.func_wrap(
        EXTISM_ENV_MODULE,
        "var_set",
        |mut caller: Caller<'_, State>, key: u64, value: u64| {
            let outcome = var_set(&mut caller, key, value);
            finish(&mut caller, [key, value], outcome)
        },
    )?;
    Ok(())
}

fn var_get(caller: &mut Caller<'_, State>, key: u64) -> wasmtime::Result<u64> {
    let (mut blocks, state) = Blocks::of(caller);
    let key = blocks.text(key, "a variable's key")?;
    let given = if let Some(shared) = &state.shared_vars {
        let vars = shared.lock();
        let value = vars.map().get(key);
        blocks.put(value.map(Vec::as_slice))
    } else {
        let value = state.vars.map().get(key);
        blocks.put(value.map(Vec::as_slice))
    };
    given.or_else(|value| give(caller, &value))
}

fn var_set(caller: &mut Caller<'_, State>, key: u64, value: u64) -> wasmtime::Result<()> {
    let (blocks, state) = Blocks::of(caller);
    let limit = state.manifest.memory.max_var_bytes.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 {
        return Err(HostError::VarsDisabled.into());
    }
    let key = blocks.text(key, "a variable's key")?;
    let value = match value {
        0 => None,
        offset => Some(blocks.bytes(offset, "a variable's value")?),
    };
    match &state.shared_vars {
        Some(shared) => shared.lock().change(key, value, limit)?,
        None => state.vars.change(key, value, limit)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_to_the_byte() {
        let mut vars = Vars::default();
        assert!(vars.set("ab", &[0; 51], 100).is_err());
        vars.set("ab", &[0; 50], 100).unwrap();
        assert!(vars.set("c", &[], 100).is_err());
        assert_eq!(vars.map().len(), 1);
    }

    #[test]
    fn a_new_value_takes_the_place_of_the_old() {
        let mut vars = Vars::default();
        for _ in 0..3 {
            vars.set("a", &[0; 51], 100).unwrap();
        }
        vars.remove("a");
        vars.remove("a");
        vars.set("b", &[0; 51], 100).unwrap();
    }

    #[test]
    fn what_the_host_puts_in_is_counted() {
        let mut vars = Vars::default();
        vars.set("a", &[], 200).unwrap();
        vars.map_mut().insert("host".into(), vec![0; 100]);
        assert!(vars.set("b", &[], 200).is_err());
    }
}
