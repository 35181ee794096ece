//! HTTP in a build without it: nothing is granted, nothing was received, and a request fails.

use std::sync::Arc;

use plugsmith_manifest::Manifest;
use wasmtime::Caller;

use super::{HttpError, HttpOptions};
use crate::{call_limits::CallLimits, host::HostError, state::State};

/// What a plug-in may do with HTTP, which is nothing.
#[derive(Debug, Default)]
pub(crate) struct HttpAccess;

/// HTTP as one instance sees it.
#[derive(Debug)]
pub(crate) struct HttpSession;

impl HttpAccess {
    pub(crate) fn new(_: &Manifest, _: HttpOptions, _: u32) -> Self {
        Self
    }
}

#[expect(clippy::unused_self, reason = "the interface is that of a build with HTTP")]
impl HttpSession {
    pub(crate) fn new(_: &Arc<HttpAccess>, _: &CallLimits) -> Self {
        Self
    }

    pub(crate) fn begin_call(&mut self) {}

    pub(super) fn status(&self) -> u16 {
        0
    }

    pub(super) fn headers(&self) -> Option<&[u8]> {
        None
    }
}

pub(super) fn http_request(_: &mut Caller<'_, State>, _: u64, _: u64) -> wasmtime::Result<u64> {
    Err(HostError::from(HttpError::Disabled { feature: "http" }).into())
}
