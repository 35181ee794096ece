//! What a plug-in may store: pages, variables, and bodies of HTTP responses.

use serde::Serialize;

/// Limits on what a plug-in stores. The limits are independent.
// Not `#[non_exhaustive]`: programs written for Extism build it as a struct literal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MemoryOptions {
    /// The most pages of 64 KiB that the plug-in's memory may have. `None` leaves it to the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_pages: Option<u32>,
    /// The largest body of an HTTP response, in bytes. `None` leaves it to the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_http_response_bytes: Option<u64>,
    /// The most bytes that variables may take, names and overhead included; zero switches them off.
    ///
    /// `None` leaves it to the host. A manifest in text that does not have the key gets
    /// [`MemoryOptions::VAR_BYTES`].
    // Written even when `None`, since a text without the key says something else.
    pub max_var_bytes: Option<u64>,
}

impl MemoryOptions {
    /// The bytes that variables may take where a manifest in text does not say: 1 MiB.
    pub const VAR_BYTES: u64 = 1 << 20;

    /// Returns options that leave all to the host, which has limits of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits the plug-in's memory, in pages of 64 KiB.
    #[must_use]
    pub fn with_max_pages(mut self, max_pages: u32) -> Self {
        self.max_pages = Some(max_pages);
        self
    }

    /// Limits the body of an HTTP response, in bytes.
    #[must_use]
    pub fn with_max_http_response_bytes(mut self, max_bytes: u64) -> Self {
        self.max_http_response_bytes = Some(max_bytes);
        self
    }

    /// Limits what variables may take, in bytes; zero switches them off.
    #[must_use]
    pub fn with_max_var_bytes(mut self, max_bytes: u64) -> Self {
        self.max_var_bytes = Some(max_bytes);
        self
    }
}
