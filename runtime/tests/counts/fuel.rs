//! How much fuel guests use: a count of the instructions that ran, the kernel's among them.

use plugsmith::Plugin;
use wasmtime::{Config, Engine, Instance, Module, Store};

use crate::guest::{builder, warm};

/// Plenty for any call here.
const LIMIT: u64 = 1_000_000_000;

/// Exports that need the kernel, and the most that a call of each may use. To bring down after an
/// improvement; if one must use more, to bring up with a reason.
const ROWS: [(&str, u64); 7] = [
    ("reflect", 55),
    ("blocks", 9_076),
    ("config_get", 607),
    ("var_get", 607),
    ("var_set", 711),
    ("log", 354),
    ("texts", 522),
];

fn plugin() -> Plugin {
    warm(builder().with_fuel_limit(LIMIT))
}

/// Returns what a warm call uses.
fn fuel(plugin: &mut Plugin, name: &str, input: &[u8]) -> u64 {
    let mut used = 0;
    for _ in 0..2 {
        plugin.call::<&[u8], &[u8]>(name, input).unwrap();
        used = plugin.fuel_consumed().unwrap();
    }
    used
}

/// Returns what the engine by itself uses for a function.
fn bare_fuel(function: &str) -> u64 {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).unwrap();
    let wasm = wat::parse_str(format!("(module {function})")).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(LIMIT).unwrap();
    let module = Module::new(&engine, wasm).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let function = instance.exports(&mut store).next().unwrap().into_func().unwrap();
    let mut results = vec![wasmtime::Val::I32(1); function.ty(&store).results().len()];
    function.call(&mut store, &[], &mut results).unwrap();
    LIMIT - store.get_fuel().unwrap()
}

#[test]
fn a_warm_call_runs_nothing_but_the_export() {
    let mut plugin = plugin();
    for (name, function) in [
        ("empty", r#"(func (export "f"))"#),
        ("status", r#"(func (export "f") (result i32) i32.const 0)"#),
    ] {
        let bare = bare_fuel(function);
        assert!(bare > 0);
        // The host writes the input and reads the outcome without any function of the kernel.
        for len in [0, 1, 64, 1 << 20] {
            assert_eq!(fuel(&mut plugin, name, &vec![7; len]), bare, "{name}, {len} bytes");
        }
    }
}

#[test]
fn what_the_kernel_does_for_a_guest_costs_no_more_than_it_did() {
    let mut plugin = plugin();
    let used = ROWS.map(|(name, _)| (name, fuel(&mut plugin, name, b"0123456789abcdef")));
    let is_within = used.iter().zip(ROWS).all(|((_, used), (_, most))| *used <= most);
    assert!(is_within, "used {used:?}, and should use at most {ROWS:?}");
}

#[test]
fn copying_loops_cost_what_the_bytes_do() {
    let mut plugin = plugin();
    let [short, long] = [1 << 19, 1 << 20].map(|len| fuel(&mut plugin, "echo", &vec![7; len]));
    // Each byte is copied in, and copied out, at a unit each; a loop that went through them would cost
    // several times that, and so would clearing a block that is then overwritten.
    assert_eq!(long - short, 2 << 19);
    assert!(short < (2 << 19) + 1_000, "{short}");
}
