//! What can go wrong between the command and a registry.
//!
//! A registry is not trusted: what it says is shown cut short and without what a terminal would take for
//! a command, and addresses are shown without what may be secret in them.

use std::{io, time::Duration};

use url::Url;

use super::{credentials::CredentialsError, digest::Digest};
use crate::{exit::Exit, failure::Failure, printable::in_line};

/// How much is shown of what a registry says, in letters.
const SHOWN_LIMIT: usize = 200;

/// Why a registry did not take or give a plug-in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistryError {
    /// There was no answer.
    #[error("cannot reach `{url}`")]
    Unreachable {
        url: String,
        #[source]
        source: ureq::Error,
    },
    /// The answer, or the end of it, did not come in time.
    #[error("`{url}` took longer than its limit of {limit:?}")]
    TooSlow { url: String, limit: Duration },
    /// An answer that had begun did not go on.
    #[error("the answer of `{url}` broke off")]
    BrokenOff {
        url: String,
        #[source]
        source: io::Error,
    },
    /// Without credentials there is no access.
    #[error("`{registry}` wants credentials for `{repository}`")]
    CredentialsMissing { registry: String, repository: String },
    /// Those that there are do not do.
    #[error("`{registry}` refuses the credentials for `{repository}`{said}")]
    CredentialsRefused { registry: String, repository: String, said: String },
    /// The user's credentials cannot be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The registry wants credentials in a way of its own.
    #[error("`{registry}` asks for credentials in a way that is not known: `{challenge}`")]
    Challenge { registry: String, challenge: String },
    /// What gives tokens gave none.
    #[error("`{url}` gave no token")]
    Token { url: String },
    /// It is not there, or not for everybody to see.
    #[error("`{registry}` has no `{name}`")]
    NotFound { registry: String, name: String },
    /// The registry refuses, or has a fault.
    #[error("`{url}` answered with status {status}{said}")]
    Status { url: String, status: u16, said: String },
    /// It would go over a line on which anybody can listen.
    #[error("`{url}` is not encrypted")]
    PlainHttp { url: String },
    /// The registry points elsewhere, and does not say where.
    #[error("`{url}` points to no address")]
    NoLocation { url: String },
    /// The registry points elsewhere again and again.
    #[error("`{url}` was redirected more than {limit} times")]
    TooManyRedirects { url: String, limit: usize },
    /// There is more of it than is taken.
    #[error("the {part} has more than {limit} bytes, its limit")]
    TooLarge { part: &'static str, limit: u64 },
    /// It is not of the size that was said.
    #[error("the {part} has {actual} bytes, not {expected}")]
    Size { part: &'static str, expected: u64, actual: u64 },
    /// It does not end where it should.
    #[error("the {part} has more than the {expected} bytes that it should have")]
    Longer { part: &'static str, expected: u64 },
    /// It is not what was asked for.
    #[error("the digest of the {part} is `{actual}`, not `{expected}`")]
    Digest { part: &'static str, expected: Digest, actual: Digest },
    /// It cannot be read.
    #[error("the manifest is not as it must be")]
    Manifest(#[source] serde_json::Error),
    /// It is something else than a plug-in.
    #[error("the {part} is `{found}`, not `{expected}`")]
    MediaType { part: &'static str, found: String, expected: &'static str },
    /// It is more than a plug-in, or less.
    #[error("the manifest has {n_layers} layers, that of a plug-in has one")]
    Layers { n_layers: usize },
    /// What came cannot be kept.
    #[error("cannot keep what comes from the registry")]
    Keep(#[source] io::Error),
}

impl RegistryError {
    /// Makes an error of what the client says of an exchange with `url`.
    pub(super) fn of_client(err: ureq::Error, url: &Url, limit: Duration) -> Self {
        let url = shown_url(url);
        match err {
            ureq::Error::Timeout(_) => Self::TooSlow { url, limit },
            source => Self::Unreachable { url, source },
        }
    }

    /// Makes an error of what the client says while the body of an answer comes.
    pub(super) fn of_body(err: io::Error, url: &Url, limit: Duration) -> Self {
        let url = shown_url(url);
        match ureq::Error::from(err) {
            ureq::Error::Timeout(_) => Self::TooSlow { url, limit },
            err => Self::BrokenOff { url, source: err.into_io() },
        }
    }

    fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unreachable { .. } => {
                "check the name of the registry and the network; `--plain-http` speaks to one that \
                 has no encryption"
            }
            Self::TooSlow { .. } => "give it more time with `--registry-time`",
            Self::BrokenOff { .. } => "try it again",
            Self::CredentialsMissing { .. } | Self::CredentialsRefused { .. } => {
                "`docker login` keeps credentials where they are looked for; or give them with \
                 `--username NAME --password-stdin`"
            }
            Self::NotFound { .. } => {
                "check the reference; registries also say so of what they hide from those without \
                 credentials"
            }
            Self::PlainHttp { .. } => {
                "only a registry on this machine, or with `--plain-http`, is spoken to like that, \
                 and nothing leads from encryption to none"
            }
            Self::TooLarge { part: "module", .. } => {
                "if that is what you want, raise the limit with `--module-max`"
            }
            Self::MediaType { part: "manifest", .. } => {
                "what is there is no plug-in; of an index, name the digest of the one that you want"
            }
            Self::Digest { .. } | Self::Longer { .. } | Self::Size { .. } => {
                "nothing of it was kept: the registry, or what is between, gives other bytes than \
                 were asked for"
            }
            _ => return None,
        })
    }
}

impl From<RegistryError> for Failure {
    fn from(err: RegistryError) -> Self {
        let help = match &err {
            RegistryError::Credentials(err) => Some(err.help()),
            err => err.help(),
        };
        let failure = Self::of_error(Exit::Registry, err);
        match help {
            Some(help) => failure.with_help(help),
            None => failure,
        }
    }
}

/// Returns a URL without what may be secret in it: who asks, and what comes behind the path.
pub(super) fn shown_url(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    shown(&format!("{}://{host}{port}{}", url.scheme(), url.path()))
}

/// Returns what a registry says as a person may see it.
pub(super) fn shown(text: &str) -> String {
    let start: String = text.chars().take(SHOWN_LIMIT).collect();
    let dots = if start.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", in_line(&start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_or_a_command_is_not_shown() {
        let url = Url::parse("https://me:pass@a.b:81/v2/x?signature=secret#f").expect("it is one");
        assert_eq!(shown_url(&url), "https://a.b:81/v2/x");
        assert_eq!(shown("a\u{1b}[2J\nb"), "a\\u{1b}[2J\\nb");
        assert_eq!(shown(&"ü".repeat(201)), format!("{}…", "ü".repeat(200)));
    }
}
