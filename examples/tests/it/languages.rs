//! The plug-in that is written in several languages: it does the same in each, to the byte.
//!
//! A language whose compiler `cargo xtask` could not have is skipped, if it has said so.

use plugsmith::{
    CallError, Error, Function, LoadError, PTR, Plugin, UserData, convert::Json, host_fn,
};
use serde_json::{Value, json};

use crate::{is_skipped, manifest};

/// What a call comes to.
#[derive(Debug, PartialEq)]
enum Outcome {
    Output(Vec<u8>),
    /// The plug-in's own words, and its status.
    Failure(String, i32),
    /// The words of a host function that failed.
    HostFailure(String),
}

host_fn!(greeting(name: String) -> String {
    if name == "nobody" {
        return Err(Error::msg("nobody is not greeted"));
    }
    Ok(format!("Kia ora, {name}!"))
});

fn greeting_function() -> Function {
    Function::new("greeting", [PTR], [PTR], UserData::new(()), greeting)
}

fn load(language: &str, with_wasi: bool) -> Plugin {
    let manifest = manifest(language)
        .with_config_key("colour", "blue")
        .with_config_key("größe", "40 × 60 µm")
        .with_config_key("long", "long ".repeat(1_000));
    Plugin::new(manifest, [greeting_function()], with_wasi).expect("the example plug-in loads")
}

/// Every case of the contract, in an order in which each finds what the ones before have left.
fn cases() -> Vec<(&'static str, Vec<u8>, Outcome)> {
    let output = |text: &str| Outcome::Output(text.into());
    let failure = |message: &str| Outcome::Failure(message.to_owned(), 1);
    let mut cases = Vec::new();

    let vowels = |count: usize| output(&format!(r#"{{"count":{count},"vowels":"aeiouAEIOU"}}"#));
    cases.extend([
        ("count_vowels", b"Hello, plug-in!".to_vec(), vowels(4)),
        ("count_vowels", Vec::new(), vowels(0)),
        ("count_vowels", b"rhythm".to_vec(), vowels(0)),
        ("count_vowels", b"aeiouAEIOU".to_vec(), vowels(10)),
        ("count_vowels", "ÄÖÜ aé 🦉 o".into(), vowels(2)),
        ("count_vowels", "Supercalifragilistic ".repeat(1_000).into(), vowels(8_000)),
    ]);
    for len in [0, 1, 7, 8, 9, 1_024, 65_535, 1 << 20, 3] {
        let bytes: Vec<u8> = (0..=u8::MAX).rev().cycle().take(len).collect();
        cases.push(("echo", bytes.clone(), Outcome::Output(bytes)));
    }
    cases.extend([
        ("echo", "größer als 🦀".into(), output("größer als 🦀")),
        ("fail", b"that".to_vec(), failure("no can do: that")),
        ("echo", b"still here".to_vec(), output("still here")),
        ("fail", Vec::new(), failure("no can do: ")),
        ("fail", "größer als 🦀".into(), failure("no can do: größer als 🦀")),
    ]);
    cases.extend([
        ("greet", b"Ada".to_vec(), output("Kia ora, Ada!")),
        ("greet", "Zoë 🦀".into(), output("Kia ora, Zoë 🦀!")),
        ("greet", Vec::new(), output("Kia ora, !")),
        ("remember", b"before the failure".to_vec(), output("")),
        ("greet", b"nobody".to_vec(), Outcome::HostFailure("nobody is not greeted".to_owned())),
        ("greet", b"somebody".to_vec(), output("Kia ora, somebody!")),
    ]);
    cases.extend([
        ("remember", b"pear".to_vec(), output("before the failure")),
        ("remember", vec![0, 0xff, 0x80, 0], output("pear")),
        ("remember", "plum ".repeat(20_000).into(), Outcome::Output(vec![0, 0xff, 0x80, 0])),
        ("remember", Vec::new(), output(&"plum ".repeat(20_000))),
        ("remember", b"fig".to_vec(), output("")),
    ]);
    cases.extend([
        ("setting", b"colour".to_vec(), output("blue")),
        ("setting", "größe".into(), output("40 × 60 µm")),
        ("setting", b"long".to_vec(), output(&"long ".repeat(1_000))),
        ("setting", b"color".to_vec(), failure("no such setting: color")),
        ("setting", Vec::new(), failure("no such setting: ")),
        ("setting", b"colour".to_vec(), output("blue")),
    ]);
    cases
}

fn outcome(plugin: &mut Plugin, export: &str, input: &[u8]) -> Outcome {
    let err = match plugin.call::<&[u8], Vec<u8>>(export, input) {
        Ok(output) => return Outcome::Output(output),
        Err(err) => err,
    };
    match err.downcast().expect("a failed call is a CallError") {
        CallError::Guest { message, status, trap: None } => Outcome::Failure(message, status),
        CallError::Host { source, .. } => Outcome::HostFailure(source.to_string()),
        err => panic!("`{export}`: {err:#}"),
    }
}

/// Runs all cases on the plug-in in a language.
fn check(language: &str, with_wasi: bool) {
    if is_skipped(language) {
        return;
    }
    let mut plugin = load(language, with_wasi);
    for (case_idx, (export, input, expected)) in cases().into_iter().enumerate() {
        let found = outcome(&mut plugin, export, &input);
        // A megabyte in a message helps nobody.
        let start = String::from_utf8_lossy(&input[..input.len().min(40)]).into_owned();
        let found_start: String = format!("{found:?}").chars().take(200).collect();
        assert!(
            found == expected,
            "{language}, case {case_idx}: `{export}` of `{start}` ({} bytes) is {found_start}",
            input.len()
        );
    }
    let vars: Vec<_> = plugin.vars().iter().collect();
    assert_eq!(vars, [(&"last".to_owned(), &b"fig".to_vec())], "{language}");
}

#[test]
fn c_keeps_the_contract() {
    check("c", false);
}

#[test]
fn webassembly_text_keeps_the_contract() {
    check("wat", false);
}

#[test]
fn zig_keeps_the_contract() {
    check("zig", false);
}

#[test]
fn assemblyscript_keeps_the_contract() {
    check("assemblyscript", false);
}

/// Go's own runtime wants a system, which `wasip1.rs` shows what happens without.
#[test]
fn go_keeps_the_contract() {
    check("go", true);
}

#[test]
fn a_host_without_the_greeting_is_told() {
    for language in ["c", "wat", "zig", "assemblyscript"] {
        if is_skipped(language) {
            continue;
        }
        let err = Plugin::new(manifest(language), [], false).unwrap_err();
        let Some(LoadError::UnknownImport { namespace, name, .. }) = err.downcast_ref() else {
            panic!("{language}: {err:?}");
        };
        assert_eq!((namespace.as_str(), name.as_str()), ("extism:host/user", "greeting"));
    }
}

#[test]
fn what_they_count_is_what_the_plug_in_in_rust_counts() {
    let mut rust = crate::plugin("count_vowels");
    let mut wat = load("wat", false);
    for text in ["", "Hello, plug-in!", "ÄÖÜ aé 🦉 o"] {
        let counted = [&mut rust, &mut wat].map(|plugin| {
            plugin.call::<&str, Json<Value>>("count_vowels", text).expect("any text has a count").0
        });
        assert_eq!(counted[0], counted[1], "{text}");
        assert_eq!(counted[0]["vowels"], json!("aeiouAEIOU"));
    }
}
