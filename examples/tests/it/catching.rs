//! A plug-in catches what a function of the host fails with, where the host lets it.

use plugsmith::{CallError, Manifest, Plugin, PluginBuilder};

use crate::manifest;

fn plugin(manifest: Manifest, catchable: bool) -> Plugin {
    PluginBuilder::new(manifest)
        .with_catchable_host_errors(catchable)
        .build()
        .expect("the example plug-in loads")
}

fn ask(plugin: &mut Plugin, export: &str, input: &str) -> Result<String, CallError> {
    plugin.call(export, input).map_err(|err| err.downcast().expect("a call fails with its error"))
}

#[test]
fn a_request_that_is_not_allowed_is_caught() {
    let mut plugin = plugin(manifest("trouble"), true);
    let answer = ask(&mut plugin, "asks", "https://example.com/").expect("the plug-in goes on");
    assert!(answer.starts_with("caught: "), "{answer}");
    assert!(answer.contains("example.com"), "{answer}");
}

#[test]
fn a_var_that_is_too_large_is_caught_and_the_next_one_set() {
    let mut plugin = plugin(manifest("trouble"), true);
    let answer = ask(&mut plugin, "makes_do", "cart").expect("the plug-in goes on");
    assert!(answer.contains("the limit is 1048576"), "{answer}");
    let found = ask(&mut plugin, "reads_var", "cart").expect("reading is no failure");
    assert_eq!(found, r#"{"value":"small"}"#);
}

#[test]
fn without_the_grant_the_call_ends() {
    let mut plugin = plugin(manifest("trouble"), false);
    for (export, input) in [("asks", "https://example.com/"), ("makes_do", "cart")] {
        let err = ask(&mut plugin, export, input).expect_err("the host ends the call");
        assert!(matches!(err, CallError::Host { .. }), "{err}");
    }
    let found = ask(&mut plugin, "reads_var", "cart").expect("the next call works");
    assert_eq!(found, r#"{"value":null}"#);
}

#[test]
fn an_empty_var_is_told_from_none() {
    let mut plugin = plugin(manifest("trouble").with_config_key("empty", ""), false);
    let change = r#"{"key":"a","value":""}"#;
    ask(&mut plugin, "writes_var", change).expect("there is room");
    for (export, key, expected) in [
        ("reads_var", "a", r#"{"value":""}"#),
        ("reads_var", "b", r#"{"value":null}"#),
        ("reads_config", "empty", r#"{"value":""}"#),
        ("reads_config", "none", r#"{"value":null}"#),
    ] {
        assert_eq!(ask(&mut plugin, export, key).expect("reading is no failure"), expected);
    }
}
