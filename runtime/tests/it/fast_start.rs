//! Plug-ins that start on code compiled in a hurry.

use std::{env, process, time::Duration};

use plugsmith::{CompiledPlugin, Plugin, PluginBuilder, Pool};

/// A guest whose first function answers, and that has many others to compile.
fn guest(n_functions: usize) -> Vec<u8> {
    let function =
        |idx| format!("(func (param i32) (result i32) (i32.mul (local.get 0) (i32.const {idx})))");
    let others: Vec<String> = (0..n_functions).map(function).collect();
    wat::parse_str(format!(
        r#"(module (func (export "run") (result i32) (i32.const 7)) {})"#,
        others.concat()
    ))
    .unwrap()
}

fn load(wasm: &[u8]) -> CompiledPlugin {
    PluginBuilder::new(wasm).with_fast_start(true).with_cache_disabled().compile().unwrap()
}

fn run(plugin: &mut Plugin) -> i32 {
    plugin.call_get_error_code::<_, ()>("run", ()).unwrap_err().1
}

#[test]
fn plugins_run_before_and_after() {
    let compiled = load(&guest(100));
    let mut first = Plugin::new_from_compiled(&compiled).unwrap();
    assert_eq!(run(&mut first), 7);
    assert!(compiled.wait_until_optimized() && compiled.is_optimized());
    assert_eq!(run(&mut first), 7);
    let pool = Pool::new(move || Plugin::new_from_compiled(&compiled));
    let mut pooled = pool.get(Duration::MAX).unwrap().unwrap();
    assert_eq!(run(&mut pooled), 7);
}

#[test]
fn many_are_optimised_one_after_another() {
    let compiled: Vec<_> = (1..9).map(|n_functions| load(&guest(n_functions))).collect();
    let same = load(&guest(8));
    assert!(compiled.iter().chain([&same]).all(CompiledPlugin::wait_until_optimized));
}

/// This test starts itself once more, as a program that ends in the midst of optimising.
#[test]
fn a_process_may_end_before() {
    const NAME: &str = "fast_start::a_process_may_end_before";
    const VARIABLE: &str = "PLUGSMITH_TEST_ENDS";
    if env::var_os(VARIABLE).is_some() {
        let compiled = load(&guest(20_000));
        let status = run(&mut Plugin::new_from_compiled(&compiled).unwrap());
        process::exit(status);
    }
    let mut program = process::Command::new(env::current_exe().unwrap());
    program.args([NAME, "--exact"]).env(VARIABLE, "1").stdout(process::Stdio::null());
    assert_eq!(program.status().unwrap().code(), Some(7));
}
