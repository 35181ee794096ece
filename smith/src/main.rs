//! Prints modules that wasm-smith makes at random, the same ones each time: each after its length in four
//! bytes. Each imports what the kernel serves, stops by itself, and exports everything that it has.
//!
//! The one argument is how many. Whoever prints them elsewhere than into a file or a program has a wild
//! screen.

#![forbid(unsafe_code)]

use std::{
    env,
    io::{self, Write as _},
};

use anyhow::{Context as _, Result};
use arbitrary::Unstructured;
use wasm_smith::{Config, Module};

/// How many bytes a module is made from, about.
const SEED_LEN: u64 = 4_000;

/// How many loops and calls a module may enter before it stops itself.
const FUEL: u32 = 150;

/// What modules may import: what the kernel serves.
const IMPORTS: &str = r#"(module
    (import "extism:host/env" "alloc" (func (param i64) (result i64)))
    (import "extism:host/env" "free" (func (param i64)))
    (import "extism:host/env" "length" (func (param i64) (result i64)))
    (import "extism:host/env" "load_u8" (func (param i64) (result i32)))
    (import "extism:host/env" "load_u64" (func (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func (param i64 i32)))
    (import "extism:host/env" "store_u64" (func (param i64 i64)))
    (import "extism:host/env" "input_length" (func (result i64)))
    (import "extism:host/env" "input_load_u8" (func (param i64) (result i32)))
    (import "extism:host/env" "input_load_u64" (func (param i64) (result i64)))
    (import "extism:host/env" "output_set" (func (param i64 i64)))
    (import "extism:host/env" "error_set" (func (param i64))))"#;

fn main() -> Result<()> {
    let n_modules = env::args().nth(1).context("how many modules are wanted?")?;
    let imports = wat::parse_str(IMPORTS)?;
    let mut output = io::stdout().lock();
    // Of some numbers, no module can be made.
    let modules = (0..).filter_map(|seed| module(&imports, seed).ok());
    for module in modules.take(n_modules.parse()?) {
        output.write_all(&u32::try_from(module.len())?.to_le_bytes())?;
        output.write_all(&module)?;
    }
    Ok(())
}

fn module(imports: &[u8], seed: u64) -> Result<Vec<u8>> {
    let config = Config {
        available_imports: Some(imports.to_vec()),
        min_imports: 6,
        min_funcs: 3,
        max_funcs: 12,
        max_instructions: 300,
        max_memories: 2,
        min_memories: 1,
        max_memory32_bytes: 4 << 16,
        max_table_elements: 1_000,
        export_everything: true,
        // What a number is that is none, each engine may choose, each time.
        canonicalize_nans: true,
        // What the host has switched off.
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        threads_enabled: false,
        ..Config::default()
    };
    let bytes: Vec<u8> = (0..SEED_LEN / 8).flat_map(|idx| mixed((seed << 32) | idx)).collect();
    let mut module = Module::new(config, &mut Unstructured::new(&bytes))?;
    module.ensure_termination(FUEL)?;
    Ok(module.to_bytes())
}

/// Returns bytes that look like chance.
fn mixed(number: u64) -> [u8; 8] {
    let number = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (number ^ (number >> 31)).to_le_bytes()
}
