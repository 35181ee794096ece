//! Generated loops do in a fused module what they do when it is linked to a kernel.

use super::*;
use crate::fuse::{
    copy_loop::tests::n_copying,
    random::{Shown, n_cases},
    twins::{Outcome, Twins, engine},
};

/// Loops in one module, and runs of each.
const N_LOOPS: u64 = 16;
const N_RUNS: u64 = 16;

#[test]
fn generated_loops_do_fused_what_they_do_linked() {
    let engine = engine();
    let bytes = |modulus: u8, len: usize| (0..modulus).cycle().take(len).collect::<Vec<_>>();
    let (input, memory) = (bytes(251, 3_000), bytes(253, 1 << 16));
    let (mut n_recognised, mut n_ended) = (0, 0);
    let n_modules = n_cases(10);
    for seed in 0..n_modules {
        let mut random = Random::new(seed);
        let text = module(&mut random, N_LOOPS);
        let _shown = Shown(&text);
        let guest = wat::parse_str(&text).unwrap();
        n_recognised += n_copying(&guest) as u64;
        let mut twins = Twins::new(&engine, &guest, &[]).unwrap();
        for idx in 0..N_LOOPS {
            for _ in 0..N_RUNS {
                let (len, mut params) = (random.below(3_000), start(&mut random));
                let n_pending = random.pick(&[0, 0, 16, 1_008, 5_008]);
                if random.one_in(3) {
                    // It begins where the bytes do that are not yet zero.
                    params[5] = Val::I64(START + len.next_multiple_of(16).cast_signed());
                }
                twins.reset(&input[..usize::try_from(len).unwrap()], n_pending, &memory);
                let index = params[8];
                twins.call("set", &[params[2], index]);
                // The index that lies in memory begins as it is there, mostly.
                if random.one_in(2) {
                    params[2] = Val::I32(0x4000);
                }
                let outcome = twins.call(&format!("run{idx}"), &params);
                n_ended += u64::from(matches!(outcome, Some(Outcome::Results(_))));
            }
        }
    }
    // Else this would test nothing.
    let n_loops = n_modules * N_LOOPS;
    assert!(n_recognised * 4 > n_loops, "{n_recognised} of {n_loops} copy");
    assert!(n_ended * 4 > n_loops * N_RUNS, "{n_ended} runs ended well");
}
