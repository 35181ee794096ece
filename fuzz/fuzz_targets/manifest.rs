//! Texts that may be manifests.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use plugsmith_fuzz_bodies::manifest;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if manifest::try_text(bytes) { Corpus::Keep } else { Corpus::Reject }
});
