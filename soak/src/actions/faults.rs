//! Calls that go wrong. Each says how it must fail, and whether the instance is a fresh one thereafter.

use std::thread;

use anyhow::{Result, bail, ensure};
use plugsmith::{CallError, Plugin, Trap};

use super::{
    Worker, failure,
    work::{asking, pooled},
};
use crate::world::{HASTE, INPUT_LIMIT, PANIC};

/// How often a call is tried that may run past its limit because the machine is crowded.
const N_TRIES: u32 = 200;

pub(super) fn traps(worker: &mut Worker<'_>) -> Result<()> {
    let rows = [
        ("traps", Trap::Unreachable),
        ("divides", Trap::DivisionByZero),
        ("reads_far", Trap::MemoryOutOfBounds),
    ];
    let (name, trap) = rows[worker.rng.usize(0..rows.len())];
    let err = worker.failure(name, b"")?;
    ensure!(err.trap() == Some(trap), "{err:?}");
    worker.is_fresh();
    Ok(())
}

pub(super) fn recurses(worker: &mut Worker<'_>) -> Result<()> {
    let err = worker.failure("recurses", b"")?;
    ensure!(err.trap() == Some(Trap::StackOverflow), "{err:?}");
    worker.is_fresh();
    Ok(())
}

/// A status and a message are an error that leaves the instance.
pub(super) fn says_no(worker: &mut Worker<'_>) -> Result<()> {
    match worker.failure("says_no", b"")? {
        CallError::Guest { status: 7, message, .. } if message == "n" => Ok(()),
        err => bail!("{err:?}"),
    }
}

pub(super) fn spins(worker: &mut Worker<'_>) -> Result<()> {
    let mut plugin = Plugin::new_from_compiled(&worker.world.hasty)?;
    worker.tally.n_calls += 1;
    match failure(&mut plugin, "spins", b"")? {
        CallError::TimedOut { limit } => ensure!(limit == HASTE, "the limit was {limit:?}"),
        err => bail!("{err:?}"),
    }
    for _ in 0..N_TRIES {
        worker.tally.n_calls += 1;
        match plugin.call::<_, String>("echo", "hello") {
            Ok(output) => return super::equal(&output, &"hello".into()),
            // The machine is crowded.
            Err(err) if matches!(err.downcast_ref(), Some(CallError::TimedOut { .. })) => {}
            Err(err) => return Err(err),
        }
    }
    bail!("{N_TRIES} calls ran past their limit")
}

/// A call is cancelled while it runs, or, if the other thread is faster, before it does anything.
pub(super) fn cancelled(worker: &mut Worker<'_>) -> Result<()> {
    let handle = worker.own.cancel_handle();
    let err = thread::scope(|scope| {
        scope.spawn(move || handle.cancel());
        worker.failure("spins", b"")
    })?;
    ensure!(matches!(err, CallError::Cancelled), "{err:?}");
    worker.may_be_fresh = true;
    Ok(())
}

/// Memory that may not grow any more, the guest's or the kernel's, is told to the guest, which then
/// traps.
pub(super) fn grows(worker: &mut Worker<'_>) -> Result<()> {
    let name = if worker.rng.bool() { "grows" } else { "floods" };
    let err = worker.failure(name, b"")?;
    ensure!(matches!(err, CallError::MemoryLimit { .. }), "{err:?}");
    worker.is_fresh();
    Ok(())
}

pub(super) fn host_function_fails(worker: &mut Worker<'_>) -> Result<()> {
    let err = worker.failure("fails", b"")?;
    ensure!(matches!(err, CallError::Host { .. }), "{err:?}");
    worker.is_fresh();
    Ok(())
}

pub(super) fn host_function_panics(worker: &mut Worker<'_>) -> Result<()> {
    let err = worker.failure("panics", b"")?;
    ensure!(matches!(err, CallError::Host { .. }), "{err:?}");
    let told = format!("{:#}", anyhow::Error::from(err));
    ensure!(told.contains(PANIC), "`{told}` does not tell of the panic");
    worker.is_fresh();
    Ok(())
}

pub(super) fn input_too_large(worker: &mut Worker<'_>) -> Result<()> {
    let input = vec![1; INPUT_LIMIT + 65_536];
    let err = worker.failure("echo", &input)?;
    ensure!(matches!(err, CallError::InputTooLarge { .. }), "{err:?}");
    Ok(())
}

pub(super) fn no_export(worker: &mut Worker<'_>) -> Result<()> {
    let err = worker.failure("nothing_of_the_kind", b"")?;
    ensure!(matches!(err, CallError::NoExport { .. }), "{err:?}");
    Ok(())
}

/// A plug-in that fails in a thread's hands is as good as new in the next one's.
pub(super) fn trap_in_pool(worker: &mut Worker<'_>) -> Result<()> {
    if let Some(mut plugin) = worker.borrow()? {
        worker.tally.n_calls += 1;
        let name = ["traps", "panics", "floods", "recurses"][worker.rng.usize(0..4)];
        failure(&mut plugin, name, b"")?;
    }
    pooled(worker)
}

/// A server that dies while it answers, answers nonsense, or too much, fails the call.
pub(super) fn broken_server(worker: &mut Worker<'_>) -> Result<()> {
    let path = ["/dies", "/garbage", "/large"][worker.rng.usize(0..3)];
    let request = asking(worker, path);
    let err = worker.failure("request", request.as_bytes())?;
    ensure!(matches!(err, CallError::Host { .. }), "{path}: {err:?}");
    worker.is_fresh();
    Ok(())
}
