//! The rewriter of modules: a guest with the kernel in it does what it does linked to a kernel.
//!
//! What is compared is all that can be seen: results, traps, both memories, globals. The guests, and how
//! they are held to each other, are part of the runtime, which tests itself with them.

use plugsmith::__private::{try_rewriter, try_rewriter_on};

/// Makes a guest of the bytes, changes it a little, and calls both forms of it.
///
/// # Panics
///
/// If they differ, or the rewriter panics.
pub fn try_guest(bytes: &[u8]) -> bool {
    try_rewriter(bytes)
}

/// Calls both forms of a module, with arguments made of `bytes`.
///
/// # Panics
///
/// If they differ, or the rewriter panics.
pub fn try_module(module: &[u8], bytes: &[u8]) -> bool {
    try_rewriter_on(module, bytes)
}
