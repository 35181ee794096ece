//! Modules that wasm-smith makes of the bytes, fused and linked.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use plugsmith_fuzz_bodies::rewriter;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    match plugsmith_smith::module(bytes) {
        Ok(module) if rewriter::try_module(&module, bytes) => Corpus::Keep,
        _ => Corpus::Reject,
    }
});
