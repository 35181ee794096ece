//! What every plug-in of an engine may import from the host: defined once, and copied for each.

use std::sync::OnceLock;

use wasmtime::{Engine, Linker};

use super::{config, http, legacy, log, vars};
use crate::{error::LoadError, kernel, state::State};

/// The functions of the host, as an engine knows them.
#[derive(Default)]
pub(crate) struct Builtins {
    alone: OnceLock<Linker<State>>,
    /// And those of the system interface.
    #[cfg(feature = "wasi")]
    with_wasi: OnceLock<Linker<State>>,
}

impl Builtins {
    /// Returns a linker that has them, with the system interface if that is granted.
    ///
    /// # Errors
    ///
    /// [`LoadError::Engine`], which does not happen short of a bug.
    pub(crate) fn linker(&self, engine: &Engine, wasi: bool) -> Result<Linker<State>, LoadError> {
        #[cfg(feature = "wasi")]
        if wasi {
            return made_once(&self.with_wasi, || {
                let mut linker = define(engine)?;
                crate::wasi::define(&mut linker)?;
                Ok(linker)
            });
        }
        #[cfg(not(feature = "wasi"))]
        let _ = wasi;
        made_once(&self.alone, || define(engine))
    }
}

/// Returns a copy of what is in `slot`, or puts it there.
fn made_once(
    slot: &OnceLock<Linker<State>>,
    make: impl FnOnce() -> Result<Linker<State>, LoadError>,
) -> Result<Linker<State>, LoadError> {
    if let Some(linker) = slot.get() {
        return Ok(linker.clone());
    }
    let linker = make()?;
    Ok(slot.get_or_init(|| linker).clone())
}

fn define(engine: &Engine) -> Result<Linker<State>, LoadError> {
    let mut linker = Linker::new(engine);
    for define in [config::define, http::define, vars::define, log::define, legacy::define] {
        define(&mut linker).map_err(LoadError::engine)?;
    }
    define_kernel(&mut linker)?;
    Ok(linker)
}

/// Defines the kernel's functions, which plug-ins that are linked to a kernel of its own have from there.
pub(super) fn define_kernel(linker: &mut Linker<State>) -> Result<(), LoadError> {
    kernel::define_functions(linker, |state| state.kernel().memory()).map_err(LoadError::engine)
}
