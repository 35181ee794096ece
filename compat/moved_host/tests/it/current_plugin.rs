//! The plug-in as its host functions see it.

use std::time::Duration;

use extism::*;

const GUEST: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/user" "look" (func $look (param i64)))
    (func (export "run") (call $look (call $input))))"#;

/// Runs a host function in a call with the input `hello`, and returns what came of the call.
fn look<F>(function: F) -> Result<(), Error>
where
    F: Fn(&mut CurrentPlugin, &Val) -> Result<(), Error> + Send + Sync + 'static,
{
    let look = Function::new("look", [PTR], [], UserData::new(()), move |plugin, inputs, _, _| {
        function(plugin, &inputs[0])
    });
    let manifest = Manifest::new([Wasm::data(GUEST)])
        .with_config_key("key", "value")
        .with_timeout(Duration::from_secs(60));
    Plugin::new(manifest, [look], false)?.call("run", "hello")
}

#[test]
fn blocks_are_read() -> Result<(), Error> {
    look(|plugin, input| {
        let handle: MemoryHandle = plugin.memory_from_val(input).unwrap();
        assert_eq!((handle.offset(), handle.len()), (input.unwrap_i64().cast_unsigned(), 5));
        assert_eq!((handle.offset, handle.length, handle.is_empty()), (handle.offset(), 5, false));
        assert_eq!(plugin.memory_handle(handle.offset()).unwrap().len(), 5);
        assert!(plugin.memory_handle(handle.offset() + 1).is_none());
        assert_eq!(plugin.memory_bytes(handle)?, b"hello");
        assert_eq!(plugin.memory_str(handle)?, "hello");
        assert_eq!(plugin.memory_get::<String>(handle)?, "hello");
        assert_eq!(plugin.memory_get_val::<Vec<u8>>(input)?, b"hello");
        assert_eq!(plugin.memory_length(handle.offset())?, 5);
        assert_eq!(plugin.memory_length_unsafe(handle.offset())?, 5);
        assert_eq!(plugin.memory_length(handle.offset() + 1)?, 0);
        Ok(())
    })
}

#[test]
fn blocks_are_written() -> Result<(), Error> {
    look(|plugin, input| {
        let handle = plugin.memory_from_val(input).unwrap();
        plugin.memory_bytes_mut(handle)?[0] = b'J';
        plugin.memory_str_mut(handle)?.make_ascii_uppercase();
        assert_eq!(plugin.memory_str(handle)?, "JELLO");
        let new = plugin.memory_new("new")?;
        assert_eq!(plugin.memory_str(new)?, "new");
        let empty = plugin.memory_alloc(3)?;
        assert_eq!(plugin.memory_bytes(empty)?, [0; 3]);
        plugin.memory_free(empty)?;
        assert!(plugin.memory_handle(empty.offset()).is_none());
        let mut val = Val::I64(0);
        plugin.memory_set_val(&mut val, "set")?;
        assert_eq!(plugin.memory_get_val::<String>(&val)?, "set");
        let handle = plugin.memory_from_val(&val).unwrap();
        assert_eq!(plugin.memory_to_val(handle).unwrap_i64(), val.unwrap_i64());
        assert!(MemoryHandle::null().is_empty());
        Ok(())
    })
}

#[test]
fn vars_and_manifest_are_at_hand() -> Result<(), Error> {
    look(|plugin, _| {
        assert_eq!(plugin.manifest().config["key"], "value");
        assert!(plugin.vars().is_empty());
        plugin.vars_mut().insert("var".to_string(), vec![1, 2]);
        assert_eq!(plugin.vars()["var"], [1, 2]);
        assert!(plugin.time_remaining().is_some_and(|left| left <= Duration::from_secs(60)));
        assert_ne!(plugin.id().to_string(), "");
        Ok(())
    })
}

#[test]
fn errors_are_set_and_taken_back() {
    let err = look(|plugin, _| {
        plugin.set_error("an error")?;
        assert_eq!(plugin.get_error(), Some("an error"));
        Ok(())
    })
    .unwrap_err();
    assert_eq!(err.to_string(), "an error");
    look(|plugin, _| {
        plugin.set_error("an error")?;
        plugin.clear_error();
        assert_eq!(plugin.get_error(), None);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_call_lends_a_context() {
    #[derive(Debug, PartialEq)]
    struct Context(u32);

    let look = Function::new("look", [PTR], [], UserData::new(()), |plugin, _, _, _| {
        let context = plugin.host_context::<Context>()?;
        assert_eq!(*context, Context(7));
        context.0 += 1;
        Ok(())
    });
    let mut plugin = Plugin::new(GUEST, [look], false).unwrap();
    plugin.call_with_host_context::<&str, (), Context>("run", "", Context(7)).unwrap();
    assert!(plugin.call::<&str, ()>("run", "").is_err());
}
