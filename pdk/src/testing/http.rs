//! How a mock host answers requests.

use std::collections::BTreeMap;
use std::rc::Rc;

use plugsmith_manifest::HttpRequest;

use crate::sys::native::{self, HttpAnswer};
use crate::testing::MockHost;

/// The response of a mock host to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MockResponse {
    /// The status, such as 200.
    pub status: u16,
    /// The headers, by name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl MockResponse {
    /// Makes a response without headers.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: BTreeMap::new(), body: body.into() }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), value.into());
        self
    }
}

impl MockHost {
    /// Answers each request by a function of the request and its body.
    #[must_use]
    pub fn with_http(
        self,
        answer: impl Fn(&HttpRequest, Option<&[u8]>) -> MockResponse + 'static,
    ) -> Self {
        native::with(|host| {
            host.http = Some(Rc::new(move |request, body| {
                let MockResponse { status, headers, body } = answer(&decode(request), body);
                Ok(HttpAnswer { status, headers, body })
            }));
        });
        self
    }

    /// Has each request fail, as one that the host does not allow, or that finds no server.
    #[must_use]
    pub fn with_failing_http(self, message: impl Into<String>) -> Self {
        let message = message.into();
        native::with(|host| host.http = Some(Rc::new(move |_, _| Err(message.clone()))));
        self
    }
}

fn decode(request: &[u8]) -> HttpRequest {
    serde_json::from_slice(request).expect("a request is that of the manifest crate")
}
