//! What a fuzzer tries on the rewriter: guests that it makes, or changes, fused and linked.
//!
//! The bytes that a fuzzer makes are choices. Most guests are written by the generators of this crate's own
//! tests, so that they do something with the kernel, and are then changed in a few bytes of their code:
//! what looks like a copying loop and is none is found so. Bytes that make no valid module are no finding.

use std::sync::OnceLock;

use wasmparser::{Parser, Payload};
use wasmtime::Engine;

use super::{
    copy_loop::{generated, shapes::SHAPES},
    programs,
    random::Random,
    twins::{self, Twins},
};

/// How many changes a guest may have.
const MOST_EDITS: usize = 8;

/// How many generated loops are in a guest.
const N_LOOPS: u64 = 2;

/// How often each export is called.
const N_CALLS: usize = 3;

/// How many bytes the input of the call has.
const INPUT_LEN: usize = 1_000;

/// Makes a guest of the bytes, and calls both forms of it. Returns whether there was one that can be fused
/// and made into an instance.
pub(crate) fn of_choices(bytes: &[u8]) -> bool {
    let Some(([kind, n_edits], rest)) = bytes.split_first_chunk() else { return false };
    let n_edits = usize::from(*n_edits) % (MOST_EDITS + 1);
    let Some((edits, choices)) = rest.split_at_checked(n_edits * 3) else { return false };
    let mut random = Random::from_bytes(choices);
    let text = |text: String| wat::parse_str(text).expect("what is generated is WebAssembly");
    let mut guest = match kind.checked_sub(2) {
        None if *kind == 0 => text(programs::program(&mut random)),
        None => text(generated::module(&mut random, N_LOOPS)),
        Some(idx) => SHAPES[usize::from(idx) % SHAPES.len()].module(),
    };
    edit(&mut guest, edits);
    of_guest(&guest, random)
}

/// Calls both forms of a module, with arguments made of the bytes. Returns whether it can be fused and made
/// into an instance.
pub(crate) fn of_module(module: &[u8], bytes: &[u8]) -> bool {
    of_guest(module, Random::from_bytes(bytes))
}

fn of_guest(guest: &[u8], mut random: Random) -> bool {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let engine = ENGINE.get_or_init(twins::engine);
    let input: Vec<u8> = (0..=250).cycle().take(INPUT_LEN).collect();
    let Some(mut twins) = Twins::if_valid(engine, guest, &input) else { return false };
    let functions = twins.functions();
    for (name, ty) in functions.iter().cycle().take(functions.len() * N_CALLS) {
        let params = match generated::start(&mut random) {
            params if ty.params().len() == params.len() => params,
            _ => ty.params().map(|ty| random.argument(&ty)).collect(),
        };
        twins.call(name, &params);
    }
    true
}

/// Puts bytes elsewhere than they were: each edit is a place in the code, in two bytes, and what to put there.
fn edit(guest: &mut [u8], edits: &[u8]) {
    let code = Parser::new(0).parse_all(guest).find_map(|payload| match payload {
        Ok(Payload::CodeSectionStart { range, .. }) => Some(range),
        _ => None,
    });
    let code = &mut guest[code.expect("each guest has code")];
    for [low, high, byte] in edits.as_chunks().0 {
        let idx = usize::from(u16::from_le_bytes([*low, *high])) % code.len();
        code[idx] = *byte;
    }
}
