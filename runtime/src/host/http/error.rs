//! Why an HTTP request of a guest failed. Every URL is told without user, password and query, which
//! may be secrets.

use std::{error::Error as StdError, net::IpAddr, time::Duration};

use plugsmith_manifest::ManifestError;

/// Why an HTTP request of a guest was refused, or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// This build of the host sends no HTTP requests.
    #[error("HTTP requests are switched off in this build (feature `{feature}`)")]
    Disabled {
        /// The cargo feature that switches them on.
        feature: &'static str,
    },
    /// What the guest passed is no request.
    #[error("an HTTP request is malformed")]
    Malformed {
        /// Field, place and mistake.
        #[source]
        source: ManifestError,
    },
    /// The request without its body is larger than any real one.
    #[error("{what} of an HTTP request is {found}, the limit is {limit}")]
    RequestTooLarge {
        /// What is too large, and what it is counted in.
        what: &'static str,
        /// How large it is.
        found: u64,
        /// The largest accepted.
        limit: u64,
    },
    /// The call has sent as many requests as it may.
    #[error("the call has sent {limit} HTTP requests, the limit")]
    TooManyRequests {
        /// The limit of [`CallLimits`](crate::CallLimits).
        limit: u64,
    },
    /// The call has sent and received as much as it may.
    #[error(
        "the bodies of the call's HTTP requests and responses have more than {limit} bytes, the limit"
    )]
    TooManyBytes {
        /// The limit of [`CallLimits`](crate::CallLimits).
        limit: u64,
    },
    /// The method is none, or one that guests may not use.
    #[error("`{method}` is not a method that a plug-in can use")]
    Method {
        /// The method, escaped.
        method: String,
    },
    /// The text is not a URL.
    #[error("`{url}` is not a URL")]
    Url {
        /// The text, as far as it may be shown.
        url: String,
        /// What is wrong with it.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The URL is neither `http` nor `https`.
    #[error("`{url}` has scheme `{scheme}`, accepted are `http` and `https`")]
    Scheme {
        /// The URL.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// The URL carries a user or a password.
    #[error("`{url}` carries a user or a password: send the header `authorization` instead")]
    Credentials {
        /// The URL without them.
        url: String,
    },
    /// A header has a name that no header can have.
    #[error("`{name}` cannot be the name of a header")]
    HeaderName {
        /// The name, escaped.
        name: String,
    },
    /// A header has a value that no header can have, such as one with a line break.
    #[error("header `{name}` has a value with a control character")]
    HeaderValue {
        /// The header's name.
        name: String,
    },
    /// The header `host` names another host than the URL, which would get round the grant.
    #[error("header `host` names `{found}`, but the request goes to `{accepted}`")]
    ForeignHost {
        /// The value of the header, escaped.
        found: String,
        /// The host of the URL.
        accepted: String,
    },
    /// The manifest does not allow requests to this place.
    #[error("`{url}` is not allowed: no pattern of `allowed_hosts` matches")]
    NotAllowed {
        /// The URL.
        url: String,
    },
    /// The host has only addresses inside private networks, which are blocked.
    #[error("`{url}` is at the private address {address}, and those are blocked")]
    PrivateAddress {
        /// The URL.
        url: String,
        /// One of its addresses.
        address: IpAddr,
    },
    /// A server redirected to where the request may not go.
    #[error("cannot follow a redirect of `{url}`")]
    Redirect {
        /// The URL that redirected.
        url: String,
        /// Why the request does not go on.
        #[source]
        source: Box<HttpError>,
    },
    /// One redirect led to another for too long.
    #[error("more than {limit} redirects, the last from `{url}`")]
    TooManyRedirects {
        /// The URL that redirected last.
        url: String,
        /// How many are followed.
        limit: usize,
    },
    /// The response's body, decompressed, is larger than the limit.
    #[error("response of `{url}` has more than {limit} bytes")]
    ResponseTooLarge {
        /// The URL.
        url: String,
        /// `memory.max_http_response_bytes`, or what stands in for it.
        limit: u64,
    },
    /// The request took longer than one minute, in a call that has no time limit of its own.
    #[error("`{url}` took longer than {limit:?}")]
    TimedOut {
        /// The URL.
        url: String,
        /// The limit, redirects and body included.
        limit: Duration,
    },
    /// No connection, no TLS, no answer, or a broken one.
    #[error("request to `{url}` failed")]
    Failed {
        /// The URL.
        url: String,
        /// What went wrong.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}
