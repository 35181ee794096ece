//! Host functions: values in and out, shared data, context, and everything that can go wrong in one.

use std::sync::{Arc, Mutex};

use plugsmith::{CallError, CurrentPlugin, Error, Function, Plugin, UserData, Val, ValType};

use crate::guest::{call, call_error, chain, manifest};

const CALLING: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/user" "f" (func $f (param i64) (result i64)))
    (func (export "run")
        (local $block i64)
        (local.set $block (call $f (call $input)))
        (call $output (local.get $block) (call $length (local.get $block))))
    (func (export "forge") (drop (call $f (i64.const 20))))
    (func (export "idle")))"#;

type Body<T> = fn(&mut CurrentPlugin<'_>, &[Val], &mut [Val], UserData<T>) -> Result<(), Error>;

fn with<T: Send + 'static>(data: UserData<T>, body: Body<T>) -> Plugin {
    let function = Function::new("f", [ValType::I64], [ValType::I64], data, body);
    Plugin::new(manifest(CALLING), [function], false).unwrap()
}

#[test]
fn text_goes_in_and_comes_out() {
    let mut plugin = with(UserData::new(String::from("dear ")), |plugin, params, results, data| {
        let name: String = plugin.memory_get_val(&params[0])?;
        let greeting = data.get()?;
        let greeting = greeting.lock().unwrap();
        plugin.memory_set_val(&mut results[0], format!("{greeting}{name}"))
    });
    assert_eq!(plugin.call::<_, String>("run", "Ada").unwrap(), "dear Ada");
    assert_eq!(plugin.call::<_, String>("run", "").unwrap(), "dear ");
}

#[test]
fn every_kind_of_number_passes() {
    let types = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];
    let same = Function::new("same", types, types, UserData::new(()), |_, params, results, _| {
        results.copy_from_slice(params);
        Ok(())
    });
    let wat = r#"(module
        (import "numbers" "same"
            (func $same (param i32 i64 f32 f64 v128) (result i32 i64 f32 f64 v128)))
        (func (export "run") (result i32)
            (local $v v128) (local $d f64) (local $f f32) (local $l i64) (local $i i32)
            (call $same
                (i32.const -7) (i64.const 0x8000000000000001) (f32.const 1.5)
                (f64.const nan:0x8000000000001) (v128.const i64x2 1 -2))
            (local.set $v) (local.set $d) (local.set $f) (local.set $l) (local.set $i)
            (i32.and
                (i32.and
                    (i32.and (i32.eq (local.get $i) (i32.const -7))
                        (i64.eq (local.get $l) (i64.const 0x8000000000000001)))
                    (i32.and (f32.eq (local.get $f) (f32.const 1.5))
                        (i64.eq (i64.reinterpret_f64 (local.get $d))
                            (i64.const 0x7ff8000000000001))))
                (i64x2.all_true (i64x2.eq (local.get $v) (v128.const i64x2 1 -2))))))"#;
    let mut plugin = Plugin::new(manifest(wat), [same.with_namespace("numbers")], false).unwrap();
    assert_eq!(plugin.call_get_error_code::<_, ()>("run", ()).unwrap_err().1, 1);
}

#[test]
fn references_are_refused_when_the_plugin_is_loaded() {
    let function =
        Function::new("f", [ValType::ExternRef], [], UserData::new(()), |_, _, _, _| Ok(()));
    let err = Plugin::new(manifest(CALLING), [function], false).unwrap_err();
    assert_eq!(
        err.to_string(),
        "host function `f` takes or returns a reference, which is not supported"
    );
}

#[test]
fn another_signature_than_imported_is_refused() {
    let function = Function::new("f", [ValType::I32], [], UserData::new(()), |_, _, _, _| Ok(()));
    let err = Plugin::new(manifest(CALLING), [function], false).unwrap_err();
    assert!(
        err.to_string().contains("as (i64) -> i64, but it is provided as (i32) -> ()"),
        "{err}"
    );
}

#[test]
fn an_error_ends_the_call_and_keeps_its_cause() {
    let mut plugin = with(UserData::new(()), |_, _, _, _| {
        let number: i32 = "x7".parse()?;
        unreachable!("parsed {number}")
    });
    let err = call_error(&mut plugin, "run");
    assert_eq!(err.to_string(), "a host function failed during `run`");
    let CallError::Host { source, .. } = &err else { panic!("{err:?}") };
    assert!(source.downcast_ref::<std::num::ParseIntError>().is_some());
    assert!(chain(err).contains("invalid digit"));
    assert_eq!(call(&mut plugin, "idle").unwrap(), "");
}

#[test]
fn a_panic_is_an_error_of_that_call_and_poisons_nothing() {
    let mut plugin = with(UserData::new(0_u32), |plugin, params, results, data| {
        let data = data.get()?;
        let mut n_calls = data.lock().expect("a panic does not poison the data");
        *n_calls += 1;
        assert!(*n_calls > 2, "call {n_calls} is one too few");
        results[0] = params[0];
        let _ = plugin;
        Ok(())
    });
    for expected in ["call 1 is one too few", "call 2 is one too few"] {
        let err = call_error(&mut plugin, "run");
        assert!(chain(err).contains(&format!("host function panicked: {expected}")));
    }
    assert_eq!(plugin.call::<_, String>("run", "third").unwrap(), "third");
}

#[test]
fn a_result_of_another_type_is_an_error() {
    let mut plugin = with(UserData::new(()), |_, _, results, _| {
        results[0] = Val::I32(1);
        Ok(())
    });
    let err = call_error(&mut plugin, "run");
    assert!(chain(err).contains("host function `f` returned I32, but declares I64"));
}

