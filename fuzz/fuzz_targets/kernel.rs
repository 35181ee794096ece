//! Calls of the kernel that the bytes choose, against the model.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use plugsmith_fuzz_bodies::kernel;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if kernel::try_steps(bytes) { Corpus::Keep } else { Corpus::Reject }
});
