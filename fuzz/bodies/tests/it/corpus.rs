//! Each target's corpus is tried as it is, and then changed at random, the same on each run.
//!
//! What a fuzzer found is in the corpus, so this is where it would be found again.
//! `PLUGSMITH_CASES=20` tries twenty times as many changes.

#[cfg(feature = "engine")]
use std::process::{Command, Stdio};
use std::{
    env, fs,
    path::{Path, PathBuf},
    thread,
};

use plugsmith_fuzz_bodies::{convert, kernel, manifest, signature};
#[cfg(feature = "engine")]
use plugsmith_fuzz_bodies::{hostile_guest, rewriter};

use crate::changes::Changes;

#[test]
fn kernel_steps_are_as_the_model_says() {
    replay("kernel", kernel::try_steps, 200);
}

#[test]
fn manifests_are_read_as_they_are_written() {
    replay("manifest", manifest::try_text, 5_000);
}

#[test]
fn bytes_are_the_value_they_are() {
    replay("convert", convert::try_types, 3_000);
}

#[test]
fn signatures_are_seen_through() {
    replay("signature", signature::try_bytes, 2_000);
}

#[cfg(feature = "engine")]
#[test]
fn rewritten_guests_do_what_they_did() {
    replay("rewriter", rewriter::try_guest, 40);
}

#[cfg(feature = "engine")]
#[test]
fn hostile_guests_hurt_nobody() {
    replay("hostile_guest", hostile_guest::try_scripts, 1_000);
}

#[cfg(feature = "engine")]
#[test]
fn modules_of_wasm_smith_do_what_they_did() {
    let files = files("smith");
    let mut output = &smith(&files)[..];
    for file in &files {
        let (len, rest) = output.split_first_chunk().unwrap();
        let (module, rest) = rest.split_at(u32::from_le_bytes(*len).try_into().unwrap());
        output = rest;
        let _shown = Shown(&file.display().to_string(), &[]);
        assert!(rewriter::try_module(module, &fs::read(file).unwrap()));
    }
}

/// Tries the corpus of a target, and `n_changed` inputs near it.
fn replay(target: &str, try_bytes: fn(&[u8]) -> bool, n_changed: usize) {
    let files = files(target);
    let corpus: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    for (file, bytes) in files.iter().zip(&corpus) {
        let _shown = Shown(&file.display().to_string(), bytes);
        assert!(try_bytes(bytes), "`{}` is of no use", file.display());
    }
    let mut changes = Changes::new(0);
    let mut n_used = 0;
    let factor = env::var("PLUGSMITH_CASES").ok().and_then(|factor| factor.parse().ok());
    let n_changed = n_changed * factor.unwrap_or(1);
    for _ in 0..n_changed {
        let bytes = changes.of(&corpus);
        let _shown = Shown("changed", &bytes);
        n_used += usize::from(try_bytes(&bytes));
    }
    assert!(n_used * 4 > n_changed, "{n_used} of {n_changed} changed inputs are of use");
}

/// The files of a target's corpus, in order.
fn files(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus")).join(target);
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 10, "`{target}` has a corpus");
    files
}

/// Has the package for it make the modules of files.
#[cfg(feature = "engine")]
fn smith(files: &[PathBuf]) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--locked", "--manifest-path", "smith/Cargo.toml"])
        .args(["--target-dir", "target/smith", "--"])
        .args(files)
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", output.status);
    output.stdout
}

/// Shows an input if the test fails while this lives.
struct Shown<'a>(&'a str, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("{}: {}", self.0, self.1.escape_ascii());
        }
    }
}
