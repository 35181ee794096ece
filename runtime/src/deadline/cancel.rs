//! The flag by which other threads end a call.
//!
//! Invariant: a cancellation is never lost. It stays pending until one call has ended by it or the
//! handle takes it back. `models` tries every order in which those who raise the flag and the call can
//! meet.

use super::ticker::{Epoch, Ticker};
use crate::sync::{AtomicBool, Ordering, fence};

/// The cancellation that a [`CancelHandle`](crate::CancelHandle) and its plug-in share.
#[derive(Debug, Default)]
pub(crate) struct CancelFlag {
    pending: AtomicBool,
}

impl CancelFlag {
    /// Asks the running call that watches this flag, or else the next one, to end.
    pub(crate) fn raise_at<E: Epoch, const N_SHARDS: usize>(&self, ticker: &Ticker<E, N_SHARDS>) {
        self.pending.store(true, Ordering::Relaxed);
        // A call that reads the new epoch also reads the flag, by the fences here and in `take`, and a
        // call that read the old one is interrupted by the new. Of an engine that the ticker does not
        // know yet, every call begins after `Ticker::watch` took the lock that is given back here.
        ticker.advance_epochs();
    }

    pub(crate) fn lower(&self) {
        self.pending.store(false, Ordering::Relaxed);
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.pending.load(Ordering::Relaxed)
    }

    /// Lowers the flag, and says whether it was raised. The caller has read the epoch before.
    pub(super) fn take(&self) -> bool {
        fence(Ordering::Acquire);
        self.is_raised() && self.pending.swap(false, Ordering::Relaxed)
    }
}
