//! Exports that use what a host grants, whatever the host makes of it.

use plugsmith_pdk::{
    Error, FnResult, HttpRequest, Json, LogLevel, ToBytes, config, debug, error, http, info, log,
    plugin_fn, trace, var, warn,
};
use serde::{Deserialize, Serialize};

/// A var to set: no value removes it.
#[derive(Debug, Deserialize)]
pub struct Change {
    key: String,
    value: Option<String>,
}

/// What was found under a key.
#[derive(Debug, PartialEq, Serialize, ToBytes)]
#[encoding(Json)]
pub struct Found {
    value: Option<String>,
}

/// Logs the input once at each level.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn logs(message: String) -> FnResult<()> {
    trace!("trace: {message}");
    debug!("debug: {message}");
    info!("info: {message}");
    warn!("warn: {message}");
    error!("error: {message}");
    log!(LogLevel::Info, "done");
    Ok(())
}

/// Gives the value of a key of the config.
///
/// # Errors
///
/// If the value is not UTF-8.
#[plugin_fn]
pub fn reads_config(key: String) -> FnResult<Found> {
    Ok(Found { value: config::get(key)? })
}

/// Gives the value of a key of the config, which has to be there.
///
/// # Errors
///
/// If it is not.
#[plugin_fn]
pub fn needs_config(key: String) -> FnResult<String> {
    Ok(config::get(&key)?.ok_or_else(|| Error::msg(format!("no `{key}` in the config")))?)
}

/// Gives the value of a var.
///
/// # Errors
///
/// If the value is not UTF-8.
#[plugin_fn]
pub fn reads_var(key: String) -> FnResult<Found> {
    Ok(Found { value: var::get(key)? })
}

/// Sets a var, or removes it.
///
/// # Errors
///
/// If there is no room for it in exchange memory.
#[plugin_fn]
pub fn writes_var(Json(change): Json<Change>) -> FnResult<()> {
    match change.value {
        Some(value) => var::set(change.key, value)?,
        None => var::remove(change.key)?,
    }
    Ok(())
}

/// Asks a URL, and tells what the host says if that fails.
///
/// # Errors
///
/// If the host does not let plug-ins catch its errors.
#[plugin_fn]
pub fn asks(url: String) -> FnResult<String> {
    let answer = http::request::<()>(&HttpRequest::new(url), None);
    Ok(match answer {
        Ok(response) => format!("status {}", response.status_code()),
        Err(err) => format!("caught: {err}"),
    })
}

/// Sets a var that is far too large, and goes on with a smaller one.
///
/// # Errors
///
/// If the host does not let plug-ins catch its errors.
#[plugin_fn]
pub fn makes_do(key: String) -> FnResult<String> {
    let large = "x".repeat(8 << 20);
    let caught = var::set(&key, large).expect_err("no host keeps a var of 8 MiB");
    var::set(&key, "small")?;
    Ok(caught.to_string())
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn messages_below_the_level_are_dropped() {
        let host = MockHost::new().with_log_level(LogLevel::Warn);
        host.call("a cart", logs);
        let expected = [
            (LogLevel::Warn, "warn: a cart".to_owned()),
            (LogLevel::Error, "error: a cart".to_owned()),
        ];
        assert_eq!(host.logs(), expected);
    }

    #[test]
    fn a_missing_key_is_named() {
        let host = MockHost::new().with_config("greeting", "Hello");
        assert_eq!(host.call("greeting", needs_config).output, b"Hello");
        let message = host.call("name", needs_config).error.unwrap();
        assert!(message.starts_with("no `name` in the config"), "{message}");
    }

    #[test]
    fn a_request_that_fails_is_caught() {
        let host = MockHost::new().with_failing_http("not allowed");
        assert_eq!(host.call("https://example.com", asks).output, b"caught: not allowed");
        assert_eq!(host.error(), None);
    }

    #[test]
    fn vars_are_set_and_removed() {
        let host = MockHost::new();
        host.call(r#"{"key":"a","value":"1"}"#, writes_var);
        assert_eq!(host.call("a", reads_var).output, br#"{"value":"1"}"#);
        host.call(r#"{"key":"a"}"#, writes_var);
        assert_eq!(host.call("a", reads_var).output, br#"{"value":null}"#);
    }
}
