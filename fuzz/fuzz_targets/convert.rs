//! Bytes that may be values, of every type.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use plugsmith_fuzz_bodies::convert;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if convert::try_types(bytes) { Corpus::Keep } else { Corpus::Reject }
});
