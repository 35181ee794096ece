//! What a host grants: config, vars, logging, HTTP.

use extism_pdk::{
    config, debug, error, http, info, log, plugin_fn, set_var, trace, var, warn, FnResult,
    HttpRequest, Json, LogLevel, Memory, ToMemory,
};

/// Gives a value of the config.
#[plugin_fn]
pub fn config_text(key: String) -> FnResult<Json<Option<String>>> {
    Ok(Json(config::get(key)?))
}

/// Gives the block of a value of the config.
#[plugin_fn]
pub fn config_block(key: String) -> FnResult<Vec<u8>> {
    Ok(config::get_memory(key)?.map(|memory| memory.to_vec()).unwrap_or_default())
}

/// Keeps the input and gives what was kept before.
#[plugin_fn]
pub fn remembers(text: String) -> FnResult<Json<Option<String>>> {
    let before = var::get("last")?;
    var::set("last", text)?;
    Ok(Json(before))
}

/// Gives the bytes that are kept.
#[plugin_fn]
pub fn recalls(key: String) -> FnResult<Vec<u8>> {
    Ok(var::get_memory(key)?.map(|memory| memory.to_vec()).unwrap_or_default())
}

/// Forgets what was kept.
#[plugin_fn]
pub fn forgets() -> FnResult<()> {
    var::remove("last")?;
    Ok(())
}

/// Counts its calls in a var.
#[plugin_fn]
pub fn counts() -> FnResult<u32> {
    let n_calls = var::get::<u32>("n_calls")?.unwrap_or(0) + 1;
    var::set("n_calls", n_calls)?;
    Ok(n_calls)
}

/// Keeps text that is put together.
#[plugin_fn]
pub fn sets(name: String) -> FnResult<()> {
    set_var!("last", "set for {name}")?;
    Ok(())
}

/// Logs the input at every level.
#[plugin_fn]
pub fn logs(text: String) -> FnResult<()> {
    trace!("trace {text}");
    debug!("debug {text}");
    info!("info {text}");
    warn!("warn {text}");
    error!("error {text}");
    log!(LogLevel::Info, "log {text}");
    Memory::from_bytes(&text)?.log(LogLevel::Warn);
    Ok(())
}

/// Gives the numbers of the levels.
#[plugin_fn]
pub fn levels() -> FnResult<Json<Vec<i32>>> {
    let levels =
        [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error];
    Ok(Json(levels.map(LogLevel::to_int).to_vec()))
}

/// Asks a server, and gives the status, a header and the text of its response.
#[plugin_fn]
pub fn asks(url: String) -> FnResult<String> {
    let request = HttpRequest::new(url).with_header("x-asked-by", "a plug-in");
    let response = http::request::<()>(&request, None)?;
    let kind = response.header("content-type").unwrap_or("no type").to_owned();
    let n_headers = response.headers().len();
    let body = String::from_utf8(response.body())?;
    Ok(format!("{} {kind} {}: {body}", response.status_code(), n_headers > 0))
}

/// Sends the input to a server.
#[plugin_fn]
pub fn sends(Json((url, text)): Json<(String, String)>) -> FnResult<Memory> {
    let request = HttpRequest::new(url).with_method("POST");
    let response = http::request(&request, Some(text))?;
    Ok(response.into_memory())
}

/// Gives a response as it is.
#[plugin_fn]
pub fn forwards(url: String) -> FnResult<Memory> {
    let response = http::request::<()>(&HttpRequest::new(url), None)?;
    assert_eq!(response.as_memory().len(), response.body().len());
    Ok(response.to_memory()?)
}

/// Reads JSON from a server.
#[plugin_fn]
pub fn fetches(url: String) -> FnResult<Json<extism_pdk::json::Value>> {
    let response = http::request::<()>(&HttpRequest::new(url), None)?;
    Ok(Json(response.json()?))
}
