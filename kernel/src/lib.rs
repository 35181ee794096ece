//! The kernel: the memory through which a host and its plug-ins exchange bytes, and its allocator.
//!
//! A guest never sees this memory directly. It holds offsets into it, and asks the kernel to reserve,
//! free, load and store. The crate builds natively, where it is tested, and as the module
//! `kernel.wasm`, which `cargo xtask kernel` makes and the host embeds or fuses into a plug-in.
//!
//! ```text
//!        0  never used, so that no block has offset zero
//!       16  the root: registers, bins, the first 32 entries of the ledger          ([`layout`])
//!     1280  GUEST_START: below it, no load or store of a guest reaches
//!           blocks, end to end without a gap: first the input, then what `alloc` gave
//! position  end of what was handed out in this call; of a large block at the end, only what was touched
//!           lies before it until the rest is made zero, and `pending_end` behind it
//!           bytes of earlier calls up to `dirty_end`, then zeroes
//!   ledger  the ledger of blocks, once it has outgrown its place in the root
//!      end  of memory
//! ```
//!
//! # Promises
//!
//! - **The bounds rule.** A guest loads and stores exactly where `GUEST_START <= offset` and
//!   `offset + size` is not beyond what was handed out, computed without wrapping. A load elsewhere gives
//!   zero, a store elsewhere does nothing. No byte inside these bounds is metadata, and every one was
//!   handed out, zeroed or written by the host, in this call.
//! - **Zeroed before it is seen.** What lies before `position` is as its owner left it. A large block is
//!   not zeroed when it is handed out, but when a load, a store, a register or the host asks for what lies
//!   behind `position`: who writes it from its beginning on, raising `position` on the way, spares that.
//! - **Registers are in bounds.** The ranges of input and output lie between `GUEST_START` and
//!   `position`, or are empty at offset zero; the error is an active block or zero. Whoever reads
//!   them may rely on it, and so `input_load_*` checks against `input_length` alone.
//! - **Every operation is O(1)**, growth of the ledger amortised, zeroing of a block apart. `reset`
//!   costs no more than the blocks that were made since the last one.
//! - **What carries a result stays.** A block that overlaps the output, or is the error, belongs to
//!   the host: `free` ignores it until another output or error takes its place.
//! - **Nothing panics**, nothing is static, no data segment, no stack in memory.
//!
//! # What the host may write, and when
//!
//! The host begins a call without calling the module. While no guest code runs:
//!
//! 1. If the register `ledger` is not zero, it calls `reset`, which brings the ledger back inline.
//! 2. It makes the memory at least [`CallStart::position`] bytes long.
//! 3. It copies the input to [`layout::GUEST_START`] and zeroes [`CallStart::padding`].
//! 4. It writes [`CallStart::registers`] at [`layout::ROOT`]: position, input, output, error, the
//!    extent of the input, `dirty_end` raised to the position, and an empty ledger. The bins need no
//!    write, since their bitmap is among these registers.
//!
//! Once, right after it instantiated the kernel and before step 4, it may write a random `u64` at
//! [`layout::HASH_KEY`], so that a guest cannot foresee how blocks fall into buckets.
//! At any time it may read registers, and read and write bytes inside the bounds rule that lie before
//! `position`. It never writes `position`, the ledger or the bins while blocks exist but by way of [`Heap`],
//! over the memory's bytes.
//!
//! A memory of zeroes is a valid state: a heap without blocks and without input.
#![cfg_attr(not(any(test, feature = "testing")), no_std)]
#![deny(unsafe_code)]

mod block;
mod call_start;
mod channel;
#[cfg(any(test, feature = "testing"))]
mod check;
mod exports;
mod free_list;
mod heap;
pub mod layout;
mod ledger;
mod memory;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use block::{Block, Offset};
pub use call_start::CallStart;
pub use exports::Exports;
pub use heap::{Heap, HeapError};
#[cfg(target_arch = "wasm32")]
pub use memory::LinearMemory;
pub use memory::Memory;
#[cfg(any(test, feature = "testing"))]
pub use memory::VecMemory;
