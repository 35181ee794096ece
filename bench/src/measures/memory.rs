//! What plug-ins cost in memory, and what a call of 100 MiB leaves behind it.

use std::iter;

use anyhow::{Context as _, Result, ensure};
use plugsmith::{CompiledPlugin, Plugin};

use super::{Measure, warm::Warm};
use crate::{
    peer::{self, Peer},
    resident,
    sampling::as_float,
    setting::{self, PUBLISHED, Setting},
    subject::{Run, Side, Subjects},
};

const BIG: usize = 100 << 20;

/// How many small calls follow a big one.
const N_SMALL_CALLS: usize = 10;

/// How many pages of memory a plug-in may keep, where it has a limit.
const KEPT_PAGES: u32 = 64;

/// How many instances idle at once, and how large their plug-in is.
const N_IDLE: usize = 100;
pub(super) const IDLE_LEN: usize = 2 << 20;

pub(super) fn all() -> Vec<Measure> {
    vec![
        Measure::new(
            "after-100m",
            "echo of 64 bytes after one of 100 MiB; limit: without that",
            PUBLISHED,
            after,
        ),
        Measure::new(
            "idle-memory",
            format!("memory of an idle instance of a plug-in of {} MiB", IDLE_LEN >> 20),
            PUBLISHED,
            idle,
        )
        .in_bytes(),
        Measure::new(
            "kept-after-100m",
            "memory that a plug-in keeps after an echo of 100 MiB and ten of 64 bytes; limit: where \
             it may keep no more than 64 pages",
            PUBLISHED,
            kept,
        )
        .in_bytes(),
    ]
}

fn after(setting: &Setting) -> Result<Subjects> {
    let (big, small) = (Warm::echo(PUBLISHED, BIG), Warm::echo(PUBLISHED, 64));
    let mut ours = Plugin::new_from_compiled(&setting.compile(PUBLISHED)?)?;
    call_ours(&mut ours, &big.input)?;
    let peer = match &setting.peer {
        Ok(peer) => {
            let mut plugin = setting.compile_peer(*peer, PUBLISHED)?.instantiate()?;
            call_peer(&mut plugin, &big.input)?;
            Side::Runs(small.peer_on(plugin)?)
        }
        Err(reason) => Side::absent(reason),
    };
    Ok(Subjects { ours: small.ours_on(ours)?, peer, limit: Side::Runs(small.ours(setting)?) })
}

fn kept(setting: &Setting) -> Result<Subjects> {
    let ours = kept_by_ours(setting.compile(PUBLISHED)?);
    let wasm = setting.wasm(PUBLISHED)?;
    let limited = setting::builder(&wasm, false).with_kept_page_limit(KEPT_PAGES).compile()?;
    let peer = match &setting.peer {
        Ok(peer) => {
            let compiled = setting.compile_peer(*peer, PUBLISHED)?;
            Side::Runs(growth(1, [BIG, 64], move |inputs: &[Vec<u8>]| {
                let mut plugin = compiled.instantiate()?;
                call_peer(&mut plugin, &inputs[1])?;
                let before = resident::bytes()?;
                big_and_small(inputs).try_for_each(|input| call_peer(&mut plugin, input))?;
                Ok((before, resident::bytes()?))
            }))
        }
        Err(reason) => Side::absent(reason),
    };
    Ok(Subjects { ours, peer, limit: Side::Runs(kept_by_ours(limited)) })
}

fn kept_by_ours(compiled: CompiledPlugin) -> Run {
    growth(1, [BIG, 64], move |inputs: &[Vec<u8>]| {
        let mut plugin = Plugin::new_from_compiled(&compiled)?;
        call_ours(&mut plugin, &inputs[1])?;
        let before = resident::bytes()?;
        big_and_small(inputs).try_for_each(|input| call_ours(&mut plugin, input))?;
        Ok((before, resident::bytes()?))
    })
}

/// Returns the first input once, and then the second some times.
fn big_and_small(inputs: &[Vec<u8>]) -> impl Iterator<Item = &Vec<u8>> {
    iter::once(&inputs[0]).chain(iter::repeat_n(&inputs[1], N_SMALL_CALLS))
}

