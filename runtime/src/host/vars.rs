//! `var_get` and `var_set`: bytes that a plug-in keeps from call to call, in the host.
//!
//! They count against `memory.max_var_bytes`: for each variable its key, its value, and
//! [`ENTRY_BYTES`] for what the host needs to hold it.

use std::collections::BTreeMap;

use wasmtime::{Caller, Linker};

use super::{EXTISM_ENV_MODULE, HostError, finish, give_from, give_value, read_bytes, read_text};
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

    /// Sets a variable.
    ///
    /// # Errors
    ///
    /// [`HostError::VarsFull`] if all would cost more than `limit`; they are then unchanged.
    fn set(&mut self, key: String, value: Vec<u8>, limit: u64) -> Result<(), HostError> {
        let replaced = self.map.get(&key).map_or(0, |old| cost(&key, old));
        let needed = self.cost() - replaced + cost(&key, &value);
        if needed > limit {
            return Err(HostError::VarsFull { needed, limit });
        }
        self.cost = Some(needed);
        self.map.insert(key, value);
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
    let key = read_text(caller, key, "a variable's key")?;
    let Some(shared) = &caller.data().shared_vars else {
        return give_from(caller, |state| state.vars.map().get(&key).map(Vec::as_slice));
    };
    match shared.get(&key) {
        Some(value) => give_value(caller, &value),
        None => Ok(0),
    }
}

fn var_set(caller: &mut Caller<'_, State>, key: u64, value: u64) -> wasmtime::Result<()> {
    let limit = caller.data().manifest.memory.max_var_bytes.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 {
        return Err(HostError::VarsDisabled.into());
    }
    let key = read_text(caller, key, "a variable's key")?;
    let value = match value {
        0 => None,
        offset => Some(read_bytes(caller, offset, "a variable's value")?),
    };
    let State { vars, shared_vars, .. } = caller.data_mut();
    match shared_vars {
        Some(shared) => change(&mut shared.lock(), key, value, limit)?,
        None => change(vars, key, value, limit)?,
    }
    Ok(())
}

/// Sets a variable, or removes it.
fn change(
    vars: &mut Vars,
    key: String,
    value: Option<Vec<u8>>,
    limit: u64,
) -> Result<(), HostError> {
    if let Some(value) = value {
        return vars.set(key, value, limit);
    }
    vars.remove(&key);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_to_the_byte() {
        let mut vars = Vars::default();
        assert!(vars.set("ab".into(), vec![0; 51], 100).is_err());
        vars.set("ab".into(), vec![0; 50], 100).unwrap();
        assert!(vars.set("c".into(), vec![], 100).is_err());
        assert_eq!(vars.map().len(), 1);
    }

    #[test]
    fn a_new_value_takes_the_place_of_the_old() {
        let mut vars = Vars::default();
        for _ in 0..3 {
            vars.set("a".into(), vec![0; 51], 100).unwrap();
        }
        vars.remove("a");
        vars.remove("a");
        vars.set("b".into(), vec![0; 51], 100).unwrap();
    }

    #[test]
    fn what_the_host_puts_in_is_counted() {
        let mut vars = Vars::default();
        vars.set("a".into(), vec![], 200).unwrap();
        vars.map_mut().insert("host".into(), vec![0; 100]);
        assert!(vars.set("b".into(), vec![], 200).is_err());
    }
}
