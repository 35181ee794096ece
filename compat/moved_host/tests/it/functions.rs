//! Functions of the host: by hand, by closure, by builder, in any namespace, over any value.

use extism::*;

const GUEST: &str = r#"(module
    (import "extism:host/env" "input_offset" (func $input (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func $output (param i64 i64)))
    (import "extism:host/user" "shout" (func $shout (param i64) (result i64)))
    (import "desk" "count" (func $count (result i32)))
    (import "desk" "values" (func $values (param i32 i64 f32 f64) (result f64 f32 i64 i32)))
    (func (export "run") (local $block i64)
        (local.set $block (call $shout (call $input)))
        (call $output (local.get $block) (call $length (local.get $block))))
    (func (export "count") (result i32) (call $count))
    (func (export "values") (result i32)
        (call $values (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4))
        (i32.sub (i32.const 1)) (return) (drop) (drop) (drop)))"#;

fn shout(
    plugin: &mut CurrentPlugin,
    inputs: &[Val],
    outputs: &mut [Val],
    user_data: UserData<String>,
) -> Result<(), Error> {
    let text: String = plugin.memory_get_val(&inputs[0])?;
    let mark = user_data.get()?;
    let mark = mark.lock().unwrap();
    let handle = plugin.memory_new(text.to_uppercase() + &mark)?;
    outputs[0] = plugin.memory_to_val(handle);
    Ok(())
}

fn count(
    _: &mut CurrentPlugin,
    _: &[Val],
    outputs: &mut [Val],
    user_data: UserData<i32>,
) -> Result<(), Error> {
    let count = user_data.get()?;
    let mut count = count.lock().unwrap();
    *count += 1;
    outputs[0] = Val::I32(*count);
    Ok(())
}

fn values(
    _: &mut CurrentPlugin,
    inputs: &[Val],
    outputs: &mut [Val],
    _: UserData<()>,
) -> Result<(), Error> {
    assert_eq!(inputs[0].unwrap_i32(), 1);
    assert_eq!(inputs[1].i64(), Some(2));
    outputs[0] = inputs[3].clone();
    outputs[1] = inputs[2].clone();
    outputs[2] = Val::I64(inputs[1].unwrap_i64());
    outputs[3] = Val::from(inputs[0].unwrap_i32());
    Ok(())
}

fn desk_functions() -> [Function; 2] {
    const TYPES: [ValType; 4] = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];
    let mut back = TYPES;
    back.reverse();
    let mut values = Function::new("values", TYPES, back, UserData::default(), values);
    values.set_namespace("desk");
    [
        Function::new("count", [], [ValType::I32], UserData::new(4), count).with_namespace("desk"),
        values,
    ]
}

fn check(mut plugin: Plugin) {
    assert_eq!(plugin.call::<&str, String>("run", "hello").unwrap(), "HELLO!");
    let (_, status) = plugin.call_get_error_code::<(), ()>("count", ()).unwrap_err();
    assert_eq!(status, 5);
    plugin.call::<(), ()>("values", ()).unwrap();
}

#[test]
fn functions_are_given_to_a_plugin() {
    let shout = Function::new("shout", [PTR], [PTR], UserData::new("!".to_string()), shout);
    let functions: Vec<Function> = desk_functions().into_iter().chain([shout.clone()]).collect();
    check(Plugin::new(GUEST, functions, false).unwrap());
    check(Plugin::new(GUEST, desk_functions().into_iter().chain([shout]), false).unwrap());
}

#[test]
fn functions_are_given_to_a_builder() {
    let user_data = UserData::new("!".to_string());
    let plugin = PluginBuilder::new(GUEST)
        .with_function("shout", [PTR], [PTR], user_data, shout)
        .with_function_in_namespace("desk", "count", [], [ValType::I32], UserData::new(4), count)
        .with_functions(desk_functions().into_iter().skip(1))
        .build();
    check(plugin.unwrap());
}

#[test]
fn a_closure_is_a_function() {
    let shout = Function::new(
        "shout",
        [ValType::I64],
        [ValType::I64],
        UserData::new(()),
        |plugin: &mut CurrentPlugin, inputs: &[Val], outputs: &mut [Val], _| {
            let text = plugin.memory_get_val::<String>(&inputs[0])?.to_uppercase();
            plugin.memory_set_val(&mut outputs[0], format!("{text}!"))?;
            Ok(())
        },
    );
    check(Plugin::new(GUEST, desk_functions().into_iter().chain([shout]), false).unwrap());
}

#[test]
fn a_function_says_what_it_is() {
    let [count, values] = desk_functions();
    assert_eq!((count.name(), count.namespace()), ("count", Some("desk")));
    assert_eq!((count.params(), count.results()), (&[][..], &[ValType::I32][..]));
    assert_eq!(values.params().len(), 4);
    let shout = Function::new("shout", [PTR], [PTR], UserData::new(String::new()), shout);
    assert_eq!(shout.namespace(), None);
    assert_eq!((EXTISM_ENV_MODULE, EXTISM_USER_MODULE), ("extism:host/env", "extism:host/user"));
    assert_eq!(PTR, ValType::I64);
}

#[test]
fn an_error_of_a_function_fails_the_call() {
    let shout = Function::new("shout", [PTR], [PTR], UserData::new(()), |_, _, _, _| {
        Err(Error::msg("nobody shouts here"))
    });
    let functions = desk_functions().into_iter().chain([shout]);
    let mut plugin = Plugin::new(GUEST, functions, false).unwrap();
    let err = plugin.call::<&str, String>("run", "hello").unwrap_err();
    assert!(format!("{err:?}").contains("nobody shouts here"), "{err:?}");
    let (_, status) = plugin.call_get_error_code::<(), ()>("count", ()).unwrap_err();
    assert_eq!(status, 5);
}

#[test]
fn user_data_is_shared() {
    let data = UserData::new(vec![1]);
    let other = data.clone();
    data.get().unwrap().lock().unwrap().push(2);
    assert_eq!(*other.get().unwrap().lock().unwrap(), [1, 2]);
    assert!(UserData::<Vec<u8>>::default().get().unwrap().lock().unwrap().is_empty());
}
