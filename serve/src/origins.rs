//! Which web pages may call. A browser names the page's origin in every request that comes to a call (RFC
//! 6454, and the Fetch standard), and lets the page see the answer only if the server names it, too. Programs
//! that are no browsers name none.

use http::{Method, StatusCode};

use crate::{
    http::{Response, head::Head},
    output::PLAIN_TEXT,
    refusal::Refusal,
};

/// Any page.
const ANY: &str = "*";

/// The origins of pages that may call: none, but for those that are named.
#[derive(Debug, Clone, Default)]
pub struct Origins(Vec<String>);

impl Origins {
    /// Lets pages of these origins call, such as `https://example.com`; `*` is all of them.
    pub fn new(origins: impl IntoIterator<Item = String>) -> Self {
        Self(origins.into_iter().collect())
    }

    /// Refuses a request of a page that may not call.
    ///
    /// # Errors
    ///
    /// What the client is told.
    pub(crate) fn check(&self, head: &Head) -> Result<(), Refusal> {
        if head.origin.is_none() || self.allowed(head).is_some() {
            return Ok(());
        }
        Err(Refusal::origin())
    }

    /// Answers a browser that asks whether a page that may call may do so with a body of any type.
    pub(crate) fn preflight(&self, head: &Head) -> Option<Response> {
        let is_asked = head.method == Method::OPTIONS && self.allowed(head).is_some();
        is_asked.then(|| {
            Response::new(StatusCode::OK, PLAIN_TEXT, "")
                .with_header("access-control-allow-methods", "POST")
                .with_header("access-control-allow-headers", "content-type")
                .with_header("access-control-max-age", "600")
        })
    }

    /// Lets a page that may call see the response.
    pub(crate) fn show(&self, response: Response, head: &Head) -> Response {
        let response = match self.allowed(head) {
            Some(origin) => response.with_header("access-control-allow-origin", origin.to_owned()),
            None => response,
        };
        // Whoever keeps it must not show it to another page.
        if self.0.is_empty() { response } else { response.with_header("vary", "origin") }
    }

    /// Returns what allows the page that a request comes from.
    fn allowed(&self, head: &Head) -> Option<&str> {
        let origin = head.origin.as_deref()?;
        self.0.iter().map(String::as_str).find(|allowed| [ANY, origin].contains(allowed))
    }
}
