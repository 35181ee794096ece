//! How the command makes itself known to a registry: not until it is asked to, and then with a token for
//! this repository and no more, or with name and password where the registry gives no tokens.
//!
//! The place that gives tokens is the registry's to name, and gets the credentials that the user has for
//! the registry. The token goes to the registry alone.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use ureq::http::{HeaderValue, Method, StatusCode, header};
use url::{Url, form_urlencoded};

use super::{
    Registry,
    challenge::Challenge,
    credentials::Credentials,
    error::{RegistryError, shown, shown_url},
    transport::{Answer, Content, Question},
};

/// How much is read of what gives tokens, in bytes.
const TOKEN_LIMIT: u64 = 1 << 20;

/// What the place that gives tokens answers: one of two names, both of which are in use.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Registry {
    /// Gets what the registry wants to see, as its answer asks for it.
    ///
    /// # Errors
    ///
    /// If there are no credentials, or they do not do.
    pub(super) fn authorize(&mut self, answer: &Answer) -> Result<(), RegistryError> {
        if self.credentials.is_none() {
            self.credentials = Credentials::find(&self.name)?;
        }
        let value = match Challenge::best(answer.headers(header::WWW_AUTHENTICATE)) {
            Some(Challenge::Bearer { realm, service }) => self.token(&realm, service.as_deref())?,
            Some(Challenge::Basic) => match &self.credentials {
                Some(Credentials::Password { user, password }) => basic(user, password),
                _ => return Err(self.credentials_missing()),
            },
            None => {
                let challenge = answer.header(header::WWW_AUTHENTICATE).unwrap_or_default();
                return Err(self.unknown_challenge(challenge));
            }
        };
        self.authorization = Some(value);
        Ok(())
    }

    /// Has a token made out.
    fn token(&self, realm: &str, service: Option<&str>) -> Result<HeaderValue, RegistryError> {
        let mut url = Url::parse(realm).map_err(|_| self.unknown_challenge(realm))?;
        let scope = format!("repository:{}:{}", self.repository, self.access.actions());
        let service = service.map(|service| ("service", service));
        let wanted = service.into_iter().chain([("scope", scope.as_str())]);
        let answer = if let Some(Credentials::Token(token)) = &self.credentials {
            let given = [
                ("grant_type", "refresh_token"),
                ("client_id", "plugsmith"),
                ("refresh_token", token),
            ];
            let mut form = form_urlencoded::Serializer::new(String::new());
            let form = form.extend_pairs(wanted.chain(given)).finish();
            let content = Content::new("application/x-www-form-urlencoded", form.as_bytes());
            let question =
                Question { method: Method::POST, url, accept: None, content: Some(content) };
            self.transport.ask_once(&question, None)?
        } else {
            url.query_pairs_mut().extend_pairs(wanted);
            let question = Question { method: Method::GET, url, accept: None, content: None };
            let given = match &self.credentials {
                Some(Credentials::Password { user, password }) => Some(basic(user, password)),
                _ => None,
            };
            self.transport.ask_once(&question, given.as_ref())?
        };
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(self.unauthorized(answer));
            }
            _ => return Err(answer.into_refusal()),
        }
        let none = RegistryError::Token { url: shown_url(&answer.url) };
        let body = answer.read("token", TOKEN_LIMIT)?;
        let token = serde_json::from_slice::<Token>(&body).ok();
        let token = token.and_then(|token| token.token.or(token.access_token));
        let value = token.filter(|token| !token.is_empty()).and_then(|token| bearer(&token));
        value.ok_or(none)
    }

    fn unknown_challenge(&self, challenge: &str) -> RegistryError {
        RegistryError::Challenge { registry: self.name.clone(), challenge: shown(challenge) }
    }
}

fn basic(user: &str, password: &str) -> HeaderValue {
    let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let mut value = HeaderValue::try_from(value).expect("base64 can stand in a header");
    value.set_sensitive(true);
    value
}

/// Returns the header, if the token can stand in one.
fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
