//! Code that is in use somewhere in this process, so that the same bytes are compiled once.
//!
//! It is shared by all plug-ins whose modules have the same bytes and that run in the same engine, and
//! given back with the last of them, unless it is [kept](crate::kept_code).

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError, TryLockError, Weak},
};

use wasmtime::Module;

use crate::fuse::{self, FusedNotes};

/// The code of a module.
pub(crate) struct SharedCode {
    pub(crate) module: Module,
    /// There if the kernel is part of the module.
    pub(crate) fused: Option<Arc<FusedNotes>>,
}

impl SharedCode {
    /// Returns how many bytes it has, in memory or in the file that it is mapped from.
    pub(crate) fn len(&self) -> usize {
        let range = self.module.image_range();
        range.end.addr() - range.start.addr()
    }
}

/// What code is compiled from, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The engine's number.
    pub(super) engine: u64,
    pub(super) form: Form,
    /// A hash of the module's bytes that nobody finds another module for.
    pub(super) hash: [u8; blake3::OUT_LEN],
}

/// What a module is compiled as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// With the kernel in it, where that can be.
    Fused,
    /// As it is.
    Linked,
}

impl Form {
    /// Names the form for those who keep the code.
    pub(super) fn version(self) -> &'static str {
        match self {
            Self::Fused => fuse::VERSION,
            Self::Linked => "linked",
        }
    }
}

/// Locked while the code is compiled, so that nobody else compiles it meanwhile.
type Slot = Mutex<Weak<SharedCode>>;

static CODE: LazyLock<Mutex<HashMap<Key, Arc<Slot>>>> = LazyLock::new(Mutex::default);

/// Code that was asked for.
pub(super) enum Found {
    /// It was in use already.
    InUse(Arc<SharedCode>),
    /// It was made now.
    Made(Arc<SharedCode>),
}

/// Returns the code for `key` if it is in use, or waits for whoever compiles it, or compiles it.
///
/// # Errors
///
/// What `compile` says. The next one to ask compiles again.
pub(super) fn get(
    key: Key,
    compile: impl FnOnce() -> wasmtime::Result<SharedCode>,
) -> wasmtime::Result<Found> {
    let slot = slot(key);
    let mut code = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(code) = code.upgrade() {
        return Ok(Found::InUse(code));
    }
    let made = Arc::new(compile()?);
    *code = Arc::downgrade(&made);
    Ok(Found::Made(made))
}

/// Returns the code for `key` if it is in use, or else what `load` returns. Whoever compiles it is not
/// waited for: it is then not there.
pub(super) fn find(key: Key, load: impl FnOnce() -> Option<SharedCode>) -> Option<Found> {
    let slot = slot(key);
    let mut code = match slot.try_lock() {
        Ok(code) => code,
        Err(TryLockError::Poisoned(code)) => code.into_inner(),
        Err(TryLockError::WouldBlock) => return None,
    };
    if let Some(code) = code.upgrade() {
        return Some(Found::InUse(code));
    }
    let loaded = Arc::new(load()?);
    *code = Arc::downgrade(&loaded);
    Some(Found::Made(loaded))
}

fn slot(key: Key) -> Arc<Slot> {
    let mut slots = CODE.lock().unwrap_or_else(PoisonError::into_inner);
    slots.retain(|_, slot| is_in_use(slot));
    Arc::clone(slots.entry(key).or_default())
}

/// Says whether a slot holds code, or is about to.
fn is_in_use(slot: &Arc<Slot>) -> bool {
    Arc::strong_count(slot) > 1 || slot.try_lock().is_ok_and(|code| code.strong_count() > 0)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use wasmtime::Engine;

    use super::*;

    fn key(engine: u64) -> Key {
        Key { engine, form: Form::Linked, hash: [7; blake3::OUT_LEN] }
    }

    fn compile(engine: &Engine) -> wasmtime::Result<SharedCode> {
        Ok(SharedCode { module: Module::new(engine, b"\0asm\x01\0\0\0")?, fused: None })
    }

    fn code(found: wasmtime::Result<Found>) -> Arc<SharedCode> {
        match found.unwrap() {
            Found::InUse(code) | Found::Made(code) => code,
        }
    }

    fn slot_exists(key: Key) -> bool {
        CODE.lock().unwrap().contains_key(&key)
    }

    #[test]
    fn code_is_compiled_once_while_it_is_in_use() {
        let engine = Engine::default();
        let n_compiled = AtomicU32::new(0);
        let get = || {
            code(get(key(u64::MAX), || {
                n_compiled.fetch_add(1, Ordering::Relaxed);
                compile(&engine)
            }))
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(get)).collect();
            let codes: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            assert!(codes.iter().all(|code| Arc::ptr_eq(code, &codes[0])));
            assert_eq!(n_compiled.load(Ordering::Relaxed), 1);
        });
        drop(get());
        assert_eq!(n_compiled.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_failure_is_not_kept_and_nothing_is_that_is_not_in_use() {
        let engine = Engine::default();
        let failing = key(u64::MAX - 1);
        assert!(get(failing, || Err(wasmtime::Error::msg("no"))).is_err());
        let kept = code(get(failing, || compile(&engine)));
        assert!(slot_exists(failing));
        drop(kept);
        drop(get(key(u64::MAX - 2), || compile(&engine)));
        assert!(!slot_exists(failing), "asking for other code tidies up");
    }
}