/// Instances stay till the measure ends: what the next ones find free would not be seen to grow.
fn idle(setting: &Setting) -> Result<Subjects> {
    let wasm = padded(setting.wasm(PUBLISHED)?, IDLE_LEN)?;
    let compiled = setting::builder(&wasm, false).with_cache_disabled().compile()?;
    let (mut all_ours, mut all_theirs) = (Vec::new(), Vec::new());
    let ours = growth(N_IDLE, [0, 64], move |inputs: &[Vec<u8>]| {
        let before = resident::bytes()?;
        for _ in 0..N_IDLE {
            let mut plugin = Plugin::new_from_compiled(&compiled)?;
            call_ours(&mut plugin, &inputs[1])?;
            all_ours.push(plugin);
        }
        Ok((before, resident::bytes()?))
    });
    let peer = match &setting.peer {
        Ok(peer) => {
            Peer::use_cache(None);
            let compiled = peer.compile(&wasm, false)?;
            Side::Runs(growth(N_IDLE, [0, 64], move |inputs: &[Vec<u8>]| {
                let before = resident::bytes()?;
                for _ in 0..N_IDLE {
                    let mut plugin = compiled.instantiate()?;
                    call_peer(&mut plugin, &inputs[1])?;
                    all_theirs.push(plugin);
                }
                Ok((before, resident::bytes()?))
            }))
        }
        Err(reason) => Side::absent(reason),
    };
    Ok(Subjects { ours, peer, limit: Side::absent("it depends on the module alone") })
}

/// Makes a subject of what looks at the process's memory before and after something, with two inputs of
/// these lengths, which are there before. The growth is shared by `n_shares`.
fn growth(
    n_shares: usize,
    lens: [usize; 2],
    mut measure: impl FnMut(&[Vec<u8>]) -> Result<(u64, u64)> + 'static,
) -> Run {
    let inputs = lens.map(|len| Warm::echo(PUBLISHED, len).input);
    Box::new(move |n_times| {
        let mut grown = 0;
        for _ in 0..n_times {
            let (before, after) = measure(&inputs)?;
            grown += after.saturating_sub(before);
        }
        Ok(as_float(grown) / as_float(n_shares as u64))
    })
}

fn call_ours(plugin: &mut Plugin, input: &[u8]) -> Result<()> {
    let output = plugin.call::<&[u8], &[u8]>("echo", input)?;
    ensure!(output.len() == input.len(), "Plugsmith has lost bytes of an echo");
    Ok(())
}

fn call_peer(plugin: &mut peer::Plugin, input: &[u8]) -> Result<()> {
    ensure!(plugin.call(c"echo", input)?.len() == input.len(), "Extism has lost bytes of an echo");
    Ok(())
}

/// Makes a module about `len` bytes long, by a section that nobody reads.
pub(super) fn padded(mut wasm: Vec<u8>, len: usize) -> Result<Vec<u8>> {
    let padding = len.saturating_sub(wasm.len());
    // A custom section; its length, in five groups of seven bits; and a name of no bytes.
    let len = u32::try_from(padding + 1).context("a section's length fits into 32 bits")?;
    wasm.push(0);
    for (shift, more) in [(0, 0x80), (7, 0x80), (14, 0x80), (21, 0x80), (28, 0)] {
        wasm.push(u8::try_from(len >> shift & 0x7f)? | more);
    }
    wasm.push(0);
    wasm.extend(iter::repeat_n(0, padding));
    Ok(wasm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_padded_module_is_valid_and_long() {
        let engine = wasmtime::Engine::default();
        for len in [0, 100, 1_000, 100_000] {
            let wasm = padded(wat::parse_str("(module)").unwrap(), len).unwrap();
            assert!((len..len + 16).contains(&wasm.len()), "{len}: {}", wasm.len());
            wasmtime::Module::validate(&engine, &wasm).unwrap();
        }
    }

    #[test]
    fn growth_is_shared() {
        let mut run = growth(4, [3, 5], |inputs| {
            assert_eq!((inputs[0].len(), inputs[1].len()), (3, 5));
            Ok((1_000, 1_400))
        });
        assert_eq!(run(3).ok(), Some(300.0));
    }
}
