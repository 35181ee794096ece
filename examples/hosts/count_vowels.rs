//! The smallest host: loads a plug-in, calls it once, prints the answer.

#![forbid(unsafe_code)]

use plugsmith::{Error, Manifest, Plugin, Wasm};

fn main() -> Result<(), Error> {
    let manifest = Manifest::new([Wasm::file("count_vowels.wasm")]);
    let mut plugin = Plugin::new(&manifest, [], false)?;
    let answer: String = plugin.call("count_vowels", "Hello, plug-in!")?;
    println!("{answer}");
    Ok(())
}
