//! Requests over HTTP, sent by the host on behalf of the plug-in.
//!
//! The host decides which addresses a plug-in may ask. A request that it refuses, or that finds no
//! server, is an error where the host lets plug-ins catch errors, and elsewhere ends the call. A
//! response with any status is a response.

use std::collections::HashMap;

use plugsmith_manifest::HttpRequest;
use serde::de::DeserializeOwned;

use crate::memory::{ManagedMemory, internal};
use crate::{Error, Memory, ToMemory, extensions, sys};

/// Sends a request and waits for the response.
///
/// A [`Memory`] passed as the body is the host's from then on.
///
/// # Errors
///
/// What the encoding of the body refuses, if the host has no room for request or body, and
/// [`HostError`](crate::HostError).
///
/// # Examples
///
/// ```
/// use plugsmith_pdk::testing::{MockHost, MockResponse};
/// use plugsmith_pdk::{HttpRequest, http};
///
/// let _host = MockHost::new().with_http(|request, _body| {
///     MockResponse::new(200, format!("you asked for {}", request.url))
/// });
/// let response = http::request::<()>(&HttpRequest::new("https://example.com/"), None)?;
/// assert_eq!(response.status_code(), 200);
/// assert_eq!(response.body(), b"you asked for https://example.com/");
/// # Ok::<(), plugsmith_pdk::Error>(())
/// ```
pub fn request<T: ToMemory>(request: &HttpRequest, body: Option<T>) -> Result<HttpResponse, Error> {
    let body = body.map_or(Ok(Memory::null()), |body| body.to_memory())?;
    let request = Memory::from_bytes(serde_json::to_vec(request)?)?;
    // The host frees both.
    let answer = sys::http_request(request.offset(), body.offset());
    let memory = internal::answered(extensions::check(answer)?);
    Ok(HttpResponse { memory, status: status_code(), headers: headers()? })
}

/// The response to a request. Its body stays in exchange memory until it is asked for.
#[derive(Debug)]
pub struct HttpResponse {
    memory: Memory,
    status: u16,
    headers: HashMap<String, String>,
}

impl HttpResponse {
    /// Returns the block that holds the body, which is then the caller's to free.
    #[must_use]
    pub fn into_memory(self) -> Memory {
        self.memory
    }

    /// Returns the block that holds the body.
    #[must_use]
    pub const fn as_memory(&self) -> &Memory {
        &self.memory
    }

    /// Returns the status, such as 200.
    #[must_use]
    pub const fn status_code(&self) -> u16 {
        self.status
    }

    /// Copies the body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.memory.to_vec()
    }

    /// Decodes the body as JSON.
    ///
    /// # Errors
    ///
    /// If the body is not the JSON of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Ok(serde_json::from_slice(&self.body())?)
    }

    /// Returns the headers, by name in lower case. Hosts give them only when configured to.
    #[must_use]
    pub const fn headers(&self) -> &HashMap<String, String> {
        &self.headers
    }

    /// Returns a header, whatever the case in which its name is given.
    #[must_use]
    pub fn header(&self, name: impl AsRef<str>) -> Option<&str> {
        self.headers.get(&name.as_ref().to_ascii_lowercase()).map(String::as_str)
    }
}

impl ToMemory for HttpResponse {
    /// Returns the block that holds the body.
    fn to_memory(&self) -> Result<Memory, Error> {
        Ok(self.memory)
    }
}

fn status_code() -> u16 {
    // A host has no other numbers; 0 says that there was no response.
    u16::try_from(sys::http_status_code()).unwrap_or(0)
}

fn headers() -> Result<HashMap<String, String>, Error> {
    let block = ManagedMemory(internal::answered(sys::http_headers()));
    if block.0.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(serde_json::from_slice(&block.0.to_vec())?)
}
