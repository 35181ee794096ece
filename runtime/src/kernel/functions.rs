//! The kernel's functions as functions of the host.
//!
//! A guest that the kernel is part of calls it inside its own module, which has no more of the kernel than
//! that takes. Any other use of a function that it imports, such as a reference in a table, is served from
//! here: by the same code, compiled into the host, on the same memory.

use std::num::NonZeroU64;

use plugsmith_kernel::{Exports, Heap, Offset, for_each_export};
use wasmtime::{AsContextMut, Caller, Linker, Memory};

use super::bytes::Bytes;
use crate::link::EXTISM_ENV_MODULE;

/// Defines all twenty for guests whose stores have a kernel's memory where `memory_of` finds it.
///
/// # Errors
///
/// If one of the names is taken.
pub(crate) fn define<T: 'static>(
    linker: &mut Linker<T>,
    memory_of: fn(&T) -> Memory,
) -> wasmtime::Result<()> {
    macro_rules! define {
        (
            // Below: the host makes the memory longer for it.
            alloc $args:tt -> $offset:ty;
            $($name:ident($($arg:ident: $ty:ty),*) $(-> $result:ty)?;)*
        ) => {$({
            let serve = move |mut caller: Caller<'_, T>, $($arg: $ty),*| $(-> $result)? {
                let memory = memory_of(caller.data());
                Exports::new(Heap::new(Bytes::new(memory.data_mut(&mut caller)))).$name($($arg),*)
            };
            linker.func_wrap(EXTISM_ENV_MODULE, stringify!($name), serve)?;
        })*};
    }
    for_each_export!(define);
    let serve = move |mut caller: Caller<'_, T>, len: u64| {
        let memory = memory_of(caller.data());
        let len = NonZeroU64::new(len);
        len.and_then(|len| alloc(memory, &mut caller, len)).map_or(0, u64::from)
    };
    linker.func_wrap(EXTISM_ENV_MODULE, "alloc", serve)?;
    Ok(())
}

/// Reserves `len` zeroed bytes, or returns `None` if the memory is exhausted.
pub(super) fn alloc(
    memory: Memory,
    ctx: &mut impl AsContextMut,
    len: NonZeroU64,
) -> Option<Offset> {
    let mut heap = Heap::new(Bytes::new(memory.data_mut(&mut *ctx)));
    if let Ok(offset) = heap.alloc(len) {
        return Some(offset);
    }
    let wanted = heap.memory().wanted()?;
    wanted.into_iter().find(|n_pages| memory.grow(&mut *ctx, (*n_pages).into()).is_ok())?;
    Heap::new(Bytes::new(memory.data_mut(ctx))).alloc(len).ok()
}
