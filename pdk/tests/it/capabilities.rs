//! Config, vars, log and HTTP: what comes back, and who frees which block.

use plugsmith_pdk::testing::MockHost;
use plugsmith_pdk::{
    Json, LogLevel, Memory, config, debug, error, info, log, set_var, trace, var, warn,
};

#[test]
fn config_is_text_that_may_be_missing() {
    let host = MockHost::new().with_config("name", "Ada").with_config("empty", "");
    assert_eq!(config::get("name").unwrap().as_deref(), Some("Ada"));
    assert_eq!(config::get("other").unwrap(), None);
    assert_eq!(config::get("empty").unwrap().as_deref(), Some(""));
    assert_eq!(config::get("").unwrap(), None);
    assert_eq!(host.n_blocks(), 0);
    let block = config::get_memory("name").unwrap().unwrap();
    assert_eq!((block.to_vec(), host.n_blocks()), (b"Ada".to_vec(), 1));
}

#[test]
fn vars_keep_what_they_are_given() {
    let host = MockHost::new().with_var("given", "before");
    assert_eq!(var::get::<String>("given").unwrap().as_deref(), Some("before"));
    var::set("number", 7_u64).unwrap();
    var::set("list", Json([1, 2])).unwrap();
    set_var!("text", "{}-{}", 1, 2).unwrap();
    var::set("block", Memory::from_bytes("bytes").unwrap()).unwrap();
    assert_eq!(var::get::<u64>("number").unwrap(), Some(7));
    assert_eq!(var::get::<Json<Vec<u8>>>("list").unwrap(), Some(Json(vec![1, 2])));
    assert_eq!(host.var("text"), Some(b"1-2".to_vec()));
    assert_eq!(host.var("block"), Some(b"bytes".to_vec()));
    assert!(var::get::<u64>("text").is_err());

    var::remove("number").unwrap();
    var::remove("never set").unwrap();
    assert_eq!(var::get::<u64>("number").unwrap(), None);
    // No bytes are a value, too.
    var::set("text", "").unwrap();
    assert_eq!(var::get::<String>("text").unwrap().as_deref(), Some(""));
    assert_eq!(host.var("text"), Some(Vec::new()));
    var::set("text", Memory::null()).unwrap();
    assert_eq!(var::get::<String>("text").unwrap().as_deref(), Some(""));
    assert_eq!(host.n_blocks(), 0);
}

#[test]
fn messages_reach_the_log_from_their_level_on() {
    let levels =
        [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error];
    for (idx, lowest) in levels.into_iter().enumerate() {
        let host = MockHost::new().with_log_level(lowest);
        trace!("{}", 0);
        debug!("{}", 1);
        info!("2");
        warn!("{three}", three = 3);
        error!("4");
        let expected: Vec<(LogLevel, String)> =
            (idx..5).map(|level| (levels[level], level.to_string())).collect();
        assert_eq!(host.logs(), expected);
        assert_eq!(host.n_blocks(), 0);
    }
}

#[test]
fn a_message_that_is_dropped_is_never_made() {
    let host = MockHost::new().with_log_level(LogLevel::Warn);
    let mut n_made = 0;
    let mut made = || {
        n_made += 1;
        n_made
    };
    log!(LogLevel::Info, "{}", made());
    log!(LogLevel::Warn, "{}", made());
    assert_eq!(host.logs(), [(LogLevel::Warn, "1".to_owned())]);
    drop(host);

    let host = MockHost::new();
    log!(LogLevel::Error, "{}", made());
    assert_eq!((host.logs(), n_made), (Vec::new(), 1));
}

#[test]
fn a_block_can_be_logged() {
    let host = MockHost::new().with_log_level(LogLevel::Trace);
    Memory::from_bytes("a block").unwrap().log(LogLevel::Info);
    Memory::null().log(LogLevel::Info);
    assert_eq!(host.logs(), [(LogLevel::Info, "a block".to_owned())]);
    assert_eq!(host.n_blocks(), 0);
}

#[cfg(feature = "http")]
mod http {
    use plugsmith_pdk::testing::{MockHost, MockResponse};
    use plugsmith_pdk::{HttpRequest, Json, http};

    #[test]
    fn requests_go_out_whole_and_responses_come_back_whole() {
        let host = MockHost::new().with_http(|request, body| {
            assert_eq!(request.url, "https://example.com/carts");
            assert_eq!(request.method.as_deref(), Some("POST"));
            assert_eq!(request.headers.get("x-shop").map(String::as_str), Some("7"));
            assert_eq!(body, Some(b"[1]".as_slice()));
            MockResponse::new(201, r#"{"id":4}"#).with_header("Content-Type", "application/json")
        });
        let request = HttpRequest::new("https://example.com/carts")
            .with_method("POST")
            .with_header("x-shop", "7");
        let response = http::request(&request, Some(Json([1]))).unwrap();
        assert_eq!(response.status_code(), 201);
        assert_eq!(response.header("content-TYPE"), Some("application/json"));
        assert_eq!((response.header("other"), response.headers().len()), (None, 1));
        assert_eq!(response.json::<plugsmith_pdk::json::Value>().unwrap()["id"], 4);
        assert!(response.json::<String>().is_err());
        assert_eq!(response.as_memory().to_vec(), response.body());
        // The body, till its owner frees it.
        assert_eq!(host.n_blocks(), 1);
        response.into_memory().free();
        assert_eq!(host.n_blocks(), 0);
    }

    #[test]
    fn nothing_is_sent_as_nothing() {
        let _host = MockHost::new().with_http(|request, body| {
            assert_eq!((request.method.as_deref(), request.headers.len(), body), (None, 0, None));
            MockResponse::new(404, "")
        });
        let request = HttpRequest::new("https://example.com/");
        let response = http::request::<()>(&request, None).unwrap();
        assert_eq!((response.status_code(), response.body()), (404, Vec::new()));
        assert!(response.as_memory().is_empty() && response.headers().is_empty());
    }
}
