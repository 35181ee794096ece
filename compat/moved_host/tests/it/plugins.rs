//! Calls of a plug-in, and how they end.

use std::{thread, time::Duration};

use extism::*;

use crate::GUEST;

fn plugin() -> Plugin {
    Plugin::new(GUEST, [], false).unwrap()
}

#[test]
fn calls_take_and_give_what_converts() -> Result<(), Error> {
    let mut plugin = plugin();
    assert_eq!(plugin.call::<&str, &str>("echo", "text")?, "text");
    assert_eq!(plugin.call::<String, String>("echo", "text".to_string())?, "text");
    assert_eq!(plugin.call::<&[u8], Vec<u8>>("echo", &[1, 2])?, [1, 2]);
    assert_eq!(plugin.call::<Vec<u8>, &[u8]>("echo", vec![1, 2])?, [1, 2]);
    assert_eq!(plugin.call::<u32, u32>(String::from("echo"), 7)?, 7);
    plugin.call::<(), ()>("echo", ())?;
    let json: convert::Json<serde_json::Value> = plugin.call("echo", "[1]")?;
    assert_eq!(json.0, serde_json::json!([1]));
    Ok(())
}

#[test]
fn failures_are_errors() {
    let mut plugin = plugin();
    let err: Error = plugin.call::<&str, &str>("fail", "what went wrong").unwrap_err();
    assert_eq!(err.to_string(), "what went wrong");
    let (err, status): (Error, i32) =
        plugin.call_get_error_code::<&str, &str>("fail", "what went wrong").unwrap_err();
    assert_eq!((err.to_string().as_str(), status), ("what went wrong", 7));
    let (_, status) = plugin.call_get_error_code::<&str, &str>("status", "").unwrap_err();
    assert_eq!(status, 9);
    let (_, status) = plugin.call_get_error_code::<&str, &str>("trap", "").unwrap_err();
    assert_eq!(status, 134);
    assert!(plugin.call::<&str, &str>("missing", "").is_err());
    assert_eq!(plugin.call_get_error_code::<&str, &str>("echo", "x").unwrap(), "x");
}

#[test]
fn every_way_to_call_fails_on_a_status() {
    let mut plugin = plugin();
    assert!(plugin.call::<&str, &str>("status", "").is_err());
    assert!(plugin.call_get_error_code::<&str, &str>("status", "").is_err());
    assert!(plugin.call_with_host_context::<&str, &str, _>("status", "", ()).is_err());
}

#[test]
fn a_plugin_says_what_it_is() {
    let mut plugin = plugin();
    assert!(plugin.function_exists("echo"));
    assert!(plugin.function_exists(String::from("fail")));
    assert!(!plugin.function_exists("missing"));
    assert!(!plugin.function_exists("takes"));
    assert!(!plugin.has_wasi());
    assert_eq!(format!("{plugin:?}"), format!("Plugin({})", plugin.id));
    assert!(plugin.fuel_consumed().is_none());
    plugin.call::<&str, ()>("remember", "a value").unwrap();
    plugin.reset().unwrap();
    assert_eq!(plugin.call::<(), String>("recall", ()).unwrap(), "a value");
}

#[test]
fn a_handle_cancels_from_another_thread() {
    let mut plugin = plugin();
    let handle: CancelHandle = plugin.cancel_handle();
    assert_eq!(handle.id, plugin.id);
    let other = handle.clone();
    let thread = thread::spawn(move || other.cancel().unwrap());
    assert!(plugin.call::<(), ()>("loop", ()).is_err());
    thread.join().unwrap();
    assert_eq!(plugin.call::<&str, &str>("echo", "x").unwrap(), "x");
}

#[test]
fn a_limit_of_time_ends_a_loop() {
    let manifest = Manifest::new([Wasm::data(GUEST)]).with_timeout(Duration::from_millis(50));
    let mut plugin = Plugin::new(manifest, [], false).unwrap();
    assert!(plugin.call::<(), ()>("loop", ()).is_err());
    assert_eq!(plugin.call::<&str, &str>("echo", "x").unwrap(), "x");
}

#[test]
fn plugins_are_sent_and_shared() {
    fn check<T: Send + Sync>(_: &T) {}
    let plugin = plugin();
    check(&plugin);
    check(&plugin.cancel_handle());
    thread::spawn(move || drop(plugin)).join().unwrap();
}
