//! An HTTP request without its body: how a host fetches a module, and what a plug-in asks a host
//! for.

use std::collections::BTreeMap;

use serde::Serialize;

/// A request: URL, method and headers.
///
/// # Examples
///
/// ```
/// use plugsmith_manifest::HttpRequest;
///
/// let request = HttpRequest::new("https://api.example.com/carts")
///     .with_method("POST")
///     .with_header("content-type", "application/json");
/// assert_eq!(
///     serde_json::to_string(&request)?,
///     r#"{"url":"https://api.example.com/carts","headers":{"content-type":"application/json"},"method":"POST"}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
// Not `#[non_exhaustive]`: programs written for Extism build it as a struct literal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HttpRequest {
    /// Where the request goes.
    pub url: String,
    /// The headers, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The method; `None` is `GET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

impl HttpRequest {
    /// Returns a `GET` request to `url`, without headers.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Sets the method.
    #[must_use]
    pub fn with_method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Adds a header, in place of one of the same name.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }
}
