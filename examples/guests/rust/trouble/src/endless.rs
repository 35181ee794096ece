//! Exports that never stop by themselves.

use std::hint::black_box;

use plugsmith_pdk::{FnResult, Json, Memory, plugin_fn};

/// The size of a page of WebAssembly memory.
const PAGE: usize = 65_536;

/// Loops.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn loops() -> FnResult<()> {
    loop {
        black_box(0);
    }
}

/// Calls itself, deeper and deeper.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn recurses() -> FnResult<Json<u64>> {
    Ok(Json(deeper(0)))
}

/// Takes memory of its own till there is none, and then aborts as Rust does.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn allocates() -> FnResult<()> {
    let mut pages = Vec::new();
    loop {
        pages.push(black_box(vec![1_u8; PAGE]));
    }
}

/// Takes exchange memory till there is none, and says so.
///
/// # Errors
///
/// When there is no more.
#[plugin_fn]
pub fn hoards() -> FnResult<()> {
    let page = vec![1_u8; PAGE];
    loop {
        Memory::from_bytes(&page)?;
    }
}

/// Asks for as many pages more as the input says, and gives the number that there were before, or -1.
///
/// # Errors
///
/// None.
#[cfg(target_arch = "wasm32")]
#[plugin_fn]
pub fn grows(Json(n_pages): Json<usize>) -> FnResult<Json<i64>> {
    let before = core::arch::wasm32::memory_grow::<0>(n_pages);
    Ok(Json(if before == usize::MAX { -1 } else { i64::try_from(before)? }))
}

#[expect(unconditional_recursion, reason = "it is there to recurse")]
fn deeper(depth: u64) -> u64 {
    // What is done after the call keeps it from becoming a loop.
    black_box(deeper(black_box(depth + 1))) + 1
}
