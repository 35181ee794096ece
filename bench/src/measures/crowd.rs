//! How many instances live at once, and what each adds when there are many.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::{
    Measure,
    memory::{IDLE_LEN, padded},
};
use crate::{
    crowd::{Crowd, CrowdSide, Gathered},
    sampling::as_float,
    setting::{PUBLISHED, Setting},
    subject::{Run, Side, Subjects},
};

/// As many as a busy host has.
const MANY: u64 = 10_000;
/// More than the address space of a process has room for.
const TOO_MANY: u64 = 100_000;

pub(super) fn all() -> Vec<Measure> {
    let share = Measure::new(
        "idle-memory-10k",
        "memory of an idle instance of the same, each of 10,000",
        PUBLISHED,
        share,
    );
    let most = Measure::new(
        "live-instances",
        "instances that live at once, where 100,000 are asked for",
        PUBLISHED,
        most,
    );
    vec![share.in_bytes(), most.in_count()]
}

fn share(setting: &Setting) -> Result<Subjects> {
    let bytes = |gathered: &Gathered| as_float(gathered.bytes) / as_float(MANY);
    let ours = gather(setting, CrowdSide::Ours, MANY)?;
    let refusal = || ours.refusal.clone().unwrap_or_default();
    ensure!(ours.n_instances == MANY, "{} instances, then: {}", ours.n_instances, refusal());
    let peer = peer(setting, MANY, |gathered| match &gathered.refusal {
        Some(reason) => Side::Absent(format!("with {} instances, {reason}", gathered.n_instances)),
        None => Side::Runs(steady(bytes(gathered))),
    })?;
    let limit = Side::absent("it depends on the module alone");
    Ok(Subjects { ours: steady(bytes(&ours)), peer, limit })
}

fn most(setting: &Setting) -> Result<Subjects> {
    let ours = gather(setting, CrowdSide::Ours, TOO_MANY)?;
    let count = |gathered: &Gathered| steady(as_float(gathered.n_instances));
    let peer = peer(setting, TOO_MANY, |gathered| Side::Runs(count(gathered)))?;
    let limit = Side::absent("it depends on the module alone");
    Ok(Subjects { ours: count(&ours), peer, limit })
}

fn peer(setting: &Setting, n_wanted: u64, side: impl FnOnce(&Gathered) -> Side) -> Result<Side> {
    match &setting.peer {
        Ok(_) => Ok(side(&gather(setting, CrowdSide::Peer, n_wanted)?)),
        Err(reason) => Ok(Side::absent(reason)),
    }
}

fn gather(setting: &Setting, side: CrowdSide, n_wanted: u64) -> Result<Gathered> {
    let wasm = setting.scratch.join("crowd.wasm");
    fs::write(&wasm, padded(setting.wasm(PUBLISHED)?, IDLE_LEN)?).context("writing a plug-in")?;
    Crowd { side, n_wanted, wasm }.gather()
}

/// What is known from one look, as often as it is asked for.
fn steady(value: f64) -> Run {
    Box::new(move |n_times| Ok(value * as_float(n_times)))
}