#[test]
fn a_forged_block_is_refused() {
    let mut plugin = with(UserData::new(()), |plugin, params, _, _| {
        plugin.memory_get_val::<Vec<u8>>(&params[0]).map(drop)
    });
    let err = call_error(&mut plugin, "forge");
    assert!(chain(err).contains("no block starts at offset 20"));
}

#[test]
fn handles_that_name_what_was_not_handed_out_are_refused() {
    let mut plugin = with(UserData::new(()), |plugin, params, results, _| {
        let handle = plugin.memory_from_val(&params[0]).unwrap();
        assert_eq!(plugin.memory_str(handle)?, "input");
        for (offset, length) in
            [(16, 8), (0, 1), (handle.offset, 1 << 40), (u64::MAX, 2), (handle.offset + 4096, 1)]
        {
            let mut forged = handle;
            (forged.offset, forged.length) = (offset, length);
            assert!(plugin.memory_bytes(forged).is_err(), "{offset} {length}");
            assert!(plugin.memory_bytes_mut(forged).is_err());
        }
        results[0] = params[0];
        Ok(())
    });
    assert_eq!(plugin.call::<_, String>("run", "input").unwrap(), "input");
}

#[test]
fn blocks_are_made_changed_and_freed() {
    let mut plugin = with(UserData::new(()), |plugin, params, results, _| {
        let scratch = plugin.memory_new("scratch")?;
        assert_eq!(plugin.memory_length(scratch.offset)?, 7);
        plugin.memory_free(scratch)?;
        assert_eq!(plugin.memory_length(scratch.offset)?, 0);
        assert!(plugin.memory_handle(scratch.offset).is_none());
        let input = plugin.memory_from_val(&params[0]).unwrap();
        plugin.memory_str_mut(input)?.make_ascii_uppercase();
        results[0] = plugin.memory_to_val(input);
        Ok(())
    });
    assert_eq!(plugin.call::<_, String>("run", "loud").unwrap(), "LOUD");
}

#[test]
fn a_context_is_lent_for_one_call() {
    let mut plugin = with(UserData::new(()), |plugin, _, results, _| {
        let text = plugin.host_context::<String>()?.clone();
        plugin.memory_set_val(&mut results[0], text)
    });
    let lent = String::from("lent");
    assert_eq!(plugin.call_with_host_context::<_, String, _>("run", (), lent).unwrap(), "lent");
    let err = call_error(&mut plugin, "run");
    assert!(chain(err).contains("no host context of type `alloc::string::String`"));
    assert!(plugin.call_with_host_context::<_, String, _>("run", (), 7_u8).is_err());
}

#[test]
fn errors_and_variables_can_be_set_for_the_guest() {
    let mut plugin = with(UserData::new(()), |plugin, params, results, _| {
        assert_eq!(plugin.get_error(), None);
        plugin.set_error("out of stock")?;
        assert_eq!(plugin.get_error(), Some("out of stock"));
        plugin.vars_mut().insert("seen".to_owned(), vec![1]);
        assert_eq!(plugin.vars().len(), 1);
        assert_eq!(plugin.manifest().wasm.len(), 1);
        results[0] = params[0];
        Ok(())
    });
    assert_eq!(call_error(&mut plugin, "run").to_string(), "out of stock");
}

plugsmith::host_fn!(shout(greeting: String; name: String) -> String {
    let greeting = greeting.get()?;
    let greeting = greeting.lock().unwrap();
    if name.is_empty() {
        return Err(Error::msg("nobody to greet"));
    }
    Ok(format!("{greeting}{}", name.to_uppercase()))
});

plugsmith::host_fn!(pub(crate) twice(name: String) -> String { Ok(name.repeat(2)) });

#[test]
fn functions_written_with_the_macro_decode_and_encode() {
    let mut plugin = with(UserData::new("dear ".to_owned()), shout);
    assert_eq!(plugin.call::<_, String>("run", "Ada").unwrap(), "dear ADA");
    assert!(chain(call_error(&mut plugin, "run")).contains("nobody to greet"));
    let mut plugin = with(UserData::new(()), twice);
    assert_eq!(plugin.call::<_, String>("run", "ab").unwrap(), "abab");
    assert!(plugin.call::<_, String>("run", &b"\xff"[..]).is_err());
}

#[test]
fn a_function_that_declares_too_few_parameters_is_an_error() {
    let wat =
        r#"(module (import "extism:host/user" "f" (func $f)) (func (export "run") (call $f)))"#;
    let function = Function::new("f", [], [], UserData::new(()), twice);
    let mut plugin = Plugin::new(manifest(wat), [function], false).unwrap();
    assert!(chain(call_error(&mut plugin, "run")).contains("declares fewer parameters"));
}

/// The plug-in that a host function would like to call, as the host shares it.
type SharedPlugin = Arc<Mutex<Option<Plugin>>>;

#[test]
fn calling_back_into_the_same_plug_in_is_an_error_of_the_call() {
    let shared = SharedPlugin::default();
    let of_host = UserData::new(Arc::clone(&shared));
    let plugin = with(of_host, |_, _, _, data: UserData<SharedPlugin>| {
        let shared = Arc::clone(&*data.get()?.lock().unwrap());
        let mut own = shared.try_lock().map_err(|_| Error::msg("the plug-in is in a call"))?;
        own.as_mut().unwrap().call::<_, ()>("idle", ())
    });
    *shared.lock().unwrap() = Some(plugin);
    let mut guard = shared.lock().unwrap();
    let plugin = guard.as_mut().unwrap();
    for _ in 0..2 {
        assert!(chain(call_error(plugin, "run")).contains("the plug-in is in a call"));
        call(plugin, "idle").unwrap();
    }
}
