//! Prints modules that wasm-smith makes, each after its length in four bytes: so many as the one argument
//! says, at random but the same ones each time; or those of the files that the arguments name.
//!
//! Whoever prints them elsewhere than into a file or a program has a wild screen.

#![forbid(unsafe_code)]

use std::{
    env, fs,
    io::{self, Write as _},
};

use anyhow::{Result, bail};
use plugsmith_smith::module;

/// How many bytes a module is made from, about.
const SEED_LEN: u64 = 4_000;

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    match &arguments[..] {
        [] => bail!("how many modules are wanted, or of which files?"),
        [argument] if let Some(Ok(n_modules)) = argument.to_str().map(str::parse) => {
            // Of some numbers, no module can be made.
            let modules = (0..).filter_map(|seed| module(&chance(seed)).ok());
            modules.take(n_modules).try_for_each(|module| print(&module))
        }
        files => files.iter().try_for_each(|file| print(&module(&fs::read(file)?)?)),
    }
}

fn print(module: &[u8]) -> Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(&u32::try_from(module.len())?.to_le_bytes())?;
    output.write_all(module)?;
    Ok(())
}

/// Returns bytes that look like chance.
fn chance(seed: u64) -> Vec<u8> {
    (0..SEED_LEN / 8).flat_map(|idx| mixed((seed << 32) | idx)).collect()
}

fn mixed(number: u64) -> [u8; 8] {
    let number = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (number ^ (number >> 31)).to_le_bytes()
}
