//! Modules that wasm-smith makes of bytes. Each imports what the kernel serves, stops by itself, and
//! exports everything that it has.

#![forbid(unsafe_code)]

use std::sync::LazyLock;

use anyhow::Result;
use arbitrary::Unstructured;
use wasm_smith::{Config, Module};

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

static IMPORTS_MODULE: LazyLock<Vec<u8>> =
    LazyLock::new(|| wat::parse_str(IMPORTS).expect("the text is a module"));

/// Makes the module of some bytes.
///
/// # Errors
///
/// If the bytes make none.
pub fn module(bytes: &[u8]) -> Result<Vec<u8>> {
    let config = Config {
        available_imports: Some(IMPORTS_MODULE.clone()),
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
    let mut module = Module::new(config, &mut Unstructured::new(bytes))?;
    module.ensure_termination(FUEL)?;
    Ok(module.to_bytes())
}
