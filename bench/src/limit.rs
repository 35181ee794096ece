//! The limit: the engine by itself, with nothing of a plug-in system around it.
//!
//! Modules here are as small as the work allows; no time is limited, nothing can be cancelled, and the
//! host knows every type beforehand.

use std::hint::black_box;

use wasmtime::{
    Config, Engine, Linker, Module, Result, Store, Strategy, TypedFunc, ensure, format_err,
};

use crate::{
    host_functions,
    subject::{self, Run, Side},
};

/// Bytes of a page of WebAssembly.
const PAGE: usize = 64 * 1024;

const EMPTY: &str = r#"(module
    (memory (export "memory") 17)
    (func (export "empty") (result i32) (i32.const 0)))"#;

const COUNTS: &str = r#"(module
    (import "host" "next" (func $next (param i64) (result i64)))
    (func (export "counts") (param $n i64) (result i64)
        (local $number i64)
        (loop $again
            (local.set $number (call $next (local.get $number)))
            (local.set $n (i64.sub (local.get $n) (i64.const 1)))
            (br_if $again (i64.ne (local.get $n) (i64.const 0))))
        (local.get $number)))"#;

/// Makes a side of a measure, whose errors are not the engine's.
///
/// # Errors
///
/// What the engine says.
pub(crate) fn side(run: Result<Run>) -> anyhow::Result<Side> {
    Ok(Side::Runs(run.map_err(foreign)?))
}

fn foreign(err: wasmtime::Error) -> anyhow::Error {
    anyhow::Error::from_boxed(err.into())
}

fn timed(n_parts: u64, mut run: impl FnMut(u64) -> Result<()> + 'static) -> Run {
    subject::timed(n_parts, move |n_operations| run(n_operations).map_err(foreign))
}

fn repeat(mut operation: impl FnMut() -> Result<()> + 'static) -> Run {
    subject::repeat(move || operation().map_err(foreign))
}

/// A call of a function that does nothing.
pub(crate) fn empty() -> Result<Run> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let empty = instantiate::<(), i32>(&mut store, &Linker::new(&engine), EMPTY, "empty")?;
    Ok(repeat(move || {
        black_box(empty.call(&mut store, ())?);
        Ok(())
    }))
}

/// A fresh instance of a module with a memory, and a call of it.
pub(crate) fn instance() -> Result<Run> {
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(EMPTY)?)?;
    let ready = Linker::new(&engine).instantiate_pre(&module)?;
    Ok(repeat(move || {
        let mut store = Store::new(&engine, ());
        let instance = ready.instantiate(&mut store)?;
        let empty = instance.get_typed_func::<(), i32>(&mut store, "empty")?;
        black_box(empty.call(&mut store, ())?);
        Ok(())
    }))
}

/// So many calls of a function over numbers in each call.
pub(crate) fn counts(n_times: u32) -> Result<Run> {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "next", host_functions::next)?;
    let mut store = Store::new(&engine, ());
    let counts = instantiate::<i64, i64>(&mut store, &linker, COUNTS, "counts")?;
    let n_times = i64::from(n_times);
    ensure!(counts.call(&mut store, n_times)? == n_times, "`counts` counts wrong");
    Ok(timed(n_times.cast_unsigned(), move |n_calls| {
        for _ in 0..n_calls {
            black_box(counts.call(&mut store, n_times)?);
        }
        Ok(())
    }))
}

/// The three copies that an echo takes where each side has a memory of its own: in, from there to the
/// guest's memory, and from that to where the host looks at it.
pub(crate) fn echo(input: Vec<u8>) -> Result<Run> {
    let part = input.len().div_ceil(PAGE) * PAGE;
    let text = format!(
        r#"(module
            (memory (export "memory") {n_pages})
            (func (export "echo") (param $len i32)
                (memory.copy (i32.const {part}) (i32.const 0) (local.get $len))
                (memory.copy (i32.const {output}) (i32.const {part}) (local.get $len))))"#,
        n_pages = 3 * part / PAGE,
        output = 2 * part,
    );
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(text)?)?;
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate(&mut store, &module)?;
    let echo = instance.get_typed_func::<u32, ()>(&mut store, "echo")?;
    let memory =
        instance.get_memory(&mut store, "memory").ok_or_else(|| format_err!("no memory"))?;
    let len = u32::try_from(input.len())?;
    memory.data_mut(&mut store)[..input.len()].copy_from_slice(&input);
    echo.call(&mut store, len)?;
    ensure!(memory.data(&store)[2 * part..][..input.len()] == input, "`echo` copies wrong");
    Ok(repeat(move || {
        memory.data_mut(&mut store)[..input.len()].copy_from_slice(&input);
        echo.call(&mut store, len)?;
        black_box(&memory.data(&store)[2 * part..][..input.len()]);
        Ok(())
    }))
}

/// A function of a real plug-in that takes a number and asks nothing of its host.
pub(crate) fn function(wasm: &[u8], export: &'static str, input: u32, output: u32) -> Result<Run> {
    let engine = Engine::default();
    let module = Module::new(&engine, wasm)?;
    let mut linker = Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&module)?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    let function = instance.get_typed_func::<u32, u32>(&mut store, export)?;
    ensure!(function.call(&mut store, input)? == output, "`{export}` computes wrong");
    Ok(repeat(move || {
        black_box(function.call(&mut store, input)?);
        Ok(())
    }))
}

/// Compiling a module.
pub(crate) fn compile(
    strategy: Strategy,
    mut wasm: impl FnMut() -> Vec<u8> + 'static,
) -> Result<Run> {
    let engine = Engine::new(Config::new().strategy(strategy))?;
    Ok(repeat(move || {
        black_box(Module::new(&engine, wasm())?);
        Ok(())
    }))
}

fn instantiate<Params, Results>(
    store: &mut Store<()>,
    linker: &Linker<()>,
    text: &str,
    export: &str,
) -> Result<TypedFunc<Params, Results>>
where
    Params: wasmtime::WasmParams,
    Results: wasmtime::WasmResults,
{
    let module = Module::new(store.engine(), wat::parse_str(text)?)?;
    let instance = linker.instantiate(&mut *store, &module)?;
    instance.get_typed_func(store, export)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_does_its_work() {
        let module = wat::parse_str(
            r#"(module
                (import "nowhere" "unused" (func))
                (func (export "double") (param i32) (result i32)
                    (i32.mul (local.get 0) (i32.const 2))))"#,
        )
        .unwrap();
        let runs = [
            ("empty", empty()),
            ("instance", instance()),
            ("counts", counts(20)),
            ("echo", echo(b"sixty-four bytes".repeat(4))),
            ("echo of pages", echo(vec![7; 3 * PAGE + 1])),
            ("function", function(&module, "double", 21, 42)),
            ("compile", compile(Strategy::Winch, move || module.clone())),
        ];
        for (name, run) in runs {
            let cost = run.map_err(foreign).and_then(|mut run| run(2));
            assert!(cost.is_ok_and(|cost| cost > 0.0), "{name}");
        }
    }
}
