//! Generated programs behave fused as they do linked: memory for memory, and as plug-ins, call for call.
//! So do modules that wasm-smith makes, which know nothing of what a kernel is for, but all that
//! WebAssembly has.

use std::process::{Command, Stdio};

use wasmtime::Val;

use super::*;
use crate::{
    PluginBuilder,
    fuse::{
        random::{Shown, n_cases},
        twins::{Outcome, Twins, engine},
    },
};

#[test]
fn generated_programs_leave_the_same_in_every_memory() {
    let engine = engine();
    let input: Vec<u8> = (0..=250).cycle().take(1_000).collect();
    let mut n_calls = 0;
    for seed in 0..n_cases(40) {
        let mut random = Random::new(seed);
        let text = program(&mut random);
        let _shown = Shown(&text);
        let mut twins = Twins::new(&engine, &wat::parse_str(&text).unwrap(), &input).unwrap();
        for name in ["first", "second", "first"] {
            n_calls += u64::from(twins.call(name, &[] as &[Val]).is_some());
        }
    }
    assert!(n_calls > n_cases(40), "{n_calls} calls came to an end");
}

#[test]
fn generated_programs_are_the_same_plugins() {
    for seed in 0..n_cases(12) {
        let mut random = Random::new(seed);
        let text = program(&mut random);
        let _shown = Shown(&text);
        let guest = wat::parse_str(&text).unwrap();
        let build = |linked: bool| {
            let builder = PluginBuilder::new(&guest[..]).with_cache_disabled();
            let builder = if linked { builder.with_linked_kernel() } else { builder };
            builder.build().unwrap()
        };
        let (mut linked, mut fused) = (build(true), build(false));
        // What fails leaves a plug-in that can be called again.
        for (name, len) in [("first", 300), ("second", 0), ("first", 9), ("second", 1_000)] {
            let input = vec![7_u8; len];
            let theirs = linked.call::<_, Vec<u8>>(name, &input[..]).map_err(|err| err.to_string());
            let ours = fused.call::<_, Vec<u8>>(name, &input[..]).map_err(|err| err.to_string());
            assert_eq!(ours, theirs, "`{name}` on {len} bytes");
        }
    }
}

/// Has the package beside this one make modules.
fn smith(n_modules: u64) -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--locked", "--manifest-path", "smith/Cargo.toml"])
        .args(["--target-dir", "target/smith", "--", &n_modules.to_string()])
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", output.status);
    let mut rest = &output.stdout[..];
    let mut modules = Vec::new();
    while let Some((len, behind)) = rest.split_first_chunk() {
        let (module, others) = behind.split_at(u32::from_le_bytes(*len) as usize);
        modules.push(module.to_vec());
        rest = others;
    }
    modules
}

#[test]
fn modules_of_wasm_smith_leave_the_same_in_every_memory() {
    let engine = engine();
    let input: Vec<u8> = (0..=250).cycle().take(1_000).collect();
    let mut random = Random::new(0);
    let (mut n_instances, mut n_returned) = (0, 0);
    for module in smith(n_cases(120)) {
        let Some(mut twins) = Twins::new(&engine, &module, &input) else { continue };
        n_instances += 1;
        for (name, ty) in twins.functions() {
            let params: Vec<_> = ty.params().map(|ty| random.argument(&ty)).collect();
            let outcome = twins.call(&name, &params);
            n_returned += u64::from(matches!(outcome, Some(Outcome::Results(_))));
        }
    }
    assert!(n_instances >= 50 && n_returned >= 100, "{n_instances} made, {n_returned} returned");
}
