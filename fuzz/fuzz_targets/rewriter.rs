//! Guests that the bytes make and change, fused and linked.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use plugsmith_fuzz_bodies::rewriter;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if rewriter::try_guest(bytes) { Corpus::Keep } else { Corpus::Reject }
});
