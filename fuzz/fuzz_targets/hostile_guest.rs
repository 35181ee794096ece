//! Scripts for a guest that calls whatever it can, however it likes.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use plugsmith_fuzz_bodies::hostile_guest;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if hostile_guest::try_scripts(bytes) { Corpus::Keep } else { Corpus::Reject }
});
