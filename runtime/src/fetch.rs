//! Fetches modules by URL, within a limit of bytes and time. Feature `register-http`.

use plugsmith_manifest::HttpRequest;

use crate::error::LoadError;

#[cfg(feature = "register-http")]
pub(crate) fn fetch(module: &str, request: &HttpRequest, limit: u64) -> Result<Vec<u8>, LoadError> {
    let failed = |source: ureq::Error| LoadError::Fetch {
        module: module.to_owned(),
        url: request.url.clone(),
        source: source.into(),
    };
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
        .body(())
        .map_err(|err| failed(err.into()))?;
    let mut response = agent.run(http_request).map_err(failed)?;
    match response.body_mut().with_config().limit(limit).read_to_vec() {
        Ok(bytes) => Ok(bytes),
        Err(ureq::Error::BodyExceedsLimit(_)) => {
            Err(LoadError::TooLarge { module: module.to_owned(), limit })
        }
        Err(err) => Err(failed(err)),
    }
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
