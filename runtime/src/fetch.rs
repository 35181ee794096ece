//! Fetches modules by URL, within a limit of bytes and time. Feature `register-http`.

use plugsmith_manifest::HttpRequest;

#[cfg(feature = "register-http")]
use crate::caught::caught;
use crate::error::LoadError;

#[cfg(feature = "register-http")]
pub(crate) fn fetch(module: &str, request: &HttpRequest, limit: u64) -> Result<Vec<u8>, LoadError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| LoadError::Fetch {
        module: module.to_owned(),
        url: request.url.clone(),
        source,
    };
    match caught("the HTTP client", || receive(request, limit)) {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(ureq::Error::BodyExceedsLimit(_))) => {
            Err(LoadError::TooLarge { module: module.to_owned(), limit })
        }
        Ok(Err(err)) => Err(failed(err.into())),
        Err(err) => Err(failed(err.into())),
    }
}

#[cfg(feature = "register-http")]
fn receive(request: &HttpRequest, limit: u64) -> Result<Vec<u8>, ureq::Error> {
    // What is fetched is not to depend on a proxy that some variable of the environment names.
    let config = ureq::Agent::config_builder().timeout_global(Some(TIME_LIMIT)).proxy(None);
    let agent: ureq::Agent = config.build().into();
    let method = request.method.as_deref().unwrap_or("GET").to_ascii_uppercase();
    let headers = request.headers.iter();
    let http_request = headers
        .fold(
            ureq::http::Request::builder().method(method.as_str()).uri(&request.url),
            |builder, (name, value)| builder.header(name, value),
        )
        .body(())?;
    agent.run(http_request)?.body_mut().with_config().limit(limit).read_to_vec()
}

/// How long a fetch may take from the first look-up to the last byte.
#[cfg(feature = "register-http")]
const TIME_LIMIT: std::time::Duration = std::time::Duration::from_mins(1);

#[cfg(not(feature = "register-http"))]
pub(crate) fn fetch(module: &str, _: &HttpRequest, _: u64) -> Result<Vec<u8>, LoadError> {
    Err(LoadError::SourceDisabled {
        module: module.to_owned(),
        from: "URL",
        feature: "register-http",
    })
}
