//! Bytes that may be keys, signed modules, or signatures beside one.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use plugsmith_fuzz_bodies::signature;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if signature::try_bytes(bytes) { Corpus::Keep } else { Corpus::Reject }
});
