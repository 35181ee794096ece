//! What one call sends and receives by HTTP, against what it may.
//!
//! Invariant: a body counts when it is sent, each time that it is, and what is received counts when it has
//! arrived, whatever comes of the request. A guest that catches errors could go on for ever otherwise.

use super::HttpError;
use crate::call_limits::CallLimits;

/// Requests and bytes of the call under way, and their limits.
#[derive(Debug)]
pub(super) struct Traffic {
    limits: Amount,
    spent: Amount,
}

#[derive(Debug, Clone, Copy, Default)]
struct Amount {
    n_requests: u64,
    /// Of bodies, sent and received.
    n_bytes: u64,
}

impl Traffic {
    pub(super) fn new(limits: &CallLimits) -> Self {
        let limits = Amount {
            n_requests: limits.http_requests.unwrap_or(u64::MAX),
            n_bytes: limits.http_bytes.unwrap_or(u64::MAX),
        };
        Self { limits, spent: Amount::default() }
    }

    /// Forgets earlier calls.
    pub(super) fn begin_call(&mut self) {
        self.spent = Amount::default();
    }

    /// Counts a request of the guest's.
    pub(super) fn request(&mut self) -> Result<(), HttpError> {
        let Self { limits, spent } = self;
        if spent.n_requests >= limits.n_requests {
            return Err(HttpError::TooManyRequests { limit: limits.n_requests });
        }
        spent.n_requests += 1;
        Ok(())
    }

    /// Counts the bytes of a body that is about to be sent, unless they are too many.
    pub(super) fn send(&mut self, len: u64) -> Result<(), HttpError> {
        if len > self.bytes_left() {
            return Err(self.too_many_bytes());
        }
        self.count(len);
        Ok(())
    }

    /// Counts bytes that have arrived, be they too many or not.
    pub(super) fn count(&mut self, len: u64) {
        self.spent.n_bytes = self.spent.n_bytes.saturating_add(len);
    }

    /// Returns how many more bytes there may be.
    pub(super) fn bytes_left(&self) -> u64 {
        self.limits.n_bytes.saturating_sub(self.spent.n_bytes)
    }

    pub(super) fn too_many_bytes(&self) -> HttpError {
        HttpError::TooManyBytes { limit: self.limits.n_bytes }
    }
}
