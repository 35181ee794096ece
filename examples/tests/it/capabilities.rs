//! What a host grants reaches the plug-in, and what the plug-in keeps stays with the host.

use plugsmith::{CallError, Plugin, convert::Json};
use serde_json::{Value, json};

use crate::manifest;

fn plugin() -> Plugin {
    let manifest = manifest("trouble").with_config_key("greeting", "Hello, ünïcödé");
    Plugin::new(manifest, [], false).expect("the example plug-in loads")
}

/// The value that an export finds under a key.
fn find(plugin: &mut Plugin, export: &str, key: &str) -> Value {
    let Json(mut found) =
        plugin.call::<&str, Json<Value>>(export, key).expect("looking is no failure");
    found["value"].take()
}

fn write(plugin: &mut Plugin, change: Value) -> Result<(), plugsmith::Error> {
    plugin.call::<Json<Value>, ()>("writes_var", Json(change))
}

#[test]
fn config_is_found_by_key() {
    let mut plugin = plugin();
    assert_eq!(find(&mut plugin, "reads_config", "greeting"), "Hello, ünïcödé");
    assert_eq!(find(&mut plugin, "reads_config", "Greeting"), Value::Null);
    assert_eq!(find(&mut plugin, "reads_config", ""), Value::Null);
    let err = plugin.call::<&str, String>("needs_config", "name").unwrap_err();
    assert!(err.to_string().starts_with("no `name` in the config"), "{err}");
}

#[test]
fn vars_are_kept_until_they_are_removed() {
    let mut plugin = plugin();
    assert_eq!(find(&mut plugin, "reads_var", "cart"), Value::Null);
    for value in ["1 pear", "2 pears"] {
        write(&mut plugin, json!({ "key": "cart", "value": value })).expect("there is room");
        assert_eq!(find(&mut plugin, "reads_var", "cart"), value);
    }
    write(&mut plugin, json!({ "key": "cart" })).expect("a var can be removed");
    assert_eq!(find(&mut plugin, "reads_var", "cart"), Value::Null);
}

#[test]
fn vars_have_a_limit_after_which_the_plug_in_still_works() {
    let mut plugin = plugin();
    let large = "x".repeat(2 << 20);
    let err = write(&mut plugin, json!({ "key": "cart", "value": large })).unwrap_err();
    assert!(matches!(err.downcast_ref(), Some(CallError::Host { .. })), "{err:?}");
    assert_eq!(find(&mut plugin, "reads_var", "cart"), Value::Null);
    write(&mut plugin, json!({ "key": "cart", "value": "small" })).expect("there is room");
    assert_eq!(find(&mut plugin, "reads_var", "cart"), "small");
}

#[test]
fn logging_at_every_level_is_no_failure() {
    let mut plugin = plugin();
    plugin.call::<&str, ()>("logs", "a cart").expect("a message that nobody reads does no harm");
}

#[test]
fn input_of_any_size_comes_back_as_it_was() {
    let mut plugin = plugin();
    for len in [0, 1, 7, 8, 9, 4_095, 65_536, 3 << 20, 1] {
        let input: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
        let output: Vec<u8> = plugin.call("echo", input.as_slice()).expect("an echo is no failure");
        assert!(output == input, "{len} bytes came back as {}", output.len());
    }
}
