//! `http_request`, `http_status_code` and `http_headers`: requests that a plug-in has the host send.
//!
//! What a plug-in may reach is in its manifest (`allowed_hosts`), how large a response may be too;
//! the time that a call has left bounds its requests. Nothing is allowed by default. Without the
//! feature `http` plug-ins that import these functions load all the same, and fail when they send.

#[cfg(not(feature = "http"))]
mod absent;
#[cfg(feature = "http")]
mod address;
mod error;
#[cfg(feature = "http")]
mod exchange;
#[cfg(feature = "http")]
mod glob;
#[cfg(feature = "http")]
mod grant;
#[cfg(feature = "http")]
mod request;
#[cfg(feature = "http")]
mod resolver;
#[cfg(feature = "http")]
mod session;
#[cfg(feature = "http")]
mod traffic;

use wasmtime::{Caller, Linker};

#[cfg(not(feature = "http"))]
use self::absent::http_request;
#[cfg(not(feature = "http"))]
pub(crate) use self::absent::{HttpAccess, HttpSession};
pub use self::error::HttpError;
#[cfg(feature = "http")]
use self::session::http_request;
#[cfg(feature = "http")]
pub(crate) use self::{exchange::HttpAccess, session::HttpSession};
use super::{EXTISM_ENV_MODULE, blocks::Blocks, finish, give};
use crate::state::State;

/// Choices about HTTP that are not part of the manifest.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct HttpOptions {
    /// Guests can read the headers of responses.
    pub(crate) response_headers: bool,
    /// Addresses inside private networks are out of reach.
    pub(crate) private_addresses_blocked: bool,
}

pub(super) fn define(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.func_wrap(
        EXTISM_ENV_MODULE,
        "http_request",
        |mut caller: Caller<'_, State>, request: u64, body: u64| {
            let outcome = http_request(&mut caller, request, body);
            finish(&mut caller, [request, body], outcome)
        },
    )?;
    linker.func_wrap(EXTISM_ENV_MODULE, "http_status_code", |caller: Caller<'_, State>| {
        i32::from(caller.data().http.status())
    })?;
    linker.func_wrap(EXTISM_ENV_MODULE, "http_headers", |mut caller: Caller<'_, State>| {
        let (mut blocks, state) = Blocks::of(&mut caller);
        let given = blocks.put(state.http.headers());
        given.or_else(|headers| give(&mut caller, &headers))
    })?;
    Ok(())
}
