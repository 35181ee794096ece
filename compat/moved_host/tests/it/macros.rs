//! `host_fn!` and `typed_plugin!`, in the forms that hosts write them in.

use std::collections::BTreeMap;

use extism::{convert::Json, *};

use crate::GUEST;

const COUNTERS: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/user" "kv_read" (func $read (param i64) (result i64)))
    (import "extism:host/user" "kv_write" (func $write (param i64 i64)))
    (import "extism:host/user" "hello" (func $hello (param i64) (result i64)))
    (func $give (param $block i64)
        (call $output (local.get $block) (call $length (local.get $block))))
    (func (export "read") (call $give (call $read (call $input))))
    (func (export "write") (call $write (call $input) (call $input)))
    (func (export "hello") (call $give (call $hello (call $input)))))"#;

type Store = BTreeMap<String, Vec<u8>>;

// Where the words of a host function read like those of a Rust function.
host_fn!(kv_read(user_data: Store; key: String) -> u32 {
    let kv = user_data.get()?;
    let kv = kv.lock().unwrap();
    let value = kv.get(&key).map_or(0, |value| u32::try_from(value.len()).unwrap_or(u32::MAX));
    Ok(value)
});

host_fn!(kv_write(user_data: Store; key: String, value: Vec<u8>) {
    let kv = user_data.get()?;
    let mut kv = kv.lock().unwrap();
    kv.insert(key, value);
    Ok(())
});

host_fn!(pub hello (name: String) -> Json<Vec<String>> {
    Ok(Json(vec!["hello".to_string(), name]))
});

typed_plugin!(Counters {
    read(&str) -> u32;
    write(&str);
    hello<T: FromBytes<'a>>(&str) -> T
});

typed_plugin!(
    /// Echoes and remembers.
    pub Guest {
        echo<T: FromBytes<'a>>(&str) -> T;
        remember(&str) -> ();
        recall(()) -> String;
    }
);

#[test]
fn macros_write_what_a_host_needs() -> Result<(), Error> {
    let store = UserData::new(Store::new());
    let plugin = PluginBuilder::new(COUNTERS)
        .with_function("kv_read", [PTR], [PTR], store.clone(), kv_read)
        .with_function("kv_write", [PTR, PTR], [], store.clone(), kv_write)
        .with_function("hello", [PTR], [PTR], UserData::new(()), hello)
        .build()?;
    let mut counters: Counters = plugin.try_into()?;
    assert_eq!(counters.read("four")?, 0);
    counters.write("four")?;
    assert_eq!(counters.read("four")?, 4);
    assert_eq!(counters.hello::<String>("Ada")?, r#"["hello","Ada"]"#);
    let Json(words) = counters.hello::<Json<Vec<String>>>("Ada")?;
    assert_eq!(words, ["hello", "Ada"]);
    assert_eq!(store.get()?.lock().unwrap().len(), 1);
    Ok(())
}

#[test]
fn a_typed_plugin_is_a_plugin() -> Result<(), Error> {
    let mut guest = Guest::try_from(Plugin::new(GUEST, [], false)?)?;
    guest.remember("a value")?;
    assert_eq!(guest.recall(())?, "a value");
    assert_eq!(guest.echo::<&str>("echo")?, "echo");
    assert!(guest.0.function_exists("echo"));
    let mut plugin: Plugin = guest.into();
    assert_eq!(plugin.call::<(), String>("recall", ())?, "a value");
    Ok(())
}

#[test]
fn a_plugin_of_another_kind_is_refused() {
    assert!(Counters::try_from(Plugin::new(GUEST, [], false).unwrap()).is_err());
}
