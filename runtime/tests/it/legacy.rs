//! Plug-ins built against the namespaces of before Extism 1.0.

use plugsmith::{
    ArtifactKey, CompiledPlugin, CurrentPlugin, Function, Plugin, PluginBuilder, UserData, ValType,
};

use crate::guest::{load_error, manifest};

/// Has the host double the first word of the input, which old functions load and store.
fn doubling(env: &str, prefix: &str, user: &str) -> String {
    format!(
        r#"(module
            (import "{env}" "{prefix}input_offset" (func $input (result i64)))
            (import "{env}" "{prefix}input_load_u64" (func $input_load (param i64) (result i64)))
            (import "{env}" "{prefix}alloc" (func $alloc (param i64) (result i64)))
            (import "{env}" "{prefix}output_set" (func $output (param i64 i64)))
            (import "{env}" "extism_load_u32" (func $load (param i64) (result i32)))
            (import "{env}" "extism_store_u32" (func $store (param i64 i32)))
            (import "{user}" "double" (func $double (param i64) (result i64)))
            (memory (export "memory") 1)
            (func (export "double")
                (local $block i64)
                (local.set $block (call $alloc (i64.const 4)))
                (call $store (local.get $block)
                    (i32.wrap_i64 (call $double
                        (i64.extend_i32_u (call $load (call $input))))))
                (call $output (local.get $block) (i64.const 4)))
            (func (export "stray") (result i32)
                (call $store (i64.const 16) (i32.const -1))
                (call $store (i64.const -2) (i32.const -1))
                (i32.or (call $load (i64.const 16)) (call $load (i64.const -2)))))"#
    )
}

fn double() -> Function {
    Function::new(
        "double",
        [ValType::I64],
        [ValType::I64],
        UserData::new(()),
        |_, params, results, _| {
            results[0] = (params[0].unwrap_i64() * 2).into();
            Ok(())
        },
    )
}

#[test]
fn older_namespaces_are_served() {
    for (env, prefix, user) in [
        ("env", "extism_", "env"),
        ("extism:env", "", "extism:env/user"),
        ("extism:env", "extism_", "extism:user"),
    ] {
        let guest = manifest(&doubling(env, prefix, user));
        let mut plugin = Plugin::new(guest, [double()], false).unwrap();
        assert_eq!(plugin.call::<_, u32>("double", 21_u32).unwrap(), 42, "{env}");
        plugin.call::<_, ()>("stray", 21_u32).unwrap();
    }
}

#[test]
fn a_host_function_given_in_the_old_namespace_is_found_there() {
    let guest = manifest(&doubling("env", "extism_", "env"));
    let mut plugin = Plugin::new(guest, [double().with_namespace("env")], false).unwrap();
    assert_eq!(plugin.call::<_, u32>("double", 21_u32).unwrap(), 42);
}

#[test]
fn a_host_function_takes_the_place_of_the_kernels_in_an_old_namespace() {
    let guest = r#"(module
        (import "env" "extism_length" (func $length (param i64) (result i64)))
        (func (export "run") (result i32) (i32.wrap_i64 (call $length (i64.const 0)))))"#;
    let seven = || {
        let seven = |_: &mut CurrentPlugin<'_>, _: i64| Ok(7_i64);
        Function::numeric("extism_length", seven).with_namespace("env")
    };
    let status = |mut plugin: Plugin| plugin.call_get_error_code::<_, ()>("run", ()).unwrap_err().1;
    let builder = || PluginBuilder::new(manifest(guest));
    assert_eq!(status(builder().with_functions([seven()]).build().unwrap()), 7);

    // SAFETY: only this test knows the key, and it signs only what it compiled.
    let key = unsafe { ArtifactKey::new([9; 32]) };
    let artifact = |compiled: CompiledPlugin| compiled.serialize_signed(&key).unwrap();
    let load = |artifact: &[u8]| {
        PluginBuilder::from_signed_artifact(artifact, &key).unwrap().with_functions([seven()])
    };
    let with_it = artifact(builder().with_functions([seven()]).compile().unwrap());
    assert_eq!(status(load(&with_it).build().unwrap()), 7);
    let err = load_error(load(&artifact(builder().compile().unwrap())));
    assert!(err.to_string().contains("`extism_length` takes the place"), "{err}");
}

#[test]
fn what_no_version_had_is_refused() {
    let guest = r#"(module (import "env" "extism_fly" (func)))"#;
    let err = load_error(PluginBuilder::new(manifest(guest)));
    assert!(err.to_string().contains("imports `env::extism_fly`"), "{err}");
}
