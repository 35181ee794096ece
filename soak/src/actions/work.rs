//! Calls that do right.

use anyhow::{Result, ensure};
use plugsmith::Plugin;
use serde_json::json;

use super::{Worker, as_number, equal};

pub(super) fn echo(worker: &mut Worker<'_>) -> Result<()> {
    let bits = worker.rng.u32(0..17);
    let len = worker.rng.usize(0..1 << bits);
    echo_of(worker, len)
}

pub(super) fn large_echo(worker: &mut Worker<'_>) -> Result<()> {
    let len = worker.rng.usize(1 << 20..3 << 20);
    echo_of(worker, len)
}

fn echo_of(worker: &mut Worker<'_>, len: usize) -> Result<()> {
    let input = worker.bytes(len);
    worker.tally.n_calls += 1;
    let output: &[u8] = worker.own.call("echo", &input)?;
    ensure!(output == input, "{} bytes came back of {len}, or others", output.len());
    Ok(())
}

pub(super) fn sum(worker: &mut Worker<'_>) -> Result<()> {
    let len = worker.rng.usize(0..2000);
    let input = worker.bytes(len);
    let sum = (1..).zip(&input).map(|(place, byte)| place * u64::from(*byte)).sum();
    equal(&worker.number("sum", &input)?, &sum)
}

/// The variable outlives instances, so it is always as long as the thread knows.
pub(super) fn variable(worker: &mut Worker<'_>) -> Result<()> {
    if worker.variable_len >= 2000 {
        worker.own.vars_mut().clear();
        worker.variable_len = 0;
    }
    worker.variable_len += 1;
    equal(&worker.number("remember", b"")?, &worker.variable_len)
}

/// What an instance counts begins anew with a fresh one, and only then.
pub(super) fn state(worker: &mut Worker<'_>) -> Result<()> {
    let found = worker.number("calls", b"")?;
    if worker.may_be_fresh && found == 1 {
        worker.n_asked = 0;
    }
    worker.may_be_fresh = false;
    worker.n_asked += 1;
    equal(&found, &worker.n_asked)
}

pub(super) fn host_functions(worker: &mut Worker<'_>) -> Result<()> {
    let text: String = (0..worker.rng.usize(1..100)).map(|_| worker.rng.alphanumeric()).collect();
    equal(&worker.number("double", text.as_bytes())?, &(2 * text.len() as u64))?;
    worker.tally.n_calls += 1;
    let reversed: String = worker.own.call("reverse", &text)?;
    equal(&reversed, &text.chars().rev().collect())
}

/// All that is handed out is zero, whatever was there before.
pub(super) fn blocks(worker: &mut Worker<'_>) -> Result<()> {
    equal(&worker.number("blocks", b"")?, &0)
}

pub(super) fn logs(worker: &mut Worker<'_>) -> Result<()> {
    worker.tally.n_calls += 1;
    worker.own.call("logs", ())
}

/// A plug-in that is made, called and dropped shares nothing with any other.
pub(super) fn fresh(worker: &mut Worker<'_>) -> Result<()> {
    let mut plugin = Plugin::new_from_compiled(&worker.world.patient)?;
    for n in 1..=worker.rng.u64(1..4) {
        for export in ["calls", "remember"] {
            worker.tally.n_calls += 1;
            equal(&as_number(plugin.call(export, "")?)?, &n)?;
        }
    }
    Ok(())
}

pub(super) fn pooled(worker: &mut Worker<'_>) -> Result<()> {
    let Some(mut plugin) = worker.borrow()? else { return Ok(()) };
    for _ in 0..worker.rng.usize(1..8) {
        let len = worker.rng.usize(0..300);
        let input = worker.bytes(len);
        worker.tally.n_calls += 1;
        let output: &[u8] = plugin.call("echo", &input)?;
        ensure!(output == input, "another thread's bytes, or none");
    }
    Ok(())
}

pub(super) fn request(worker: &mut Worker<'_>) -> Result<()> {
    let path = format!("/{}", worker.rng.u64(..));
    worker.tally.n_calls += 1;
    let body: String = worker.own.call("request", asking(worker, &path))?;
    equal(&body, &path)
}

/// What the guest is given to ask the server for a path.
pub(super) fn asking(worker: &Worker<'_>, path: &str) -> String {
    json!({ "url": format!("http://{}{path}", worker.world.server) }).to_string()
}
