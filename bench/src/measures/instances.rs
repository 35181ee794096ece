//! A fresh instance of a plug-in that is compiled already, its first call, and its end.

use std::{ffi::CStr, hint::black_box};

use anyhow::Result;
use plugsmith::{CompiledPlugin, Plugin};

use super::{Measure, warm::Warm};
use crate::{
    limit,
    peer::Compiled,
    setting::{Guest, PUBLISHED, Setting},
    subject::{Side, Subjects, check, repeat},
};

/// Counts vowels, on Plugsmith's PDK, compiled for WASI.
const VOWELS: Guest = Guest::new("count_vowels.wasip1").with_wasi();

pub(super) fn all() -> Vec<Measure> {
    vec![
        Measure::new(
            "instance",
            "fresh instance of a compiled plug-in, with its first call",
            PUBLISHED,
            |setting| subjects(&Warm::echo(PUBLISHED, 64), setting),
        ),
        Measure::new("instance-wasi", "the same of a plug-in with WASI", VOWELS, |setting| {
            let warm = Warm {
                guest: VOWELS,
                export: c"count_vowels",
                input: b"Hello, plug-in!".to_vec(),
                output: br#"{"count":4,"vowels":"aeiouAEIOU"}"#.to_vec(),
                n_operations: 1,
            };
            subjects(&warm, setting)
        }),
    ]
}

fn subjects(warm: &Warm, setting: &Setting) -> Result<Subjects> {
    let Warm { guest, export, input, output, .. } = warm.clone();
    let compiled = setting.compile(guest)?;
    ours(&compiled, export, &input, &output)?;
    let peer = match &setting.peer {
        Ok(peer) => {
            let compiled = setting.compile_peer(*peer, guest)?;
            theirs(&compiled, export, &input, &output)?;
            let (input, output) = (input.clone(), output.clone());
            Side::Runs(repeat(move || theirs(&compiled, export, &input, &output)))
        }
        Err(reason) => Side::absent(reason),
    };
    let ours = repeat(move || ours(&compiled, export, &input, &output));
    Ok(Subjects { ours, peer, limit: limit::side(limit::instance())? })
}

fn ours(compiled: &CompiledPlugin, export: &CStr, input: &[u8], expected: &[u8]) -> Result<()> {
    let mut plugin = Plugin::new_from_compiled(compiled)?;
    let output = plugin.call::<&[u8], &[u8]>(export.to_str()?, input)?;
    check("Plugsmith", "the first call", black_box(output), expected)
}

fn theirs(compiled: &Compiled, export: &CStr, input: &[u8], expected: &[u8]) -> Result<()> {
    let mut plugin = compiled.instantiate()?;
    let output = plugin.call(export, input)?;
    check("Extism", "the first call", black_box(output), expected)
}
