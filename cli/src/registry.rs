//! Registries, which keep plug-ins for others to fetch: those that follow the OCI distribution
//! specification.
//!
//! Owns one repository of one registry, and who the user is to it. A registry is not trusted: what comes
//! from it is used only where its digest is the one that was asked for, and what a registry is sent is no
//! more than it needs. What is said to it, in which words, is in the files below: `download.rs` and
//! `upload.rs`; how it goes there, in `transport.rs`.

mod artifact;
mod authorize;
mod challenge;
mod credentials;
mod digest;
mod download;
mod error;
mod fetch;
mod options;
mod reference;
mod store;
mod transport;
mod upload;

use ureq::http::{HeaderValue, StatusCode};
use url::Url;

pub(crate) use self::{
    artifact::{Artifact, CREATED},
    fetch::FetchOptions,
    options::RegistryOptions,
    reference::{Reference, USUAL_TAG},
    store::{Kept, Store},
};
use self::{
    credentials::Credentials,
    error::RegistryError,
    transport::{Answer, Question, Transport, is_loopback},
};
use crate::failure::Failure;

/// A repository of a registry, and who the user is to it.
pub(crate) struct Registry {
    transport: Transport,
    /// The registry, as references name it.
    name: String,
    repository: String,
    access: Access,
    /// Those of the command line, or those that were found when the registry asked for some.
    credentials: Option<Credentials>,
    /// What the registry was last content with.
    authorization: Option<HeaderValue>,
}

/// What is to be done with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read from it.
    Pull,
    /// Read from it and write to it.
    Push,
}

impl Access {
    /// Returns the name that tokens have for it.
    fn actions(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "pull,push",
        }
    }
}

impl Registry {
    /// Names a repository. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// If the password of the command line cannot be read.
    pub(crate) fn new(
        reference: &Reference,
        access: Access,
        options: &RegistryOptions,
    ) -> Result<Self, Failure> {
        Ok(Self {
            transport: Transport::new(base(reference, options.plain_http), options.registry_time),
            name: reference.registry.clone(),
            repository: reference.repository.clone(),
            access,
            credentials: options.credentials()?,
            authorization: None,
        })
    }

    fn url(&self, path: &str) -> Url {
        self.transport.url(&format!("/v2/{}/{path}", self.repository))
    }

    /// Asks the registry, and once more if it wants to know who asks.
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, RegistryError> {
        let answer = self.transport.ask(question, self.authorization.as_ref())?;
        let wants_more = answer.status() == StatusCode::UNAUTHORIZED;
        if !wants_more || !self.transport.is_registry(&answer.url) {
            return Ok(answer);
        }
        self.authorize(&answer)?;
        self.transport.ask(question, self.authorization.as_ref())
    }

    /// Makes an error of an answer that has no use, to a question about something of this name.
    fn refused(&self, answer: Answer, name: &str) -> RegistryError {
        match answer.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => self.unauthorized(answer),
            StatusCode::NOT_FOUND => {
                let name = format!("{}, {name}", self.repository);
                RegistryError::NotFound { registry: self.name.clone(), name }
            }
            _ => answer.into_refusal(),
        }
    }

    fn unauthorized(&self, answer: Answer) -> RegistryError {
        if self.credentials.is_none() {
            return self.credentials_missing();
        }
        RegistryError::CredentialsRefused {
            registry: self.name.clone(),
            repository: self.repository.clone(),
            said: answer.said(),
        }
    }

    fn credentials_missing(&self) -> RegistryError {
        RegistryError::CredentialsMissing {
            registry: self.name.clone(),
            repository: self.repository.clone(),
        }
    }
}

/// Returns the address of a reference's registry: encrypted, unless it is on this machine or the user
/// says otherwise.
fn base(reference: &Reference, is_plain: bool) -> Url {
    // The one registry that is not where its name says.
    let host = match reference.registry.as_str() {
        "docker.io" => "registry-1.docker.io",
        host => host,
    };
    let url = |scheme: &str| Url::parse(&format!("{scheme}://{host}"));
    let plain = url("http").expect("a reference's registry is a host and a port");
    if is_plain || is_loopback(&plain) {
        return plain;
    }
    url("https").expect("a reference's registry is a host and a port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_without_encryption() {
        let rows = [
            ("ghcr.io/a", false, "https://ghcr.io/"),
            ("ghcr.io/a", true, "http://ghcr.io/"),
            ("docker.io/me/a", false, "https://registry-1.docker.io/"),
            ("10.0.0.1:5000/a", false, "https://10.0.0.1:5000/"),
            ("localhost/a", false, "http://localhost/"),
            ("127.0.0.1:5000/a", false, "http://127.0.0.1:5000/"),
            ("[::1]:5000/a", false, "http://[::1]:5000/"),
        ];
        for (text, is_plain, expected) in rows {
            let reference = Reference::parse(text).expect(text);
            assert_eq!(base(&reference, is_plain).as_str(), expected);
        }
    }
}
